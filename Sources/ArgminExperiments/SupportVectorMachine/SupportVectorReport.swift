import Argmin
import Foundation
import ProblemFiles

/// What the experiment found: for people, as JSON and as figures.
struct SupportVectorReport {
  let seed: UInt64
  let cost: Double
  /// The length of the table.
  let shown: Int
  let machine: SupportVectorMachine
  let loss: HeldOutLoss
  let derivative: BoundaryDerivative
  /// For every training sample: how fast the boundary moves as it moves in the most effective direction.
  let influences: [Double]
  /// Of the support vectors, by falling influence.
  let verifications: [InfluenceVerification]
  /// Of some samples that are no support vectors: how far the boundary moves without each of them.
  let others: [Double]

  private var samples: LabelledSamples { machine.samples }

  /// The certificate of the worst row of the derivative.
  private var certificate: DerivativeCertificate {
    derivative.certificates.max { left, right in
      (left.kind == .exact ? 0 : 1, left.errorEstimate)
        < (right.kind == .exact ? 0 : 1, right.errorEstimate)
    }!
  }

  /// How well removals are predicted: the correlation over all support vectors.
  private var removalCorrelation: Double {
    correlation(
      verifications.map(\.predictedRemovalChange), verifications.map(\.actualRemovalChange))
  }

  private var worstDifferenceError: Double {
    verifications.prefix(shown).map(\.differenceError).max() ?? .nan
  }

  // MARK: - For people

  var lines: [String] {
    let solution = machine.solution
    let count = verifications.count
    return [
      "breast cancer Wisconsin: \(samples.count) samples to train on, \(loss.samples.count) held out, "
        + "\(samples.featureCount) features",
      "boundary    w·x + b = 0 by a support vector machine with squared hinge loss, C = \(cost)",
      "program     dual: \(solution.x.count) variables, \(solution.lambda.count) inequalities, "
        + "1 equality; \(solution.status.rawValue) by \(solution.method.rawValue) in "
        + "\(solution.iterations) iterations, residual \(Self.text(solution.residuals.largest, 2))",
      "accuracy    \(Self.percent(machine.accuracy(samples))) in training, "
        + "\(Self.percent(machine.accuracy(loss.samples))) held out "
        + "(loss \(Self.text(loss.value(machine), 4)))",
      "derivative  ∂(w, b)/∂x of every sample: \(certificate.kind.rawValue), estimated relative error "
        + Self.text(certificate.errorEstimate, 2),
      "influence   \(count) support vectors; the other \(samples.count - count) samples have none:",
      "            without any of \(others.count) of them the boundary moves by at most "
        + Self.text(others.max() ?? 0, 2),
      "",
      "the \(shown) samples that the boundary depends on most: what the derivative predicts, and what "
        + "training again really gives,",
      "when the sample moves by \(InfluenceVerifier.largeStep) standard deviations of the features, "
        + "or is left out",
    ] + table.lines + [
      "",
      "the derivative of the boundary agrees with central differences to "
        + "\(Self.text(worstDifferenceError, 2)) for these \(shown);",
      "leaving out each of the \(count) support vectors changes the held-out loss as predicted "
        + "with correlation \(Self.text(removalCorrelation, 4))",
    ]
  }

  private var table: ResultTable {
    let margins = machine.margins(samples)
    var table = ResultTable(
      columns: [
        .init("sample"), .init("class", .left), .init("margin"), .init("influence"),
        .init("error"), .init("boundary moves"), .init("really"), .init("loss"), .init("really"),
        .init("left out: loss"), .init("really"),
      ])
    for item in verifications.prefix(shown) {
      table.append([
        "\(samples.numbers[item.place])",
        samples.labels[item.place] > 0 ? "malignant" : "benign",
        String(format: "%.3f", margins[item.place]),
        String(format: "%.4f", item.influence),
        String(format: "%.1e", item.differenceError),
        String(format: "%.5f", item.predictedMove),
        String(format: "%.5f", item.actualMove),
        String(format: "%+.2e", item.predictedLossChange),
        String(format: "%+.2e", item.actualLossChange),
        String(format: "%+.2e", item.predictedRemovalChange),
        String(format: "%+.2e", item.actualRemovalChange),
      ])
    }
    return table
  }

  private static func text(_ value: Double, _ digits: Int) -> String {
    String(format: "%.\(digits)g", value)
  }

  private static func percent(_ share: Double) -> String {
    String(format: "%.1f %%", 100 * share)
  }

  // MARK: - As JSON

  func write(to json: inout JSONWriter, experiment: String) {
    let solution = machine.solution
    json.write(experiment, for: "experiment")
    if let seed = Int(exactly: seed) {
      json.write(seed, for: "seed")
    } else {
      json.write("\(seed)", for: "seed")
    }
    json.write(cost, for: "cost")
    json.object(for: "samples", .inline) { json in
      json.write(samples.count, for: "training")
      json.write(loss.samples.count, for: "heldOut")
      json.write(samples.featureCount, for: "features")
      json.write(verifications.count, for: "supportVectors")
    }
    json.object(for: "accuracy", .inline) { json in
      json.write(machine.accuracy(samples), for: "training")
      json.write(machine.accuracy(loss.samples), for: "heldOut")
    }
    json.write(loss.value(machine), for: "heldOutLoss")
    json.object(for: "program", .inline) { json in
      json.write(solution.status.rawValue, for: "status")
      json.write(solution.objective, for: "objective")
      json.write(solution.method.rawValue, for: "method")
      json.write(solution.iterations, for: "iterations")
      json.write(solution.residuals.largest, for: "residual")
    }
    json.object(for: "derivative", .inline) { json in
      json.write(certificate.kind.rawValue, for: "kind")
      json.write(certificate.errorEstimate, for: "errorEstimate")
      json.write(worstDifferenceError, for: "worstDifferenceError")
    }
    json.write(removalCorrelation, for: "removalCorrelation")
    json.write(others, for: "movesWithoutOthers")
    json.object(for: "boundary") { json in
      json.write(machine.weights, for: "weights")
      json.write(machine.offset, for: "offset")
    }
    json.list(for: "supportVectors") { json in
      for item in verifications { write(item, to: &json) }
    }
  }

  private func write(_ item: InfluenceVerification, to json: inout JSONWriter) {
    json.object(.inline) { json in
      json.write(samples.numbers[item.place], for: "sample")
      json.write(samples.labels[item.place] > 0 ? "malignant" : "benign", for: "class")
      json.write(
        samples.labels[item.place] * machine.decision(samples.features.row(item.place)),
        for: "margin")
      json.write(item.influence, for: "influence")
      json.write(item.differenceError, for: "differenceError")
      json.write(item.predictedMove, for: "predictedMove")
      json.write(item.actualMove, for: "actualMove")
      json.write(item.moveError, for: "moveError")
      json.write(item.predictedLossChange, for: "predictedLossChange")
      json.write(item.actualLossChange, for: "actualLossChange")
      json.write(item.predictedRemovalChange, for: "predictedRemovalChange")
      json.write(item.actualRemovalChange, for: "actualRemovalChange")
    }
  }
}
