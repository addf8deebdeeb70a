import Autodiff

/// The largest eigenvalue of a symmetric matrix; convex.
public func lambdaMax<A: ModelTerm>(_ X: A) -> ModelExpression {
  square("lambdaMax", X) { ModelExpression(.reducing(.lambdaMax, $0)) }
}

/// The smallest eigenvalue of a symmetric matrix; concave.
public func lambdaMin<A: ModelTerm>(_ X: A) -> ModelExpression { -lambdaMax(-X) }

/// The sum of the k largest eigenvalues of a symmetric matrix; convex.
public func sumLargestEigenvalues<A: ModelTerm>(_ X: A, count k: Int) -> ModelExpression {
  square("sumLargestEigenvalues", X) { node in
    guard (1...Swift.max(1, node.squareSize ?? 1)).contains(k) else {
      return invalid(node, "sumLargestEigenvalues: the count \(k) is not between 1 and the order")
    }
    return ModelExpression(.reducing(.sumLargestEigenvalues(k), node))
  }
}

/// The logarithm of the determinant of a symmetric positive definite matrix; concave.
public func logDet<A: ModelTerm>(_ X: A) -> ModelExpression {
  square("logDet", X) { ModelExpression(.reducing(.logDet, $0)) }
}

/// The trace of the inverse of a symmetric positive definite matrix; convex.
public func traceInverse<A: ModelTerm>(_ X: A) -> ModelExpression {
  square("traceInverse", X) { ModelExpression(.reducing(.traceInverse, $0)) }
}

/// The sum of the singular values of a matrix; convex.
public func nuclearNorm<A: ModelTerm>(_ X: A) -> ModelExpression {
  let node = X.expression.node
  guard node.shape.count == 2, node.count > 0 else {
    return invalid(node, "nuclearNorm: needs a matrix with entries")
  }
  return ModelExpression(.reducing(.nuclearNorm, node))
}

/// The largest singular value of a matrix; convex.
public func spectralNorm<A: ModelTerm>(_ X: A) -> ModelExpression {
  let node = X.expression.node
  guard node.shape.count == 2, node.count > 0 else {
    return invalid(node, "spectralNorm: needs a matrix with entries")
  }
  return ModelExpression(.reducing(.spectralNorm, node))
}

/// `xᵀ P⁻¹ x` for a vector x and a symmetric positive definite matrix P; convex in both.
public func matrixFraction<A: ModelTerm, B: ModelTerm>(_ x: A, _ P: B) -> ModelExpression {
  let (node, matrix) = (x.expression.node, P.expression.node)
  guard node.shape.count == 1, matrix.shape == [node.count, node.count], node.count > 0 else {
    return invalid(
      matrix, "matrixFraction: needs a square matrix of the length \(node.shape) of \(node.text)")
  }
  return ModelExpression(.reducing(.matrixFraction, node, matrix))
}

private func square<A: ModelTerm>(
  _ name: String, _ X: A, _ make: (Node) -> ModelExpression
) -> ModelExpression {
  let node = X.expression.node
  guard node.shape.count == 2, let n = node.squareSize, n > 0 else {
    return invalid(node, "\(name): needs a square matrix with entries")
  }
  return make(node)
}

extension Atom {
  static let lambdaMax = Atom(
    "lambdaMax", .convex, sign: anySign, monotonicity: neither,
    value: { eigenvalues($0[0]).max(axis: 1) },
    graph: { cones, X, node in
      let n = node.arguments[0].shape[0]
      let t = cones.fresh(1)
      cones.addSemidefinite(scaledIdentity(t, n) - X[0], order: n)
      return t
    })

  static func sumLargestEigenvalues(_ k: Int) -> Atom {
    Atom(
      "sumLargestEigenvalues", .convex, sign: anySign, monotonicity: neither,
      value: { eigenvalues($0[0]).topK(k, axis: 1).values.sum(axis: 1) },
      graph: { cones, X, node in
        // k s + tr Z with Z ⪰ 0, Z ⪰ X - s I
        let n = node.arguments[0].shape[0]
        let s = cones.fresh(1)
        let Z = symmetric(cones, n)
        cones.addSemidefinite(Z, order: n)
        cones.addSemidefinite(Z - X[0] + scaledIdentity(s, n), order: n)
        return s.scaled(by: Double(k)) + trace(Z, n)
      })
  }

  static let logDet = Atom(
    "logDet", .concave, sign: anySign, monotonicity: neither,
    value: { Autodiff.log(eigenvalues($0[0])).sum(axis: 1) },
    graph: { cones, X, node in
      // [X Z; Zᵀ diag Z] ⪰ 0 with Z lower triangular: log det X ≥ Σ log Zᵢᵢ
      let n = node.arguments[0].shape[0]
      let lower = (0..<n).flatMap { i in (0...i).map { (i, $0) } }
      let entries = cones.fresh(lower.count)
      let Z = entries.placed(in: n * n) { lower[$0].0 * n + lower[$0].1 }
      let diagonal = Z.gathered((0..<n).map { $0 * n + $0 })
      cones.addSemidefinite(
        block(X[0], Z, diagonal.placed(in: n * n) { $0 * n + $0 }, n, n), order: 2 * n)
      let t = cones.fresh(n)
      cones.addExponential(t, .ones(n), diagonal)
      return t.total()
    })

  static let traceInverse = Atom(
    "traceInverse", .convex, sign: alwaysNonnegative, monotonicity: neither,
    value: { Autodiff.reciprocal(eigenvalues($0[0])).sum(axis: 1) },
    graph: { cones, X, node in
      // tr T with [X I; I T] ⪰ 0
      let n = node.arguments[0].shape[0]
      let T = symmetric(cones, n)
      cones.addSemidefinite(block(X[0], scaledIdentity(.ones(1), n), T, n, n), order: 2 * n)
      return trace(T, n)
    })

  static let nuclearNorm = Atom(
    "nuclearNorm", .convex, sign: alwaysNonnegative, monotonicity: neither,
    value: { singularValues($0[0]).sum(axis: 1) },
    graph: { cones, X, node in
      let (m, n) = (node.arguments[0].shape[0], node.arguments[0].shape[1])
      let (U, V) = (symmetric(cones, m), symmetric(cones, n))
      cones.addSemidefinite(block(U, X[0], V, m, n), order: m + n)
      return (trace(U, m) + trace(V, n)).scaled(by: 0.5)
    })

  static let spectralNorm = Atom(
    "spectralNorm", .convex, sign: alwaysNonnegative, monotonicity: neither,
    value: { singularValues($0[0]).max(axis: 1) },
    graph: { cones, X, node in
      let (m, n) = (node.arguments[0].shape[0], node.arguments[0].shape[1])
      let t = cones.fresh(1)
      cones.addSemidefinite(
        block(scaledIdentity(t, m), X[0], scaledIdentity(t, n), m, n), order: m + n)
      return t
    })

  static let matrixFraction = Atom(
    "matrixFraction", .convex, sign: alwaysNonnegative, monotonicity: neither,
    value: { arguments in
      let (x, P) = (arguments[0].expandingAxis(2), arguments[1])
      let items = Swift.max(x.shape[0], P.shape[0])
      let right = x.broadcast(to: [items] + x.shape.dropFirst())
      let matrix = P.broadcast(to: [items] + P.shape.dropFirst())
      let nan = Tensor(repeating: .nan, shape: right.shape)
      return (((try? solve(matrix, right)) ?? nan) * right).sum(axes: [1, 2])
    },
    graph: { cones, arguments, node in
      let n = node.arguments[0].count
      let t = cones.fresh(1)
      cones.addSemidefinite(block(arguments[1], arguments[0], t, n, 1), order: n + 1)
      return t
    })

  /// The eigenvalues of matrices `[B, n, n]`; NaN where they cannot be found.
  private static func eigenvalues(_ X: Tensor) -> Tensor {
    (try? symmetricEigen(X).values) ?? Tensor(repeating: .nan, shape: [X.shape[0], X.shape[1]])
  }

  /// The singular values of matrices `[B, m, n]`.
  private static func singularValues(_ X: Tensor) -> Tensor {
    let transposed = X.permutingAxes([0, 2, 1])
    let gram = X.shape[1] <= X.shape[2] ? matmul(X, transposed) : matmul(transposed, X)
    return Autodiff.sqrt(relu(eigenvalues(gram)))
  }

  private static func symmetric(_ cones: Canonicalizer, _ n: Int) -> AffineForm {
    cones.fresh(n * (n + 1) / 2).gathered(
      (0..<n * n).map { k in
        let (i, j) = (Swift.max(k / n, k % n), Swift.min(k / n, k % n))
        return i * (i + 1) / 2 + j
      })
  }

  private static func scaledIdentity(_ t: AffineForm, _ n: Int) -> AffineForm {
    t.repeated(n).placed(in: n * n) { $0 * n + $0 }
  }

  private static func trace(_ X: AffineForm, _ n: Int) -> AffineForm {
    X.gathered((0..<n).map { $0 * n + $0 }).total()
  }

  /// [U X; Xᵀ V] of U `[m, m]`, X `[m, n]`, V `[n, n]`.
  private static func block(
    _ U: AffineForm, _ X: AffineForm, _ V: AffineForm, _ m: Int, _ n: Int
  ) -> AffineForm {
    let (size, count) = (m + n, (m + n) * (m + n))
    return U.placed(in: count) { $0 / m * size + $0 % m }
      + X.placed(in: count) { $0 / n * size + m + $0 % n }
      + X.placed(in: count) { (m + $0 % n) * size + $0 / n }
      + V.placed(in: count) { (m + $0 / n) * size + m + $0 % n }
  }
}
