import CKernels

/// Thin orthogonal factorizations `A = Q R` of matrices A `[..., m, n]` with m >= n: Q
/// `[..., m, n]` has orthonormal columns, R `[..., n, n]` is upper triangular with a diagonal that
/// is not negative.
///
/// With that sign the factors of a matrix with independent columns are unique, so Q and R are
/// smooth functions there. Derivatives of any order: with C = Q' dA R^-1 and the skew W that has
/// C's elements below the diagonal,
///
///     dR = (C - W) R,   dQ = (dA - Q dR) R^-1
///     gA = (gQ + Q S) R'^-1, S symmetric with the lower triangle of R gR' - gQ' Q
///
/// (Walter, Lehmann, Lamour 2012). Householder reflections, about `4 m n^2` operations each;
/// computed in double precision also for float32.
///
/// Throws `notFinite`. Columns that are dependent within rounding have factors (not unique), but no
/// derivative: where one is being taken `rankDeficient` is thrown.
public func qr(_ A: Tensor) throws(TensorLinearAlgebraError) -> (Q: Tensor, R: Tensor) {
  try qr(A, isFullRankRequired: A.isTraced)
}

/// The x `[..., n, k]` that minimize `|A x - B|` columnwise for A `[..., m, n]` with m >= n and
/// independent columns, and B `[..., m, k]`.
///
/// Through `qr`, with its derivatives; batch axes are broadcast. Throws `rankDeficient` if a column
/// depends on those before it within rounding (|R_jj| <= max(m, n) u max |R_ii|, u the precision of
/// the type), and `notFinite`.
public func leastSquares(_ A: Tensor, _ b: Tensor) throws(TensorLinearAlgebraError) -> Tensor {
  requireSameType(A, b, "leastSquares")
  let (m, _) = A.matrixShape("leastSquares")
  let (rows, columns) = b.matrixShape("leastSquares")
  precondition(m == rows, "leastSquares: \(A.shape) with \(b.shape)")
  try b.requireFinite("b", itemSize: rows * columns)
  let (matrices, right, restore) = withCommonBatch(A, b, "leastSquares")
  let (Q, R) = try qr(matrices, isFullRankRequired: true)
  return restore(Triangle.upper.solve(R, matmul(Q, right, transposeA: true)))
}

/// The x `[..., n]` that minimize `|A x - b|` for vectors b `[..., m]`. See `leastSquares(_:_:)`.
public func leastSquares(_ A: Tensor, vector b: Tensor) throws(TensorLinearAlgebraError) -> Tensor {
  try leastSquares(A, b.asColumn("leastSquares")).squeezingAxis(-1)
}

private func qr(
  _ A: Tensor, isFullRankRequired: Bool
) throws(TensorLinearAlgebraError) -> (Q: Tensor, R: Tensor) {
  let (m, n) = A.matrixShape("qr")
  precondition(m >= n, "qr: \(A.shape) has more columns than rows")
  try A.requireFiniteMatrices("A")
  let factors = orthogonalFactors(A.detached)
  if isFullRankRequired { try requireFullRank(factors[1], rows: m, A.dtype) }
  let values = factors.map { $0.asType(A.dtype) }
  let results = primitive(
    named: "qr", [A], { _ in values },
    vjp: { _, results, cotangents, _ in
      [qrPullback(results[0], results[1], cotangents[0], cotangents[1])]
    },
    jvp: { _, results, tangents in
      guard let tangent = tangents[0] else { return [nil, nil] }
      let (Q, R) = (results[0], results[1])
      let scaled = dividedByUpper(tangent, R)
      let C = matmul(Q, scaled, transposeA: true)
      let below = C.triangles(below: 1, on: 0, above: 0)
      let upper = C - (below - below.transposed())
      return [scaled - matmul(Q, upper), matmul(upper, R)]
    })
  return (results[0], results[1])
}

private func qrPullback(_ Q: Tensor, _ R: Tensor, _ gQ: Tensor?, _ gR: Tensor?) -> Tensor? {
  var middle: Tensor?
  if let gR {
    middle = matmul(R, gR.triangles(below: 0, on: 1, above: 1), transposeB: true)
  }
  if let gQ {
    let product = matmul(gQ, Q, transposeA: true)
    middle = middle.map { $0 - product } ?? -product
  }
  guard let middle else { return nil }
  let symmetric =
    middle.triangles(below: 1, on: 1, above: 0)
    + middle.triangles(below: 1, on: 0, above: 0).transposed()
  let sum = matmul(Q, symmetric)
  // (R^-1 X')' = X R'^-1
  return Triangle.upper.solve(R, (gQ.map { $0 + sum } ?? sum).transposed()).transposed()
}

/// X R^-1
private func dividedByUpper(_ X: Tensor, _ R: Tensor) -> Tensor {
  Triangle.upper.solve(R, X.transposed(), transposed: true).transposed()
}

/// Q and R in double precision.
private func orthogonalFactors(_ A: Tensor) -> [Tensor] {
  let (m, n) = (A.shape[A.rank - 2], A.shape[A.rank - 1])
  let Q = A.copyInDoubles()
  let R = Tensor(uninitialized: A.batchShape + [n, n], dtype: .float64)
  forEachRange(of: A.items, nanoseconds: Double(m * n * n) / 2 + 50) { range in
    let start = range.lowerBound
    let work = Tensor(uninitialized: [2 * n], dtype: .float64)
    batch_qr(
      m, n, range.count, Q.doubles + start * m * n, R.doubles + start * n * n, work.doubles)
  }
  return [Q, R]
}

private func requireFullRank(
  _ R: Tensor, rows: Int, _ dtype: DType
) throws(TensorLinearAlgebraError) {
  let n = R.shape[R.rank - 1]
  let precision = dtype == .float32 ? Double(Float.ulpOfOne) : Double.ulpOfOne
  for item in 0..<R.items {
    let diagonal = (0..<n).map { R.doubles[(item * n + $0) * n + $0] }
    let threshold = Double(max(rows, n)) * precision * (diagonal.max() ?? 0)
    if let column = diagonal.firstIndex(where: { $0 <= threshold }) {
      throw .rankDeficient(item: item, column: column)
    }
  }
}
