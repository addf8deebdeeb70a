/// The eigenvalue decomposition `A = V diag(values) V'` of a symmetric matrix.
///
/// Use it where the rank or the signs of the eigenvalues matter; as a solver it costs about twenty
/// times a `Cholesky`.
public struct SymmetricEigen: Sendable {
  /// The eigenvalues in ascending order, shape `[n]`.
  public let values: Vector
  /// Row i is the eigenvector of `values[i]`.
  let vectorRows: Matrix

  /// Decomposes a square matrix, reading only its lower triangle. `O(n^3)`.
  ///
  /// Throws `notSquare`, `notFinite`, and `noConvergence` (not known to happen for finite data).
  public init(_ matrix: Matrix) throws(FactorizationError) {
    try matrix.requireSquare()
    try matrix.requireFinite(lowerTriangleOnly: true)
    let n = matrix.rows
    let vectors = AlignedBuffer(copying: matrix.storage)
    let values = AlignedBuffer(uninitializedCount: n)
    let work = AlignedBuffer(uninitializedCount: 1 + 6 * n + 2 * n * n)
    var integers = [LAPACK.Pivot](repeating: 0, count: 3 + 5 * n)
    let converged = integers.withUnsafeMutableBufferPointer { integers in
      withExtendedLifetime(work) {
        guard let integers = integers.baseAddress, n > 0 else { return true }
        return LAPACK.syevd(
          n: n, A: vectors.pointer, values: values.pointer, work: work.pointer, integers: integers)
      }
    }
    if !converged { throw .noConvergence }
    self.values = Vector(storage: values)
    vectorRows = Matrix(rows: n, columns: n, storage: vectors)
  }

  /// The number of rows and columns.
  public var size: Int { values.count }

  /// The orthonormal eigenvectors, shape `[n, n]`: column i belongs to `values[i]`.
  public var vectors: Matrix { vectorRows.transpose }

  /// The matrix again, `V diag(values) V'`, shape `[n, n]`.
  public func reconstruct() -> Matrix { mapValues { $0 } }

  /// The matrix function `V diag(f(values)) V'`, shape `[n, n]`: `max(0, value)` gives the nearest
  /// positive semidefinite matrix, the square root its square root, and so on.
  public func mapValues(_ function: (_ value: Double) throws -> Double) rethrows -> Matrix {
    var scaled = vectorRows
    let factors = try values.map(function)
    let n = size
    scaled.withUnsafeMutableBufferPointer { rows in
      for i in 0..<n {
        for j in 0..<n { rows[i &* n &+ j] *= factors[i] }
      }
    }
    return vectorRows.transposeTimes(scaled)
  }

  /// The largest magnitude of an eigenvalue that counts as zero.
  ///
  /// `relativeTolerance` is relative to the largest magnitude of all and is by default n times the
  /// unit roundoff.
  func threshold(_ relativeTolerance: Double?) -> Double {
    values.infinityNorm * (relativeTolerance ?? Double(size) * .ulpOfOne)
  }

  /// The number of eigenvalues whose magnitude is above `relativeTolerance` times the largest (by
  /// default n times the unit roundoff).
  public func rank(relativeTolerance: Double? = nil) -> Int {
    let threshold = threshold(relativeTolerance)
    return values.count { $0.magnitude > threshold }
  }

  /// The least-norm least-squares solution of `A x = b` (the pseudo-inverse applied to b), for b of
  /// shape `[n]`; eigenvalues up to `relativeTolerance` times the largest count as zero.
  public func solve(_ rightHandSide: Vector, relativeTolerance: Double? = nil) -> Vector {
    precondition(
      rightHandSide.count == size,
      "SymmetricEigen.solve: [\(size), \(size)] with [\(rightHandSide.count)]")
    var coefficients = vectorRows * rightHandSide
    let threshold = threshold(relativeTolerance)
    for i in 0..<size {
      coefficients[i] = values[i].magnitude > threshold ? coefficients[i] / values[i] : 0
    }
    return vectorRows.transposeTimes(coefficients)
  }

  /// The least-norm least-squares solution of `A X = B` for B of shape `[n, k]`.
  public func solve(_ rightHandSide: Matrix, relativeTolerance: Double? = nil) -> Matrix {
    precondition(
      rightHandSide.rows == size,
      "SymmetricEigen.solve: [\(size), \(size)] with "
        + "[\(rightHandSide.rows), \(rightHandSide.columns)]")
    var coefficients = vectorRows * rightHandSide
    let threshold = threshold(relativeTolerance)
    let columns = rightHandSide.columns
    coefficients.withUnsafeMutableBufferPointer { rows in
      for i in 0..<size {
        let isZero = values[i].magnitude <= threshold
        for j in 0..<columns {
          let index = i &* columns &+ j
          rows[index] = isZero ? 0 : rows[index] / values[i]
        }
      }
    }
    return vectorRows.transposeTimes(coefficients)
  }
}
