import LinearAlgebra
import OptimizationCore

/// A batch of cone programs with the same cones and sparsity patterns. Every datum is given per item or
/// shared by all; the gradient of a shared datum is the sum over the batch.
///
/// Items are solved, stopped and reported independently: one that is infeasible does not disturb the
/// others. The same item gives the same bits alone, in any batch and for any number of threads.
public struct ConeProgramBatch: Sendable {
  /// The number of items, B.
  public let items: Int
  /// Quadratic term, shape `[B, n, n]` or `[n, n]`; nil for none.
  public private(set) var P: BatchedSparseMatrix?
  /// Linear term, shape `[B, n]` or `[n]`.
  public let c: BatchedVector
  /// Constraint matrix, shape `[B, m, n]` or `[m, n]`.
  public let A: BatchedSparseMatrix
  /// Right-hand side, shape `[B, m]` or `[m]`.
  public let b: BatchedVector
  /// The cones of the rows.
  public var cones: ConeProduct { structure.cones }
  /// The number of variables, n.
  public var variables: Int { c.count }
  /// The number of rows, m.
  public var rows: Int { b.count }

  /// What depends on the patterns and the cones only.
  let structure: ConeProgramStructure

  /// Checks the data and keeps it.
  ///
  /// - Parameters:
  ///   - items: the number of items; nil to take it from the batched arguments (1 if all are shared).
  ///   - P: quadratic term, whole and symmetric; nil for zero. An asymmetry of at most 1e-6 of its largest
  ///     entry passes for rounding, and the symmetric part is solved with and kept (an entry whose mirror
  ///     image is not in the pattern counts as zero); a larger one is an error.
  ///   - c: linear term.
  ///   - A: constraint matrix.
  ///   - b: right-hand side; +infinity (or at least 1e20) in a nonnegative row means no constraint.
  ///   - cones: the cones of the rows, in order.
  /// - Throws: `ProblemError`, naming the argument and the item.
  public init(
    items: Int? = nil, P: BatchedSparseMatrix? = nil, c: BatchedVector, A: BatchedSparseMatrix,
    b: BatchedVector, cones: ConeProduct
  ) throws(ProblemError) {
    try cones.validate()
    self.items = items ?? [P?.items, c.items, A.items, b.items].compactMap { $0 }.first ?? 1
    self.P = P
    self.c = c
    self.A = A
    self.b = b
    structure = ConeProgramStructure(P: P?.pattern, A: A.pattern, cones: cones)
    try validate()
    self.P = symmetricQuadraticTerm
  }

  private init(
    items: Int, P: BatchedSparseMatrix?, c: BatchedVector, A: BatchedSparseMatrix, b: BatchedVector,
    structure: ConeProgramStructure
  ) {
    self.items = items
    self.P = P
    self.c = c
    self.A = A
    self.b = b
    self.structure = structure
  }

  /// The same batch with other numbers; see `ConeProgram.updating`.
  public func updating(
    items: Int? = nil, P: BatchedVector? = nil, c: BatchedVector? = nil, A: BatchedVector? = nil,
    b: BatchedVector? = nil
  ) throws(ProblemError) -> ConeProgramBatch {
    if let P, P.count != self.P?.pattern.entries ?? 0 {
      throw .shape(
        argument: "P", item: nil, expected: [self.P?.pattern.entries ?? 0], actual: [P.count])
    }
    if let A, A.count != self.A.pattern.entries {
      throw .shape(
        argument: "A", item: nil, expected: [self.A.pattern.entries], actual: [A.count])
    }
    var newP = self.P
    if let P, let old = self.P { newP = BatchedSparseMatrix(pattern: old.pattern, values: P) }
    let newA = A.map { BatchedSparseMatrix(pattern: self.A.pattern, values: $0) } ?? self.A
    let newC = c ?? self.c
    let newB = b ?? self.b
    let count =
      items ?? [newP?.items, newC.items, newA.items, newB.items].compactMap { $0 }.first ?? 1
    var result = ConeProgramBatch(
      items: count, P: newP, c: newC, A: newA, b: newB, structure: structure)
    try result.validate()
    result.P = result.symmetricQuadraticTerm
    return result
  }

  /// The program of one item.
  public subscript(item: Int) -> ConeProgram {
    precondition(item >= 0 && item < items, "item \(item) of a batch of \(items)")
    return ConeProgram(
      batch: ConeProgramBatch(
        items: 1, P: P.map { BatchedSparseMatrix(shared: $0[item]) },
        c: BatchedVector(shared: c[item]), A: BatchedSparseMatrix(shared: A[item]),
        b: BatchedVector(shared: b[item]), structure: structure))
  }
}
