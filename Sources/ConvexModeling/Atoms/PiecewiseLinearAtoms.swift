import Autodiff

/// The absolute value of each entry, `|x|`; convex, away from zero.
public func abs<A: ModelTerm>(_ x: A) -> Expression {
  Expression(.elementwise(.absolute, x.expression.node))
}

/// The positive part of each entry, `max(x, 0)`; convex, nondecreasing.
public func pos<A: ModelTerm>(_ x: A) -> Expression {
  Expression(.elementwise(.positivePart, x.expression.node))
}

/// The negative part of each entry, `max(-x, 0)`; convex, nonincreasing.
public func neg<A: ModelTerm>(_ x: A) -> Expression { pos(-x) }

/// `slope · max(x, 0) + negativeSlope · max(-x, 0)` of each entry; convex for slopes that are not negative.
public func scalene<A: ModelTerm>(
  _ x: A, slope: Double, negativeSlope: Double
) -> Expression {
  slope * pos(x) + negativeSlope * neg(x)
}

/// The larger of two expressions, entry by entry; convex, nondecreasing.
public func maximum<A: ExpressionConvertible, B: ExpressionConvertible>(
  _ a: A, _ b: B
) -> Expression {
  let (left, right, failure) = Node.paired("maximum", a.expression.node, b.expression.node)
  return Expression(failure ?? .atom(.maximum, [left, right], shape: left.shape))
}

/// The smaller of two expressions, entry by entry; concave, nondecreasing.
public func minimum<A: ExpressionConvertible, B: ExpressionConvertible>(
  _ a: A, _ b: B
) -> Expression {
  -maximum(-a.expression, -b.expression)
}

/// The largest entry; convex, nondecreasing.
public func max<A: ModelTerm>(_ x: A) -> Expression {
  let node = x.expression.node
  if node.count == 0 { return invalid(node, "max: needs an entry") }
  return Expression(.reducing(.maxEntry, node))
}

/// The smallest entry; concave, nondecreasing.
public func min<A: ModelTerm>(_ x: A) -> Expression { -max(-x) }

/// The sum of the k largest entries; convex, nondecreasing.
public func sumLargest<A: ModelTerm>(_ x: A, count k: Int) -> Expression {
  let node = x.expression.node
  guard (1...Swift.max(node.count, 1)).contains(k), node.count > 0 else {
    return invalid(node, "sumLargest: the count \(k) is not between 1 and the number of entries")
  }
  return Expression(.reducing(.sumLargest(k), node))
}

/// The sum of the k smallest entries; concave, nondecreasing.
public func sumSmallest<A: ModelTerm>(_ x: A, count k: Int) -> Expression {
  -sumLargest(-x, count: k)
}

/// The sum of absolute values, `Σ |xᵢ|`; convex, away from zero.
public func norm1<A: ModelTerm>(_ x: A) -> Expression { sum(abs(x)) }

/// The largest absolute value; convex, away from zero.
public func normInfinity<A: ModelTerm>(_ x: A) -> Expression { max(abs(x)) }

extension Atom {
  static let absolute = Atom(
    "abs", .convex, sign: alwaysNonnegative, monotonicity: awayFromZero,
    value: { Autodiff.abs($0[0]) },
    graph: { cones, x, node in
      let t = cones.fresh(node.count)
      cones.addNonnegative(t - x[0])
      cones.addNonnegative(t + x[0])
      return t
    })

  static let positivePart = Atom(
    "pos", .convex, sign: alwaysNonnegative, monotonicity: increasing,
    value: { relu($0[0]) },
    graph: { cones, x, node in
      let t = cones.fresh(node.count)
      cones.addNonnegative(t - x[0])
      cones.addNonnegative(t)
      return t
    })

  static let maximum = Atom(
    "maximum", .convex,
    sign: { signs in
      if signs.contains(where: \.isNonnegative) { return .nonnegative }
      return signs.allSatisfy(\.isNonpositive) ? .nonpositive : .unknown
    }, monotonicity: increasing,
    value: { select($0[0] .> $0[1], $0[0], $0[1]) },
    graph: { cones, x, node in
      let t = cones.fresh(node.count)
      for argument in x { cones.addNonnegative(t - argument) }
      return t
    })

  static let maxEntry = Atom(
    "max", .convex, sign: { $0[0] }, monotonicity: increasing,
    value: { $0[0].flatItems.max(axis: 1) },
    graph: { cones, x, node in
      let t = cones.fresh(1)
      cones.addNonnegative(t.repeated(x[0].count) - x[0])
      return t
    })

  static func sumLargest(_ k: Int) -> Atom {
    Atom(
      "sumLargest", .convex, sign: { $0[0] }, monotonicity: increasing,
      value: { $0[0].flatItems.topK(k, axis: 1).values.sum(axis: 1) },
      graph: { cones, x, _ in
        // min k q + Σ max(x - q, 0), q between the k-th and the next entry
        let q = cones.fresh(1)
        let excess = cones.fresh(x[0].count)
        cones.addNonnegative(excess)
        cones.addNonnegative(excess - x[0] + q.repeated(x[0].count))
        return q.scaled(by: Double(k)) + excess.total()
      })
  }
}
