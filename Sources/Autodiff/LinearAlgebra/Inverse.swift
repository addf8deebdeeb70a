/// The inverses of square matrices `[..., n, n]`, by LU with partial pivoting.
///
/// To solve linear systems take `solve` or `FactoredMatrix`: they are cheaper and more accurate.
/// Derivatives of any order: `gA = -X' g X'` for the inverse X. Computed in double precision also
/// for float32.
///
/// Throws `singular` if a pivot is exactly zero, and `notFinite`.
public func inverse(_ A: Tensor) throws(TensorLinearAlgebraError) -> Tensor {
  _ = A.squareSize("inverse")
  let value = try FactoredMatrix(general: A.detached).inverse
  return primitive(
    A, { _ in value },
    vjp: { _, X in { g in -matmul(matmul(X, g, transposeA: true), X, transposeB: true) } },
    jvp: { _, X, tangent in -matmul(matmul(X, tangent), X) })
}
