/// A geometric program as the convex program in the logarithms of its variables.
struct GeometricModel {
  /// The logarithm of the objective, or its negative if it is maximized.
  private(set) var minimized = ModelExpression([0], shape: [])
  /// The logarithms of the constraints, in their order.
  private(set) var constraints: [Constraint] = []
  private(set) var variables: [(variable: Variable, logarithm: Variable)] = []

  init(_ objective: Objective, _ constraints: [Constraint], _ check: inout RuleCheck) {
    var transform = LogTransform()
    let node = objective.expression.node
    check.checkScalar(node, in: "the objective")
    if let logarithm = Self.side(
      node, mustBe: objective.isMaximized ? .concave : .convex, in: "the objective", &transform,
      &check)
    {
      if !transform.isZero(node).isEmpty {
        check.report(
          node, in: "the objective", reason: "is zero, which has no logarithm", suggestion: nil)
      }
      minimized = objective.isMaximized ? -logarithm : logarithm
    }
    for (index, constraint) in constraints.enumerated() {
      let place = "constraint \(index) (\(constraint))"
      guard let (smaller, larger) = constraint.sides, !constraint.difference.isInvalid else {
        if constraint.sides == nil {
          check.report(
            constraint.difference, in: place,
            reason: "a geometric program has no semidefinite constraints", suggestion: nil)
        } else {
          check.check(constraint.difference, mustBe: .affine, in: place)
        }
        continue
      }
      let isEquality = constraint.kind == .zero
      guard
        let left = Self.side(
          smaller, mustBe: isEquality ? .affine : .convex, in: place, &transform, &check),
        let right = Self.side(
          larger, mustBe: isEquality ? .affine : .concave, in: place, &transform, &check)
      else { continue }
      // As of any equality: left minus right.
      var difference = isEquality ? left - right : right - left
      let (zeros, forbidden) = (transform.isZero(smaller), transform.isZero(larger))
      if !forbidden.isEmpty || isEquality && !zeros.isEmpty {
        check.report(
          forbidden.isEmpty ? smaller : larger, in: place,
          reason: "is zero, but must be positive here", suggestion: nil)
        continue
      }
      if !zeros.isEmpty {
        // Zero is less than anything positive: 1 >= 0 stands for such an entry.
        let indices = broadcastIndices(from: smaller.shape, to: difference.shape)
        let held = indices.map { zeros.contains($0) ? 1.0 : 0 }
        difference =
          multiply(difference, ModelExpression(held.map { 1 - $0 }, shape: difference.shape))
          + ModelExpression(held, shape: difference.shape)
      }
      self.constraints.append(
        Constraint(constraint.kind, difference.node, nil, constraint.description))
    }
    variables = transform.variables
  }

  /// The logarithm of an expression, nil with a report if it is not as curved as it must be.
  private static func side(
    _ node: Node, mustBe wanted: Curvature, in place: String, _ transform: inout LogTransform,
    _ check: inout RuleCheck
  ) -> ModelExpression? {
    if node.isInvalid {
      check.check(node, mustBe: wanted, in: place)
      return nil
    }
    let before = transform.failures.count
    let found = transform.logarithm(of: node)
    for failure in transform.failures[before...] {
      check.report(failure.node, in: place, reason: failure.reason, suggestion: nil)
    }
    guard let logarithm = found else { return nil }
    let (fits, kind) =
      switch wanted {
      case .convex: (logarithm.curvature.isConvex, "log-log convex, such as a sum of monomials,")
      case .concave: (logarithm.curvature.isConcave, "log-log concave, such as a monomial,")
      default: (logarithm.curvature.isAffine, "a monomial")
      }
    if fits { return logarithm }
    check.report(node, in: place, reason: "must be \(kind) here", suggestion: nil)
    return nil
  }
}
