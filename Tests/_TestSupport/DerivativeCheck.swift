import Autodiff
import Testing

/// What a derivative's test asks: every mode against central differences, forward against reverse by an
/// inner product, and second derivatives by nesting.
package struct DerivativeCheck: Sendable {
  /// The largest difference that passes, relative to 1 plus the size of the value.
  package var tolerance = 1e-6
  /// The step of the central differences.
  package var step = 1e-5
  /// Whether second derivatives are checked as well, all four nestings of the two modes.
  package var isTwiceDifferentiable = true
  /// Whether the function has a forward rule.
  package var hasForwardMode = true

  /// Whether the value is computed in another way where nothing is traced, so that rounding may differ.
  package var hasFusedValue = false

  package init(
    tolerance: Double = 1e-6, step: Double = 1e-5, isTwiceDifferentiable: Bool = true,
    hasForwardMode: Bool = true, hasFusedValue: Bool = false
  ) {
    self.tolerance = tolerance
    self.step = step
    self.isTwiceDifferentiable = isTwiceDifferentiable
    self.hasForwardMode = hasForwardMode
    self.hasFusedValue = hasFusedValue
  }

  /// Checks a function of some float64 tensors around a point; its result may have any shape.
  package func callAsFunction(
    _ inputs: [Tensor], seed: UInt64 = 1, sourceLocation: SourceLocation = #_sourceLocation,
    _ function: @escaping ([Tensor]) -> Tensor
  ) {
    var random = TestGenerator(seed: seed)
    let direction = inputs.map { random.tensor($0.shape) }
    let value = function(inputs)
    let weights = random.tensor(value.shape)

    // Reverse mode against differences of the weighted sum.
    let scalar: ([Tensor]) -> Tensor = { (function($0) * weights).sum() }
    let slope = differenceQuotient(inputs, direction) { scalar($0).item }
    let gradient = vjp(at: inputs, of: function).pullback(weights)
    expectClose(inner(gradient, direction), slope, "reverse", sourceLocation)
    for (part, input) in zip(gradient, inputs) {
      #expect(part.shape == input.shape, sourceLocation: sourceLocation)
    }

    if hasForwardMode {
      let (point, tangent) = jvp(at: inputs, along: direction, of: function)
      if hasFusedValue {
        let error = (point - value).scalars.reduce(0) { Swift.max($0, Swift.abs($1)) }
        #expect(error < 1e-13, "primal", sourceLocation: sourceLocation)
      } else {
        #expect(point.hasSameBits(as: value), "primal", sourceLocation: sourceLocation)
      }
      expectClose((tangent * weights).sum().item, slope, "forward", sourceLocation)
    }
    if isTwiceDifferentiable {
      checkSecond(inputs, direction, random.tensors(inputs.map(\.shape)), sourceLocation, scalar)
    }
  }

  private func checkSecond(
    _ inputs: [Tensor], _ direction: [Tensor], _ other: [Tensor],
    _ sourceLocation: SourceLocation, _ scalar: @escaping ([Tensor]) -> Tensor
  ) {
    // The derivative along `other` of the derivative along `direction`.
    let expected = differenceQuotient(inputs, other) {
      inner(Autodiff.gradient(at: $0, of: scalar), direction)
    }
    func slope(_ point: [Tensor]) -> Tensor {
      zip(Autodiff.gradient(at: point, of: scalar), direction)
        .reduce(Tensor(0)) { $0 + ($1.0 * $1.1).sum() }
    }
    expectClose(
      inner(Autodiff.gradient(at: inputs, of: slope), other), expected, "reverse over reverse",
      sourceLocation)
    guard hasForwardMode else { return }
    expectClose(
      inner(hessianVectorProduct(at: inputs, along: other, of: scalar).product, direction),
      expected, "forward over reverse", sourceLocation)
    func tangent(_ point: [Tensor]) -> Tensor {
      jvp(at: point, along: direction, of: scalar).tangent
    }
    expectClose(
      inner(Autodiff.gradient(at: inputs, of: tangent), other), expected, "reverse over forward",
      sourceLocation)
    expectClose(
      jvp(at: inputs, along: other, of: tangent).tangent.item, expected, "forward over forward",
      sourceLocation)
  }

  private func differenceQuotient(
    _ inputs: [Tensor], _ direction: [Tensor], _ function: ([Tensor]) -> Double
  ) -> Double {
    let ahead = zip(inputs, direction).map { $0 + $1 * step }
    let behind = zip(inputs, direction).map { $0 - $1 * step }
    return (function(ahead) - function(behind)) / (2 * step)
  }

  private func expectClose(
    _ actual: Double, _ expected: Double, _ what: String, _ sourceLocation: SourceLocation
  ) {
    #expect(
      Swift.abs(actual - expected) <= tolerance * (1 + Swift.abs(expected)),
      "\(what): \(actual), expected \(expected)", sourceLocation: sourceLocation)
  }
}

/// The inner product of two lists of tensors.
package func inner(_ a: [Tensor], _ b: [Tensor]) -> Double {
  zip(a, b).reduce(0) { $0 + ($1.0 * $1.1).sum().item }
}

extension Tensor {
  /// Whether all elements are equal to the last bit, NaN to NaN.
  package func hasSameBits(as other: Tensor) -> Bool {
    shape == other.shape
      && zip(scalars, other.scalars).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }
  }
}

/// Random tensors for tests.
package struct TestGenerator {
  private var state: UInt64

  package init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

  /// A number between `low` and `high`.
  package mutating func uniform(_ low: Double = -1, _ high: Double = 1) -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return low + (high - low) * Double((value ^ (value >> 31)) >> 11) * 0x1p-53
  }

  /// A float64 tensor with elements between `low` and `high`.
  package mutating func tensor(_ shape: [Int], _ low: Double = -1, _ high: Double = 1) -> Tensor {
    Tensor((0..<shape.reduce(1, *)).map { _ in uniform(low, high) }, shape: shape)
  }

  package mutating func tensors(_ shapes: [[Int]]) -> [Tensor] { shapes.map { tensor($0) } }
}
