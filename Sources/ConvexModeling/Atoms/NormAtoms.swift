import Autodiff

/// The Euclidean norm of all entries, `√Σ xᵢ²` (of a matrix the Frobenius norm); convex, away from zero.
public func norm2<A: ModelTerm>(_ x: A) -> Expression {
  Expression(.reducing(.norm2, x.expression.node))
}

/// The Euclidean norms of the rows of a matrix, `[m, n]` to `[m]`; convex, away from zero.
public func rowNorms<A: ModelTerm>(_ x: A) -> Expression {
  let node = x.expression.node
  guard node.shape.count == 2 else { return invalid(node, "rowNorms: needs a matrix") }
  return Expression(.atom(.rowNorms, [node], shape: [node.shape[0]]))
}

/// The p-norm of all entries, `(Σ |xᵢ|ᵖ)^(1/p)` for p ≥ 1 or infinity; convex, away from zero.
public func norm<A: ModelTerm>(_ x: A, _ p: Double) -> Expression {
  let node = x.expression.node
  if p == 1 { return norm1(x) }
  if p == 2 { return norm2(x) }
  if p == .infinity { return normInfinity(x) }
  guard p > 1 else { return invalid(node, "norm: the order \(p) is below 1, so it is not convex") }
  return Expression(.reducing(.pNorm(p), node))
}

/// The sum of the Euclidean norms of the rows of a matrix; convex, away from zero.
public func mixedNorm<A: ModelTerm>(_ x: A) -> Expression { sum(rowNorms(x)) }

/// The total variation: `Σ |x[i + 1] - x[i]|` of a vector; of a matrix the sum of the Euclidean norms of
/// the differences to the entries below and to the right. Convex.
public func totalVariation<A: ModelTerm>(_ x: A) -> Expression {
  let e = x.expression
  guard e.shape.count == 2 else { return norm1(differences(e)) }
  let (m, n) = (e.shape[0], e.shape[1])
  guard m > 1, n > 1 else { return norm1(differences(e.flattened)) }
  let corner = e[0..<m - 1, 0..<n - 1]
  let down = (e[1..<m, 0..<n - 1] - corner).flattened.reshaped(to: [1, (m - 1) * (n - 1)])
  let right = (e[0..<m - 1, 1..<n] - corner).flattened.reshaped(to: [1, (m - 1) * (n - 1)])
  return mixedNorm(concatenate([down, right]).transposed)
}

extension Atom {
  static let norm2 = Atom(
    "norm2", .convex, sign: alwaysNonnegative, monotonicity: awayFromZero,
    value: { $0[0].flatItems.norm(.two, axis: 1) },
    graph: { cones, x, _ in
      let t = cones.fresh(1)
      cones.addSecondOrder(t, x[0])
      return t
    })

  static let rowNorms = Atom(
    "rowNorms", .convex, sign: alwaysNonnegative, monotonicity: awayFromZero,
    value: { $0[0].norm(.two, axis: 2) },
    graph: { cones, x, node in
      let (m, n) = (node.arguments[0].shape[0], node.arguments[0].shape[1])
      let t = cones.fresh(m)
      cones.addSecondOrders(
        [t] + (0..<n).map { j in x[0].gathered((0..<m).map { $0 * n + j }) })
      return t
    })

  static func pNorm(_ p: Double) -> Atom {
    Atom(
      "norm", .convex, sign: alwaysNonnegative, monotonicity: awayFromZero,
      value: { arguments in
        let x = Autodiff.abs(arguments[0].flatItems)
        return pow(pow(x, p).sum(axis: 1), 1 / p)
      },
      graph: { cones, x, _ in
        // |xᵢ| ≤ rᵢ^(1/p) t^(1 - 1/p), Σ rᵢ = t
        let t = cones.fresh(1)
        let r = cones.fresh(x[0].count)
        cones.addPower(1 / p, r, t.repeated(x[0].count), x[0])
        cones.addZero(t - r.total())
        return t
      })
  }
}
