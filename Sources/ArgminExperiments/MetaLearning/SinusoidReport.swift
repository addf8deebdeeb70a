import Foundation
import ProblemFiles

/// What the experiment found: for people, as JSON and as a figure.
struct SinusoidReport {
  let trained: [SinusoidMetaLearning.Trained]
  let steps: [Int]
  let tasks: Int
  let comparisons: [EstimatorComparison]

  var lines: [String] {
    var table = ResultTable(
      columns: [.init("points"), .init("initial weights", .left), .init("iterations")]
        + steps.map { .init($0 == 0 ? "before" : "\($0) step\($0 == 1 ? "" : "s")") }
        + [.init("rate"), .init("seconds"), .init("peak kB")])
    for item in trained {
      table.append(
        ["\(item.shots)", item.name, "\(item.iterations)"]
          + item.errors.map { error in
            error.diverged > 0
              ? "\(error.diverged) diverged"
              : String(format: "%.2f ± %.2f", error.mean, error.interval)
          } + [
            String(format: "%g", item.learningRate), String(format: "%.1f", item.seconds),
            String(format: "%.0f", Double(item.peakBytes) / 1000),
          ])
    }
    return [
      "sinusoids of amplitude 0.1 to 5, phase 0 to π, inputs -5 to 5; network 1-40-40-1 with relu",
      "mean squared error on \(tasks) new tasks, with its 95 % confidence interval, before and after "
        + "steps of gradient descent",
      "on the task's points at the inner rate of the training; one inner step in training unless the name "
        + "says otherwise",
      "",
    ] + table.lines + [
      "",
      "published (Finn, Abbeel and Levine 2017, figure 3, 70000 iterations): MAML about 0.2 to 0.4 after "
        + "1 to 5 steps",
      "with 10 points, pretrained weights above 1 after 10 steps",
    ] + comparisons.flatMap { [""] + $0.table.lines }
  }

  func figure(shots: [Int]) -> Figure {
    let names = trained.filter { $0.shots == shots.first }.map(\.name)
    let data = trained.enumerated().map { index, item in
      (
        name: "adaptation\(index).dat",
        rows: zip(steps, item.errors).map { [Double($0), $1.mean, $1.interval] }
      )
    }
    let plots = shots.map { count in
      let parts = trained.enumerated().filter { $0.element.shots == count }.map { index, item in
        "\"adaptation\(index).dat\" using 1:2:3 with yerrorlines lw 2 lc "
          + "\((names.firstIndex(of: item.name) ?? 0) + 1) title \"\(item.name)\""
      }
      return "set title \"\(count) points\"\nplot " + parts.joined(separator: ", \\\n")
    }
    return Figure(
      name: "adaptation", size: (1100, 480),
      commands: """
        set multiplot layout 1,\(shots.count)
        set logscale y
        set tics nomirror
        set border 3
        set xlabel "steps of gradient descent on the new task"
        set ylabel "mean squared error"
        set key outside bottom center horizontal
        \(plots.joined(separator: "\n"))
        unset multiplot
        """,
      data: data)
  }

  func write(to json: inout JSONWriter) {
    json.write(tasks, for: "testTasks")
    json.write(steps, for: "steps")
    json.list(for: "methods") { json in
      for item in trained {
        json.object { json in
          json.write(item.name, for: "name")
          json.write(item.shots, for: "shots")
          json.write(item.iterations, for: "iterations")
          json.write(item.seconds, for: "seconds")
          json.write(item.peakBytes, for: "peakBytes")
          json.write(item.learningRate, for: "learningRate")
          json.write(item.errors.map(\.mean), for: "errors")
          json.write(item.errors.map(\.interval), for: "confidenceHalfWidths")
          json.write(item.errors.map(\.diverged), for: "divergedTasks")
        }
      }
    }
    json.list(for: "estimators") { json in
      for comparison in comparisons {
        json.object { json in
          json.write(comparison.title, for: "title")
          json.list(for: "measurements") { comparison.write(to: &$0) }
        }
      }
    }
  }
}
