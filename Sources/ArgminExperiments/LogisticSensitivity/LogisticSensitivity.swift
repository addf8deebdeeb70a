import Argmin
import ConvexModeling
import Foundation
import ProblemFiles

/// How the boundary of a logistic regression and its loss on other data depend on every sample that it was
/// trained on: the derivative through a model of ten lines, verified by moving samples and training again
/// (the figure of Agrawal et al. 2019, on real data).
public struct LogisticSensitivity: Experiment {
  public let name = "logistic-sensitivity"
  public let summary =
    "how a logistic regression depends on each of its samples (breast cancer Wisconsin)"

  let trainingShare = 0.7
  let ridge = 1.0
  /// The length of the table.
  let shown = 10
  /// How far the samples of the table are moved to verify the derivative, in standard deviations.
  let step = 1e-3

  public init() {}

  /// Logistic regression as a function of its samples.
  private struct Regression {
    let solve: ProblemLayer
    let weights: Variable
    let offset: Variable

    init(labels: [Double], features: Int) throws {
      let w = Variable(features), b = Variable()
      let X = Parameter(labels.count, features), ridge = Parameter(sign: .nonnegative)
      let loss = sum(logistic(-multiply(labels, X * w + b)))
      let problem = try Problem(.minimize(loss + 0.5 * ridge * sumSquares(w)))
      solve = try problem.layer(parameters: [X, ridge])
      weights = w
      offset = b
    }

    /// w and b, `[features + 1]`.
    func boundary(_ samples: Tensor, _ ridge: Tensor) throws -> Tensor {
      let answer = try solve(samples, ridge)
      guard answer.status == .optimal else {
        throw ExperimentError.unsolved(
          problem: "the logistic regression", status: answer.status.rawValue)
      }
      return concatenate([answer[weights], answer[offset].reshaped(to: [1])], axis: 0)
    }
  }

  public func run(
    output: URL, seed: UInt64, progress: ExperimentProgress
  ) throws -> ExperimentResults {
    var folder = try OutputFolder(output)
    progress(0, "training")
    let all = try LabelledSamples.breastCancer()
    let (trainingRaw, heldOutRaw) = all.split(trainingShare: trainingShare, seed: seed)
    let training = trainingRaw.standardized(by: trainingRaw.scales)
    let heldOut = heldOutRaw.standardized(by: trainingRaw.scales)
    // The plane on which the samples spread most, so that all can be drawn.
    let plane = PrincipalPlane(training.features)
    func coordinates(_ samples: LabelledSamples) -> Tensor {
      Tensor(
        (0..<samples.count).flatMap { plane.coordinates(samples.features.row($0)) },
        shape: [samples.count, 2])
    }
    let (X, tests) = (coordinates(training), coordinates(heldOut))
    let regression = try Regression(labels: training.labels, features: 2)
    let signs = Tensor(heldOut.labels)
    func heldOutLoss(_ boundary: Tensor) -> Tensor {
      let scores = (tests * boundary.slice(axis: 0, 0..<2)).sum(axis: 1)
      return softplus(-signs * (scores + boundary.slice(axis: 0, 2..<3))).mean()
    }
    func loss(_ samples: Tensor, _ ridge: Tensor) throws -> Tensor {
      heldOutLoss(try regression.boundary(samples, ridge))
    }
    let start = ContinuousClock.now
    let boundary = try regression.boundary(X, Tensor(ridge))
    let solveSeconds = (ContinuousClock.now - start) / .seconds(1)
    progress(0.1, "differentiating")
    let (value, slopes) = try valueAndGradient(at: [X, Tensor(ridge)]) { try loss($0[0], $0[1]) }
    let certificate = try regression.solve(X, Tensor(ridge)).derivativeCertificates()[0]

    let gradient = slopes[0].scalars
    let sizes = (0..<training.count).map { norm([gradient[2 * $0], gradient[2 * $0 + 1]]) }
    let order = sizes.indices.sorted { sizes[$0] > sizes[$1] }
    let scores = (X * boundary.slice(axis: 0, 0..<2)).sum(axis: 1).scalars
    let offset = boundary.scalars[2]
    var samples: [Sample] = []
    for (rank, place) in order.prefix(shown).enumerated() {
      progress(0.2 + 0.7 * Double(rank) / Double(shown), "training again, with samples moved")
      // Along the gradient.
      let direction = [gradient[2 * place], gradient[2 * place + 1]].map { $0 / sizes[place] }
      func moved(_ sign: Double) throws -> Double {
        var numbers = X.scalars
        for k in 0..<2 { numbers[2 * place + k] += sign * step * direction[k] }
        return try loss(Tensor(numbers, shape: X.shape), Tensor(ridge)).item
      }
      samples.append(
        Sample(
          number: training.numbers[place], label: training.labels[place],
          margin: training.labels[place] * (scores[place] + offset), slope: sizes[place],
          difference: (try moved(1) - moved(-1)) / (2 * step)))
    }
    progress(0.95, "drawing")
    let accuracy =
      Double(
        zip((tests * boundary.slice(axis: 0, 0..<2)).sum(axis: 1).scalars, heldOut.labels)
          .count { ($0 + offset) * $1 > 0 }) / Double(heldOut.count)
    var results = ExperimentResults(
      lines: [
        "samples     \(training.count) to train on, \(heldOut.count) held out, on the plane of the two "
          + "largest principal components",
        "regression  ridge \(ridge.formatted()), solved in "
          + String(format: "%.0f ms", 1000 * solveSeconds)
          + String(
            format: "; %.1f %% right on held-out samples, loss %.5f", 100 * accuracy, value.item),
        "derivative  \(certificate.kind.rawValue)"
          + String(format: ", of the loss by the ridge %.3e", slopes[1].item),
        "",
      ] + table(samples).lines + [
        "slope: how fast the held-out loss changes as the sample moves in the direction of its gradient; "
          + "difference: the same by training again"
      ])
    let rows = (0..<training.count).map { place in
      Array(X.scalars[2 * place..<2 * place + 2]) + [training.labels[place]]
        + [-gradient[2 * place], -gradient[2 * place + 1]].map { $0 / (sizes.max() ?? 1) }
    }
    if let note = try figure(rows, boundary.scalars).write(to: &folder) {
      results.notes.append(note)
    }
    try folder.writeJSON(to: "results.json") { json in
      json.write(name, for: "experiment")
      json.write("\(seed)", for: "seed")
      json.write(value.item, for: "heldOutLoss")
      json.write(accuracy, for: "heldOutAccuracy")
      json.write(slopes[1].item, for: "slopeOfRidge")
      json.write(boundary.scalars, for: "boundary")
      json.list(for: "samples") { json in
        for sample in samples { sample.write(to: &json) }
      }
    }
    results.files = folder.files
    progress(1, "")
    return results
  }

  /// A sample of the table.
  private struct Sample {
    let number: Int
    let label: Double
    /// y (w·x + b), negative for samples on the wrong side.
    let margin: Double
    let slope: Double
    let difference: Double

    func write(to json: inout JSONWriter) {
      json.object(.inline) { json in
        json.write(number, for: "number")
        json.write(margin, for: "margin")
        json.write(slope, for: "slope")
        json.write(difference, for: "difference")
      }
    }
  }

  private func table(_ samples: [Sample]) -> ResultTable {
    var table = ResultTable(columns: [
      .init("sample"), .init("class", .left), .init("margin"), .init("slope"), .init("difference"),
      .init("relative error"),
    ])
    for sample in samples {
      table.append([
        "\(sample.number)", sample.label > 0 ? "malignant" : "benign",
        String(format: "%.2f", sample.margin), String(format: "%.6e", sample.slope),
        String(format: "%.6e", sample.difference),
        String(format: "%.0e", abs(sample.slope - sample.difference) / sample.slope),
      ])
    }
    return table
  }

  /// The samples, the boundary, and where each sample would have to move for the held-out loss to fall.
  private func figure(_ rows: [[Double]], _ boundary: [Double]) -> Figure {
    Figure(
      name: "sensitivity", size: (800, 560),
      commands: """
        set tics nomirror
        set border 3
        set key top right opaque
        set title "Arrows: where each sample would move to lower the loss on other data"
        set xlabel "first principal component"
        set ylabel "second principal component"
        stats "sensitivity.dat" using 2 nooutput
        set yrange [STATS_min-1:STATS_max+1]
        plot "sensitivity.dat" using 1:($3>0?$2:NaN) with points pt 7 ps 0.4 lc rgb 0xc0392b \
        title "malignant", \
        "" using 1:($3<0?$2:NaN) with points pt 7 ps 0.4 lc rgb 0x2471a3 title "benign", \
        "" using 1:2:(2.5*$4):(2.5*$5) with vectors filled head lc rgb "#404040" notitle, \
        -((\(boundary[2])) + (\(boundary[0]))*x)/(\(boundary[1])) with lines lw 2 lc rgb "black" \
        title "boundary"
        """,
      data: [("sensitivity.dat", rows)])
  }
}
