import Autodiff
import LinearAlgebra

/// The square root of each entry, x ≥ 0; concave, nondecreasing.
public func sqrt<A: ModelTerm>(_ x: A) -> ModelExpression {
  ModelExpression(.elementwise(.squareRoot, x.expression.node))
}

/// The inverse `1 / x` of each entry, x > 0; convex, nonincreasing.
public func inverse<A: ModelTerm>(_ x: A) -> ModelExpression {
  ModelExpression(.elementwise(.inverse, x.expression.node))
}

/// The power `xᵖ` of each entry with a number p: convex for p ≥ 1 (even p for all x, others for x ≥ 0)
/// and for p < 0 (x > 0), concave for 0 < p < 1 (x ≥ 0).
public func power<A: ModelTerm>(_ x: A, _ p: Double) -> ModelExpression {
  let node = x.expression.node
  switch p {
  case 0: return ModelExpression([Double](repeating: 1, count: node.count), shape: node.shape)
  case 1: return x.expression
  case 2: return square(x)
  case 0.5: return sqrt(x)
  case -1: return inverse(x)
  case _ where p.isFinite: return ModelExpression(.elementwise(.power(p), node))
  default: return invalid(node, "power: the exponent \(p) is not finite")
  }
}

/// The power `xᵖ` of each entry of x > 0 with an exponent of parameters, of any sign: a number that is known only
/// when the problem is solved. Log-log affine, so for geometric programs only; elsewhere `Problem` reports it.
///
/// ```swift
/// let x = Variable(), p = Parameter()
/// let problem = try Problem(.minimize(power(x, p) + inverse(x)), geometric: true)
/// ```
///
/// - Parameter p: a scalar, or one exponent for each entry.
public func power<A: ModelTerm>(_ x: A, _ p: Parameter) -> ModelExpression {
  power(x, p.expression)
}

/// The power with an expression of parameters as exponent; see `power(_:_:)` with a parameter.
public func power<A: ModelTerm>(_ x: A, _ p: ModelExpression) -> ModelExpression {
  let (base, exponent, failure) = Node.paired("power", x.expression.node, p.node)
  if let failure { return ModelExpression(failure) }
  guard exponent.isConstant || exponent.isInvalid else {
    return invalid(exponent, "power: the exponent \(p) must be free of variables")
  }
  if base.shape != x.expression.node.shape {
    return invalid(exponent, "power: the exponent has shape \(p.shape), expected that of \(x)")
  }
  if p.node.count == 1, let values = p.node.constantValues { return power(x, values[0]) }
  return ModelExpression(.atom(.powerWithExponent, [base, exponent], shape: base.shape))
}

/// The geometric mean `(Π xᵢ)^(1/n)`, x ≥ 0; concave, nondecreasing.
public func geometricMean<A: ModelTerm>(_ x: A) -> ModelExpression {
  let node = x.expression.node
  if node.count == 0 { return invalid(node, "geometricMean: needs an entry") }
  return ModelExpression(.reducing(.geometricMean, node))
}

/// The harmonic mean `n / Σ (1 / xᵢ)`, x > 0; concave, nondecreasing.
public func harmonicMean<A: ModelTerm>(_ x: A) -> ModelExpression {
  let node = x.expression.node
  if node.count == 0 { return invalid(node, "harmonicMean: needs an entry") }
  return ModelExpression(.reducing(.harmonicMean, node))
}

/// The inverse of the product of all entries, `Π 1/xᵢ`, x > 0; convex, nonincreasing.
public func inverseProduct<A: ModelTerm>(_ x: A) -> ModelExpression {
  power(geometricMean(x), -Double(x.expression.node.count))
}

/// `s f(x / s)` for s ≥ 0, the perspective of a scalar f(x); convex where f is, concave where f is.
///
/// ```swift
/// perspective(square(x), s)   // x² / s
/// ```
///
/// - Parameters:
///   - f: convex or concave; where it says x, the perspective has x / s.
///   - scale: s, an affine scalar; that it is nonnegative is added to the constraints.
public func perspective<A: ModelTerm, B: ModelTerm>(_ f: A, _ scale: B) -> ModelExpression {
  let (node, s) = (f.expression.node, scale.expression.node)
  guard node.count == 1, s.count == 1 else {
    return invalid(
      node, "perspective: needs scalars; the scale \(s.text) has shape \(s.shape)")
  }
  return ModelExpression(.perspective(node, s))
}

extension Atom {
  static let squareRoot = Atom(
    "sqrt", .concave, sign: alwaysNonnegative, monotonicity: increasing,
    logarithm: { 0.5 * $0[0] },
    value: { Autodiff.sqrt($0[0]) },
    graph: { cones, x, node in
      let t = cones.fresh(node.count)
      cones.addRotated(t, x[0], .ones(node.count))
      return t
    })

  static let inverse = Atom(
    "inverse", .convex, sign: alwaysNonnegative, monotonicity: decreasing,
    logarithm: { -$0[0] },
    value: { Autodiff.reciprocal($0[0]) },
    graph: { cones, x, node in
      let t = cones.fresh(node.count)
      cones.addRotated(.ones(node.count), x[0], t)
      return t
    })

  /// The quotient 1 / x of numbers and parameters, of any sign; nothing is known of it for variables.
  static let reciprocal = Atom(
    "reciprocal", .unknown, sign: { $0[0] }, monotonicity: neither,
    logarithm: { -$0[0] },
    value: { Autodiff.reciprocal($0[0]) },
    graph: { _, x, _ in x[0] })

  /// The power with parameters as exponents, which has a rule for geometric programs only.
  static let powerWithExponent: Atom = {
    var atom = Atom(
      "power", .unknown, sign: alwaysNonnegative, monotonicity: neither,
      value: { pow($0[0], $0[1]) }, graph: { _, x, _ in x[0] })
    atom.isPowerWithExponent = true
    return atom
  }()

  static func power(_ p: Double) -> Atom {
    let isEven = p > 0 && p.truncatingRemainder(dividingBy: 2) == 0
    return Atom(
      "power", p > 0 && p < 1 ? .concave : .convex, sign: alwaysNonnegative,
      monotonicity: isEven ? awayFromZero : p < 0 ? decreasing : increasing,
      logarithm: { p * $0[0] },
      value: { isEven ? pow(Autodiff.abs($0[0]), p) : pow($0[0], p) },
      graph: { cones, x, node in
        let t = cones.fresh(node.count)
        let one = AffineForm.ones(node.count)
        if p > 1 {
          cones.addPower(1 / p, t, one, x[0])
          if !isEven { cones.addNonnegative(x[0]) }
        } else if p > 0 {
          cones.addPower(p, x[0], one, t)
        } else {
          cones.addPower(1 / (1 - p), t, x[0], one)
        }
        return t
      })
  }

  static let geometricMean = Atom(
    "geometricMean", .concave, sign: alwaysNonnegative, monotonicity: increasing,
    logarithm: { mean($0[0]) },
    value: { Autodiff.exp(Autodiff.log($0[0].flatItems).mean(axis: 1)) },
    graph: { cones, x, _ in
      // The mean of the first k entries from that of the first k - 1.
      let n = x[0].count
      var mean = x[0].gathered([0])
      for k in 1..<Swift.max(n, 1) {
        let next = cones.fresh(1)
        cones.addPower(1 / Double(k + 1), x[0].gathered([k]), mean, next)
        mean = next
      }
      if n == 1 { cones.addNonnegative(mean) }
      return mean
    })

  static let harmonicMean = Atom(
    "harmonicMean", .concave, sign: alwaysNonnegative, monotonicity: increasing,
    logarithm: {
      LinearAlgebra.logarithm(Double($0[0].node.count)) - ConvexModeling.logSumExp(-$0[0])
    },
    value: { arguments in
      let x = arguments[0].flatItems
      return Double(x.shape[1]) / Autodiff.reciprocal(x).sum(axis: 1)
    },
    graph: { cones, x, _ in
      // t² ≤ xᵢ sᵢ, Σ sᵢ = t: t Σ 1 / xᵢ ≤ 1
      let t = cones.fresh(1)
      let s = cones.fresh(x[0].count)
      cones.addRotated(t.repeated(x[0].count), x[0], s)
      cones.addZero(t - s.total())
      return t.scaled(by: Double(x[0].count))
    })
}
