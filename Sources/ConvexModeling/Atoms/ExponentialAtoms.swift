import Autodiff

/// The exponential of each entry; convex, nondecreasing.
public func exp<A: ModelTerm>(_ x: A) -> ModelExpression {
  ModelExpression(.elementwise(.exponential, x.expression.node))
}

/// The logarithm of each entry, x > 0; concave, nondecreasing.
public func log<A: ModelTerm>(_ x: A) -> ModelExpression {
  ModelExpression(.elementwise(.logarithm, x.expression.node))
}

/// `log(1 + x)` of each entry, x > -1; concave, nondecreasing.
public func log1p<A: ModelTerm>(_ x: A) -> ModelExpression { log(x + 1) }

/// The entropy `-x log x` of each entry, x ≥ 0; concave.
public func entropy<A: ModelTerm>(_ x: A) -> ModelExpression {
  ModelExpression(.elementwise(.entropy, x.expression.node))
}

/// The relative entropy `x log(x / y)` of each pair of entries, x, y > 0; convex, nonincreasing in y.
public func relativeEntropy<A: ExpressionConvertible, B: ExpressionConvertible>(
  _ x: A, _ y: B
) -> ModelExpression {
  let (left, right, failure) = Node.paired("relativeEntropy", x.expression.node, y.expression.node)
  return ModelExpression(failure ?? .atom(.relativeEntropy, [left, right], shape: left.shape))
}

/// The Kullback-Leibler divergence `x log(x / y) - x + y` of each pair of entries, x, y > 0; convex in
/// affine arguments.
public func klDivergence<A: ExpressionConvertible, B: ExpressionConvertible>(
  _ x: A, _ y: B
) -> ModelExpression {
  relativeEntropy(x, y) - x + y
}

/// The logistic function `log(1 + exp(x))` of each entry; convex, nondecreasing.
public func logistic<A: ModelTerm>(_ x: A) -> ModelExpression {
  ModelExpression(.elementwise(.logistic, x.expression.node))
}

/// The logarithm of the sum of exponentials, `log Σ exp(xᵢ)`; convex, nondecreasing.
public func logSumExp<A: ModelTerm>(_ x: A) -> ModelExpression {
  let node = x.expression.node
  if node.count == 0 { return invalid(node, "logSumExp: needs an entry") }
  return ModelExpression(.reducing(.logSumExp(axis: nil), node))
}

/// The logarithms of the sums of exponentials over the rows (`axis: 0`, one for each column) or columns
/// (`axis: 1`) of a matrix; convex, nondecreasing.
public func logSumExp<A: ModelTerm>(_ x: A, axis: Int) -> ModelExpression {
  let node = x.expression.node
  guard node.shape.count == 2, (0...1).contains(axis), node.shape[axis] > 0 else {
    return invalid(node, "logSumExp over axis \(axis): needs a matrix with entries and axis 0 or 1")
  }
  return ModelExpression(
    .atom(.logSumExp(axis: axis), [node], shape: [node.shape[1 - axis]]))
}

extension Atom {
  static let exponential = Atom(
    "exp", .convex, sign: alwaysNonnegative, monotonicity: increasing,
    logarithm: { ConvexModeling.exp($0[0]) },
    value: { Autodiff.exp($0[0]) },
    graph: { cones, x, node in
      let t = cones.fresh(node.count)
      cones.addExponential(x[0], .ones(node.count), t)
      return t
    })

  static let logarithm = Atom(
    "log", .concave, sign: anySign, monotonicity: increasing,
    logarithm: { ConvexModeling.log($0[0]) },
    value: { Autodiff.log($0[0]) },
    graph: { cones, x, node in
      let t = cones.fresh(node.count)
      cones.addExponential(t, .ones(node.count), x[0])
      return t
    })

  static let entropy = Atom(
    "entropy", .concave, sign: anySign, monotonicity: neither,
    value: { arguments in
      let x = arguments[0]
      let isZero = x .== 0
      return -select(isZero, x, x * Autodiff.log(select(isZero, Tensor.ones(like: x), x)))
    },
    graph: { cones, x, node in
      let t = cones.fresh(node.count)
      cones.addExponential(t, x[0], .ones(node.count))
      return t
    })

  static let relativeEntropy = Atom(
    "relativeEntropy", .convex, sign: anySign,
    monotonicity: { _ in [.neither, .nonincreasing] },
    value: { $0[0] * (Autodiff.log($0[0]) - Autodiff.log($0[1])) },
    graph: { cones, x, node in
      let t = cones.fresh(node.count)
      cones.addExponential(t.scaled(by: -1), x[0], x[1])
      return t
    })

  static let logistic = Atom(
    "logistic", .convex, sign: alwaysNonnegative, monotonicity: increasing,
    value: { softplus($0[0]) },
    graph: { cones, x, node in
      // exp(x - t) + exp(-t) ≤ 1
      let n = node.count
      let (t, u, v) = (cones.fresh(n), cones.fresh(n), cones.fresh(n))
      cones.addExponential(x[0] - t, .ones(n), u)
      cones.addExponential(t.scaled(by: -1), .ones(n), v)
      cones.addNonnegative(.ones(n) - u - v)
      return t
    })

  /// Over all entries, or along an axis of a matrix.
  static func logSumExp(axis: Int?) -> Atom {
    Atom(
      "logSumExp", .convex, sign: anySign, monotonicity: increasing,
      value: { x in
        axis.map { x[0].logSumExp(axis: $0 + 1) } ?? x[0].flatItems.logSumExp(axis: 1)
      },
      graph: { cones, x, node in
        let columns = node.arguments[0].shape.last ?? 1
        let groups = (0..<x[0].count).map {
          axis == nil ? 0 : axis == 0 ? $0 % columns : $0 / columns
        }
        return logSumExp(cones, x[0], groups: groups, count: node.count)
      })
  }

  /// Over the entries of each group, for geometric programs.
  ///
  /// - Parameter groups: for each entry of the argument the entry of the result that it counts for.
  static func logSumExp(groups: [Int]) -> Atom {
    Atom(
      "logSumExp", .convex, sign: anySign, monotonicity: increasing,
      value: { arguments in
        var sums = LinearMap(outputs: (groups.max() ?? -1) + 1, inputs: groups.count)
        for (k, group) in groups.enumerated() { sums.add(group, k, 1) }
        return Autodiff.log(sums(Autodiff.exp(arguments[0].flatItems)))
      },
      graph: { cones, x, node in logSumExp(cones, x[0], groups: groups, count: node.count) })
  }

  /// t with `Σ exp(x - t) ≤ 1` over each group.
  private static func logSumExp(
    _ cones: Canonicalizer, _ x: AffineForm, groups: [Int], count: Int
  ) -> AffineForm {
    let (t, u) = (cones.fresh(count), cones.fresh(groups.count))
    cones.addExponential(x - t.gathered(groups), .ones(groups.count), u)
    cones.addNonnegative(.ones(count) - u.placed(in: count) { groups[$0] })
    return t
  }
}
