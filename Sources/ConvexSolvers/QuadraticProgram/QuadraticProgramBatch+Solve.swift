import LinearAlgebra
import OptimizationCore

extension QuadraticProgramBatch {
  func validate() throws(ProblemError) {
  }

  /// Solves every item.
  ///
  /// - Parameters:
  ///   - settings: method, tolerances and limits.
  ///   - warmStart: answers to a batch of the same shape, whose active sets are tried first.
  /// - Throws: `ProblemError.notPositiveSemidefinite`, `ProblemError.tooLarge`, `SettingsError`.
  public func solve(
    settings: QuadraticProgramSettings = QuadraticProgramSettings(),
    warmStart: QuadraticProgramBatchSolution? = nil
  ) throws -> QuadraticProgramBatchSolution {
    fatalError()
  }
}
