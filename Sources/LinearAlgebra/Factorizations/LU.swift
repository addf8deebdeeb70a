/// The factorization of a general square matrix with partial pivoting.
///
/// It solves with the matrix and with its transpose.
public struct LU: Sendable {
  /// The number of rows and columns.
  public let size: Int
  let norm: Double
  /// LAPACK sees row-major data as the transpose: what is factored is `A' = P L U`.
  let factor: AlignedBuffer
  let pivots: [LAPACK.Pivot]

  /// Factors a square matrix. `2 n^3 / 3` operations.
  ///
  /// Throws `notSquare`, `singular` with a pivot that is exactly zero, and `notFinite`.
  public init(_ matrix: Matrix) throws(FactorizationError) {
    try matrix.requireSquare()
    try matrix.requireFinite()
    let n = matrix.rows
    let A = AlignedBuffer(copying: matrix.storage)
    var pivots = [LAPACK.Pivot](repeating: 0, count: n)
    let zeroPivot = pivots.withUnsafeMutableBufferPointer { pivots -> Int? in
      guard let pivots = pivots.baseAddress, n > 0 else { return nil }
      return LAPACK.getrf(n: n, A: A.pointer, pivots: pivots)
    }
    if let zeroPivot { throw .singular(pivot: zeroPivot) }
    size = n
    norm = matrix.infinityNorm
    factor = A
    self.pivots = pivots
  }

  /// The solution x of `A x = b`, or of `A'x = b` if `transposed`, for b of shape `[n]`.
  public func solve(_ rightHandSide: Vector, transposed: Bool = false) -> Vector {
    precondition(
      rightHandSide.count == size, "LU.solve: [\(size), \(size)] with [\(rightHandSide.count)]")
    let result = AlignedBuffer(copying: rightHandSide.storage)
    solveInPlace(result.pointer, count: 1, transposed: transposed)
    return Vector(storage: result)
  }

  /// The solution X of `A X = B`, or of `A'X = B` if `transposed`, for B of shape `[n, k]`.
  public func solve(_ rightHandSide: Matrix, transposed: Bool = false) -> Matrix {
    precondition(
      rightHandSide.rows == size,
      "LU.solve: [\(size), \(size)] with [\(rightHandSide.rows), \(rightHandSide.columns)]")
    let solutions = rightHandSide.transpose
    solveInPlace(
      solutions.storage.pointer, count: rightHandSide.columns, transposed: transposed)
    return solutions.transpose
  }

  /// Overwrites each row of B `[count, n]` with the solution; nothing is allocated.
  package func solveInPlace(
    _ B: UnsafeMutablePointer<Double>, count: Int, transposed: Bool = false
  ) {
    pivots.withUnsafeBufferPointer { pivots in
      guard let pivots = pivots.baseAddress, size > 0 else { return }
      LAPACK.getrs(
        transposed ? .transposed : .none, n: size, count: count, A: factor.pointer,
        pivots: pivots, B: B)
    }
  }

  /// The determinant; 1 for an empty matrix. It overflows easily for large matrices.
  public var determinant: Double {
    var product = 1.0
    for i in 0..<size {
      product *= factor.pointer[i &* size &+ i]
      if Int(pivots[i]) != i + 1 { product = -product }
    }
    return product
  }

  /// An estimate of `1 / (|A| |A^-1|)` in the infinity norm; see `Cholesky`. `O(n^2)`.
  public var reciprocalConditionEstimate: Double {
    conditionEstimate(size: size, workCount: 4 * size) { work, integers in
      LAPACK.gecon(n: size, A: factor.pointer, norm: norm, work: work, integers: integers)
    }
  }
}
