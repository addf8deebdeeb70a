/// The factorization `P A P' = L D L'` of a symmetric, possibly indefinite matrix with 1x1 and 2x2
/// pivots (Bunch and Kaufman 1977).
///
/// Use it for saddle point (KKT) systems; for positive definite matrices `Cholesky` is faster. The
/// transposed system is the same system.
public struct LDLT: Sendable {
  /// The number of rows and columns.
  public let size: Int
  /// How many eigenvalues are positive and how many negative (Sylvester's law). None is zero: a
  /// singular matrix is an error of `init`. Near singularity trust `SymmetricEigen` rather.
  public let inertia: Inertia

  /// The signs of the eigenvalues of a nonsingular symmetric matrix.
  public struct Inertia: Sendable, Equatable {
    /// The number of positive eigenvalues.
    public var positive: Int
    /// The number of negative eigenvalues.
    public var negative: Int

    /// An inertia with the given counts.
    public init(positive: Int, negative: Int) {
      self.positive = positive
      self.negative = negative
    }
  }

  let norm: Double
  let factor: AlignedBuffer
  let pivots: [LAPACK.Pivot]

  /// Factors a square matrix, reading only its lower triangle. `n^3 / 3` operations.
  ///
  /// Throws `notSquare`, `singular` with a pivot that is exactly zero, and `notFinite`.
  public init(_ matrix: Matrix) throws(FactorizationError) {
    try matrix.requireSquare()
    try matrix.requireFinite(lowerTriangleOnly: true)
    let n = matrix.rows
    let A = AlignedBuffer(copying: matrix.storage)
    let workCount = LAPACK.sytrfWorkspace(n: n)
    var pivots = [LAPACK.Pivot](repeating: 0, count: n)
    let zeroPivot = pivots.withUnsafeMutableBufferPointer { pivots in
      withUnsafeTemporaryAllocation(of: Double.self, capacity: workCount) { work -> Int? in
        guard let work = work.baseAddress, let pivots = pivots.baseAddress, n > 0 else {
          return nil
        }
        return LAPACK.sytrf(n: n, A: A.pointer, pivots: pivots, work: work, workCount: workCount)
      }
    }
    if let zeroPivot { throw .singular(pivot: zeroPivot) }
    size = n
    norm = matrix.symmetricOneNorm
    factor = A
    self.pivots = pivots
    inertia = LDLT.inertia(size: n, factor: A, pivots: pivots)
  }

  private static func inertia(
    size: Int, factor: AlignedBuffer, pivots: [LAPACK.Pivot]
  ) -> Inertia {
    var positive = 0
    var k = 0
    while k < size {
      if pivots[k] > 0 {
        if factor.pointer[k * size + k] > 0 { positive += 1 }
        k += 1
      } else {
        // A 2x2 pivot is chosen only where its determinant is far below zero.
        positive += 1
        k += 2
      }
    }
    return Inertia(positive: positive, negative: size - positive)
  }

  /// The solution x of `A x = b` for b of shape `[n]`.
  public func solve(_ rightHandSide: Vector) -> Vector {
    precondition(
      rightHandSide.count == size, "LDLT.solve: [\(size), \(size)] with [\(rightHandSide.count)]")
    let result = AlignedBuffer(copying: rightHandSide.storage)
    solveInPlace(result.pointer, count: 1)
    return Vector(storage: result)
  }

  /// The solution X of `A X = B` for B of shape `[n, k]`.
  public func solve(_ rightHandSide: Matrix) -> Matrix {
    precondition(
      rightHandSide.rows == size,
      "LDLT.solve: [\(size), \(size)] with [\(rightHandSide.rows), \(rightHandSide.columns)]")
    let solutions = rightHandSide.transpose
    solveInPlace(solutions.storage.pointer, count: rightHandSide.columns)
    return solutions.transpose
  }

  /// Overwrites each row of B `[count, n]` with the solution of `A x = b`; nothing is allocated.
  package func solveInPlace(_ B: UnsafeMutablePointer<Double>, count: Int) {
    pivots.withUnsafeBufferPointer { pivots in
      guard let pivots = pivots.baseAddress, size > 0 else { return }
      LAPACK.sytrs(n: size, count: count, A: factor.pointer, pivots: pivots, B: B)
    }
  }

  /// An estimate of `1 / (|A| |A^-1|)` in the 1-norm; see `Cholesky`. `O(n^2)`.
  public var reciprocalConditionEstimate: Double {
    conditionEstimate(size: size, workCount: 2 * size) { work, integers in
      pivots.withUnsafeBufferPointer { pivots in
        guard let pivots = pivots.baseAddress else { return 1 }
        return LAPACK.sycon(
          n: size, A: factor.pointer, pivots: pivots, norm: norm, work: work, integers: integers)
      }
    }
  }
}
