/// The sum, entry by entry; a scalar or an axis of length 1 is repeated.
public func + <A: ExpressionConvertible, B: ExpressionConvertible>(a: A, b: B) -> ModelExpression {
  combination("+", a.expression.node, b.expression.node, 1)
}

/// The difference, entry by entry; a scalar or an axis of length 1 is repeated.
public func - <A: ExpressionConvertible, B: ExpressionConvertible>(a: A, b: B) -> ModelExpression {
  combination("-", a.expression.node, b.expression.node, -1)
}

/// The negative.
public prefix func - <A: ModelTerm>(a: A) -> ModelExpression {
  let node = a.expression.node
  return ModelExpression(
    .linear(
      "negative", [node],
      [LinearMap(gathering: Array(0..<node.count), of: node.count, scale: -1)], shape: node.shape))
}

/// The product: with a scalar, of two vectors of the same length entry by entry, and otherwise the
/// matrix product. `multiply` is always entry by entry.
///
/// One side must be free of variables, or `Problem` reports it.
public func * <A: ExpressionConvertible, B: ExpressionConvertible>(a: A, b: B) -> ModelExpression {
  let (left, right) = (a.expression, b.expression)
  let isMatrixProduct =
    !left.shape.isEmpty && !right.shape.isEmpty && left.shape.count + right.shape.count > 2
  return isMatrixProduct ? matrixProduct(left, right) : multiply(left, right)
}

/// The quotient by an expression without variables, entry by entry.
public func / <A: ExpressionConvertible, B: ExpressionConvertible>(a: A, b: B) -> ModelExpression {
  multiply(a, ModelExpression(.elementwise(.reciprocal, b.expression.node)))
}

/// The matrix product: `[m, k]` with `[k, n]`, `[k]` with `[k, n]`, `[m, k]` with `[k]`, or the inner
/// product of two vectors.
public func matrixProduct<A: ExpressionConvertible, B: ExpressionConvertible>(
  _ a: A, _ b: B
) -> ModelExpression {
  let (left, right) = (a.expression.node, b.expression.node)
  guard (1...2).contains(left.shape.count), (1...2).contains(right.shape.count),
    left.shape[left.shape.count - 1] == right.shape[0]
  else {
    let reason =
      "matrix product: the shapes \(left.shape) of \(left.text) and \(right.shape) of "
      + "\(right.text) do not fit each other"
    return ModelExpression(Node(invalid: reason, arguments: [left, right]))
  }
  let k = right.shape[0]
  let rows = left.shape.count == 2 ? left.shape[0] : 1
  let columns = right.shape.count == 2 ? right.shape[1] : 1
  let shape = Array(left.shape.dropLast()) + Array(right.shape.dropFirst())
  let map = BilinearMap(shape: shape) { body in
    for i in 0..<rows {
      for j in 0..<columns {
        for l in 0..<k { body(i * columns + j, i * k + l, l * columns + j) }
      }
    }
  }
  return ModelExpression(.product("*", left, right, map))
}

/// The product entry by entry; a scalar or an axis of length 1 is repeated.
public func multiply<A: ExpressionConvertible, B: ExpressionConvertible>(
  _ a: A, _ b: B
) -> ModelExpression {
  let (left, right, failure) = Node.paired("*", a.expression.node, b.expression.node)
  if let failure { return ModelExpression(failure) }
  let count = left.count
  let map = BilinearMap(shape: left.shape) { body in for i in 0..<count { body(i, i, i) } }
  return ModelExpression(.product("*", left, right, map))
}

/// The inner product of two expressions of the same shape, `Σ aᵢ bᵢ`.
public func dot<A: ExpressionConvertible, B: ExpressionConvertible>(_ a: A, _ b: B)
  -> ModelExpression
{
  sum(multiply(a, b))
}

/// The Kronecker product of two matrices: `[m, n]` and `[p, q]` to `[m p, n q]`.
public func kron<A: ExpressionConvertible, B: ExpressionConvertible>(_ a: A, _ b: B)
  -> ModelExpression
{
  let (left, right) = (a.expression.node, b.expression.node)
  guard left.shape.count == 2, right.shape.count == 2 else {
    let reason =
      "kron: \(left.text) has shape \(left.shape) and \(right.text) has shape \(right.shape); "
      + "both must be matrices"
    return ModelExpression(Node(invalid: reason, arguments: [left, right]))
  }
  let (m, n, p, q) = (left.shape[0], left.shape[1], right.shape[0], right.shape[1])
  let map = BilinearMap(shape: [m * p, n * q]) { body in
    for i in 0..<m {
      for j in 0..<n {
        for k in 0..<p {
          for l in 0..<q { body((i * p + k) * n * q + j * q + l, i * n + j, k * q + l) }
        }
      }
    }
  }
  return ModelExpression(.product("kron", left, right, map))
}

/// The full convolution of two vectors: `[m]` and `[n]` to `[m + n - 1]`.
public func convolve<A: ExpressionConvertible, B: ExpressionConvertible>(
  _ a: A, _ b: B
) -> ModelExpression {
  let (left, right) = (a.expression.node, b.expression.node)
  guard left.shape.count == 1, right.shape.count == 1, left.count > 0, right.count > 0 else {
    let reason =
      "convolve: \(left.text) has shape \(left.shape) and \(right.text) has shape \(right.shape); "
      + "both must be vectors with entries"
    return ModelExpression(Node(invalid: reason, arguments: [left, right]))
  }
  let (m, n) = (left.count, right.count)
  let map = BilinearMap(shape: [m + n - 1]) { body in
    for i in 0..<m { for j in 0..<n { body(i + j, i, j) } }
  }
  return ModelExpression(.product("convolve", left, right, map))
}

private func combination(_ name: String, _ a: Node, _ b: Node, _ sign: Double) -> ModelExpression {
  guard let shape = broadcastShape(a.shape, b.shape) else {
    return ModelExpression(Node.paired(name, a, b).2!)
  }
  return ModelExpression(
    .linear(
      name, [a, b],
      [
        LinearMap(gathering: broadcastIndices(from: a.shape, to: shape), of: a.count),
        LinearMap(gathering: broadcastIndices(from: b.shape, to: shape), of: b.count, scale: sign),
      ], shape: shape))
}
