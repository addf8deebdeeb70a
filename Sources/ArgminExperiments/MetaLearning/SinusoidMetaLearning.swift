import Argmin
import Foundation
import ProblemFiles

/// Initial weights from which few gradient steps on few points fit a new sinusoid: MAML (Finn, Abbeel and
/// Levine 2017), its first-order form, implicit MAML (Rajeswaran, Finn, Kakade and Levine 2019), and the
/// baselines without.
public struct SinusoidMetaLearning: Experiment {
  public let name = "maml-sinusoid"
  public let summary = "weights that adapt to a new sinusoid in a few steps: MAML and its relatives"

  var shots = [5, 10]
  /// Steps of Adam per learner.
  var steps = 10_000
  /// Numbers of gradient steps after which the error is measured.
  let counts = [0, 1, 5, 10]
  /// Fresh tasks on which it is measured.
  var testTasks = 600
  /// Inner steps of the comparison of estimators.
  let comparedSteps = 20

  public init() {}

  /// A shorter form, for tests.
  package init(shots: [Int], steps: Int, testTasks: Int) {
    self.shots = shots
    self.steps = steps
    self.testTasks = testTasks
  }

  /// One learner with one number of points.
  private struct Result {
    let learner: MetaLearner
    let shots: Int
    let network: MLP
    let errors: [(mean: Double, margin: Double)]
    let leftOut: Int
    let seconds: Double
    let bytes: Int
  }

  public func run(
    output: URL, seed: UInt64, progress: ExperimentProgress
  ) throws -> ExperimentResults {
    var folder = try OutputFolder(output)
    var results: [Result] = []
    let total = Double(shots.count * MetaLearner.all.count)
    for shots in shots {
      for learner in MetaLearner.all {
        let done = Double(results.count)
        let stage = "\(learner.name), \(shots) points"
        progress(done / total, stage)
        results.append(
          train(learner, shots: shots, seed: seed) { progress((done + $0) / total, stage) })
      }
    }
    let exact = results.last { $0.learner.name == "MAML, 5 steps" }!
    let comparison = EstimatorComparison(
      exact.network, shots: exact.shots, steps: comparedSteps, seed: seed)

    var answer = ExperimentResults(lines: lines(results, comparison))
    if let note = try figure(results).write(to: &folder) { answer.notes.append(note) }
    try folder.writeJSON(to: "results.json") { write(results, comparison, seed, to: &$0) }
    answer.files = folder.files
    progress(1, "")
    return answer
  }

  private func train(
    _ learner: MetaLearner, shots: Int, seed: UInt64, progress: (Double) -> Void
  ) -> Result {
    let measurement = Measurement {
      learner.train(shots: shots, steps: steps, seed: seed, progress: progress)
    }
    let (network, leftOut) = measurement.result
    return Result(
      learner: learner, shots: shots, network: network,
      errors: learner.evaluate(network, shots: shots, after: counts, tasks: testTasks),
      leftOut: leftOut, seconds: measurement.seconds, bytes: measurement.bytes)
  }

  // MARK: - Report

  private func lines(_ results: [Result], _ comparison: EstimatorComparison) -> [String] {
    var lines = [
      "sinusoids   amplitude 0.1 to 5, phase 0 to pi, points from -5 to 5; network 1-40-40-1 with relu",
      "training    \(steps) steps of Adam (0.001), \(MetaLearner.tasksPerStep) tasks each; "
        + "inner rate \(MetaLearner.innerRate) (implicit: \(MetaLearner.implicitRate)), gradients clipped to norm \(Int(MetaLearner.largestNorm))",
      "",
    ]
    for shots in shots {
      var table = ResultTable(
        title:
          "\(shots) points: mean squared error on \(testTasks) fresh tasks after k gradient steps, "
          + "with 95 % confidence",
        columns: [.init("", .left)] + counts.map { .init("k = \($0)") } + [
          .init("left out"), .init("memory"), .init("seconds"),
        ])
      for result in results where result.shots == shots {
        table.append(
          [result.learner.name]
            + result.errors.map {
              $0.mean < 1e4 ? String(format: "%.3f ± %.3f", $0.mean, $0.margin) : "diverged"
            } + [
              "\(result.leftOut)", String(format: "%.2f MB", Double(result.bytes) / 1e6),
              String(format: "%.1f", result.seconds),
            ])
      }
      lines += table.lines + [""]
    }
    lines += [
      "published   MAML about 0.2 to 0.4 after 1 to 5 steps with 10 points, a pretrained network above 1",
      "            (Finn, Abbeel and Levine 2017, figures 2 and 3, after 70000 steps of training)",
      "",
    ]
    var table = ResultTable(
      title:
        "the gradient after \(comparison.steps) inner steps by estimator: with respect to the weights before them, and to the rate",
      columns: [
        .init("", .left), .init("cosine"), .init("error"), .init("of the rate"), .init("memory"),
        .init("milliseconds"),
      ])
    for entry in comparison.entries {
      table.append([
        entry.name, entry.cosine.map { String(format: "%.6f", $0) } ?? "",
        String(format: "%.1e", entry.relativeError), String(format: "%.1e", entry.rateError),
        String(format: "%.2f MB", Double(entry.bytes) / 1e6),
        String(format: "%.2f", entry.milliseconds),
      ])
    }
    return lines + table.lines + [
      "the implicit ones differentiate an inner loss with a proximal term, whose minimizer is another;",
      "truncated ones give the weights before the first cut none",
    ]
  }

  /// The error over the number of steps, one panel per number of points.
  private func figure(_ results: [Result]) -> Figure {
    let panels = shots.map { shots in
      let curves = results.filter { $0.shots == shots }.indices.map { index in
        "\"errors-\(shots).dat\" using 1:\(2 * index + 2):\(2 * index + 3) with yerrorlines "
          + "lw 2 pt 7 ps 0.5 title \"\(MetaLearner.all[index].name)\""
      }
      return "set title \"\(shots) points\"\nplot " + curves.joined(separator: ", ")
    }
    return Figure(
      name: "adaptation", size: (1000, 440),
      commands: """
        set multiplot layout 1,\(shots.count)
        set logscale y
        set xlabel "gradient steps on a new task"
        set ylabel "mean squared error"
        set tics nomirror
        set border 3
        \(panels.joined(separator: "\n"))
        unset multiplot
        """,
      data: shots.map { shots in
        let chosen = results.filter { $0.shots == shots }
        return (
          "errors-\(shots).dat",
          counts.indices.map { row in
            [Double(counts[row])]
              + chosen.flatMap { [$0.errors[row].mean, $0.errors[row].margin] }
          }
        )
      })
  }

  private func write(
    _ results: [Result], _ comparison: EstimatorComparison, _ seed: UInt64,
    to json: inout JSONWriter
  ) {
    json.write(name, for: "experiment")
    json.write("\(seed)", for: "seed")
    json.write(steps, for: "steps")
    json.write(counts, for: "gradientSteps")
    json.list(for: "learners") { json in
      for result in results {
        json.object { json in
          json.write(result.learner.name, for: "name")
          json.write(result.shots, for: "points")
          json.write(result.errors.map(\.mean), for: "errors")
          json.write(result.errors.map(\.margin), for: "margins")
          json.write(result.leftOut, for: "stepsLeftOut")
          json.write(result.bytes, for: "bytes")
          json.write(result.seconds, for: "seconds")
        }
      }
    }
    json.list(for: "estimators") { json in
      for entry in comparison.entries {
        json.object { json in
          json.write(entry.name, for: "name")
          json.write(entry.cosine, for: "cosine")
          json.write(entry.relativeError, for: "relativeError")
          json.write(entry.rateError, for: "rateError")
          json.write(entry.bytes, for: "bytes")
          json.write(entry.milliseconds, for: "milliseconds")
        }
      }
    }
  }
}
