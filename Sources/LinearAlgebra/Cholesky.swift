import CLinearAlgebra

/// The factorization `A = L Lᵀ` of a symmetric positive definite matrix.
///
/// ```swift
/// let factor = try Cholesky([[4, 2], [2, 3]])
/// factor.solve([8, 7])                          // [1.25, 1.5]
/// ```
///
/// Only the lower triangle is read. n³/3 operations to factor, 2n² to solve.
public struct Cholesky: Sendable {
  private let factor: Matrix
  public var size: Int { factor.rows }

  /// - Parameter matrix: shape `[n, n]`, symmetric.
  /// - Throws: `FactorizationError.notSquare`, `.notFinite`, `.notPositiveDefinite`.
  public init(_ matrix: Matrix) throws(FactorizationError) {
    try matrix.requireSquareAndFinite()
    var factor = matrix
    let info = factor.withColumnMajorSquare { n, a in
      var (uplo, n, info) = (BLAS.flag("U"), n, la_int(0))
      dpotrf_(&uplo, &n, a, &n, &info)
      return info
    }
    guard info == 0 else { throw .notPositiveDefinite(order: Int(info)) }
    self.factor = factor
  }

  /// L, shape `[n, n]`, lower triangular.
  public var lower: Matrix {
    var result = factor
    for i in 0..<size { for j in i + 1..<max(size, i + 1) { result[i, j] = 0 } }
    return result
  }

  /// log det A.
  public var logDeterminant: Double {
    (0..<size).reduce(0) { $0 + 2 * logarithm(factor[$1, $1]) }
  }

  /// A⁻¹ b for one right-hand side, shape `[n]`.
  public func solve(_ rightHandSide: Vector) -> Vector {
    precondition(rightHandSide.count == size, "solve: [\(size)] and [\(rightHandSide.count)]")
    var solution = rightHandSide
    solution.withUnsafeMutableBufferPointer { solve($0.baseAddress!, columns: 1) }
    return solution
  }

  /// A⁻¹ B for many right-hand sides, shape `[n, k]`.
  public func solve(_ rightHandSides: Matrix) -> Matrix {
    solveColumns(rightHandSides, size: size) { solve($0, columns: $1) }
  }

  private func solve(_ b: UnsafeMutablePointer<Double>, columns: Int) {
    guard size > 0, columns > 0 else { return }
    var (uplo, n, count, info) = (BLAS.flag("U"), la_int(size), la_int(columns), la_int(0))
    dpotrs_(&uplo, &n, &count, factor.storage.pointer, &n, b, &n, &info)
  }
}
