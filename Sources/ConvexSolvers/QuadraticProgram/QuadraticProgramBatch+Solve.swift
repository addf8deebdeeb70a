import LinearAlgebra
import OptimizationCore

extension QuadraticProgramBatch {
  /// Solves every item.
  ///
  /// - Parameters:
  ///   - settings: method, tolerances and limits.
  ///   - warmStart: answers to a batch of the same shape and size, whose active sets are tried first.
  /// - Throws: `ProblemError.notPositiveSemidefinite`, naming the item; `ProblemError.tooLarge`;
  ///   `ProblemError.shape` or `.batchSize` for a warm start that does not fit; `SettingsError`.
  /// - Complexity: about n³/3 + (m + e) n² + a few Cholesky factorizations of the active set per item
  ///   by the active-set method (the first two once per batch where Q, G and A are shared), and 10 to
  ///   20 times n³/3 + m n² by the interior point.
  public func solve(
    settings: QuadraticProgramSettings = QuadraticProgramSettings(),
    warmStart: QuadraticProgramBatchSolution? = nil
  ) throws -> QuadraticProgramBatchSolution {
    try solve(settings: settings, warmStart: warmStart, warmItem: nil)
  }

  /// Solves every item, one single item from item `warmItem` of another batch.
  func solve(
    settings: QuadraticProgramSettings, warmStart: QuadraticProgramBatchSolution?, warmItem: Int?
  ) throws -> QuadraticProgramBatchSolution {
    try settings.validate()
    try checkSize()
    try checkWarmStart(warmStart, item: warmItem)
    return try QuadraticProgramRun(
      self, settings: settings, warmStart: warmStart, warmItem: warmItem ?? 0
    ).solve()
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

  private func checkWarmStart(_ warmStart: QuadraticProgramBatchSolution?, item: Int?)
    throws(ProblemError)
  {
    guard let previous = warmStart?.problem else { return }
    let expected = [variables, inequalities, equalities]
    let actual = [previous.variables, previous.inequalities, previous.equalities]
    guard expected == actual else {
      throw .shape(argument: "warmStart", item: nil, expected: expected, actual: actual)
    }
    guard item != nil || previous.items == items else {
      throw .batchSize(argument: "warmStart", expected: items, actual: previous.items)
    }
  }
}
