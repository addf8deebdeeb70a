import CLinearAlgebra

/// The eigendecomposition `A = V diag(values) Vᵀ` of a symmetric matrix (divide and conquer).
public struct SymmetricEigen: Sendable {
  /// Eigenvalues, ascending, shape `[n]`.
  public let values: Vector
  /// Orthonormal eigenvectors as columns, shape `[n, n]`.
  public let vectors: Matrix

  /// - Parameter matrix: shape `[n, n]`, symmetric; only the lower triangle is read.
  /// - Throws: `FactorizationError.notSquare`, `.notFinite`, `.noConvergence`.
  public init(_ matrix: Matrix) throws(FactorizationError) {
    try matrix.requireSquareAndFinite()
    let n = matrix.rows
    var rowsOfVectors = matrix
    var values = Vector.zeros(n)
    let info = rowsOfVectors.withColumnMajorSquare { size, a in
      values.withUnsafeMutableBufferPointer { w in
        var (job, uplo, n, info) = (BLAS.flag("V"), BLAS.flag("U"), size, la_int(0))
        var lwork = 1 + 6 * n + 2 * n * n
        var liwork = 3 + 5 * n
        var work = [Double](repeating: 0, count: Int(lwork))
        var iwork = [la_int](repeating: 0, count: Int(liwork))
        dsyevd_(
          &job, &uplo, &n, a, &n, w.baseAddress!, &work, &lwork, &iwork, &liwork, &info)
        return info
      }
    }
    guard info == 0 else { throw .noConvergence }
    self.values = values
    vectors = rowsOfVectors.transpose
  }

  /// The least-norm, least-squares solution of `A x = b`: eigenvalues below `relativeTolerance` times the
  /// largest in size count as zero.
  public func solve(_ rightHandSide: Vector, relativeTolerance: Double = 1e-12) -> Vector {
    precondition(
      rightHandSide.count == values.count,
      "solve: [\(values.count)] and [\(rightHandSide.count)]")
    let threshold = relativeTolerance * values.largestElement
    var coefficients = vectors.transposeTimes(rightHandSide)
    for i in 0..<values.count {
      coefficients[i] = abs(values[i]) > threshold ? coefficients[i] / values[i] : 0
    }
    return vectors * coefficients
  }
}
