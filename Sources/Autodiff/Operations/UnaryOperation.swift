import CKernels
import LinearAlgebra

/// The elementwise functions of one operand, with their derivatives.
enum UnaryOperation: Sendable {
  case negate, abs, sign, reciprocal, square, squareRoot
  case exp, expm1, log, log1p
  case sin, cos, tan, atan, sinh, cosh, tanh, erf
  case sigmoid, softplus, relu, elu, gelu
  case floor, ceil, round, isFinite

  var code: Int32 {
    switch self {
    case .negate: Int32(TK_NEGATE)
    case .abs: Int32(TK_ABS)
    case .sign: Int32(TK_SIGN)
    case .reciprocal: Int32(TK_RECIPROCAL)
    case .square: Int32(TK_SQUARE)
    case .squareRoot: Int32(TK_SQRT)
    case .exp: Int32(TK_EXP)
    case .expm1: Int32(TK_EXPM1)
    case .log: Int32(TK_LOG)
    case .log1p: Int32(TK_LOG1P)
    case .sin: Int32(TK_SIN)
    case .cos: Int32(TK_COS)
    case .tan: Int32(TK_TAN)
    case .atan: Int32(TK_ATAN)
    case .sinh: Int32(TK_SINH)
    case .cosh: Int32(TK_COSH)
    case .tanh: Int32(TK_TANH)
    case .erf: Int32(TK_ERF)
    case .sigmoid: Int32(TK_SIGMOID)
    case .softplus: Int32(TK_SOFTPLUS)
    case .relu: Int32(TK_RELU)
    case .elu: Int32(TK_ELU)
    case .gelu: Int32(TK_GELU)
    case .floor: Int32(TK_FLOOR)
    case .ceil: Int32(TK_CEIL)
    case .round: Int32(TK_ROUND)
    case .isFinite: Int32(TK_IS_FINITE)
    }
  }

  /// f'(x), from operand and result y = f(x); nil where f is piecewise constant.
  func derivative(_ x: Tensor, _ y: Tensor) -> Tensor? {
    switch self {
    case .negate: Tensor(repeating: -1, shape: x.shape, dtype: x.dtype)
    case .abs: Autodiff.sign(x)
    case .reciprocal: -Autodiff.square(y)
    case .square: x * 2
    case .squareRoot: 0.5 / y
    case .exp: y
    case .expm1: y + 1
    case .log: 1 / x
    case .log1p: 1 / (x + 1)
    case .sin: Autodiff.cos(x)
    case .cos: -Autodiff.sin(x)
    case .tan: 1 + Autodiff.square(y)
    case .atan: 1 / (1 + Autodiff.square(x))
    case .sinh: Autodiff.cosh(x)
    case .cosh: Autodiff.sinh(x)
    case .tanh: 1 - Autodiff.square(y)
    case .erf: Autodiff.exp(-Autodiff.square(x)) * 1.1283791670955126  // 2 / sqrt(pi)
    // Not y (1 - y), which has no digits where y is near 1.
    case .sigmoid: y * Autodiff.sigmoid(-x)
    case .softplus: Autodiff.sigmoid(x)
    case .relu: x .> 0
    // exp(x) for x <= 0 and 1 above. Not y + 1, which has no digits where y is near -1.
    case .elu: select(x .> 0, Tensor.ones(like: x), Autodiff.exp(minimum(x, 0)))
    case .gelu:
      (1 + Autodiff.erf(x * 0.7071067811865476)) * 0.5 + x
        * Autodiff.exp(
          Autodiff.square(x) * -0.5) * 0.3989422804014327  // 1 / sqrt(2 pi)
    case .sign, .floor, .ceil, .round, .isFinite: nil
    }
  }

  private var isLocallyConstant: Bool {
    switch self {
    case .sign, .floor, .ceil, .round, .isFinite: true
    default: false
    }
  }

  /// Whether the derivative is computed from the operand; else the result is enough, and a tape need not
  /// keep the operand.
  private var needsOperand: Bool {
    switch self {
    case .negate, .reciprocal, .squareRoot, .exp, .expm1, .tan, .tanh: false
    default: true
    }
  }

  private var needsResult: Bool {
    switch self {
    case .reciprocal, .squareRoot, .exp, .expm1, .tan, .tanh, .sigmoid: true
    default: false
    }
  }

  /// `g f'(x)`: one fused pass where nothing is traced, else in operations.
  private func product(_ g: Tensor, withDerivativeAt x: Tensor, _ y: Tensor) -> Tensor {
    if g.trace == nil, x.trace == nil, y.trace == nil {
      let result = Tensor(uninitializedLike: g)
      let size = g.dtype.byteCount
      forEachFixedPart(of: g.count, partCount: g.count / 131_072, multiple: 64) { part in
        let offset = part.lowerBound * size
        tk_unary_vjp(
          g.typeCode, code, part.count, x.memory + offset, y.memory + offset, g.memory + offset,
          result.memory + offset)
      }
      return result
    }
    if self == .negate { return -g }
    return g * derivative(x, y)!
  }

  @inline(__always)
  func callAsFunction(_ x: Tensor) -> Tensor {
    if x.trace == nil { return apply(x) }
    return traced(x)
  }

  private func apply(_ x: Tensor) -> Tensor {
    let result = Tensor(uninitializedLike: x)
    let size = x.dtype.byteCount
    forEachFixedPart(of: x.count, partCount: x.count / 131_072, multiple: 64) { part in
      let offset = part.lowerBound * size
      tk_unary(x.typeCode, code, part.count, x.memory + offset, result.memory + offset)
    }
    return result
  }

  private func traced(_ x: Tensor) -> Tensor {
    if isLocallyConstant { return apply(x.detached) }
    return primitive(
      x, apply,
      vjp: { x, y in
        let operand = needsOperand ? x : y
        let result = needsResult ? y : x
        return { g in product(g, withDerivativeAt: operand, result) }
      },
      jvp: { x, y, tangent in product(tangent, withDerivativeAt: x, y) })
  }
}
