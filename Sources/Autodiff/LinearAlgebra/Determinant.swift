/// The determinants `[...]` of square matrices `[..., n, n]`; 1 for n = 0.
///
/// By LU with partial pivoting. The value may overflow or underflow where `logAbsoluteDeterminant`
/// does not. The derivative, of any order, is that of the polynomial: the matrix of cofactors, `det A A'^-1`
/// where A is regular. Of a singular matrix, or up to n = 32 a nearly singular one, the cofactors are computed as
/// determinants, n² of them; they are not zero while the rank is n - 1. Throws `notFinite`.
public func determinant(_ A: Tensor) throws(TensorLinearAlgebraError) -> Tensor {
  _ = A.squareSize("determinant")
  let factors = try LUFactors(allowingSingular: A)
  let value = factors.products().asType(A.dtype)
  @Sendable func slope(_ A: Tensor, _ y: Tensor) -> Tensor {
    // The inverse of a nearly singular matrix loses in each derivative as many digits as its condition has.
    if factors.singular != nil || factors.size <= 32 && factors.hasPivot(below: 1e-6) {
      return cofactors(A)
    }
    let inverse = FactoredMatrix(matrix: A, lu: factors).inverse
    return y.expandingAxis(-1).expandingAxis(-1) * inverse.transposed()
  }
  return primitive(
    A, { _ in value },
    vjp: { A, y in { g in g.expandingAxis(-1).expandingAxis(-1) * slope(A, y) } },
    jvp: { A, y, tangent in (slope(A, y) * tangent).sum(axes: [-2, -1]) })
}

/// The derivative of the determinants of `[..., n, n]`: in row i and column j the determinant without that row
/// and column, with the sign of a chessboard.
private func cofactors(_ A: Tensor) -> Tensor {
  let n = A.shape[A.rank - 1]
  let batch = Array(A.shape.dropLast(2))
  let (rowAxis, columnAxis) = (A.rank - 2, A.rank - 1)
  let columns = (0..<n).flatMap { j in (0..<n).filter { $0 != j } }
  let rows = (0..<n).map { i in
    // The n minors of a row at once, `[..., n, n - 1, n - 1]`.
    let minors = A.gathering((0..<n).filter { $0 != i }, axis: rowAxis)
      .gathering(columns, axis: columnAxis).reshaped(to: batch + [n - 1, n, n - 1])
      .permutingAxes(Array(0..<rowAxis) + [columnAxis, rowAxis, columnAxis + 1])
    let signs = Tensor((0..<n).map { (i + $0) % 2 == 0 ? 1.0 : -1 }, shape: [n]).asType(A.dtype)
    do {
      return (try determinant(minors) * signs).expandingAxis(rowAxis)
    } catch { preconditionFailure("cofactors of a finite matrix: \(error)") }
  }
  return n == 0 ? A : concatenate(rows, axis: rowAxis)
}

/// The signs (1 or -1) of the determinants of square matrices `[..., n, n]`, and the logarithms of
/// their magnitudes, each `[...]`.
///
/// By LU with partial pivoting; neither overflows. Derivatives of any order: `gA = g A'^-1`, the
/// sign is a constant. Throws `singular` (the logarithm would be infinite) and `notFinite`.
public func logAbsoluteDeterminant(_ A: Tensor) throws(TensorLinearAlgebraError)
  -> (sign: Tensor, logMagnitude: Tensor)
{
  _ = A.squareSize("logAbsoluteDeterminant")
  let factors = try LUFactors(A)
  let (signs, logMagnitudes) = factors.determinants()
  let logMagnitude = logDeterminant(A, logMagnitudes.asType(A.dtype)) {
    FactoredMatrix(matrix: $0, lu: factors).inverse
  }
  return (signs.asType(A.dtype), logMagnitude)
}

/// The logarithms `[...]` of the determinants of symmetric positive definite matrices
/// `[..., n, n]`.
///
/// By Cholesky. The matrix that counts is the symmetric part `(A + A')/2`; the derivative, of any
/// order, is its inverse. Throws `notPositiveDefinite` and `notFinite`; see
/// `logAbsoluteDeterminant` for other matrices.
public func logDeterminant(_ A: Tensor) throws(TensorLinearAlgebraError) -> Tensor {
  _ = A.squareSize("logDeterminant")
  let factors = try CholeskyFactors(A)
  return logDeterminant(A, factors.logDeterminants(A.dtype)) {
    FactoredMatrix(matrix: $0, cholesky: factors).inverse
  }
}

private func logDeterminant(
  _ A: Tensor, _ value: Tensor, _ inverse: @escaping @Sendable (Tensor) -> Tensor
) -> Tensor {
  primitive(
    A, { _ in value },
    vjp: { A, _ in { g in g.expandingAxis(-1).expandingAxis(-1) * inverse(A).transposed() } },
    jvp: { A, _, tangent in traceOfProduct(inverse(A), tangent) })
}

/// The traces of A B.
private func traceOfProduct(_ A: Tensor, _ B: Tensor) -> Tensor {
  (A * B.transposed()).sum(axes: [-2, -1])
}
