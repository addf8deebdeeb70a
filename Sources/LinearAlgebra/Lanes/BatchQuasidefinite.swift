import CKernels

/// The factorizations `A = L D L'`, without pivoting, of a batch of small symmetric quasi-definite
/// matrices, eight at a time.
///
/// A quasi-definite matrix is `[[E, B'], [B, -F]]` with E and F positive definite, in any symmetric
/// order of rows and columns; the signs of D are known beforehand (Vanderbei 1995), so a pivot of the
/// wrong sign or near zero can be replaced while factoring. For definite matrices take `BatchCholesky`,
/// for indefinite ones without this structure `LDLT`.
public struct BatchQuasidefinite: Sendable {
  /// How many pivots of each item were replaced: 0 means that the factorization is of the matrix
  /// itself.
  public let replacedPivots: [Int]
  private let factors: LaneMatrices

  /// Factors matrices `[B, n, n]`, or one `[n, n]` shared by a batch; reads only lower triangles.
  ///
  /// `n^3 / 3` operations for each matrix. Throws `notSquare`.
  ///
  /// - Parameters:
  ///   - signs: the sign of each pivot, `.plus` or `.minus`, shape `[n]`.
  ///   - smallestPivot: pivots whose magnitude, with the right sign, is not above it are replaced.
  ///   - replacement: the magnitude of a replaced pivot, positive.
  public init(
    _ matrices: BatchedMatrix, signs: [FloatingPointSign], smallestPivot: Double = 0,
    replacement: Double = 1e-8
  ) throws(FactorizationError) {
    guard matrices.rows == matrices.columns else {
      throw .notSquare(rows: matrices.rows, columns: matrices.columns)
    }
    precondition(
      signs.count == matrices.rows,
      "BatchQuasidefinite: [\(matrices.rows), \(matrices.rows)] with \(signs.count) signs")
    precondition(
      replacement > 0 && smallestPivot >= 0, "BatchQuasidefinite: a negative pivot threshold")
    let factors = LaneMatrices(matrices)
    let n = factors.size
    let count = matrices.items ?? 1
    let signs = signs.map { $0 == .plus ? 1.0 : -1.0 }
    let scratch = AlignedBuffer(uninitializedCount: 3 * n * LaneMatrices.width, isAligned: true)
    var replaced = [Int64](repeating: 0, count: LaneMatrices.width)
    var replacedPivots: [Int] = []
    withExtendedLifetime(scratch) {
      for group in 0..<factors.groups {
        lane_ldl(
          n, factors.elements(group), signs, smallestPivot, replacement,
          factors.inverseDiagonal(group), scratch.pointer, &replaced)
        let used = min(LaneMatrices.width, count - group * LaneMatrices.width)
        replacedPivots += replaced.prefix(used).map { Int($0) }
      }
    }
    self.factors = factors
    self.replacedPivots = replacedPivots
  }

  /// The number of rows and columns of each matrix.
  public var size: Int { factors.size }

  /// The number of matrices, or nil for one shared by the batch.
  public var items: Int? { factors.items }

  /// The solutions x of `A x = b` for b of shape `[B, n]`, or `[n]` shared by the batch.
  ///
  /// Where pivots were replaced they solve the system of the changed matrix.
  public func solve(_ rightHandSides: BatchedVector) -> BatchedVector {
    precondition(
      rightHandSides.count == size,
      "BatchQuasidefinite.solve: [\(size), \(size)] with [\(rightHandSides.count)]")
    let (items, storage) = factors.solve(
      rightHandSides.storage.pointer, items: rightHandSides.items, columns: 1,
      isFailed: [Bool](repeating: false, count: factors.items ?? 1)
    ) { lane_ldl_solve(size, $0, $1, $2) }
    return BatchedVector(items: items, count: size, storage: storage)
  }
}
