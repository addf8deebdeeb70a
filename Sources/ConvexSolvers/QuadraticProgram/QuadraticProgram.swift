import LinearAlgebra
import OptimizationCore

/// The convex quadratic program
///
///     minimize    ½ xᵀQx + pᵀx
///     subject to  Gx ≤ h,  Ax = b
///
/// with duals `lambda ≥ 0` and `nu`, so that `Qx + p + Gᵀlambda + Aᵀnu = 0` at a solution. Q is
/// symmetric positive semidefinite, zero included (a linear program); there may be no inequalities,
/// no equalities, or neither.
///
/// ```swift
/// let program = try QuadraticProgram(Q: [[1]], p: [-2], G: [[1]], h: [1])
/// let solution = try program.solve()
/// solution.x                                    // [1.0]
/// let sensitivity = try solution.vjp(x: [1])
/// sensitivity.h                                 // [1.0]: the optimum moves with the bound
/// ```
public struct QuadraticProgram: Sendable {
  /// The problem as a batch of one: single problems and batches take the same path.
  let batch: QuadraticProgramBatch

  init(batch: QuadraticProgramBatch) { self.batch = batch }

  /// Checks the data and keeps it.
  ///
  /// - Parameters:
  ///   - Q: quadratic term, shape `[n, n]`, symmetric positive semidefinite; nil for zero.
  ///   - p: linear term, shape `[n]`, n ≥ 1.
  ///   - G: inequality matrix, shape `[m, n]`; nil for no inequalities.
  ///   - h: inequality bounds, shape `[m]`; +infinity, or at least 1e20, for an absent bound.
  ///   - A: equality matrix, shape `[e, n]`; nil for no equalities.
  ///   - b: equality values, shape `[e]`.
  /// - Throws: `ProblemError` for shapes that do not fit, for numbers that are not finite and for a Q
  ///   that is not symmetric. That Q is positive semidefinite is checked by `solve`.
  public init(
    Q: Matrix? = nil, p: Vector, G: Matrix? = nil, h: Vector? = nil, A: Matrix? = nil,
    b: Vector? = nil
  ) throws(ProblemError) {
    batch = try QuadraticProgramBatch(
      items: nil, Q: Q.map(BatchedMatrix.init(shared:)), p: BatchedVector(shared: p),
      G: G.map(BatchedMatrix.init(shared:)), h: h.map(BatchedVector.init(shared:)),
      A: A.map(BatchedMatrix.init(shared:)), b: b.map(BatchedVector.init(shared:)))
  }

  public var Q: Matrix { batch.Q[0] }
  public var p: Vector { batch.p[0] }
  public var G: Matrix { batch.G[0] }
  public var h: Vector { batch.h[0] }
  public var A: Matrix { batch.A[0] }
  public var b: Vector { batch.b[0] }

  /// The number of variables, of inequalities and of equalities.
  public var variables: Int { batch.variables }
  public var inequalities: Int { batch.inequalities }
  public var equalities: Int { batch.equalities }

  /// Solves the problem.
  ///
  /// - Parameters:
  ///   - settings: method, tolerances and limits.
  ///   - warmStart: a guess, such as the answer to a problem of the same shape, whose active set is tried first.
  /// - Throws: `ProblemError.notPositiveSemidefinite`, `ProblemError.tooLarge`,
  ///   `ProblemError.shape` for a warm start that does not fit, `SettingsError`.
  public func solve(
    settings: QuadraticProgramSettings = QuadraticProgramSettings(),
    warmStart: QuadraticProgramWarmStart? = nil
  ) throws -> QuadraticProgramSolution {
    try batch.solve(settings: settings, warmStart: warmStart)[0]
  }

  /// Solves the problem on a thread outside of Swift's concurrency pool; see `QuadraticProgramBatch.solve`.
  public func solve(
    settings: QuadraticProgramSettings = QuadraticProgramSettings(),
    warmStart: QuadraticProgramWarmStart? = nil
  ) async throws -> QuadraticProgramSolution {
    try await batch.solve(settings: settings, warmStart: warmStart)[0]
  }
}
