import LinearAlgebra
import OptimizationCore

/// minimize ½ xᵀPx + cᵀx subject to Ax + s = b, s in K; the dual y lies in K* with Px + Aᵀy + c = 0.
///
/// ```swift
/// // minimize x₁ + x₂ over the disc of radius 1
/// let A = SparseMatrix([[0, 0], [-1, 0], [0, -1]])
/// let program = try ConeProgram(
///   c: [1, 1], A: A, b: [1, 0, 0], cones: ConeProduct(secondOrder: [3]))
/// let solution = try program.solve()
/// ```
public struct ConeProgram: Sendable {
  /// The program as a batch of one.
  let batch: ConeProgramBatch

  init(batch: ConeProgramBatch) { self.batch = batch }

  /// Checks the data and keeps it.
  ///
  /// - Parameters:
  ///   - P: quadratic term, whole and symmetric, shape `[n, n]`; nil for zero.
  ///   - c: linear term, shape `[n]`.
  ///   - A: shape `[m, n]`.
  ///   - b: shape `[m]`; +infinity (or at least 1e20) in a nonnegative row means no constraint.
  ///   - cones: the cones of the rows, in order; together they have m rows.
  /// - Throws: `ProblemError`, naming the argument.
  public init(
    P: SparseMatrix? = nil, c: Vector, A: SparseMatrix, b: Vector, cones: ConeProduct
  ) throws(ProblemError) {
    batch = try ConeProgramBatch(
      P: P.map(BatchedSparseMatrix.init(shared:)), c: BatchedVector(shared: c),
      A: BatchedSparseMatrix(shared: A), b: BatchedVector(shared: b), cones: cones)
  }

  /// Quadratic term, nil if it was left out.
  public var P: SparseMatrix? { batch.P?[0] }
  /// Linear term, shape `[n]`.
  public var c: Vector { batch.c[0] }
  /// Constraint matrix, shape `[m, n]`.
  public var A: SparseMatrix { batch.A[0] }
  /// Right-hand side, shape `[m]`.
  public var b: Vector { batch.b[0] }
  /// The cones of the rows.
  public var cones: ConeProduct { batch.cones }
  /// The number of variables, n.
  public var variables: Int { batch.variables }
  /// The number of rows, m.
  public var rows: Int { batch.rows }

  /// The same program with other numbers: what was found out about the sparsity patterns is kept.
  ///
  /// - Parameters:
  ///   - P: entries of the quadratic term in the order of its pattern; nil to keep them.
  ///   - c, b: nil to keep them.
  ///   - A: entries in the order of the pattern of A; nil to keep them.
  /// - Throws: `ProblemError` for wrong lengths and numbers.
  public func updating(
    P: Vector? = nil, c: Vector? = nil, A: Vector? = nil, b: Vector? = nil
  ) throws(ProblemError) -> ConeProgram {
    ConeProgram(
      batch: try batch.updating(
        P: P.map(BatchedVector.init(shared:)), c: c.map(BatchedVector.init(shared:)),
        A: A.map(BatchedVector.init(shared:)), b: b.map(BatchedVector.init(shared:))))
  }
}
