import Argmin
import Foundation
import ProblemFiles

/// The minimizer of a function on the sphere (Amos 2023, "Tutorial on amortized optimization", section 5.1):
///
///     f(y; x) = -γ log Σ exp(-(d(y, z_i)²/2 + α_i) / γ),   |y| = 1
///
/// with the geodesic distance d and four components (z_i, α_i), the context. A network maps the context to the
/// minimizer. The tutorial trains and tests it on the same eight functions; here it sees fresh ones in every step
/// and is tested on others.
public struct SphereAmortization: Experiment {
  public let name = "amortize-sphere"
  public let summary =
    "minimizers on a sphere predicted by a network, on functions that it never saw"
  var steps = 6000
  let testCount = 1000
  /// Functions on which the classical descents are tuned.
  let tuningCount = 300

  public init() {}

  /// A shorter form, for tests.
  package init(steps: Int) { self.steps = steps }

  /// The problem.
  struct SphereProblem: ChartedProblem {
    static let components = 4
    static let softness = 0.5

    /// - Parameters:
    ///   - context: `[B, 16]`: for each component z, of any length, and α.
    func value(of y: Tensor, for context: Tensor) -> Tensor {
      let parts = context.reshaped(to: [context.shape[0], Self.components, 4])
      let centers = normalized(parts.slice(axis: -1, 0..<3))
      let shift = parts.slice(axis: -1, 3..<4).squeezingAxis(-1)
      let point = y.expandingAxis(1)
      // The angle from the lengths of difference and sum, which is accurate at both ends.
      let ratio =
        (square(point - centers).sum(axis: -1) + 1e-12)
        / (square(point + centers).sum(axis: -1) + 1e-12)
      let distance = atan(sqrt(ratio)) * 2
      let exponent = (square(distance) * 0.5 + shift) * (-1 / Self.softness)
      return exponent.logSumExp(axis: -1) * -Self.softness
    }

    func point(at coordinates: Tensor, for context: Tensor) -> Tensor { normalized(coordinates) }
  }

  static let contexts = Contexts<Tensor>("mixtures on the sphere") { count, key in
    let keys = key.split()
    let centers = keys.0.normal([count, SphereProblem.components, 3])
    let shifts = keys.1.uniform([count, SphereProblem.components, 1], low: 0, high: 0.7)
    return concatenate([centers, shifts], axis: -1).reshaped(to: [count, 16])
  }

  private func train(
    fresh: Bool, _ key: RandomKey, _ watch: @escaping @Sendable (TrainingProgress) -> Bool
  ) throws -> (Predictor<SphereProblem, MLP>, seconds: Double) {
    let keys = key.split(into: 3)
    var model = Predictor(
      MLP([16, 128, 128, 3], key: keys[0], dtype: .float64), of: SphereProblem()
    ) { network, x, _ in normalized(network(x)) }
    let few = Contexts(rows: Self.contexts.sample(8, key: keys[1]), named: "eight functions")
    let start = ContinuousClock.now
    try Trainer(
      Adam(learningRate: 1e-3), for: .steps(steps), schedule: .cosine(peak: 1e-3, total: steps),
      progress: watch
    ).train(
      &model, of: SphereProblem(),
      over: (fresh ? Self.contexts : few).batches(of: fresh ? 128 : 8, key: keys[2]),
      loss: .objective
    ).requireFinished()
    return (model, (ContinuousClock.now - start) / .seconds(1))
  }

  /// Riemannian descent with a constant rate and momentum (0 for none).
  private struct Descent: Hashable {
    let rate: Double
    let momentum: Double

    static let grid = [0.0, 0.5, 0.8].flatMap { momentum in
      [0.1, 0.2, 0.5, 0.8, 1.0, 1.2, 1.5, 2.0].map {
        Descent(rate: $0 * (1 - momentum), momentum: momentum)
      }
    }

    /// The values on the way from one random point each.
    func path(_ x: Tensor, steps: Int, key: RandomKey) -> [Tensor] {
      let oracle = Oracle(SphereProblem(), x)
      var y = normalized(key.normal([x.shape[0], 3]))
      var velocity = Tensor.zeros(y.shape)
      return (0...steps).map { step in
        let value = oracle.value(of: y)
        guard step < steps else { return value }
        // The velocity of before, moved to the new tangent plane.
        velocity =
          tangential(velocity, at: y) * momentum - tangential(oracle.gradient(at: y), at: y)
        y = normalized(y + velocity * rate)
        return value
      }
    }

    private func tangential(_ v: Tensor, at y: Tensor) -> Tensor {
      v - y * (v * y).sum(axis: -1, keepsAxis: true)
    }
  }

  /// For each number of steps the descent that is best in the mean on contexts apart from the test's.
  private func tuned(for counts: [Int], key: RandomKey) -> [Int: Descent] {
    let keys = key.split()
    let x = Self.contexts.sample(tuningCount, key: keys.0)
    let paths = Descent.grid.map { descent in
      (
        descent,
        descent.path(x, steps: counts.max()!, key: keys.1).map { value in
          let mean = value.mean().item
          return mean.isNaN ? .infinity : mean
        }
      )
    }
    return Dictionary(
      uniqueKeysWithValues: counts.map { count in
        (count, paths.min { $0.1[count] < $1.1[count] }!.0)
      })
  }

  /// The best of some long descents from random points.
  private func best(_ x: Tensor, starts: Int, steps: Int, key: RandomKey) -> Tensor {
    let ends = (0..<starts).map { start in
      Descent(rate: 0.5, momentum: 0).path(x, steps: steps, key: key.folded(in: start)).last!
    }
    return ends.dropFirst().reduce(ends[0]) { minimum($0, $1) }
  }

  public func run(
    output: URL, seed: UInt64, progress: ExperimentProgress
  ) throws -> ExperimentResults {
    var folder = try OutputFolder(output)
    let keys = RandomKey(seed: seed).split(into: 4)
    let (fresh, freshSeconds) = try withProgress(progress, "fresh functions", of: steps, to: 0.4) {
      try train(fresh: true, keys[0], $0)
    }
    let (few, fewSeconds) = try withProgress(
      progress, "eight functions", of: steps, from: 0.4, to: 0.6
    ) { try train(fresh: false, keys[0], $0) }
    progress(0.6, "tuning the descents")
    let counts = Array(1...20) + [30, 50, 200]
    let start = ContinuousClock.now
    let descents = tuned(for: counts, key: keys[3])
    let tuningSeconds = (ContinuousClock.now - start) / .seconds(1)
    progress(0.7, "descending")
    let x = Self.contexts.sample(testCount, key: keys[1])
    let best = best(x, starts: 16, steps: 200, key: keys[2])
    let paths = Dictionary(
      uniqueKeysWithValues: Set(descents.values).map {
        ($0, $0.path(x, steps: counts.max()!, key: keys[2].folded(in: 0)))
      })
    func values(after count: Int) -> Tensor { paths[descents[count]!]![count] }
    let reference = (paths.values.first![0] - best).mean().item
    func gap(_ values: Tensor) -> AmortizationReport.Distribution {
      .init(((values - best) / reference).scalars)
    }
    var rows: [(name: String, gap: AmortizationReport.Distribution, seconds: Double)] = [
      ("network, fresh functions in training", gap(fresh.objective(x)), freshSeconds),
      ("network, eight functions in training", gap(few.objective(x)), fewSeconds),
    ]
    let matched = counts.first { gap(values(after: $0)).mean <= rows[0].gap.mean }
    for count in [1, 3, 10, 30, 200] {
      rows.append(("Riemannian descent, \(count) steps", gap(values(after: count)), tuningSeconds))
    }
    var table = ResultTable(
      title:
        "suboptimality on \(testCount) functions never seen; 1 is a random point, 0 the best of "
        + "16 descents of 200 steps",
      columns: [
        .init("", .left), .init("mean"), .init("median"), .init("95 %"), .init("worst"),
        .init("training or tuning s"),
      ])
    for row in rows {
      table.append(
        [row.name]
          + [row.gap.mean, row.gap.median, row.gap.high, row.gap.worst].map {
            String(format: "%.4f", $0)
          } + [row.seconds > 0 ? String(format: "%.1f", row.seconds) : ""])
    }
    var answer = ExperimentResults(lines: table.lines)
    answer.lines += [
      matched.map { "the first network matches \($0) steps of descent from one random point" }
        ?? "no number of steps of one descent up to 200 matches the first network in the mean",
      "rate and momentum of the descents are the best of \(Descent.grid.count) pairs for each number of "
        + "steps, on \(tuningCount) other functions",
    ]
    try folder.writeResults(of: name, seed: seed, list: "rows", rows) { row, json in
      json.write(row.name, for: "name")
      json.write(row.gap.mean, for: "meanSuboptimality")
      json.write(row.gap.worst, for: "worstSuboptimality")
    }
    answer.files = folder.files
    progress(1, "")
    return answer
  }
}

extension Predictor where Problem == SphereAmortization.SphereProblem {
  fileprivate func objective(_ x: Tensor) -> Tensor {
    Problem().value(of: self(x, of: Problem()), for: x)
  }
}

/// Vectors along the last axis, of length 1.
private func normalized(_ vectors: Tensor) -> Tensor {
  vectors / sqrt(square(vectors).sum(axis: -1, keepsAxis: true) + 1e-12)
}
