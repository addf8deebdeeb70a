/// Finds everywhere the rules of disciplined convex programming are broken.
struct RuleCheck {
  private(set) var violations: [ModelError.Violation] = []

  mutating func check(_ objective: Objective) {
    let node = objective.expression.node
    checkScalar(node, in: "the objective")
    check(node, mustBe: objective.isMaximized ? .concave : .convex, in: "the objective")
  }

  mutating func check(_ constraint: Constraint, _ index: Int) {
    let place = "constraint \(index) (\(constraint))"
    check(
      constraint.difference, mustBe: constraint.kind == .nonnegative ? .concave : .affine, in: place
    )
    if constraint.kind == .semidefinite, constraint.difference.squareSize == nil {
      report(
        constraint.difference, in: place, reason: "only a square matrix can be semidefinite",
        suggestion: nil)
    }
    if constraint.kind == .semidefinite, let n = constraint.difference.squareSize, n > 1,
      let scalar = constraint.difference.repeatedScalar
    {
      report(
        constraint.difference, in: place,
        reason:
          "the scalar \(scalar.text) is added to every entry of the matrix, not to the diagonal",
        suggestion: "write \(scalar.text) * Matrix.identity(\(n)), or multiply by a matrix of ones")
    }
  }

  mutating func check(_ node: Node, mustBe wanted: Curvature, in place: String) {
    let before = violations.count
    var seen: Set<ObjectIdentifier> = []
    visit(node, in: place, &seen)
    guard violations.count == before else { return }
    let fits =
      switch wanted {
      case .convex: node.curvature.isConvex
      case .concave: node.curvature.isConcave
      default: node.curvature.isAffine
      }
    if !fits {
      report(
        node, in: place,
        reason: "must be \(wanted == .affine ? "affine" : "\(wanted.rawValue) or affine") here",
        suggestion: nil)
    }
  }

  mutating func checkScalar(_ node: Node, in place: String) {
    if !node.isInvalid && node.count != 1 {
      report(
        node, in: place, reason: "the objective must be a scalar, it has shape \(node.shape)",
        suggestion: "did you mean sum(...)?")
    }
  }

  mutating func report(_ node: Node, in place: String, reason: String, suggestion: String?) {
    violations.append(
      ModelError.Violation(
        place: place, expression: node.text, curvature: node.curvature, reason: reason,
        suggestion: suggestion))
  }

  /// The innermost expressions of unknown curvature are to blame, not what is built on them.
  private mutating func visit(_ node: Node, in place: String, _ seen: inout Set<ObjectIdentifier>) {
    guard seen.insert(ObjectIdentifier(node)).inserted else { return }
    for argument in node.arguments { visit(argument, in: place, &seen) }
    if case .invalid(let reason) = node.kind {
      if !node.arguments.contains(where: \.isInvalid) {
        report(node, in: place, reason: reason, suggestion: nil)
      }
      return
    }
    guard node.curvature == .unknown,
      !node.arguments.contains(where: { $0.curvature == .unknown })
    else { return }
    switch node.kind {
    case .product:
      let (a, b) = (node.arguments[0], node.arguments[1])
      if a.isConstant || b.isConstant {
        let (factor, other) = a.isConstant ? (a, b) : (b, a)
        report(
          node, in: place,
          reason: "the factor \(factor.text) of unknown sign multiplies \(other.text), which is "
            + "\(other.curvature.rawValue)",
          suggestion: factor.hasParameters ? "declare the parameter with a sign" : nil)
      } else {
        report(
          node, in: place, reason: "both factors depend on variables",
          suggestion: a.text == b.text
            ? "did you mean square(\(a.text))?"
            : "one factor must be numbers or parameters; x * x is square(x), x²/y quadOverLin(x, y)"
        )
      }
    case .atom(let atom): reportComposition(node, atom, in: place)
    case .perspective:
      report(
        node, in: place,
        reason: "the scale \(node.arguments[1].text) must be affine but is "
          + node.arguments[1].curvature.rawValue, suggestion: nil)
    default:
      let parts = node.arguments.map { "\($0.text) is \($0.curvature.rawValue)" }
      report(
        node, in: place,
        reason: "sums need terms of one curvature: " + parts.joined(separator: ", "),
        suggestion: nil)
    }
  }

  private mutating func reportComposition(_ node: Node, _ atom: Atom, in place: String) {
    if atom.isPowerWithExponent {
      return report(
        node, in: place, reason: "the exponent \(node.arguments[1].text) must be a number here",
        suggestion: "geometric programs (geometric: true) take parameters as exponents")
    }
    if atom.curvature == .unknown {
      return report(
        node, in: place, reason: "a denominator must be free of variables",
        suggestion: "for a positive denominator there are inverse(x) and quadOverLin(x, y)")
    }
    let monotonicities = atom.monotonicity(node.arguments.map(\.sign))
    for (argument, monotonicity) in zip(node.arguments, monotonicities)
    where !argument.curvature.isAffine {
      let isConvexAllowed = (atom.curvature == .convex) == (monotonicity == .nondecreasing)
      let allowed =
        monotonicity == .neither
        ? "affine" : isConvexAllowed ? "convex or affine" : "concave or affine"
      if monotonicity != .neither,
        isConvexAllowed ? argument.curvature.isConvex : argument.curvature.isConcave
      {
        continue
      }
      let movement =
        monotonicity == .neither ? "not monotone" : monotonicity.rawValue
      report(
        node, in: place,
        reason:
          "\(atom.name) is \(atom.curvature.rawValue) and \(movement) in \(argument.text), which "
          + "must be \(allowed) but is \(argument.curvature.rawValue)",
        suggestion: suggestion(atom.name, argument))
    }
  }

  private func suggestion(_ name: String, _ argument: Node) -> String? {
    guard case .atom(let inner) = argument.kind else {
      if name == "log", argument.text.hasPrefix("sum(exp(") {
        return "did you mean logSumExp(...)?"
      }
      return nil
    }
    switch (name, inner.name) {
    case ("sqrt", "sumSquares"): return "did you mean norm2(...)?"
    case ("sqrt", "square"): return "did you mean abs(...)?"
    case ("log", "exp"): return "the logarithm of an exponential is its argument"
    default: return nil
    }
  }
}
