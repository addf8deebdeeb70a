import Autodiff

/// One immutable node of an expression tree; expressions share nodes.
final class Node: Sendable {
  enum Kind: Sendable {
    case constant([Double])
    case variable(Variable)
    case parameter(Parameter)
    /// The sum of constant linear maps of the arguments.
    case linear(name: String, [LinearMap])
    /// A product of two arguments.
    case product(name: String, BilinearMap)
    case atom(Atom)
    /// `s f(x / s)` of the arguments f and s.
    case perspective
    /// An expression that means nothing: shapes that do not fit, or an argument out of range.
    case invalid(reason: String)
  }

  let kind: Kind
  let arguments: [Node]
  let shape: [Int]
  let sign: Sign
  let curvature: Curvature
  /// Whether a parameter occurs.
  let hasParameters: Bool
  let isInvalid: Bool

  var count: Int { shape.reduce(1, *) }
  var isConstant: Bool { curvature == .constant }
  var constantValues: [Double]? {
    if case .constant(let values) = kind { values } else { nil }
  }

  init(constant values: [Double], shape: [Int]) {
    kind = .constant(values)
    arguments = []
    self.shape = shape
    sign = Sign(values)
    curvature = .constant
    hasParameters = false
    isInvalid = false
  }

  init(variable: Variable, shape: [Int], sign: Sign) {
    kind = .variable(variable)
    arguments = []
    self.shape = shape
    self.sign = sign
    curvature = .affine
    hasParameters = false
    isInvalid = false
  }

  init(parameter: Parameter, shape: [Int], sign: Sign) {
    kind = .parameter(parameter)
    arguments = []
    self.shape = shape
    self.sign = sign
    curvature = .constant
    hasParameters = true
    isInvalid = false
  }

  init(invalid reason: String, arguments: [Node] = []) {
    kind = .invalid(reason: reason)
    self.arguments = arguments
    shape = []
    sign = .unknown
    curvature = .unknown
    hasParameters = false
    isInvalid = true
  }

  private init(kind: Kind, arguments: [Node], shape: [Int], sign: Sign, curvature: Curvature) {
    self.kind = kind
    self.arguments = arguments
    self.shape = shape
    self.sign = sign
    self.curvature = curvature
    hasParameters = arguments.contains(where: \.hasParameters)
    isInvalid = arguments.contains(where: \.isInvalid)
  }

  /// The sum of linear maps of the arguments; folded if they are numbers.
  static func linear(_ name: String, _ arguments: [Node], _ maps: [LinearMap], shape: [Int]) -> Node
  {
    var sign = Sign.zero
    var curvature = Curvature.constant
    for (argument, map) in zip(arguments, maps) {
      let coefficients = map.sign
      sign = sign + coefficients * argument.sign
      curvature =
        curvature
        + composed(.affine, [(argument, Monotonicity(coefficientsOfSign: coefficients))])
    }
    return Node(
      kind: .linear(name: name, maps), arguments: arguments, shape: shape, sign: sign,
      curvature: curvature
    ).folded()
  }

  /// A product, one side of which must be constant for the result to be convex or concave.
  static func product(_ name: String, _ left: Node, _ right: Node, _ map: BilinearMap) -> Node {
    let curvature: Curvature =
      if left.isConstant {
        composed(.affine, [(right, Monotonicity(coefficientsOfSign: left.sign))])
      } else if right.isConstant {
        composed(.affine, [(left, Monotonicity(coefficientsOfSign: right.sign))])
      } else {
        .unknown
      }
    return Node(
      kind: .product(name: name, map), arguments: [left, right], shape: map.shape,
      sign: left.sign * right.sign, curvature: curvature
    ).folded()
  }

  static func atom(_ atom: Atom, _ arguments: [Node], shape: [Int]) -> Node {
    let signs = arguments.map(\.sign)
    let curvature = composed(
      atom.curvature, Array(zip(arguments, atom.monotonicity(signs))))
    return Node(
      kind: .atom(atom), arguments: arguments, shape: shape, sign: atom.sign(signs),
      curvature: arguments.allSatisfy(\.isConstant) ? .constant : curvature
    ).folded()
  }

  /// The perspective of a convex or concave scalar.
  static func perspective(_ f: Node, _ s: Node) -> Node {
    Node(
      kind: .perspective, arguments: [f, s], shape: [], sign: f.sign,
      curvature: s.curvature.isAffine ? (f.isConstant ? .affine : f.curvature) : .unknown)
  }

  /// A function of numbers is a number.
  private func folded() -> Node {
    guard !isInvalid, arguments.allSatisfy({ $0.constantValues != nil }) else { return self }
    var evaluator = ParameterEvaluator([:])
    return Node(constant: evaluator.value(of: self).scalars, shape: shape)
  }

  /// The rule of composition: a convex function of convex arguments where it is nondecreasing, of concave
  /// ones where it is nonincreasing, of affine ones always; and the mirror image for concave functions.
  private static func composed(
    _ outer: Curvature, _ arguments: [(node: Node, monotonicity: Monotonicity)]
  ) -> Curvature {
    func follows(_ isConvex: Bool) -> Bool {
      arguments.allSatisfy { argument in
        let inner = argument.node.curvature
        return switch argument.monotonicity {
        case _ where inner.isAffine: true
        case .nondecreasing: isConvex ? inner.isConvex : inner.isConcave
        case .nonincreasing: isConvex ? inner.isConcave : inner.isConvex
        case .neither: false
        }
      }
    }
    if outer == .affine, arguments.allSatisfy(\.node.isConstant) { return .constant }
    if outer == .affine, arguments.allSatisfy(\.node.curvature.isAffine) { return .affine }
    if outer.isConvex && follows(true) { return .convex }
    if outer.isConcave && follows(false) { return .concave }
    return .unknown
  }
}

/// A sum of products of entries: `out[o] += left[l] * right[r]` for each of the triples.
struct BilinearMap: Sendable {
  let shape: [Int]
  let forEach: @Sendable (_ body: (_ output: Int, _ left: Int, _ right: Int) -> Void) -> Void
}
