import Argmin
import Foundation
import ProblemFiles

/// A small network that recognizes handwritten digits: the plain training loop on real data.
public struct DigitClassification: Experiment {
  public let name = "digits"
  public let summary = "a network that recognizes handwritten digits (UCI, 8 x 8 pixels)"

  /// The widths between 64 pixels and 10 digits.
  var hidden = [256, 128]
  var epochs = 60
  var batchSize = 32
  var learningRate = 2e-3
  var weightDecay = 0.05
  /// The standard deviation of the noise that is added to the pixels in training.
  var noise = 0.15
  /// Trainings, each with a split and weights of its own.
  var runs = 5
  var heldOutShare = 0.25

  public init() {}

  /// A shorter form, for tests.
  package init(epochs: Int, runs: Int) {
    self.epochs = epochs
    self.runs = runs
  }

  /// One training.
  private struct Run {
    let network: MLP
    let report: TrainingReport
    let trainingAccuracy: Double
    let heldOutAccuracy: Double
    /// How often a digit (row) was taken for another (column).
    let confusion: [[Int]]
    let seconds: Double
  }

  public func run(
    output: URL, seed: UInt64, progress: ExperimentProgress
  ) throws -> ExperimentResults {
    var folder = try OutputFolder(output)
    let images = try DigitImages.all()
    var finished: [Run] = []
    for (index, key) in RandomKey(seed: seed).split(into: runs).enumerated() {
      progress(Double(index) / Double(runs), "training network \(index + 1) of \(runs)")
      finished.append(try train(on: images, key: key, logTo: index == 0 ? folder.location : nil))
    }
    folder.note("training.csv")
    let first = finished[0]
    try first.network.save(
      to: output.appendingPathComponent("network.safetensors"),
      metadata: ["experiment": name, "seed": "\(seed)", "sizes": "\([64] + hidden + [10])"])
    folder.note("network.safetensors")

    var results = ExperimentResults(lines: lines(images, finished))
    if let note = try figure(first).write(to: &folder) { results.notes.append(note) }
    try folder.writeJSON(to: "results.json") { write(finished, seed, to: &$0) }
    results.files = folder.files
    progress(1, "")
    return results
  }

  private func train(on images: DigitImages, key: RandomKey, logTo folder: URL?) throws -> Run {
    let keys = key.split(into: 3)
    let (training, heldOut) = images.split(heldOut: heldOutShare, by: keys[0])
    var network = MLP([64] + hidden + [10], key: keys[1])
    let loader = DataLoader(training, batchSize: batchSize, shuffledBy: keys[2])
    let trainer = Trainer(
      AdamW(learningRate: learningRate, weightDecay: weightDecay), for: .epochs(epochs),
      schedule: .cosine(peak: learningRate, total: epochs * loader.batchCount),
      log: folder.map { TrainingLog($0.appendingPathComponent("training.csv")) })
    let start = ContinuousClock.now
    let report = try trainer.train(
      &network, on: loader,
      validation: { network in
        softmaxCrossEntropy(network(heldOut.pixels), classes: heldOut.classes).item
      },
      loss: { network, batch, key in
        softmaxCrossEntropy(
          network(
            batch.pixels + key.normal(batch.pixels.shape, standardDeviation: noise, dtype: .float32)
          ),
          classes: batch.classes)
      })
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let logits = network(heldOut.pixels)
    var confusion = [[Int]](repeating: [Int](repeating: 0, count: 10), count: 10)
    for (digit, guess) in zip(heldOut.classes.values, logits.argMax(axis: -1).values) {
      confusion[digit][guess] += 1
    }
    return Run(
      network: network, report: report,
      trainingAccuracy: accuracy(network(training.pixels), classes: training.classes),
      heldOutAccuracy: accuracy(logits, classes: heldOut.classes), confusion: confusion,
      seconds: seconds)
  }

  // MARK: - Report

  private func lines(_ images: DigitImages, _ runs: [Run]) -> [String] {
    let heldOut = runs[0].confusion.joined().reduce(0, +)
    var table = ResultTable(columns: [
      .init("run"), .init("steps"), .init("training"), .init("held out"), .init("wrong"),
      .init("seconds"),
    ])
    for (index, run) in runs.enumerated() {
      let wrong = Int((Double(heldOut) * (1 - run.heldOutAccuracy)).rounded())
      table.append([
        "\(index + 1)", "\(run.report.steps)", percent(run.trainingAccuracy),
        percent(run.heldOutAccuracy), "\(wrong)", String(format: "%.2f", run.seconds),
      ])
    }
    let accuracies = runs.map(\.heldOutAccuracy)
    let mean = accuracies.reduce(0, +) / Double(runs.count)
    return [
      "handwritten digits: \(images.count) images of 8 x 8 pixels, \(heldOut) of them held out",
      "network     \(([64] + hidden + [10]).map(String.init).joined(separator: "-")) with relu, "
        + "\(runs[0].network.leafScalarCount) parameters",
      "training    \(epochs) epochs of AdamW in batches of \(batchSize), normal noise of \(noise) on the pixels",
      "accuracy    \(percent(mean)) held out on average, \(percent(accuracies.min()!)) to "
        + "\(percent(accuracies.max()!)) in \(runs.count) runs",
      "",
    ] + table.lines
  }

  private func percent(_ share: Double) -> String { String(format: "%.2f %%", 100 * share) }

  private func figure(_ run: Run) -> Figure {
    let losses = run.report.records.map {
      [Double($0.epoch), $0.loss, $0.validationLoss ?? .nan]
    }
    return Figure(
      name: "training", size: (640, 420),
      commands: """
        set logscale y
        set xlabel "epoch"
        set ylabel "cross entropy"
        set tics nomirror
        set border 3
        plot "training.dat" using 1:2 with lines lw 2 title "training", \
        "" using 1:3 with lines lw 2 title "held out"
        """,
      data: [("training.dat", losses)])
  }

  private func write(_ runs: [Run], _ seed: UInt64, to json: inout JSONWriter) {
    json.write(name, for: "experiment")
    json.write("\(seed)", for: "seed")
    json.write(hidden, for: "hidden")
    json.write(epochs, for: "epochs")
    json.list(for: "runs") { json in
      for run in runs {
        json.object { json in
          json.write(run.trainingAccuracy, for: "trainingAccuracy")
          json.write(run.heldOutAccuracy, for: "heldOutAccuracy")
          json.write(run.seconds, for: "seconds")
          json.list(for: "confusion") { json in
            for row in run.confusion { json.write(row) }
          }
        }
      }
    }
  }
}
