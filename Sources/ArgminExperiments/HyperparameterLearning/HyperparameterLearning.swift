import Argmin
import Foundation
import ProblemFiles

/// Hyperparameters learned by differentiating the validation loss through training: a weight for every
/// training sample and a price for every pixel's weights, hundreds of numbers that no grid search reaches.
/// Part of the training labels are wrong; the learned weights tell which.
public struct HyperparameterLearning: Experiment {
  public let name = "learn-hyperparameters"
  public let summary =
    "a weight per training sample and per regularization term, learned (digits, noisy labels)"

  var trainingCount = 400
  var validationCount = 400
  var wrongShare = 0.3
  /// Steps of training.
  var steps = 150
  /// Steps of Adam on the hyperparameters, and their rate.
  var outerSteps = 60
  let outerRate = 0.2
  let ridges = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1]

  public init() {}

  /// A shorter form, for tests.
  package init(outerSteps: Int) { self.outerSteps = outerSteps }

  /// One way to choose the hyperparameters.
  private struct Choice {
    let name: String
    let hyperparameters: Hyperparameters
    let validationLoss: Double
    let testAccuracy: Double
    /// How well the weights tell wrong labels; nil without weights.
    let areaUnderCurve: Double?
    let seconds: Double
    let bytes: Int
    /// The validation loss before each outer step.
    var curve: [Double] = []
  }

  public func run(
    output: URL, seed: UInt64, progress: ExperimentProgress
  ) throws -> ExperimentResults {
    var folder = try OutputFolder(output)
    let data = try NoisyDigits(
      training: trainingCount, validation: validationCount, wrongShare: wrongShare,
      key: RandomKey(seed: seed))
    progress(0, "grid search")
    let grid = gridSearch(data)
    let estimators: [(String, GradientEstimator)] = [
      ("learned, through all steps", .checkpointed()),
      ("learned, through the last 20", .lastSteps(20)),
      ("learned, implicitly", .implicit(solver: .conjugateGradients(relativeTolerance: 1e-6))),
    ]
    var choices = [grid]
    for (index, (name, estimator)) in estimators.enumerated() {
      choices.append(
        learn(name, data, from: grid.hyperparameters, estimator) {
          progress((Double(index) + $0) / Double(estimators.count), name)
        })
    }
    // By someone who knows which labels are wrong.
    choices.append(
      gridSearch(
        data, "grid search, wrong labels left out",
        sampleLogits: Tensor(data.isWrong.map { $0 ? -40.0 : 2.0 })))

    var results = ExperimentResults(lines: lines(data, choices))
    if let note = try figure(data, choices[1]).write(to: &folder) { results.notes.append(note) }
    try folder.writeJSON(to: "results.json") { write(choices, seed, to: &$0) }
    results.files = folder.files
    progress(1, "")
    return results
  }

  // MARK: - Ways to choose

  /// The best of some prices, the same for all pixels, with given weights of the samples: without knowledge
  /// equal ones.
  private func gridSearch(
    _ data: NoisyDigits, _ name: String = "grid search, one ridge for all",
    sampleLogits: Tensor? = nil
  ) -> Choice {
    measured(data, name) {
      let candidates = ridges.map { ridge in
        var candidate = Hyperparameters(samples: trainingCount, ridge: ridge)
        if let sampleLogits { candidate.sampleLogits = sampleLogits }
        return (hyperparameters: candidate, loss: loss(data, candidate))
      }
      return (candidates.min { $0.loss < $1.loss }!.hyperparameters, [])
    }
  }

  private func learn(
    _ name: String, _ data: NoisyDigits, from start: Hyperparameters,
    _ estimator: GradientEstimator, progress: (Double) -> Void
  ) -> Choice {
    measured(data, name, hasWeights: true) {
      let classifier = WeightedClassifier(steps: steps, estimator: estimator)
      let optimizer = Adam(learningRate: outerRate)
      var hyperparameters = start
      var state = optimizer.initialState(for: start)
      var curve: [Double] = []
      for step in 0..<outerSteps {
        let (loss, gradient) = classifier.validationLoss(data, hyperparameters)
        curve.append(loss)
        optimizer.update(&hyperparameters, gradient: gradient, state: &state)
        progress(Double(step + 1) / Double(outerSteps))
      }
      return (hyperparameters, curve)
    }
  }

  private func model(_ data: NoisyDigits, _ hyperparameters: Hyperparameters) -> Linear {
    WeightedClassifier(steps: steps, estimator: .unrolled)
      .train(data.training, hyperparameters).parameters
  }

  private func loss(_ data: NoisyDigits, _ hyperparameters: Hyperparameters) -> Double {
    softmaxCrossEntropy(
      model(data, hyperparameters)(data.validation.pixels),
      probabilities: data.validation.labels
    ).item
  }

  private func measured(
    _ data: NoisyDigits, _ name: String, hasWeights: Bool = false,
    _ choose: () -> (Hyperparameters, [Double])
  ) -> Choice {
    let measurement = Measurement(choose)
    let (hyperparameters, curve) = measurement.result
    let trained = model(data, hyperparameters)
    return Choice(
      name: name, hyperparameters: hyperparameters, validationLoss: loss(data, hyperparameters),
      testAccuracy: accuracy(trained(data.test.pixels), classes: data.test.classes),
      areaUnderCurve: hasWeights
        ? areaUnderCurve(
          hyperparameters.sampleWeights.scalars.map { -$0 }, isPositive: data.isWrong) : nil,
      seconds: measurement.seconds, bytes: measurement.bytes, curve: curve)
  }

  // MARK: - Report

  private func lines(_ data: NoisyDigits, _ choices: [Choice]) -> [String] {
    var table = ResultTable(columns: [
      .init("", .left), .init("validation loss"), .init("test accuracy"), .init("AUC of weights"),
      .init("memory"), .init("seconds"),
    ])
    for choice in choices {
      table.append([
        choice.name, String(format: "%.4f", choice.validationLoss),
        String(format: "%.2f %%", 100 * choice.testAccuracy),
        choice.areaUnderCurve.map { String(format: "%.4f", $0) } ?? "",
        String(format: "%.1f MB", Double(choice.bytes) / 1e6),
        String(format: "%.1f", choice.seconds),
      ])
    }
    return [
      "digits      \(trainingCount) to train on, of which \(data.isWrong.count { $0 }) have a wrong label; "
        + "\(validationCount) clean ones to validate, \(data.test.classes.count) to test",
      "model       softmax regression, \(steps) steps of gradient descent with momentum",
      "learned     \(trainingCount) sample weights and 64 ridge prices, \(outerSteps) steps of Adam on the "
        + "validation loss",
      "",
    ] + table.lines + [
      "AUC: the probability that a wrongly labelled sample has a smaller weight than a rightly labelled one"
    ]
  }

  /// Left, the weights of samples with right and wrong labels, in order; right, the price of each pixel.
  private func figure(_ data: NoisyDigits, _ choice: Choice) -> Figure {
    let weights = choice.hyperparameters.sampleWeights.scalars
    func sorted(_ isWrong: Bool) -> [[Double]] {
      let chosen = zip(weights, data.isWrong).filter { $0.1 == isWrong }.map(\.0).sorted()
      return chosen.enumerated().map { [Double($0) / Double(max(chosen.count - 1, 1)), $1] }
    }
    let ridges = choice.hyperparameters.logRidges.scalars
    return Figure(
      name: "hyperparameters", size: (1000, 440),
      commands: """
        set multiplot layout 1,2
        set tics nomirror
        set border 3
        set key left top
        set title "weights of the training samples"
        set xlabel "share of samples"
        set ylabel "weight"
        plot "right.dat" with lines lw 3 title "right labels", \
        "wrong.dat" with lines lw 3 title "wrong labels"
        set title "logarithm of the price per pixel"
        unset xlabel
        unset ylabel
        unset key
        set yrange [7.5:-0.5] noreverse
        set xrange [-0.5:7.5]
        set size ratio 1
        plot "ridges.dat" matrix with image
        unset multiplot
        """,
      data: [
        ("right.dat", sorted(false)), ("wrong.dat", sorted(true)),
        ("ridges.dat", (0..<8).map { Array(ridges[$0 * 8..<$0 * 8 + 8]) }),
      ])
  }

  private func write(_ choices: [Choice], _ seed: UInt64, to json: inout JSONWriter) {
    json.write(name, for: "experiment")
    json.write("\(seed)", for: "seed")
    json.write(wrongShare, for: "wrongShare")
    json.list(for: "choices") { json in
      for choice in choices {
        json.object { json in
          json.write(choice.name, for: "name")
          json.write(choice.validationLoss, for: "validationLoss")
          json.write(choice.testAccuracy, for: "testAccuracy")
          json.write(choice.areaUnderCurve, for: "areaUnderCurve")
          json.write(choice.seconds, for: "seconds")
          json.write(choice.bytes, for: "bytes")
          json.write(choice.curve, for: "validationLosses")
        }
      }
    }
  }
}
