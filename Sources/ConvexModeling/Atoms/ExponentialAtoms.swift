import Autodiff

/// The exponential of each entry; convex, nondecreasing.
public func exp<A: ModelTerm>(_ x: A) -> Expression {
  Expression(.elementwise(.exponential, x.expression.node))
}

/// The logarithm of each entry, x > 0; concave, nondecreasing.
public func log<A: ModelTerm>(_ x: A) -> Expression {
  Expression(.elementwise(.logarithm, x.expression.node))
}

/// The entropy `-x log x` of each entry, x ≥ 0; concave.
public func entropy<A: ModelTerm>(_ x: A) -> Expression {
  Expression(.elementwise(.entropy, x.expression.node))
}

/// The relative entropy `x log(x / y)` of each pair of entries, x, y > 0; convex, nonincreasing in y.
public func relativeEntropy<A: ExpressionConvertible, B: ExpressionConvertible>(
  _ x: A, _ y: B
) -> Expression {
  let (left, right, failure) = Node.paired("relativeEntropy", x.expression.node, y.expression.node)
  return Expression(failure ?? .atom(.relativeEntropy, [left, right], shape: left.shape))
}

/// The Kullback-Leibler divergence `x log(x / y) - x + y` of each pair of entries, x, y > 0; convex in
/// affine arguments.
public func klDivergence<A: ExpressionConvertible, B: ExpressionConvertible>(
  _ x: A, _ y: B
) -> Expression {
  relativeEntropy(x, y) - x + y
}

/// The logistic function `log(1 + exp(x))` of each entry; convex, nondecreasing.
public func logistic<A: ModelTerm>(_ x: A) -> Expression {
  Expression(.elementwise(.logistic, x.expression.node))
}

/// The logarithm of the sum of exponentials, `log Σ exp(xᵢ)`; convex, nondecreasing.
public func logSumExp<A: ModelTerm>(_ x: A) -> Expression {
  let node = x.expression.node
  if node.count == 0 { return invalid(node, "logSumExp: needs an entry") }
  return Expression(.reducing(.logSumExp, node))
}

extension Atom {
  static let exponential = Atom(
    "exp", .convex, sign: alwaysNonnegative, monotonicity: increasing,
    value: { Autodiff.exp($0[0]) },
    graph: { cones, x, node in
      let t = cones.fresh(node.count)
      cones.addExponential(x[0], .ones(node.count), t)
      return t
    })

  static let logarithm = Atom(
    "log", .concave, sign: anySign, monotonicity: increasing,
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

  static let logSumExp = Atom(
    "logSumExp", .convex, sign: anySign, monotonicity: increasing,
    value: { $0[0].flatItems.logSumExp(axis: 1) },
    graph: { cones, x, _ in
      let n = x[0].count
      let (t, u) = (cones.fresh(1), cones.fresh(n))
      cones.addExponential(x[0] - t.repeated(n), .ones(n), u)
      cones.addNonnegative(.ones(1) - u.total())
      return t
    })
}
