/// The solutions X of `A X = B` for general square matrices A `[..., n, n]` and B `[..., n, k]`:
/// `[..., n, k]`.
///
/// By LU with partial pivoting, `2 n^3 / 3` operations each; batch axes are broadcast, and one
/// matrix for a batch of right-hand sides is factored once. Derivatives of any order solve with the
/// same factors (`gb = A'^-1 g, gA = -gb x'`). Computed in double precision also for float32.
///
/// Throws `singular` if a pivot is exactly zero, and `notFinite`.
public func solve(_ A: Tensor, _ b: Tensor) throws(TensorLinearAlgebraError) -> Tensor {
  try solve(A, b, "solve") { A throws(TensorLinearAlgebraError) in
    try FactoredMatrix(general: A)
  }
}

/// The solutions x of `A x = b` for general square matrices `[..., n, n]` and vectors `[..., n]`:
/// `[..., n]`. See `solve(_:_:)`.
public func solve(_ A: Tensor, vector b: Tensor) throws(TensorLinearAlgebraError) -> Tensor {
  try solve(A, b.asColumn("solve")).squeezingAxis(-1)
}

/// The solutions X of `A X = B` for symmetric positive definite A `[..., n, n]` and B
/// `[..., n, k]`: `[..., n, k]`.
///
/// By Cholesky, `n^3 / 3` operations each and eight matrices at a time where they are small; batch
/// axes are broadcast. The matrix that counts is the symmetric part `(A + A')/2`, hence the
/// derivative with respect to A is symmetric: `gb = A^-1 g, gA = -(gb x' + x gb')/2`, with the
/// factors kept. Computed in double precision also for float32.
///
/// Throws `notPositiveDefinite` and `notFinite`.
public func symmetricSolve(_ A: Tensor, _ b: Tensor) throws(TensorLinearAlgebraError) -> Tensor {
  try solve(A, b, "symmetricSolve") { A throws(TensorLinearAlgebraError) in
    try FactoredMatrix(positiveDefinite: A)
  }
}

/// The solutions x of `A x = b` for symmetric positive definite A `[..., n, n]` and vectors b
/// `[..., n]`: `[..., n]`. See `symmetricSolve(_:_:)`.
public func symmetricSolve(_ A: Tensor, vector b: Tensor) throws(TensorLinearAlgebraError) -> Tensor
{
  try symmetricSolve(A, b.asColumn("symmetricSolve")).squeezingAxis(-1)
}

private func solve(
  _ A: Tensor, _ b: Tensor, _ operation: String,
  factor: (Tensor) throws(TensorLinearAlgebraError) -> FactoredMatrix
) throws(TensorLinearAlgebraError) -> Tensor {
  requireSameType(A, b, operation)
  let n = A.squareSize(operation)
  let (rows, columns) = b.matrixShape(operation)
  precondition(n == rows, "\(operation): \(A.shape) with \(b.shape)")
  try b.requireFinite("b", itemSize: rows * columns)
  let (matrices, right, restore) = withCommonBatch(A, b, operation)
  return restore(try factor(matrices).solve(right))
}
