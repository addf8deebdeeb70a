import Argmin
import Foundation
import ProblemFiles

/// Few-shot regression of sinusoids by model-agnostic meta-learning (Finn, Abbeel and Levine 2017), its
/// first-order form and its implicit form (Rajeswaran, Finn, Kakade and Levine 2019).
public struct SinusoidMetaLearning: Experiment {
  public let name = "maml-sinusoid"
  public let summary =
    "learned initial weights that fit a sinusoid from 5 or 10 points in a few steps"

  var iterations = 12_000
  var shotCounts = [5, 10]
  var testTasks = 600
  /// The points of a test task that are asked for.
  var testQueries = 100
  var adaptationSteps = [0, 1, 5, 10]
  var learners = MetaLearner.all

  public init() {}

  /// A shorter form, for tests.
  package init(iterations: Int, shots: [Int], learners: [MetaLearner]) {
    self.iterations = iterations
    shotCounts = shots
    self.learners = learners
    testTasks = 100
  }

  /// A trained network and its errors.
  struct Trained {
    let name: String
    let shots: Int
    let iterations: Int
    /// Of the training.
    let seconds: Double
    /// Tensor memory at the peak of the training beyond what was alive before.
    let peakBytes: Int
    /// The rate of descent on new tasks.
    let learningRate: Double
    /// For each number of steps: mean and half the width of the 95 % confidence interval of the query
    /// error over tasks, and how many tasks diverged to an error that is not finite.
    let errors: [(mean: Double, interval: Double, diverged: Int)]
    let network: MLP
  }

  public func run(
    output: URL, seed: UInt64, progress: ExperimentProgress
  ) throws -> ExperimentResults {
    var folder = try OutputFolder(output)
    let keys = RandomKey(seed: seed).split(into: 4)
    let total = Double(shotCounts.count) * learners.reduce(0) { $0 + $1.iterationShare }
    var done = 0.0
    var trained: [Trained] = []
    for shots in shotCounts {
      let tasks = SinusoidTasks(
        count: testTasks, shots: shots, queries: testQueries, key: keys[2].folded(in: shots))
      let initial = MetaLearner.initialNetwork(key: keys[0])
      trained.append(
        measured(
          "random weights", initial, tasks, shots: shots, iterations: 0, seconds: 0, peakBytes: 0,
          learningRate: 0.01))
      for learner in learners {
        let count = max(1, Int(Double(iterations) * learner.iterationShare))
        TensorMemory.resetPeak()
        let before = TensorMemory.liveBytes
        let start = ContinuousClock.now
        let network = learner.train(
          initial, shots: shots, iterations: count, key: keys[1].folded(in: shots)
        ) { share in
          progress(
            (done + share * learner.iterationShare) / total, "\(learner.name), \(shots) points")
        }
        trained.append(
          measured(
            learner.name, network, tasks, shots: shots, iterations: count,
            seconds: (ContinuousClock.now - start) / .seconds(1),
            peakBytes: TensorMemory.peakBytes - before, learningRate: learner.learningRate))
        done += learner.iterationShare
      }
    }
    let tasks = SinusoidTasks(count: 25, shots: 10, queries: 10, key: keys[3])
    let best = trained.last { $0.name == "MAML" } ?? trained[trained.count - 1]
    let comparisons = MetaGradientComparison(network: best.network, tasks: tasks).comparisons

    let report = SinusoidReport(
      trained: trained, steps: adaptationSteps, tasks: testTasks, comparisons: comparisons)
    var results = ExperimentResults(lines: report.lines)
    if let note = try report.figure(shots: shotCounts).write(to: &folder) {
      results.notes.append(note)
    }
    try folder.writeJSON(to: "results.json") { json in
      json.write(name, for: "experiment")
      json.write("\(seed)", for: "seed")
      report.write(to: &json)
    }
    results.files = folder.files
    progress(1, "")
    return results
  }

  private func measured(
    _ name: String, _ network: MLP, _ tasks: SinusoidTasks, shots: Int, iterations: Int,
    seconds: Double, peakBytes: Int, learningRate: Double
  ) -> Trained {
    let errors = MetaLearner.errors(
      network, tasks, afterSteps: adaptationSteps, learningRate: learningRate
    ).map {
      let values = $0.scalars
      let count = Double(values.count)
      let mean = values.reduce(0, +) / count
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(count - 1, 1)
      return (mean, 1.96 * (variance / count).squareRoot(), values.count { !$0.isFinite })
    }
    return Trained(
      name: name, shots: shots, iterations: iterations, seconds: seconds, peakBytes: peakBytes,
      learningRate: learningRate, errors: errors,
      network: network)
  }
}
