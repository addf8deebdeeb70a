import LinearAlgebra

/// The product of matrices `[..., m, k]` and `[..., k, n]`: `[..., m, n]`, with broadcasting of the batch
/// axes in front.
///
/// - Parameters:
///   - transposeA: uses the transposes of `a`, which then is `[..., k, m]`; nothing is moved.
///   - transposeB: likewise, `b` then is `[..., n, k]`.
public func matmul(
  _ a: Tensor, _ b: Tensor, transposeA: Bool = false, transposeB: Bool = false
) -> Tensor {
  func describe() -> String {
    "matmul: \(a.shape)\(transposeA ? "'" : "") x \(b.shape)\(transposeB ? "'" : "")"
  }
  requireSameType(a, b, "matmul")
  precondition(a.rank >= 2 && b.rank >= 2, "\(describe()): matrices have at least two axes")
  precondition(
    a.shape[a.rank - (transposeA ? 2 : 1)] == b.shape[b.rank - (transposeB ? 1 : 2)], describe())
  // One matrix b for a whole batch of a: a single product of all rows.
  if b.rank == 2, a.rank > 2, !transposeA {
    let rows = a.reshaped(to: [a.shape.dropLast().reduce(1, *), a.shape[a.rank - 1]])
    let product = matmul(rows, b, transposeB: transposeB)
    return product.reshaped(to: a.shape.dropLast() + [product.shape[1]])
  }
  if a.rank == 2, b.rank == 2 { return batchedProduct(a, b, transposeA, transposeB) }
  let batchA = Array(a.shape.dropLast(2))
  let batchB = Array(b.shape.dropLast(2))
  if batchA == batchB { return batchedProduct(a, b, transposeA, transposeB) }
  let batch = broadcastShape(batchA, batchB, describe())
  return batchedProduct(
    a.broadcast(to: batch + a.shape.suffix(2)), b.broadcast(to: batch + b.shape.suffix(2)),
    transposeA, transposeB)
}

/// Products of as many matrices on the left as on the right.
private func batchedProduct(_ a: Tensor, _ b: Tensor, _ transposeA: Bool, _ transposeB: Bool)
  -> Tensor
{
  primitive(
    a, b, { productKernel($0, $1, transposeA, transposeB) },
    vjpLeft: { _, b, _ in
      { g in
        transposeA
          ? batchedProduct(b, g, transposeB, true) : batchedProduct(g, b, false, !transposeB)
      }
    },
    vjpRight: { a, _, _ in
      { g in
        transposeB
          ? batchedProduct(g, a, true, transposeA) : batchedProduct(a, g, !transposeA, false)
      }
    },
    jvpLeft: { _, b, _, tangent in batchedProduct(tangent, b, transposeA, transposeB) },
    jvpRight: { a, _, _, tangent in batchedProduct(a, tangent, transposeA, transposeB) })
}

private func productKernel(_ a: Tensor, _ b: Tensor, _ transposeA: Bool, _ transposeB: Bool)
  -> Tensor
{
  let rank = a.rank
  let (rowsA, columnsA) = (a.shape[rank - 2], a.shape[rank - 1])
  let (rowsB, columnsB) = (b.shape[rank - 2], b.shape[rank - 1])
  let m = transposeA ? columnsA : rowsA
  let k = transposeA ? rowsA : columnsA
  let n = transposeB ? rowsB : columnsB
  let result = Tensor(uninitialized: a.shape.dropLast(2) + [m, n], dtype: a.dtype)
  if result.count == 0 { return result }
  let items = result.count / (m * n)
  switch a.dtype {
  case .float32:
    BLAS.gemmBatch(
      transposeA ? .transposed : .none, transposeB ? .transposed : .none, items: items, m: m, n: n,
      k: k, A: UnsafePointer(a.memory.assumingMemoryBound(to: Float.self)),
      B: UnsafePointer(b.memory.assumingMemoryBound(to: Float.self)),
      C: result.memory.assumingMemoryBound(to: Float.self))
  case .float64:
    BLAS.gemmBatch(
      transposeA ? .transposed : .none, transposeB ? .transposed : .none, items: items, m: m, n: n,
      k: k, A: UnsafePointer(a.memory.assumingMemoryBound(to: Double.self)),
      B: UnsafePointer(b.memory.assumingMemoryBound(to: Double.self)),
      C: result.memory.assumingMemoryBound(to: Double.self))
  }
  return result
}

/// The inner product of two vectors `[n]`: a scalar; of batches `[..., n]` along the last axis: `[...]`.
public func dot(_ a: Tensor, _ b: Tensor) -> Tensor {
  precondition(
    a.rank >= 1 && b.rank >= 1 && a.shape[a.rank - 1] == b.shape[b.rank - 1],
    "dot: \(a.shape) . \(b.shape)")
  return (a * b).sum(axis: -1)
}

/// The products of matrices `[..., m, n]` and vectors `[..., n]`: `[..., m]`, with broadcasting of the batch
/// axes.
public func matrixVectorProduct(_ matrix: Tensor, _ vector: Tensor) -> Tensor {
  precondition(
    vector.rank >= 1, "matrixVectorProduct: \(matrix.shape) x \(vector.shape)")
  return matmul(matrix, vector.expandingAxis(-1)).squeezingAxis(-1)
}
