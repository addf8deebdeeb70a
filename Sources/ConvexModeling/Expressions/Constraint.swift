/// A condition on the variables: an equality, inequalities entry by entry, or that a matrix is positive
/// semidefinite.
///
/// Keep one in a constant to ask the answer for its dual: `answer.dual(of: budget)`.
public final class Constraint: Sendable, CustomStringConvertible {
  enum Kind: Sendable {
    /// The difference is zero.
    case zero
    /// The difference, right minus left of `<=`, is nonnegative.
    case nonnegative
    /// The symmetric matrix is positive semidefinite.
    case semidefinite
  }

  let kind: Kind
  let difference: Node
  /// The smaller and the larger side, or both sides of an equality; nil for a matrix.
  let sides: (smaller: Node, larger: Node)?
  /// The constraint as it was written.
  public let description: String

  init(
    _ kind: Kind, _ difference: Node, _ sides: (smaller: Node, larger: Node)?,
    _ description: String
  ) {
    self.kind = kind
    self.difference = difference
    self.sides = sides
    self.description = description
  }

  /// The shape of the dual.
  public var shape: [Int] { difference.shape }
}

/// Every entry of the left is at most that of the right; left convex, right concave.
public func <= <A: ExpressionConvertible, B: ExpressionConvertible>(a: A, b: B) -> Constraint {
  let (left, right) = (a.expression, b.expression)
  return Constraint(
    .nonnegative, (right - left).node, (left.node, right.node), "\(left) <= \(right)")
}

/// Every entry of the left is at least that of the right; left concave, right convex.
public func >= <A: ExpressionConvertible, B: ExpressionConvertible>(a: A, b: B) -> Constraint {
  let (left, right) = (a.expression, b.expression)
  return Constraint(
    .nonnegative, (left - right).node, (right.node, left.node), "\(left) >= \(right)")
}

/// Both sides are equal; both affine.
public func == <A: ExpressionConvertible, B: ExpressionConvertible>(a: A, b: B) -> Constraint {
  let (left, right) = (a.expression, b.expression)
  return Constraint(.zero, (left - right).node, (left.node, right.node), "\(left) == \(right)")
}

extension ModelTerm {
  /// The same as `<=`.
  public func atMost<B: ExpressionConvertible>(_ bound: B) -> Constraint { self <= bound }
  /// The same as `>=`.
  public func atLeast<B: ExpressionConvertible>(_ bound: B) -> Constraint { self >= bound }
  /// The same as `==`.
  public func equals<B: ExpressionConvertible>(_ value: B) -> Constraint { self == value }
  /// The matrix is symmetric and positive semidefinite; symmetry is not implied but demanded: a matrix
  /// that is not symmetric by its construction is replaced by its symmetric part.
  public var isSemidefinite: Constraint {
    Constraint(.semidefinite, expression.node, nil, "\(expression) is positive semidefinite")
  }
}

/// Collects the constraints of a problem, with `if` and `for`.
@resultBuilder
public enum ConstraintBuilder {
  public static func buildExpression(_ constraint: Constraint) -> [Constraint] { [constraint] }
  public static func buildExpression(_ constraints: [Constraint]) -> [Constraint] { constraints }
  public static func buildBlock(_ parts: [Constraint]...) -> [Constraint] { parts.flatMap { $0 } }
  public static func buildOptional(_ part: [Constraint]?) -> [Constraint] { part ?? [] }
  public static func buildEither(first: [Constraint]) -> [Constraint] { first }
  public static func buildEither(second: [Constraint]) -> [Constraint] { second }
  public static func buildArray(_ parts: [[Constraint]]) -> [Constraint] { parts.flatMap { $0 } }
}
