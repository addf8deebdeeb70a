import Autodiff

/// The Euclidean norm of all entries, `√Σ xᵢ²` (of a matrix the Frobenius norm); convex, away from zero.
public func norm2<A: ModelTerm>(_ x: A) -> ModelExpression {
  ModelExpression(.reducing(.norm2, x.expression.node))
}

/// The Euclidean norms of the rows of a matrix, `[m, n]` to `[m]`; convex, away from zero.
public func rowNorms<A: ModelTerm>(_ x: A) -> ModelExpression {
  let node = x.expression.node
  guard node.shape.count == 2 else { return invalid(node, "rowNorms: needs a matrix") }
  return ModelExpression(.atom(.rowNorms, [node], shape: [node.shape[0]]))
}

/// The p-norm of all entries, `(Σ |xᵢ|ᵖ)^(1/p)`: for p ≥ 1 or infinity convex, away from zero; for
/// 0 < p < 1 with x ≥ 0 concave, nondecreasing.
public func norm<A: ModelTerm>(_ x: A, _ p: Double) -> ModelExpression {
  let node = x.expression.node
  if p == 1 { return norm1(x) }
  if p == 2 { return norm2(x) }
  if p == .infinity { return normInfinity(x) }
  guard p > 0 else { return invalid(node, "norm: the order \(p) is not positive") }
  return ModelExpression(.reducing(p > 1 ? .pNorm(p) : .concaveNorm(p), node))
}

/// The q-norm of the p-norms of the rows of a matrix, p, q ≥ 1; by default the sum of the Euclidean norms.
/// Convex, away from zero.
public func mixedNorm<A: ModelTerm>(_ x: A, _ p: Double = 2, _ q: Double = 1) -> ModelExpression {
  let node = x.expression.node
  guard node.shape.count == 2, p >= 1, q >= 1 else {
    return invalid(node, "mixedNorm: needs a matrix and orders of at least 1, not \(p) and \(q)")
  }
  let inner =
    switch p {
    case 1: sum(abs(x), axis: 1)
    case 2: rowNorms(x)
    case .infinity where node.shape[1] > 0: max(abs(x), axis: 1)
    default: concatenate((0..<node.shape[0]).map { norm(x[$0], p) })
    }
  return norm(inner, q)
}

/// The standard deviation `√(Σ (xᵢ - mean)² / (n - d))`; convex.
///
/// - Parameter degreesOfFreedom: d, 0 for that of a population and 1 for that of a sample.
public func standardDeviation<A: ModelTerm>(_ x: A, degreesOfFreedom d: Int = 0) -> ModelExpression
{
  let node = x.expression.node
  guard d >= 0, node.count > d else {
    return invalid(node, "standardDeviation: needs more than \(d) entries")
  }
  return norm2(x - mean(x)) * (1 / Double(node.count - d).squareRoot())
}

/// The variance `Σ (xᵢ - mean)² / (n - d)`; convex. See `standardDeviation`.
public func variance<A: ModelTerm>(_ x: A, degreesOfFreedom d: Int = 0) -> ModelExpression {
  let node = x.expression.node
  guard d >= 0, node.count > d else {
    return invalid(node, "variance: needs more than \(d) entries")
  }
  return sumSquares(x - mean(x)) * (1 / Double(node.count - d))
}

/// The total variation: `Σ |x[i + 1] - x[i]|` of a vector; of a matrix the sum of the Euclidean norms of
/// the differences to the entries below and to the right. Convex.
public func totalVariation<A: ModelTerm>(_ x: A) -> ModelExpression {
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
    logarithm: { 0.5 * ConvexModeling.logSumExp(2 * $0[0]) },
    value: { $0[0].flatItems.norm(.two, axis: 1) },
    graph: { cones, x, _ in
      let t = cones.fresh(1)
      cones.addSecondOrder(t, x[0])
      return t
    })

  static let rowNorms = Atom(
    "rowNorms", .convex, sign: alwaysNonnegative, monotonicity: awayFromZero,
    logarithm: { 0.5 * ConvexModeling.logSumExp(2 * $0[0], axis: 1) },
    value: { $0[0].norm(.two, axis: 2) },
    graph: { cones, x, node in
      let (m, n) = (node.arguments[0].shape[0], node.arguments[0].shape[1])
      let t = cones.fresh(m)
      cones.addSecondOrders(
        [t] + (0..<n).map { j in x[0].gathered((0..<m).map { $0 * n + j }) })
      return t
    })

  static func concaveNorm(_ p: Double) -> Atom {
    Atom(
      "norm", .concave, sign: alwaysNonnegative, monotonicity: increasing,
      logarithm: { ConvexModeling.logSumExp(p * $0[0]) / p },
      value: { pow(pow($0[0].flatItems, p).sum(axis: 1), 1 / p) },
      graph: { cones, x, _ in
        // rᵢ ≤ xᵢᵖ t¹⁻ᵖ, Σ rᵢ = t
        let t = cones.fresh(1)
        let r = cones.fresh(x[0].count)
        cones.addPower(p, x[0], t.repeated(x[0].count), r)
        cones.addZero(t - r.total())
        return t
      })
  }

  static func pNorm(_ p: Double) -> Atom {
    Atom(
      "norm", .convex, sign: alwaysNonnegative, monotonicity: awayFromZero,
      logarithm: { ConvexModeling.logSumExp(p * $0[0]) / p },
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
