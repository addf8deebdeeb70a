import LinearAlgebra

/// The matrix product of a sparse matrix `[m, k]` of numbers with `[k]` or `[k, n]`: time and memory are those of its
/// entries, while a sparse constant elsewhere is stored in full.
public func * <B: ExpressionConvertible>(a: SparseMatrix, b: B) -> ModelExpression {
  let right = b.expression.node
  guard (1...2).contains(right.shape.count), right.shape[0] == a.columns else {
    return right.shape.isEmpty
      ? multiply(a, b) : sparseMismatch("[\(a.rows), \(a.columns)] and \(right.shape)", right)
  }
  let columns = right.shape.count == 2 ? right.shape[1] : 1
  var map = LinearMap(
    outputs: a.rows * columns, inputs: right.count, capacity: a.pattern.entries * columns)
  a.pattern.forEachEntry { entry, i, l in
    for j in 0..<columns { map.add(i * columns + j, l * columns + j, a.values[entry]) }
  }
  return ModelExpression(
    .linear("sparse *", [right], [map], shape: [a.rows] + right.shape.dropFirst()))
}

/// The matrix product of `[k]` or `[m, k]` with a sparse matrix `[k, n]` of numbers; see the other order.
public func * <A: ExpressionConvertible>(a: A, b: SparseMatrix) -> ModelExpression {
  let left = a.expression.node
  guard (1...2).contains(left.shape.count), left.shape[left.shape.count - 1] == b.rows else {
    return left.shape.isEmpty
      ? multiply(a, b) : sparseMismatch("\(left.shape) and [\(b.rows), \(b.columns)]", left)
  }
  let rows = left.shape.count == 2 ? left.shape[0] : 1
  var map = LinearMap(
    outputs: rows * b.columns, inputs: left.count, capacity: b.pattern.entries * rows)
  b.pattern.forEachEntry { entry, l, j in
    for i in 0..<rows { map.add(i * b.columns + j, i * b.rows + l, b.values[entry]) }
  }
  return ModelExpression(
    .linear("* sparse", [left], [map], shape: left.shape.dropLast() + [b.columns]))
}

private func sparseMismatch(_ shapes: String, _ node: Node) -> ModelExpression {
  ModelExpression(
    Node(
      invalid:
        "matrix product: the shapes \(shapes) of a sparse matrix and \(node.text) do not fit each other",
      arguments: [node]))
}
