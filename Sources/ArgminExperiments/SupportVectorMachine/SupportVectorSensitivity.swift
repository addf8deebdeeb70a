import Argmin
import Foundation

/// How the boundary of a support vector machine depends on every sample that it was trained on: the
/// derivative through the quadratic program, verified by moving samples, leaving them out and training
/// again.
public struct SupportVectorSensitivity: Experiment {
  public let name = "svm-sensitivity"
  public let summary =
    "which samples a support vector machine depends on (breast cancer Wisconsin), by derivatives"

  /// C, the price of an error in training.
  let cost = 0.1
  let trainingShare = 0.7
  /// The length of the table.
  let shown = 10

  public init() {}

  public func run(
    output: URL, seed: UInt64, progress: ExperimentProgress
  ) throws -> ExperimentResults {
    var folder = try OutputFolder(output)
    let all = try LabelledSamples.breastCancer()
    let (trainingRaw, heldOutRaw) = all.split(trainingShare: trainingShare, seed: seed)
    let scales = trainingRaw.scales
    let training = trainingRaw.standardized(by: scales)
    let loss = HeldOutLoss(samples: heldOutRaw.standardized(by: scales))

    progress(0, "training")
    let machine = try SupportVectorMachine.train(training, cost: cost)
    progress(0.02, "differentiating")
    let derivative = try BoundaryDerivative(machine) {
      progress(0.02 + 0.28 * $0, "differentiating")
    }
    let lossGradient = try machine.gradient(loss.gradient(machine))

    let influences = training.labels.indices.map {
      derivative.mostEffectiveDirection($0).influence
    }
    let vectors = machine.supportVectors.sorted { influences[$0] > influences[$1] }
    let verifier = InfluenceVerifier(
      machine: machine, cost: cost, derivative: derivative, loss: loss, lossGradient: lossGradient)
    let stage = "training again, with samples moved or left out"
    let verifications = try verifier.verify(vectors, differences: min(shown, vectors.count)) {
      progress(0.3 + 0.6 * $0, stage)
    }
    progress(0.9, stage)
    var generator = SeededGenerator(seed: seed)
    let isVector = Set(vectors)
    let others = generator.permutation(training.count).filter { !isVector.contains($0) }
    let moves = try verifier.moves(withoutEachOf: Array(others.prefix(2 * shown)))
    progress(0.98, "drawing")
    let report = SupportVectorReport(
      seed: seed, cost: cost, shown: min(shown, vectors.count), machine: machine, loss: loss,
      derivative: derivative, influences: influences, verifications: verifications, others: moves)
    var results = ExperimentResults(lines: report.lines)
    for figure in report.figures {
      if let note = try figure.write(to: &folder) { results.notes.append(note) }
    }
    try folder.writeJSON(to: "results.json") { report.write(to: &$0, experiment: name) }
    results.files = folder.files
    progress(1, "")
    return results
  }
}
