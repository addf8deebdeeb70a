import LinearAlgebra
import OptimizationCore

extension QuadraticProgramBatch {
  /// Solves every item.
  ///
  /// - Parameters:
  ///   - settings: method, tolerances and limits.
  ///   - warmStart: guesses, shape `[B, ...]` or shared, whose active sets are tried first.
  /// - Throws: `ProblemError.notPositiveSemidefinite`, naming the item; `ProblemError.tooLarge`;
  ///   `ProblemError.shape` or `.batchSize` for a warm start that does not fit; `SettingsError`.
  /// - Complexity: about n³/3 + (m + e) n² + a few Cholesky factorizations of the active set per item
  ///   by the active-set method (the first two once per batch where Q, G and A are shared), and 10 to
  ///   20 times n³/3 + m n² by the interior point.
  public func solve(
    settings: QuadraticProgramSettings = QuadraticProgramSettings(),
    warmStart: QuadraticProgramWarmStart? = nil
  ) throws -> QuadraticProgramBatchSolution {
    try settings.validate()
    try checkSize()
    try check(warmStart)
    return try QuadraticProgramRun(self, settings: settings, warmStart: warmStart).solve()
  }

  /// Solves every item on threads outside of Swift's concurrency pool, so that other tasks run on meanwhile.
  ///
  /// Where the task is cancelled the solve ends within an iteration: items not finished by then have the
  /// status `cancelled`, the others keep their answers. `settings.progress` reports from those threads.
  public func solve(
    settings: QuadraticProgramSettings = QuadraticProgramSettings(),
    warmStart: QuadraticProgramWarmStart? = nil
  ) async throws -> QuadraticProgramBatchSolution {
    try await BackgroundSolve.run(isCancelled: settings.isCancelled) { isCancelled in
      var settings = settings
      settings.isCancelled = isCancelled
      return try self.solve(settings: settings, warmStart: warmStart)
    }
  }

  /// The dense methods hold several copies of the data.
  private func checkSize() throws(ProblemError) {
    let rows = inequalities + equalities
    let entries = variables.multipliedReportingOverflow(by: variables + 2 * rows)
    let limit = 150_000_000
    guard !entries.overflow, entries.partialValue <= limit else {
      throw .tooLarge(
        reason: "\(variables) variables and \(rows) constraints are too many for the dense methods "
          + "(n (n + 2 rows) may be at most \(limit))")
    }
  }

  private func check(_ warmStart: QuadraticProgramWarmStart?) throws(ProblemError) {
    guard let warmStart else { return }
    let parts: [(String, BatchedVector?, Int)] = [
      ("warmStart.lambda", warmStart.lambda, inequalities), ("warmStart.x", warmStart.x, variables),
    ]
    for (argument, vector, count) in parts {
      guard let vector else { continue }
      guard vector.count == count else {
        throw .shape(argument: argument, item: nil, expected: [count], actual: [vector.count])
      }
      if let given = vector.items, given != items {
        throw .batchSize(argument: argument, expected: items, actual: given)
      }
    }
  }
}
