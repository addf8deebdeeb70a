import Foundation
import ProblemFiles

/// What the experiment found: for people, as JSON and as a figure.
struct HyperparameterReport {
  let data: CorruptedDigits
  let few: Int
  let outerSteps: Int
  let gridSize: Int
  let results: [HyperparameterLearning.Result]
  /// Learned by the implicit estimator.
  let weights: [Double]
  let logStrengths: [Double]
  /// The validation loss over the outer steps: weights unrolled and implicit, strengths the same.
  let curves: [[Double]]
  let comparison: EstimatorComparison

  var lines: [String] {
    [
      "multinomial logistic regression on digits, \(data.validation.pixels.shape[0]) validation samples, "
        + "\(data.test.count) test samples;",
      "learned in \(outerSteps) steps of Adam on the validation loss, grid search over \(gridSize) "
        + "strengths of one regularization",
      "",
      "a weight for each of \(data.count) training samples, of which \(data.wrongCount) have a wrong label",
    ] + table("samples").lines + [
      "",
      "a regularization for the weights of each of the 64 pixels, \(few) training samples",
    ] + table("pixels").lines + [""] + comparison.table.lines
  }

  private func table(_ task: String) -> ResultTable {
    var table = ResultTable(columns: [
      .init("hyperparameters", .left), .init("validation"), .init("test loss"),
      .init("test accuracy"), .init("AUC of weights"), .init("inner residual"), .init("seconds"),
    ])
    for item in results where item.task == task {
      table.append([
        item.name, String(format: "%.3f", item.validationLoss),
        String(format: "%.3f", item.testLoss), String(format: "%.1f %%", 100 * item.testAccuracy),
        item.areaUnderCurve.map { String(format: "%.3f", $0) } ?? "",
        item.residual.map { String(format: "%.0e", $0) } ?? "",
        String(format: "%.1f", item.seconds),
      ])
    }
    return table
  }

  var figure: Figure {
    let bins = 20
    var counts = [[Double]](repeating: [0, 0], count: bins)
    for (weight, isWrong) in zip(weights, data.isWrong) {
      counts[min(bins - 1, Int(weight / 2 * Double(bins)))][isWrong ? 1 : 0] += 1
    }
    let histogram = counts.enumerated().map { bin, pair in
      [(Double(bin) + 0.5) * 2 / Double(bins)] + pair
    }
    let pixels = logStrengths.enumerated().map { index, value in
      [Double(index % 8), Double(7 - index / 8), value / log(10)]
    }
    let steps = (0..<outerSteps).map { step in [Double(step)] + curves.map { $0[step] } }
    return Figure(
      name: "hyperparameters", size: (1300, 420),
      commands: """
        set multiplot layout 1,3
        set tics nomirror
        set border 3
        set title "Learned weights of the samples"
        set xlabel "weight"
        set ylabel "samples"
        set style fill solid 0.6
        set boxwidth \(0.9 * 2 / Double(bins))
        set key top center
        plot "weights.dat" using 1:($2+$3) with boxes lc rgb 0xc0392b title "wrong label", \
        "" using 1:2 with boxes lc rgb 0x2471a3 title "right label"
        set title "Learned regularization of the pixels, log10"
        unset xlabel
        unset ylabel
        unset key
        set xrange [-0.5:7.5]
        set yrange [-0.5:7.5]
        set size ratio 1
        plot "pixels.dat" using 1:2:3 with image
        set size noratio
        set title "Validation loss"
        set xlabel "outer step"
        set xrange [*:*]
        set yrange [*:*]
        set key top right
        plot "curves.dat" using 1:2 with lines lw 2 lc 1 title "weights, checkpointed", \
        "" using 1:3 with lines lw 2 dt 2 lc 1 title "weights, implicit", \
        "" using 1:4 with lines lw 2 lc 2 title "regularization, checkpointed", \
        "" using 1:5 with lines lw 2 dt 2 lc 2 title "regularization, implicit"
        unset multiplot
        """,
      data: [("weights.dat", histogram), ("pixels.dat", pixels), ("curves.dat", steps)])
  }

  func write(to json: inout JSONWriter) {
    json.write(data.count, for: "trainingSamples")
    json.write(data.wrongCount, for: "wrongLabels")
    json.write(few, for: "trainingSamplesForPixels")
    json.list(for: "results") { json in
      for item in results {
        json.object { json in
          json.write(item.task, for: "task")
          json.write(item.name, for: "hyperparameters")
          json.write(item.validationLoss, for: "validationLoss")
          json.write(item.testLoss, for: "testLoss")
          json.write(item.testAccuracy, for: "testAccuracy")
          json.write(item.areaUnderCurve, for: "areaUnderCurve")
          json.write(item.residual, for: "largestInnerResidual")
          json.write(item.seconds, for: "seconds")
        }
      }
    }
    json.list(for: "estimators") { comparison.write(to: &$0) }
    json.write(weights, for: "sampleWeights")
    json.write(logStrengths, for: "logStrengths")
  }
}
