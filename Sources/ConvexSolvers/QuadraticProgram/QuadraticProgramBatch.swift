import LinearAlgebra
import OptimizationCore

/// A batch of quadratic programs of one shape. Every datum is given per item or shared by all;
/// the gradient of a shared datum is the sum over the batch.
///
/// Items are solved, stopped and reported independently: one that is infeasible does not disturb the
/// others. The same item gives the same bits alone, in any batch and for any number of threads.
public struct QuadraticProgramBatch: Sendable {
  /// The number of items, B.
  public let items: Int
  /// Quadratic term, nil for a linear program.
  private(set) var quadraticTerm: BatchedMatrix?
  /// Linear term, shape `[B, n]` or `[n]`.
  public let p: BatchedVector
  /// Inequality matrix, shape `[B, m, n]` or `[m, n]`.
  public let G: BatchedMatrix
  /// Inequality bounds, shape `[B, m]` or `[m]`.
  public let h: BatchedVector
  /// Equality matrix, shape `[B, e, n]` or `[e, n]`.
  public let A: BatchedMatrix
  /// Equality values, shape `[B, e]` or `[e]`.
  public let b: BatchedVector

  /// Quadratic term, shape `[B, n, n]` or `[n, n]`; made of zeros at each call for a linear program.
  public var Q: BatchedMatrix {
    quadraticTerm ?? BatchedMatrix(shared: Matrix(rows: variables, columns: variables))
  }

  /// Whether Q was left out: the problems are linear programs.
  var isLinear: Bool { quadraticTerm == nil }
  var sharesQuadraticTerm: Bool { quadraticTerm?.items == nil }

  public var variables: Int { p.count }
  public var inequalities: Int { h.count }
  public var equalities: Int { b.count }

  /// Checks the data and keeps it.
  ///
  /// - Parameters:
  ///   - items: the number of items; nil to take it from the batched arguments (1 if all are shared).
  ///   - Q: quadratic term; nil for zero. An asymmetry of at most 1e-6 of its largest element passes for
  ///     rounding, and the symmetric part is solved with and kept; a larger one is an error.
  ///   - p: linear term; its length is n ≥ 1.
  ///   - G: inequality matrix; nil for no inequalities.
  ///   - h: inequality bounds; +infinity, or at least 1e20, for an absent bound.
  ///   - A: equality matrix; nil for no equalities.
  ///   - b: equality values.
  /// - Throws: `ProblemError`, naming the argument and the item.
  public init(
    items: Int? = nil, Q: BatchedMatrix? = nil, p: BatchedVector, G: BatchedMatrix? = nil,
    h: BatchedVector? = nil, A: BatchedMatrix? = nil, b: BatchedVector? = nil
  ) throws(ProblemError) {
    let n = p.count
    if G != nil, h == nil { throw .missing(argument: "h", beside: "G") }
    if A != nil, b == nil { throw .missing(argument: "b", beside: "A") }
    let counts = [Q?.items, p.items, G?.items, h?.items, A?.items, b?.items]
    self.items = items ?? counts.compactMap { $0 }.first ?? 1
    quadraticTerm = Q
    self.p = p
    self.G = G ?? BatchedMatrix(shared: Matrix(rows: 0, columns: n))
    self.h = h ?? BatchedVector(shared: Vector.zeros(0))
    self.A = A ?? BatchedMatrix(shared: Matrix(rows: 0, columns: n))
    self.b = b ?? BatchedVector(shared: Vector.zeros(0))
    try validate()
    quadraticTerm = Q?.symmetricPart
  }

  private init(
    validated items: Int, Q: BatchedMatrix?, p: BatchedVector, G: BatchedMatrix, h: BatchedVector,
    A: BatchedMatrix, b: BatchedVector
  ) {
    self.items = items
    quadraticTerm = Q
    self.p = p
    self.G = G
    self.h = h
    self.A = A
    self.b = b
  }

  /// The batch with other constraints of the same shapes, which are not checked.
  func replacing(G: BatchedMatrix, h: BatchedVector, A: BatchedMatrix, b: BatchedVector)
    -> QuadraticProgramBatch
  {
    QuadraticProgramBatch(
      validated: items, Q: quadraticTerm, p: p, G: G, h: h, A: A, b: b)
  }

  /// The problem of one item.
  public subscript(item: Int) -> QuadraticProgram {
    precondition(item >= 0 && item < items, "item \(item) of a batch of \(items)")
    return QuadraticProgram(
      batch: QuadraticProgramBatch(
        validated: 1, Q: quadraticTerm.map { BatchedMatrix(shared: $0[item]) },
        p: BatchedVector(shared: p[item]), G: BatchedMatrix(shared: G[item]),
        h: BatchedVector(shared: h[item]), A: BatchedMatrix(shared: A[item]),
        b: BatchedVector(shared: b[item])))
  }
}
