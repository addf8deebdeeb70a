import CKernels

/// The Cholesky factorizations `A = L L'` of a batch of small symmetric positive definite matrices,
/// eight at a time, one per lane of a vector register.
///
/// ```swift
/// let factors = try BatchCholesky(BatchedMatrix([A, B, C]))
/// let x = factors.solve(BatchedVector([a, b, c]))
/// factors.failures  // the matrices that are not positive definite
/// ```
///
/// For matrices of up to about two hundred rows it is several times faster than a `Cholesky` of each.
/// An item has the same bits alone, at any place and in any batch. It runs on the calling thread.
public struct BatchCholesky: Sendable {
  /// A matrix of the batch that is not positive definite.
  public struct Failure: Sendable, Equatable {
    /// The index of the matrix in the batch.
    public let item: Int
    /// The index of its first pivot that is not positive.
    public let pivot: Int

    /// A failure of the given item at the given pivot.
    public init(item: Int, pivot: Int) {
      self.item = item
      self.pivot = pivot
    }
  }

  /// The matrices that have no factorization, in the order of the batch. They don't disturb the others;
  /// their solutions are NaN.
  public let failures: [Failure]
  private let factors: LaneMatrices
  private let isFailed: [Bool]

  /// Factors matrices `[B, n, n]`, or one `[n, n]` shared by a batch; reads only lower triangles.
  ///
  /// `n^3 / 3` operations for each matrix. A matrix that isn't positive definite, or holds NaNs, is not
  /// an error but listed in `failures`. Throws `notSquare`.
  public init(_ matrices: BatchedMatrix) throws(FactorizationError) {
    guard matrices.rows == matrices.columns else {
      throw .notSquare(rows: matrices.rows, columns: matrices.columns)
    }
    factors = LaneMatrices(matrices)
    let n = factors.size
    let count = matrices.items ?? 1
    var failures: [Failure] = []
    var isFailed = [Bool](repeating: false, count: count)
    var pivots = [Int64](repeating: 0, count: LaneMatrices.width)
    for group in 0..<factors.groups {
      lane_cholesky(n, factors.elements(group), factors.inverseDiagonal(group), 0, &pivots)
      for lane in 0..<LaneMatrices.width {
        let item = group * LaneMatrices.width + lane
        if pivots[lane] < n && item < count {
          failures.append(Failure(item: item, pivot: Int(pivots[lane])))
          isFailed[item] = true
        }
      }
    }
    self.failures = failures
    self.isFailed = isFailed
  }

  /// The number of rows and columns of each matrix.
  public var size: Int { factors.size }

  /// The number of matrices, or nil for one shared by the batch.
  public var items: Int? { factors.items }

  /// The lower triangular factor of an item, shape `[n, n]`; without meaning for a failed one.
  public func lower(_ item: Int) -> Matrix { factors.lower(item) }

  /// The solutions x of `A x = b` for b of shape `[B, n]`, or `[n]` shared by the batch.
  ///
  /// NaN for failed items. `2 n^2` operations for each.
  public func solve(_ rightHandSides: BatchedVector) -> BatchedVector {
    precondition(
      rightHandSides.count == size,
      "BatchCholesky.solve: [\(size), \(size)] with [\(rightHandSides.count)]")
    let (items, storage) = factors.solve(
      rightHandSides.storage.pointer, items: rightHandSides.items, columns: 1, isFailed: isFailed
    ) { lane_cholesky_solve(size, $0, $1, $2) }
    return BatchedVector(items: items, count: size, storage: storage)
  }

  /// The solutions X of `A X = B` for B of shape `[B, n, k]`, or `[n, k]` shared by the batch.
  public func solve(_ rightHandSides: BatchedMatrix) -> BatchedMatrix {
    precondition(
      rightHandSides.rows == size,
      "BatchCholesky.solve: [\(size), \(size)] with "
        + "[\(rightHandSides.rows), \(rightHandSides.columns)]")
    let (items, storage) = factors.solve(
      rightHandSides.storage.pointer, items: rightHandSides.items,
      columns: rightHandSides.columns, isFailed: isFailed
    ) { lane_cholesky_solve(size, $0, $1, $2) }
    return BatchedMatrix(
      items: items, rows: size, columns: rightHandSides.columns, storage: storage)
  }
}
