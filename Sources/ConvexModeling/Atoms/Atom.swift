import Autodiff

/// A nonlinear function: its rules, its value, and its graph as cones.
struct Atom: Sendable {
  /// How the atom enters a quadratic objective.
  enum Quadratic: Sendable {
    /// The sum of the squares of the first argument (of all its entries).
    case squares
    /// `xᵀ P x` of the two arguments.
    case form
    /// The sum of squares of the first argument over the second, if that has no variables.
    case overConstant
    case huber(threshold: Double)
  }

  let name: String
  /// The curvature in arguments that are affine.
  let curvature: Curvature
  /// The sign of the value, from those of the arguments.
  let sign: @Sendable ([Sign]) -> Sign
  /// How the value moves with each argument, from the signs of the arguments.
  let monotonicity: @Sendable ([Sign]) -> [Monotonicity]
  /// The value at tensors `[B, ...]`, each with the shape of its argument after the batch axis.
  let value: @Sendable ([Tensor]) -> Tensor
  /// Adds the cones and returns the bound that stands for the value.
  let graph: @Sendable (Canonicalizer, [AffineForm], Node) -> AffineForm
  var quadratic: Quadratic?
  /// The logarithm of the value, from those of the arguments, as geometric programs need it; nil if there is
  /// no rule.
  var logarithm: (@Sendable ([ModelExpression]) -> ModelExpression)?
  /// Whether the second argument is an exponent, of which geometric programs take no logarithm.
  var isPowerWithExponent = false

  init(
    _ name: String, _ curvature: Curvature, sign: @escaping @Sendable ([Sign]) -> Sign,
    monotonicity: @escaping @Sendable ([Sign]) -> [Monotonicity], quadratic: Quadratic? = nil,
    logarithm: (@Sendable ([ModelExpression]) -> ModelExpression)? = nil,
    value: @escaping @Sendable ([Tensor]) -> Tensor,
    graph: @escaping @Sendable (Canonicalizer, [AffineForm], Node) -> AffineForm
  ) {
    self.name = name
    self.curvature = curvature
    self.sign = sign
    self.monotonicity = monotonicity
    self.value = value
    self.graph = graph
    self.quadratic = quadratic
    self.logarithm = logarithm
  }

  static let alwaysNonnegative: @Sendable ([Sign]) -> Sign = { _ in .nonnegative }
  static let anySign: @Sendable ([Sign]) -> Sign = { _ in .unknown }
  static let increasing: @Sendable ([Sign]) -> [Monotonicity] = { $0.map { _ in .nondecreasing } }
  static let decreasing: @Sendable ([Sign]) -> [Monotonicity] = { $0.map { _ in .nonincreasing } }
  static let neither: @Sendable ([Sign]) -> [Monotonicity] = { $0.map { _ in .neither } }
  /// As the absolute value: with the argument where that is nonnegative, against it where nonpositive.
  static let awayFromZero: @Sendable ([Sign]) -> [Monotonicity] = {
    $0.map(Monotonicity.init(coefficientsOfSign:))
  }
}

extension Node {
  /// The atom entry by entry.
  static func elementwise(_ atom: Atom, _ argument: Node) -> Node {
    .atom(atom, [argument], shape: argument.shape)
  }

  /// The atom of all entries, a scalar.
  static func reducing(_ atom: Atom, _ arguments: Node...) -> Node {
    .atom(atom, arguments, shape: [])
  }
}

extension Tensor {
  /// `[B, n]`.
  var flatItems: Tensor { reshaped(to: [shape[0], shape.dropFirst().reduce(1, *)]) }
}
