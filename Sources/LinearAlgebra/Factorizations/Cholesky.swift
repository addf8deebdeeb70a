/// The Cholesky factorization `A = L L'` of a symmetric positive definite matrix.
///
/// ```swift
/// let factor = try Cholesky([[4, 2], [2, 3]])
/// let x = factor.solve([2, 3])  // A x = [2, 3]
/// ```
///
/// The factor is kept: each further right-hand side costs `2 n^2` operations. The transposed system is
/// the same system.
public struct Cholesky: Sendable {
  /// The number of rows and columns.
  public let size: Int
  /// The 1-norm of the matrix, for the condition estimate.
  let norm: Double
  /// Row-major `[n, n]`; above the diagonal it holds what the matrix held there.
  let factor: AlignedBuffer

  /// Factors a square matrix, reading only its lower triangle. `n^3 / 3` operations.
  ///
  /// Throws `notSquare`, `notPositiveDefinite` with the failing pivot, also for a matrix with NaNs.
  public init(_ matrix: Matrix) throws(FactorizationError) {
    try matrix.requireSquare()
    size = matrix.rows
    norm = matrix.symmetricOneNorm
    factor = AlignedBuffer(copying: matrix.storage)
    if let pivot = LAPACK.potrf(n: size, A: factor.pointer) {
      throw .notPositiveDefinite(pivot: pivot)
    }
  }

  /// The lower triangular factor L, shape `[n, n]`.
  public var lower: Matrix {
    let result = AlignedBuffer(repeating: 0, count: size * size)
    for i in 0..<size {
      (result.pointer + i * size).update(from: factor.pointer + i * size, count: i + 1)
    }
    return Matrix(rows: size, columns: size, storage: result)
  }

  /// The solution x of `A x = b` for b of shape `[n]`.
  public func solve(_ rightHandSide: Vector) -> Vector {
    precondition(
      rightHandSide.count == size,
      "Cholesky.solve: [\(size), \(size)] with [\(rightHandSide.count)]")
    let result = AlignedBuffer(copying: rightHandSide.storage)
    solveInPlace(result.pointer, columns: 1)
    return Vector(storage: result)
  }

  /// The solution X of `A X = B` for B of shape `[n, k]`.
  public func solve(_ rightHandSide: Matrix) -> Matrix {
    precondition(
      rightHandSide.rows == size,
      "Cholesky.solve: [\(size), \(size)] with [\(rightHandSide.rows), \(rightHandSide.columns)]")
    let result = AlignedBuffer(copying: rightHandSide.storage)
    solveInPlace(result.pointer, columns: rightHandSide.columns)
    return Matrix(rows: size, columns: rightHandSide.columns, storage: result)
  }

  /// Overwrites B `[n, columns]` with the solution of `A X = B`; nothing is allocated.
  package func solveInPlace(_ B: UnsafeMutablePointer<Double>, columns: Int) {
    withExtendedLifetime(factor) {
      LAPACK.potrs(n: size, columns: columns, L: factor.pointer, B: B)
    }
  }

  /// The inverse of the matrix. To apply it to a vector, `solve` is cheaper and more accurate.
  public var inverse: Matrix { solve(.identity(size)) }

  /// The logarithm of the determinant; 0 for an empty matrix.
  public var logDeterminant: Double {
    var sum = 0.0
    for i in 0..<size { sum += logarithm(factor.pointer[i &* size &+ i]) }
    return 2 * sum
  }

  /// An estimate of `1 / (|A| |A^-1|)` in the 1-norm: near 1 for a well conditioned matrix, near
  /// `Double.ulpOfOne` for one whose solutions have no correct digit. `O(n^2)`.
  public var reciprocalConditionEstimate: Double {
    conditionEstimate(size: size, workCount: 3 * size) { work, integers in
      LAPACK.pocon(n: size, L: factor.pointer, norm: norm, work: work, integers: integers)
    }
  }
}
