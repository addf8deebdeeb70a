import Autodiff
import Foundation
import Testing

@Suite struct ElementwiseTests {
  /// A function, its reference in Foundation and the range in which it is tried.
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let function: @Sendable (Tensor) -> Tensor
    let reference: @Sendable (Double) -> Double
    var low = -2.0, high = 2.0
    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case(name: "negate", function: { -$0 }, reference: { -$0 }),
    Case(name: "abs", function: { abs($0) }, reference: { Swift.abs($0) }),
    Case(name: "reciprocal", function: { reciprocal($0) }, reference: { 1 / $0 }, low: 0.5),
    Case(name: "square", function: { square($0) }, reference: { $0 * $0 }),
    Case(name: "sqrt", function: { sqrt($0) }, reference: { $0.squareRoot() }, low: 0.1),
    Case(name: "exp", function: { exp($0) }, reference: { Foundation.exp($0) }),
    Case(name: "expm1", function: { expm1($0) }, reference: { Foundation.expm1($0) }),
    Case(name: "log", function: { log($0) }, reference: { Foundation.log($0) }, low: 0.1),
    Case(name: "log1p", function: { log1p($0) }, reference: { Foundation.log1p($0) }, low: -0.8),
    Case(name: "sin", function: { sin($0) }, reference: { Foundation.sin($0) }),
    Case(name: "cos", function: { cos($0) }, reference: { Foundation.cos($0) }),
    Case(name: "tan", function: { tan($0) }, reference: { Foundation.tan($0) }, low: -1, high: 1),
    Case(name: "atan", function: { atan($0) }, reference: { Foundation.atan($0) }),
    Case(name: "sinh", function: { sinh($0) }, reference: { Foundation.sinh($0) }),
    Case(name: "cosh", function: { cosh($0) }, reference: { Foundation.cosh($0) }),
    Case(name: "tanh", function: { tanh($0) }, reference: { Foundation.tanh($0) }),
    Case(name: "erf", function: { erf($0) }, reference: { Foundation.erf($0) }),
    Case(name: "sigmoid", function: { sigmoid($0) }, reference: { 1 / (1 + Foundation.exp(-$0)) }),
    Case(
      name: "softplus", function: { softplus($0) },
      reference: { Foundation.log1p(Foundation.exp($0)) }),
    Case(
      name: "logSigmoid", function: { logSigmoid($0) },
      reference: { -Foundation.log1p(Foundation.exp(-$0)) }),
    Case(name: "relu", function: { relu($0) }, reference: { max($0, 0) }),
    Case(name: "elu", function: { elu($0) }, reference: { $0 > 0 ? $0 : Foundation.expm1($0) }),
    Case(
      name: "gelu", function: { gelu($0) },
      reference: { $0 * (1 + Foundation.erf($0 / 2.0.squareRoot())) / 2 }),
    Case(name: "silu", function: { silu($0) }, reference: { $0 / (1 + Foundation.exp(-$0)) }),
    Case(name: "leakyRelu", function: { leakyRelu($0) }, reference: { $0 > 0 ? $0 : 0.01 * $0 }),
    Case(name: "pow 3", function: { pow($0, 3) }, reference: { $0 * $0 * $0 }),
    Case(
      name: "pow -1.5", function: { pow($0, -1.5) }, reference: { Foundation.pow($0, -1.5) },
      low: 0.3),
    Case(name: "clip", function: { clip($0, -1, 0.5) }, reference: { min(max($0, -1), 0.5) }),
    Case(name: "affine", function: { 2 - (3 * $0 + 1) / 4 }, reference: { 2 - (3 * $0 + 1) / 4 }),
    Case(name: "over", function: { 2 / $0 }, reference: { 2 / $0 }, low: 0.5),
  ]

  @Test(arguments: cases)
  func valuesAndDerivatives(_ example: Case) {
    var random = TestGenerator(seed: 7)
    for shape in [[], [1], [7], [3, 5], [0], [2, 0, 3], [1, 1]] {
      let x = random.tensor(shape, example.low, example.high)
      let y = example.function(x)
      #expect(y.shape == shape)
      for (actual, input) in zip(y.scalars, x.scalars) {
        let expected = example.reference(input)
        #expect(Swift.abs(actual - expected) <= 1e-14 * (1 + Swift.abs(expected)))
      }
      let single = example.function(x.asType(.float32))
      #expect(single.dtype == .float32)
      for (actual, expected) in zip(single.scalars, y.scalars) {
        #expect(Swift.abs(actual - expected) <= 2e-6 * (1 + Swift.abs(expected)))
      }
      DerivativeCheck()([x]) { example.function($0[0]) }
    }
  }

  @Test(arguments: [
    ([3, 4], [3, 4]), ([3, 4], [4]), ([4], [3, 4]), ([3, 1], [1, 4]), ([2, 3, 4], [3, 1]),
    ([], [2, 2]), ([2, 2], []), ([2, 1, 3], [5, 1]), ([0, 3], [3]), ([2, 0], [1, 1]),
    ([2, 1, 3, 1], [4, 1, 5]), ([1], [1]),
  ])
  func broadcasting(_ shapeA: [Int], _ shapeB: [Int]) {
    var random = TestGenerator(seed: 3)
    let a = random.tensor(shapeA, 0.5, 2)
    let b = random.tensor(shapeB, 0.5, 2)
    let operations:
      [(name: String, tensor: ([Tensor]) -> Tensor, scalar: (Double, Double) -> Double)] = [
        ("add", { $0[0] + $0[1] }, { $0 + $1 }), ("subtract", { $0[0] - $0[1] }, { $0 - $1 }),
        ("multiply", { $0[0] * $0[1] }, { $0 * $1 }), ("divide", { $0[0] / $0[1] }, { $0 / $1 }),
        ("pow", { pow($0[0], $0[1]) }, { Foundation.pow($0, $1) }),
        ("maximum", { maximum($0[0], $0[1]) }, { max($0, $1) }),
        ("minimum", { minimum($0[0], $0[1]) }, { min($0, $1) }),
        ("atan2", { atan2($0[0], $0[1]) }, { Foundation.atan2($0, $1) }),
        ("select", { select($0[0] .> $0[1], $0[0], $0[1] * 3) }, { $0 > $1 ? $0 : $1 * 3 }),
      ]
    for operation in operations {
      let result = operation.tensor([a, b])
      let wideA = a.broadcast(to: result.shape).scalars
      let wideB = b.broadcast(to: result.shape).scalars
      for (index, actual) in result.scalars.enumerated() {
        let expected = operation.scalar(wideA[index], wideB[index])
        #expect(
          Swift.abs(actual - expected) <= 1e-13 * (1 + Swift.abs(expected)), "\(operation.name)")
      }
      DerivativeCheck()([a, b], operation.tensor)
    }
  }

  /// Derivatives that are small far out, where a difference from 1 would have lost them.
  @Test(arguments: [DType.float64, .float32]) func tails(_ dtype: DType) {
    let far = Tensor([5, 20, 40, 80], dtype: dtype)
    let tolerance = dtype == .float64 ? 1e-13 : 1e-5
    func check(_ derivative: Tensor, _ expected: (Double) -> Double) {
      for (number, x) in zip(derivative.scalars, far.scalars) {
        #expect(abs(number - expected(x)) <= tolerance * expected(x), "\(number) at \(x)")
      }
    }
    let v = Tensor.ones(like: far)
    func second(_ f: @escaping (Tensor) -> Tensor) -> Tensor {
      hessianVectorProduct(at: far, along: v) { f($0).sum() }.product
    }
    check(gradient(at: -far) { elu($0).sum() }) { exp(-$0) }
    check(second { elu(-$0) }) { exp(-$0) }
    func slope(_ x: Double) -> Double { exp(-x) / ((1 + exp(-x)) * (1 + exp(-x))) }
    check(second { softplus($0) }, slope)
    check(second { softplus(-$0) }, slope)
    check(gradient(at: far) { sigmoid($0).sum() }, slope)
    check(gradient(at: -far) { sigmoid($0).sum() }, slope)
  }

  /// Powers with a tensor for the exponent are polynomials at 0, too.
  @Test func powersAtZero() {
    let p = Tensor([0, 1, 2, 3, 4])
    func derivatives(_ x: Double) -> [[Double]] {
      let point = Tensor(repeating: x, shape: [5])
      let v = Tensor.ones([5])
      let third = jvp(at: point, along: v) { x in
        hessianVectorProduct(at: x, along: v) { pow($0, p).sum() }.product
      }
      return [
        gradient(at: point) { pow($0, p).sum() }.scalars,
        jvp(at: point, along: v) { pow($0, p) }.tangent.scalars, third.value.scalars,
        third.tangent.scalars,
      ]
    }
    #expect(
      derivatives(0) == [[0, 1, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 2, 0, 0], [0, 0, 0, 6, 0]])
    #expect(
      derivatives(1) == [[0, 1, 2, 3, 4], [0, 1, 2, 3, 4], [0, 0, 2, 6, 12], [0, 0, 0, 6, 24]])
    // The mixed derivative, 1 / x at p = 0.
    let mixed = jvp(at: Tensor([0.0]), along: Tensor([1.0])) { p in
      gradient(at: Tensor([4.0])) { pow($0, p).sum() }
    }.tangent
    #expect(mixed.scalars == [0.25])
  }

  @Test func specialValues() {
    let zero = Tensor(0)
    #expect(gradient(at: zero) { relu($0) }.item == 0)
    #expect(gradient(at: zero) { abs($0) }.item == 0)
    #expect(gradient(at: zero) { maximum($0, 0) }.item == 0.5)
    #expect(gradient(at: zero) { sign($0) + floor($0) }.item == 0)
    #expect(gradient(at: Tensor(-1)) { pow(Tensor(0.0), $0 + 2) }.item == 0)
    #expect(softplus(Tensor([-1000, 1000])).scalars == [0, 1000])
    #expect(logSigmoid(Tensor([-1000, 1000])).scalars == [-1000, 0])
    #expect(gradient(at: Tensor([-1000, 1000])) { softplus($0).sum() }.scalars == [0, 1])
    #expect(isFinite(Tensor([.nan, .infinity, 1])).scalars == [0, 0, 1])
    #expect(maximum(Tensor([.nan]), 0).item.isNaN)
  }
}
