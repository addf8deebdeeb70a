import Argmin
import Foundation
import ProblemFiles

/// Hyperparameters learned by differentiating the validation loss through training, on handwritten digits:
/// a weight for every training sample where a part of the labels is wrong, and a regularization for every
/// pixel where there are few samples.
public struct HyperparameterLearning: Experiment {
  public let name = "learn-hyperparameters"
  public let summary =
    "weights of samples and regularizations learned through training (digits with wrong labels)"

  var trainingCount = 600
  var fewCount = 150
  var validationCount = 500
  /// The share of the training labels that are replaced by another digit.
  var wrongShare = 0.3
  var outerSteps = 60
  var grid = stride(from: -4.0, through: 0.0, by: 1.0 / 3).map { Foundation.pow(10, $0) }

  public init() {}

  /// A shorter form, for tests.
  package init(outerSteps: Int, trainingCount: Int) {
    self.outerSteps = outerSteps
    self.trainingCount = trainingCount
    grid = [1e-3, 1e-2, 1e-1]
  }

  /// One way to hyperparameters and how good its model is.
  struct Result {
    let task: String
    let name: String
    let validationLoss: Double
    let testLoss: Double
    let testAccuracy: Double
    /// How well the sample weights tell right labels from wrong ones; nil where there are none.
    let areaUnderCurve: Double?
    let residual: Double?
    let seconds: Double
  }

  private static let estimators: [(name: String, estimator: GradientEstimator)] = [
    ("learned, checkpointed unroll", .checkpointed()),
    (
      "learned, implicit",
      .implicit(solver: .conjugateGradients(relativeTolerance: 1e-6, maximumIterations: 200))
    ),
  ]

  public func run(
    output: URL, seed: UInt64, progress: ExperimentProgress
  ) throws -> ExperimentResults {
    var folder = try OutputFolder(output)
    let data = try CorruptedDigits(
      training: trainingCount, validation: validationCount, wrongShare: wrongShare,
      key: RandomKey(seed: seed))
    let test = HyperparameterProblem.Samples(data.test)
    var results: [Result] = []

    func evaluate(
      _ task: String, _ name: String, _ problem: HyperparameterProblem,
      _ make: () -> (Linear, weights: [Double]?, residual: Double?)
    ) {
      let start = ContinuousClock.now
      let (model, weights, residual) = make()
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      results.append(
        Result(
          task: task, name: name, validationLoss: problem.validationLoss(model).item,
          testLoss: test.losses(model).mean().item, testAccuracy: test.accuracy(model),
          areaUnderCurve: weights.map(data.separation), residual: residual, seconds: seconds))
    }

    // Weights of samples.
    let noisy = HyperparameterProblem(training: data.corrupted, validation: data.validation)
    let clean = HyperparameterProblem(training: data.onlyRight, validation: data.validation)
    let task = "samples"
    var bestStrength = 1e-2
    evaluate(task, "equal weights, grid search", noisy) {
      let best = noisy.gridSearch(grid)
      bestStrength = best.strength
      return (best.model, nil, nil)
    }
    evaluate(task, "only the right labels (not known)", noisy) {
      (clean.gridSearch(grid).model, nil, nil)
    }
    var weightRuns: [HyperparameterProblem.Run] = []
    for (index, (name, estimator)) in Self.estimators.enumerated() {
      evaluate(task, name, noisy) {
        let run = noisy.learn(
          .sampleWeights, from: noisy.equalHyperparameters(strength: bestStrength),
          estimator: estimator, outerSteps: outerSteps, rate: 0.3
        ) { progress((Double(index) + $0) / 4, "weights of samples: \(name)") }
        weightRuns.append(run)
        return (run.model, run.hyperparameters.sampleWeights.scalars, run.largestResidual)
      }
    }

    // Regularization of pixels.
    let few = HyperparameterProblem(training: data.few(fewCount), validation: data.validation)
    evaluate("pixels", "one strength, grid search", few) {
      let best = few.gridSearch(grid)
      bestStrength = best.strength
      return (best.model, nil, nil)
    }
    var strengthRuns: [HyperparameterProblem.Run] = []
    for (index, (name, estimator)) in Self.estimators.enumerated() {
      evaluate("pixels", name, few) {
        let run = few.learn(
          .strengths, from: few.equalHyperparameters(strength: bestStrength),
          estimator: estimator, outerSteps: outerSteps, rate: 0.1
        ) { progress((Double(index) + 2 + $0) / 4, "regularization of pixels: \(name)") }
        strengthRuns.append(run)
        return (run.model, nil, run.largestResidual)
      }
    }

    let report = HyperparameterReport(
      data: data, few: fewCount, outerSteps: outerSteps, gridSize: grid.count, results: results,
      weights: weightRuns[1].hyperparameters.sampleWeights.scalars,
      logStrengths: strengthRuns[1].hyperparameters.logStrengths.scalars,
      curves: (weightRuns + strengthRuns).map(\.validationLosses),
      comparison: comparison(noisy, strength: bestStrength))
    var outcome = ExperimentResults(lines: report.lines)
    if let note = try report.figure.write(to: &folder) { outcome.notes.append(note) }
    try folder.writeJSON(to: "results.json") { json in
      json.write(self.name, for: "experiment")
      json.write("\(seed)", for: "seed")
      report.write(to: &json)
    }
    outcome.files = folder.files
    progress(1, "")
    return outcome
  }

  /// The gradient of the validation loss for the sample weights by every estimator, at equal weights.
  private func comparison(_ problem: HyperparameterProblem, strength: Double)
    -> EstimatorComparison
  {
    let start = problem.equalHyperparameters(strength: strength)
    let estimators: [(String, GradientEstimator)] = [
      ("unrolled", .unrolled), ("checkpointed", .checkpointed()),
      ("truncated every 50 steps", .truncated(every: 50)), ("last 50 steps", .lastSteps(50)),
      ("last 10 steps", .lastSteps(10)), ("first order", .firstOrder),
      (
        "implicit, conjugate gradients",
        .implicit(solver: .conjugateGradients(relativeTolerance: 1e-8, maximumIterations: 1000))
      ),
      (
        "implicit, 10 conjugate gradients",
        .implicit(solver: .conjugateGradients(relativeTolerance: 1e-8, maximumIterations: 10))
      ),
      ("implicit, 50 Neumann terms", .implicit(solver: .neumann(terms: 50, step: 0.15))),
    ]
    return EstimatorComparison(
      title:
        "the gradient of the validation loss for the sample weights through \(problem.steps) steps, "
        + "against the full unroll",
      measurements: estimators.map { name, estimator in
        EstimatorMeasurement(name) {
          gradient(at: start) {
            problem.validationLoss(problem.train($0, estimator: estimator).parameters)
          }.sampleLogits.scalars
        }
      })
  }
}
