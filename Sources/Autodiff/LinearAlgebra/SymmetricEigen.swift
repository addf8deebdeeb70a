import LinearAlgebra

/// Eigenvalues, ascending, `[..., n]`, and orthonormal eigenvectors, the columns of V
/// `[..., n, n]`, of symmetric matrices `[..., n, n]`: `A = V diag(values) V'`.
///
/// The matrix that counts is the symmetric part `(A + A')/2`, hence the derivative with respect to
/// A is symmetric. Of the two signs of a vector the one is taken that makes its first large element
/// (at least about the largest magnitude) positive. Derivatives, in operations that can be
/// differentiated again (Giles 2008):
///
///     dl_i = v_i' dA v_i,   dV = V (F * V'dA V),   F_ij = 1/(l_j - l_i),   F_ii = 0
///
/// Repeated eigenvalues have no unique vectors and no derivative of them: where
/// `|l_j - l_i| <= 10 n u max |l|`, u the precision of the type, F_ij is 0. Then:
/// * first derivatives of functions of the values alone that don't depend on their order (sums of
///   functions of them, say) are exact;
/// * so are those of the projector onto an eigenspace, the sum of v v' over all its vectors;
/// * those of functions of values and vectors together, such as `V diag(exp(values)) V'`, lack the
///   part that mixes the vectors of one eigenspace;
/// * second derivatives lack the part that comes from the splitting of equal values.
///
/// Computed in double precision also for float32. Throws `notConverged` and `notFinite`.
public func symmetricEigen(_ A: Tensor) throws(TensorLinearAlgebraError)
  -> (values: Tensor, vectors: Tensor)
{
  _ = A.squareSize("symmetricEigen")
  let decomposition = try eigenvaluesAndVectors(A.detached)
  let results = primitive(
    named: "symmetricEigen", [A], { _ in decomposition },
    vjp: { _, results, cotangents, _ in
      let (values, V) = (results[0], results[1])
      var middle: Tensor?
      if let g = cotangents[1] {
        middle = inverseGaps(values) * matmul(V, g, transposeA: true)
      }
      if let g = cotangents[0] {
        let diagonal = g.expandingAxis(-1) * Tensor.identity(g.shape[g.rank - 1], dtype: g.dtype)
        middle = middle.map { $0 + diagonal } ?? diagonal
      }
      guard let middle else { return [nil] }
      return [matmul(matmul(V, middle), V, transposeB: true).symmetricPart]
    },
    jvp: { _, results, tangents in
      guard let tangent = tangents[0] else { return [nil, nil] }
      let (values, V) = (results[0], results[1])
      let middle = matmul(matmul(V, tangent.symmetricPart, transposeA: true), V)
      let identity = Tensor.identity(V.shape[V.rank - 1], dtype: V.dtype)
      return [
        (middle * identity).sum(axis: -1), matmul(V, inverseGaps(values) * middle),
      ]
    })
  return (results[0], results[1])
}

/// F_ij = 1/(l_j - l_i), 0 for equal values.
private func inverseGaps(_ values: Tensor) -> Tensor {
  let n = values.shape[values.rank - 1]
  if values.count == 0 { return Tensor.zeros(values.shape + [n], dtype: values.dtype) }
  let gaps = values.expandingAxis(-2) - values.expandingAxis(-1)
  let precision = values.dtype == .float32 ? Double(Float.ulpOfOne) : Double.ulpOfOne
  let largest = abs(values.detached).max(axis: -1, keepsAxis: true).expandingAxis(-1)
  let isApart = abs(gaps.detached) .> largest * (10 * Double(n) * precision)
  let safe = select(isApart, gaps, Tensor.ones(like: gaps))
  return select(isApart, 1 / safe, Tensor.zeros(like: gaps))
}

private func eigenvaluesAndVectors(_ A: Tensor) throws(TensorLinearAlgebraError) -> [Tensor] {
  try A.requireFiniteMatrices("A")
  let n = A.shape[A.rank - 1]
  let items = A.items
  // Row i becomes the eigenvector i.
  let rows = A.asType(.float64).symmetricPart.copyInDoubles()
  let values = Tensor(uninitialized: A.batchShape + [n], dtype: .float64)
  var hasConverged = [Bool](repeating: true, count: items)
  if n > 0 {
    hasConverged.withUnsafeMutableBufferPointer { buffer in
      let hasConverged = buffer.baseAddress
      forEachRange(of: items, nanoseconds: Double(n * n * n) * 2 + 2000) { range in
        let work = Tensor(uninitialized: [1 + 6 * n + 2 * n * n], dtype: .float64)
        var integers = [LAPACK.Pivot](repeating: 0, count: 3 + 5 * n)
        for item in range {
          let matrix = rows.doubles + item * n * n
          hasConverged![item] = LAPACK.syevd(
            n: n, A: matrix, values: values.doubles + item * n, work: work.doubles,
            integers: &integers)
          for row in 0..<n { fixSign(matrix + row * n, n) }
        }
      }
    }
  }
  if let item = hasConverged.firstIndex(of: false) { throw .notConverged(item: item) }
  return [values.asType(A.dtype), rows.transposed().asType(A.dtype)]
}

/// Makes the first element that is about as large as the largest positive; "about", so that
/// rounding does not choose between equal ones.
private func fixSign(_ vector: UnsafeMutablePointer<Double>, _ count: Int) {
  var largest = 0.0
  for index in 0..<count { largest = max(largest, vector[index].magnitude) }
  for index in 0..<count where vector[index].magnitude >= 0.999 * largest {
    if vector[index] < 0 { for other in 0..<count { vector[other] = -vector[other] } }
    return
  }
}
