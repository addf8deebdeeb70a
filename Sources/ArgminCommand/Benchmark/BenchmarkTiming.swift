import Argmin

/// The time of one problem in a batch, forward and backward.
struct BenchmarkTiming {
  /// Milliseconds per problem to check the data and to solve, the median over repetitions.
  let forwardMilliseconds: Double
  /// Milliseconds per problem for the gradient with respect to all data.
  let backwardMilliseconds: Double
  let solution: QuadraticProgramBatchSolution
  let gradient: QuadraticProgramBatchGradient

  /// Times a batch. Building the batch, which checks its data, counts as forward.
  ///
  /// - Parameters:
  ///   - batch: the problems.
  ///   - isLinear: whether the problems have no quadratic term.
  ///   - upstream: the gradient of a loss with respect to x, for each problem.
  ///   - threads: threads that share the batch, nil for one per core.
  init(
    _ batch: QuadraticProgramBatch, isLinear: Bool = false, upstream: BatchedVector, threads: Int?
  ) throws {
    var settings = QuadraticProgramSettings()
    settings.threads = threads
    func forward() throws -> QuadraticProgramBatchSolution {
      try QuadraticProgramBatch(
        items: batch.items, Q: isLinear ? nil : batch.Q, p: batch.p, G: batch.G, h: batch.h,
        A: batch.A, b: batch.b
      ).solve(settings: settings)
    }
    let solution = try forward()
    let gradient = try solution.vjp(x: upstream, threads: threads)
    let items = Double(max(batch.items, 1))
    forwardMilliseconds = try Self.medianMilliseconds { _ = try forward() } / items
    backwardMilliseconds =
      try Self.medianMilliseconds { _ = try solution.vjp(x: upstream, threads: threads) } / items
    self.solution = solution
    self.gradient = gradient
  }

  /// The median time of `body` over at least five repetitions, and as many as fit into 0.3 s; what
  /// came before has warmed it up.
  private static func medianMilliseconds(_ body: () throws -> Void) rethrows -> Double {
    var times: [Double] = []
    let clock = ContinuousClock()
    let start = clock.now
    while times.count < 5 || (clock.now - start < .milliseconds(300) && times.count < 100_000) {
      times.append(try clock.measure(body) / .milliseconds(1))
    }
    return times.median
  }
}

extension [Double] {
  /// The median of times, of which there must be one.
  var median: Double { sorted()[count / 2] }
}
