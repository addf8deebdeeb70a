import CKernels

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// An elementwise function, what it should be, and how far off it may be.
struct UnaryFunction: Sendable, CustomStringConvertible {
  let description: String
  let operation: Int
  /// Units in the last place.
  let bound: Double
  let ranges: [ClosedRange<Double>]
  let value: @Sendable (Wide) -> Wide
  let derivative: @Sendable (Wide) -> Wide

  init(
    _ description: String, _ operation: Int, bound: Double, _ ranges: [ClosedRange<Double>],
    _ value: @escaping @Sendable (Wide) -> Wide, derivative: @escaping @Sendable (Wide) -> Wide
  ) {
    self.description = description
    self.operation = operation
    self.bound = bound
    self.ranges = ranges
    self.value = value
    self.derivative = derivative
  }

  static func sigmoid(_ x: Wide) -> Wide { x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)) }

  static func normalDistribution(_ x: Wide) -> Wide { erfc(-x / Wide(2).squareRoot()) / 2 }

  static func sign(_ x: Wide) -> Wide { x > 0 ? 1 : x < 0 ? -1 : x }

  static let all: [UnaryFunction] = [
    UnaryFunction("negate", TK_NEGATE, bound: 0, [-3...3], { -$0 }, derivative: { _ in -1 }),
    UnaryFunction("abs", TK_ABS, bound: 0, [-3...3], { abs($0) }, derivative: sign),
    UnaryFunction("sign", TK_SIGN, bound: 0, [-3...3], sign, derivative: { _ in 0 }),
    UnaryFunction(
      "reciprocal", TK_RECIPROCAL, bound: 0.5, [-3...3], { 1 / $0 },
      derivative: { -1 / ($0 * $0) }),
    UnaryFunction("square", TK_SQUARE, bound: 0.5, [-3...3], { $0 * $0 }, derivative: { 2 * $0 }),
    UnaryFunction(
      "sqrt", TK_SQRT, bound: 0.5, [0...3, 0...1e30], { $0.squareRoot() },
      derivative: { 1 / (2 * $0.squareRoot()) }),
    UnaryFunction(
      "exp", TK_EXP, bound: 1.5, [-1...1, -87...88, -750...712], { exp($0) },
      derivative: { exp($0) }),
    UnaryFunction(
      "expm1", TK_EXPM1, bound: 1.5, [-1...1, -1e-3...1e-3, -45...88, -45...712], { expm1($0) },
      derivative: { exp($0) }),
    UnaryFunction(
      "log", TK_LOG, bound: 1, [0...3, 0.9...1.1, 0...1e30, 0...1e-38, 0...1e-307], { log($0) },
      derivative: { 1 / $0 }),
    UnaryFunction(
      "log1p", TK_LOG1P, bound: 1, [-1...3, -1e-3...1e-3, 0...1e30], { log1p($0) },
      derivative: { 1 / (1 + $0) }),
    UnaryFunction(
      "sin", TK_SIN, bound: 1, [-4...4, -1e5...1e5, -1e9...1e9], { sin($0) },
      derivative: { cos($0) }),
    UnaryFunction(
      "cos", TK_COS, bound: 1, [-4...4, -1e5...1e5, -1e9...1e9], { cos($0) },
      derivative: { -sin($0) }),
    UnaryFunction(
      "tan", TK_TAN, bound: 2.5, [-4...4, -1e5...1e5, -1e9...1e9], { tan($0) },
      derivative: { 1 / (cos($0) * cos($0)) }),
    UnaryFunction(
      "atan", TK_ATAN, bound: 2, [-4...4, -1e5...1e5], { atan($0) },
      derivative: { 1 / (1 + $0 * $0) }),
    UnaryFunction(
      "sinh", TK_SINH, bound: 2, [-2...2, -88...88, -712...712], { sinh($0) },
      derivative: { cosh($0) }),
    UnaryFunction(
      "cosh", TK_COSH, bound: 2, [-2...2, -88...88, -712...712], { cosh($0) },
      derivative: { sinh($0) }),
    UnaryFunction(
      "tanh", TK_TANH, bound: 2, [-1...1, -1e-4...1e-4, -30...30], { tanh($0) },
      derivative: { 1 / (cosh($0) * cosh($0)) }),
    UnaryFunction(
      "erf", TK_ERF, bound: 2, [-1.2...1.2, -1e-4...1e-4, -7...7], { erf($0) },
      derivative: { 2 / Wide.pi.squareRoot() * exp(-$0 * $0) }),
    UnaryFunction(
      "sigmoid", TK_SIGMOID, bound: 2.5, [-10...10, -750...750], sigmoid,
      derivative: { sigmoid($0) * sigmoid(-$0) }),
    UnaryFunction(
      "softplus", TK_SOFTPLUS, bound: 2, [-10...10, -700...700],
      { max($0, 0) + log1p(exp(-abs($0))) }, derivative: sigmoid),
    UnaryFunction(
      "relu", TK_RELU, bound: 0, [-3...3], { $0 <= 0 ? 0 : $0 },
      derivative: { $0 > 0 ? 1 : 0 }),
    UnaryFunction(
      "elu", TK_ELU, bound: 1.5, [-3...3, -50...50], { $0 > 0 ? $0 : expm1($0) },
      derivative: { $0 > 0 ? 1 : exp($0) }),
    UnaryFunction(
      "gelu", TK_GELU, bound: 6, [-1...1, -13...13, -38...38], { $0 * normalDistribution($0) },
      derivative: {
        normalDistribution($0) + $0 * exp(-$0 * $0 / 2) / (2 * Wide.pi).squareRoot()
      }),
    UnaryFunction(
      "floor", TK_FLOOR, bound: 0, [-9...9], { $0.rounded(.down) }, derivative: { _ in 0 }),
    UnaryFunction("ceil", TK_CEIL, bound: 0, [-9...9], { $0.rounded(.up) }, derivative: { _ in 0 }),
    UnaryFunction(
      "round", TK_ROUND, bound: 0, [-9...9], { $0.rounded(.toNearestOrEven) },
      derivative: { _ in 0 }),
    UnaryFunction(
      "is finite", TK_IS_FINITE, bound: 0, [-9...9], { _ in 1 }, derivative: { _ in 0 }),
  ]
}
