import CKernels

/// The Cholesky factors of symmetric positive definite matrices `[..., n, n]`: lower triangular L
/// with `A = L L'` and a positive diagonal, zero above it.
///
/// The matrix that counts is the symmetric part `(A + A')/2`, hence the derivative with respect to
/// A is symmetric. With P(X) the lower triangle of X, its diagonal halved,
///
///     dL = L P(L^-1 dA L'^-1),   gA = the symmetric part of L'^-1 P(L'gL) L^-1
///
/// (Murray 2016, "Differentiation of the Cholesky decomposition"), in operations that can be
/// differentiated again. `n^3 / 3` operations each, eight matrices at a time where they are small.
/// Computed in double precision also for float32.
///
/// Throws `notPositiveDefinite` and `notFinite`.
public func cholesky(_ A: Tensor) throws(TensorLinearAlgebraError) -> Tensor {
  _ = A.squareSize("cholesky")
  let lower = try CholeskyFactors(A).lower(A.dtype)
  return primitive(
    A, { _ in lower },
    vjp: { _, L in { g in choleskyPullback(L, g) } },
    jvp: { _, L, tangent in
      // L^-1 dA L'^-1, from both sides by the same solve.
      let half = Triangle.lower.solve(L, tangent.symmetricPart)
      let whole = Triangle.lower.solve(L, half.transposed())
      return matmul(L, whole.lowerWithHalfDiagonal)
    })
}

private func choleskyPullback(_ L: Tensor, _ g: Tensor) -> Tensor {
  if L.trace == nil, g.trace == nil, let result = CholeskyFactors.pullBack(L, g) { return result }
  let middle = matmul(L, g.triangles(below: 1, on: 1, above: 0), transposeA: true)
  // P(L'gL) made symmetric first is the same and needs no symmetrization of the result.
  let half = middle.lowerWithHalfDiagonal
  let symmetric = half + half.transposed()
  let left = Triangle.lower.solve(L, symmetric, transposed: true)
  return Triangle.lower.solve(L, left.transposed(), transposed: true) * 0.5
}

/// The solutions X of `L L' X = B` for B `[..., n, k]` and the factors L `[..., n, n]` of
/// `cholesky`.
///
/// Only L's lower triangle is read. Batch axes are broadcast. Derivatives of any order with respect
/// to L and B are such solves again. To differentiate with respect to `A = L L'`, `symmetricSolve`
/// and `FactoredMatrix` take a shorter way.
///
/// Throws `singular` for a zero on L's diagonal, and `notFinite`.
public func choleskySolve(_ L: Tensor, _ b: Tensor) throws(TensorLinearAlgebraError) -> Tensor {
  requireSameType(L, b, "choleskySolve")
  let n = L.squareSize("choleskySolve")
  let (rows, columns) = b.matrixShape("choleskySolve")
  precondition(n == rows, "choleskySolve: \(L.shape) with \(b.shape)")
  try Triangle.lower.requireRegular(L)
  try b.requireFinite("b", itemSize: rows * columns)
  let (factors, right, restore) = withCommonBatch(L, b, "choleskySolve")
  return restore(twoTriangularSolves(factors, right))
}

/// The solutions x of `L L' x = b` for vectors b `[..., n]`. See `choleskySolve(_:_:)`.
public func choleskySolve(_ L: Tensor, vector b: Tensor) throws(TensorLinearAlgebraError) -> Tensor
{
  try choleskySolve(L, b.asColumn("choleskySolve")).squeezingAxis(-1)
}

/// As one operation: with `gb = (L L')^-1 g`, gL is the lower triangle of `-(gb x' + x gb') L`.
private func twoTriangularSolves(_ L: Tensor, _ b: Tensor) -> Tensor {
  func solve(_ L: Tensor, _ b: Tensor) -> Tensor {
    Triangle.lower.solve(L, Triangle.lower.solve(L, b), transposed: true)
  }
  return primitive(
    named: "choleskySolve", [L, b], { [solve($0[0], $0[1])] },
    vjp: { operands, results, cotangents, isWanted in
      guard let g = cotangents[0] else { return [nil, nil] }
      let x = results[0]
      let gb = twoTriangularSolves(operands[0], g)
      guard isWanted[0] else { return [nil, gb] }
      if operands[0].trace == nil, x.trace == nil, gb.trace == nil {
        return [twoSolvesPullback(operands[0], x, gb), isWanted[1] ? gb : nil]
      }
      let L = operands[0].triangles(below: 1, on: 1, above: 0)
      let product =
        matmul(gb, matmul(x, L, transposeA: true)) + matmul(x, matmul(gb, L, transposeA: true))
      return [-product.triangles(below: 1, on: 1, above: 0), isWanted[1] ? gb : nil]
    },
    jvp: { operands, results, tangents in
      let (L, x) = (operands[0].triangles(below: 1, on: 1, above: 0), results[0])
      var change = tangents[1]
      if let tangent = tangents[0]?.triangles(below: 1, on: 1, above: 0) {
        let product =
          matmul(tangent, matmul(L, x, transposeA: true))
          + matmul(L, matmul(tangent, x, transposeA: true))
        change = change.map { $0 - product } ?? -product
      }
      return [change.map { twoTriangularSolves(operands[0], $0) }]
    })[0]
}

/// The cotangent of L for constants, by a kernel.
private func twoSolvesPullback(_ L: Tensor, _ x: Tensor, _ gb: Tensor) -> Tensor {
  let (n, k) = (x.shape[x.rank - 2], x.shape[x.rank - 1])
  let (factors, x, y) = (L.asType(.float64), x.asType(.float64), gb.asType(.float64))
  let result = Tensor(uninitialized: L.shape, dtype: .float64)
  forEachRange(of: L.items, nanoseconds: Double(n * n * (k + 1)) / 4) { range in
    let start = range.lowerBound
    let work = Tensor(uninitialized: [2 * n], dtype: .float64)
    batch_two_solves_pullback(
      n, k, range.count, factors.doubles + start * n * n, x.doubles + start * n * k,
      y.doubles + start * n * k, result.doubles + start * n * n, work.doubles)
  }
  return result.asType(L.dtype)
}

extension Tensor {
  /// The lower triangle with its diagonal halved.
  fileprivate var lowerWithHalfDiagonal: Tensor { triangles(below: 1, on: 0.5, above: 0) }
}
