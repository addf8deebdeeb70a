/// How an expression depends on the variables, as far as the rules can tell.
public enum Curvature: String, Sendable, CaseIterable {
  /// No variable occurs: numbers and parameters.
  case constant
  case affine
  case convex
  case concave
  /// The rules of disciplined convex programming do not establish any of the others.
  case unknown

  /// Whether the expression may be minimized.
  public var isConvex: Bool { self == .constant || self == .affine || self == .convex }
  /// Whether the expression may be maximized.
  public var isConcave: Bool { self == .constant || self == .affine || self == .concave }
  /// Whether the expression may stand in an equality.
  public var isAffine: Bool { self == .constant || self == .affine }

  /// The curvature of the negative.
  var negated: Curvature {
    switch self {
    case .convex: .concave
    case .concave: .convex
    default: self
    }
  }

  /// The curvature of a sum.
  static func + (left: Curvature, right: Curvature) -> Curvature {
    if left == .constant { return right }
    if right == .constant { return left }
    if left == .affine { return right }
    if right == .affine { return left }
    return left == right ? left : .unknown
  }
}

/// What is known about the sign of every entry of an expression.
public enum Sign: String, Sendable, CaseIterable {
  case zero
  case nonnegative
  case nonpositive
  case unknown

  /// Whether every entry is known to be at least 0.
  public var isNonnegative: Bool { self == .zero || self == .nonnegative }
  /// Whether every entry is known to be at most 0.
  public var isNonpositive: Bool { self == .zero || self == .nonpositive }

  var negated: Sign {
    switch self {
    case .nonnegative: .nonpositive
    case .nonpositive: .nonnegative
    default: self
    }
  }

  static func + (left: Sign, right: Sign) -> Sign {
    if left == .zero { return right }
    if right == .zero { return left }
    return left == right ? left : .unknown
  }

  static func * (left: Sign, right: Sign) -> Sign {
    if left == .zero || right == .zero { return .zero }
    if left == .unknown || right == .unknown { return .unknown }
    return left == right ? .nonnegative : .nonpositive
  }

  /// The sign of numbers.
  init(_ values: [Double]) {
    let hasPositive = values.contains { !($0 <= 0) }
    let hasNegative = values.contains { !($0 >= 0) }
    self =
      switch (hasPositive, hasNegative) {
      case (false, false): .zero
      case (true, false): .nonnegative
      case (false, true): .nonpositive
      case (true, true): .unknown
      }
  }
}

/// How a function moves with one of its arguments.
public enum Monotonicity: String, Sendable {
  case nondecreasing
  case nonincreasing
  /// Neither.
  case neither

  /// Of a function that is multiplied by a factor of the given sign.
  init(coefficientsOfSign sign: Sign) {
    self =
      sign.isNonnegative ? .nondecreasing : sign.isNonpositive ? .nonincreasing : .neither
  }
}
