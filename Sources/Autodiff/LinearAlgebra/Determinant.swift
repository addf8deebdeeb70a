/// The determinants `[...]` of square matrices `[..., n, n]`; 1 for n = 0.
///
/// By LU with partial pivoting. The value may overflow or underflow where `logAbsoluteDeterminant`
/// does not. The derivative, of any order, is `gA = g det A A'^-1`: a singular matrix has the value
/// 0, but where a derivative is being taken `singular` is thrown. Also throws `notFinite`.
public func determinant(_ A: Tensor) throws(TensorLinearAlgebraError) -> Tensor {
  _ = A.squareSize("determinant")
  let factors = try LUFactors(allowingSingular: A)
  let value = factors.products().asType(A.dtype)
  if A.isTraced, let singular = factors.singular {
    throw .singular(item: singular.item, pivot: singular.pivot)
  }
  return primitive(
    A, { _ in value },
    vjp: { A, y in
      { g in
        let inverse = FactoredMatrix(matrix: A, lu: factors).inverse
        return (g * y).expandingAxis(-1).expandingAxis(-1) * inverse.transposed()
      }
    },
    jvp: { A, y, tangent in
      y * traceOfProduct(FactoredMatrix(matrix: A, lu: factors).inverse, tangent)
    })
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
