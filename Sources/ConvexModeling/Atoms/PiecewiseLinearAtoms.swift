import Autodiff

/// The absolute value of each entry, `|x|`; convex, away from zero.
public func abs<A: ModelTerm>(_ x: A) -> ModelExpression {
  ModelExpression(.elementwise(.absolute, x.expression.node))
}

/// The positive part of each entry, `max(x, 0)`; convex, nondecreasing.
public func pos<A: ModelTerm>(_ x: A) -> ModelExpression {
  ModelExpression(.elementwise(.positivePart, x.expression.node))
}

/// The negative part of each entry, `max(-x, 0)`; convex, nonincreasing.
public func neg<A: ModelTerm>(_ x: A) -> ModelExpression { pos(-x) }

/// `slope · max(x, 0) + negativeSlope · max(-x, 0)` of each entry; convex for slopes that are not negative.
public func scalene<A: ModelTerm>(
  _ x: A, slope: Double, negativeSlope: Double
) -> ModelExpression {
  slope * pos(x) + negativeSlope * neg(x)
}

/// The larger of two expressions, entry by entry; convex, nondecreasing.
public func maximum<A: ExpressionConvertible, B: ExpressionConvertible>(
  _ a: A, _ b: B
) -> ModelExpression {
  let (left, right, failure) = Node.paired("maximum", a.expression.node, b.expression.node)
  return ModelExpression(failure ?? .atom(.maximum, [left, right], shape: left.shape))
}

/// The smaller of two expressions, entry by entry; concave, nondecreasing.
public func minimum<A: ExpressionConvertible, B: ExpressionConvertible>(
  _ a: A, _ b: B
) -> ModelExpression {
  -maximum(-a.expression, -b.expression)
}

/// The largest entry; convex, nondecreasing.
public func max<A: ModelTerm>(_ x: A) -> ModelExpression {
  let node = x.expression.node
  if node.count == 0 { return invalid(node, "max: needs an entry") }
  return ModelExpression(.reducing(.maxEntry, node))
}

/// The smallest entry; concave, nondecreasing.
public func min<A: ModelTerm>(_ x: A) -> ModelExpression { -max(-x) }

/// The largest entries of the columns (`axis: 0`) or rows (`axis: 1`) of a matrix; convex, nondecreasing.
public func max<A: ModelTerm>(_ x: A, axis: Int) -> ModelExpression {
  let node = x.expression.node
  guard node.shape.count == 2, (0...1).contains(axis), node.shape[axis] > 0 else {
    return invalid(node, "max over axis \(axis): needs a matrix with entries and axis 0 or 1")
  }
  return ModelExpression(.atom(.maxAlong(axis), [node], shape: [node.shape[1 - axis]]))
}

/// The smallest entries of the columns (`axis: 0`) or rows (`axis: 1`) of a matrix; concave, nondecreasing.
public func min<A: ModelTerm>(_ x: A, axis: Int) -> ModelExpression { -max(-x, axis: axis) }

/// The largest entry minus the smallest; convex.
public func peakToPeak<A: ModelTerm>(_ x: A) -> ModelExpression { max(x) - min(x) }

/// The sum of the products of the sorted entries of x with sorted weights, the largest with the largest;
/// convex.
///
/// - Parameter weights: numbers, as many as x has entries; with k ones and zeros the sum of the k largest.
public func dotSort<A: ModelTerm>(_ x: A, weights: [Double]) -> ModelExpression {
  let node = x.expression.node
  guard weights.count == node.count, weights.allSatisfy(\.isFinite) else {
    return invalid(node, "dotSort: needs as many finite weights as entries, not \(weights.count)")
  }
  return ModelExpression(.reducing(.dotSort(weights.sorted()), node))
}

/// The sum of the k largest entries; convex, nondecreasing.
public func sumLargest<A: ModelTerm>(_ x: A, count k: Int) -> ModelExpression {
  let node = x.expression.node
  guard (1...Swift.max(node.count, 1)).contains(k), node.count > 0 else {
    return invalid(node, "sumLargest: the count \(k) is not between 1 and the number of entries")
  }
  return ModelExpression(.reducing(.sumLargest(k), node))
}

/// The sum of the k smallest entries; concave, nondecreasing.
public func sumSmallest<A: ModelTerm>(_ x: A, count k: Int) -> ModelExpression {
  -sumLargest(-x, count: k)
}

/// The sum of absolute values, `Σ |xᵢ|`; convex, away from zero.
public func norm1<A: ModelTerm>(_ x: A) -> ModelExpression { sum(abs(x)) }

/// The largest absolute value; convex, away from zero.
public func normInfinity<A: ModelTerm>(_ x: A) -> ModelExpression { max(abs(x)) }

extension Atom {
  static let absolute = Atom(
    "abs", .convex, sign: alwaysNonnegative, monotonicity: awayFromZero,
    logarithm: { $0[0] },
    value: { Autodiff.abs($0[0]) },
    graph: { cones, x, node in
      let t = cones.fresh(node.count)
      cones.addNonnegative(t - x[0])
      cones.addNonnegative(t + x[0])
      return t
    })

  static let positivePart = Atom(
    "pos", .convex, sign: alwaysNonnegative, monotonicity: increasing,
    logarithm: { $0[0] },
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
    logarithm: { ConvexModeling.maximum($0[0], $0[1]) },
    value: { select($0[0] .> $0[1], $0[0], $0[1]) },
    graph: { cones, x, node in
      let t = cones.fresh(node.count)
      for argument in x { cones.addNonnegative(t - argument) }
      return t
    })

  static let maxEntry = Atom(
    "max", .convex, sign: { $0[0] }, monotonicity: increasing,
    logarithm: { ConvexModeling.max($0[0]) },
    value: { $0[0].flatItems.max(axis: 1) },
    graph: { cones, x, node in
      let t = cones.fresh(1)
      cones.addNonnegative(t.repeated(x[0].count) - x[0])
      return t
    })

  static func maxAlong(_ axis: Int) -> Atom {
    Atom(
      "max", .convex, sign: { $0[0] }, monotonicity: increasing,
      logarithm: { ConvexModeling.max($0[0], axis: axis) },
      value: { $0[0].max(axis: axis + 1) },
      graph: { cones, x, node in
        let t = cones.fresh(node.count)
        let columns = node.arguments[0].shape[1]
        cones.addNonnegative(
          t.gathered((0..<x[0].count).map { axis == 0 ? $0 % columns : $0 / columns }) - x[0])
        return t
      })
  }

  /// - Parameter weights: in ascending order.
  static func dotSort(_ weights: [Double]) -> Atom {
    Atom(
      "dotSort", .convex,
      sign: { weights.allSatisfy { $0 >= 0 } ? $0[0] : .unknown },
      monotonicity: { signs in
        signs.map { _ in Monotonicity(coefficientsOfSign: Sign(weights)) }
      },
      value: { arguments in
        let x = arguments[0].flatItems
        return (x.topK(weights.count, axis: 1).values * Tensor(weights.reversed())).sum(axis: 1)
      },
      graph: { cones, x, _ in
        // The assignment problem's dual: min Σ u + Σ v with uᵢ + vⱼ ≥ xᵢ wⱼ
        let n = weights.count
        let (u, v) = (cones.fresh(n), cones.fresh(n))
        var products = LinearMap(outputs: n * n, inputs: n, capacity: n * n)
        for i in 0..<n { for j in 0..<n { products.add(i * n + j, i, weights[j]) } }
        cones.addNonnegative(
          u.gathered((0..<n * n).map { $0 / n }) + v.gathered((0..<n * n).map { $0 % n })
            - x[0].mapped(by: products))
        return u.total() + v.total()
      })
  }

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
