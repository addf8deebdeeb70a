import Autodiff
import Foundation
import NeuralNetworks
import Testing
import _TestSupport

/// The moves of every optimizer.
struct OptimizerTests {
  /// Every method with all of its parts, in one list of closures that run some steps.
  enum Method: String, CaseIterable, Sendable {
    case sgd, momentum, nesterov, adam, adamRootEpsilon, adamL2, adamW, rmsProp, rmsPropMomentum
    case adagrad

    func run<Result>(_ body: (any Optimizer) throws -> Result) rethrows -> Result {
      switch self {
      case .sgd: try body(SGD(learningRate: 0.1, weightDecay: 0.02))
      case .momentum: try body(SGD(learningRate: 0.1, momentum: 0.9, weightDecay: 0.02))
      case .nesterov:
        try body(SGD(learningRate: 0.1, momentum: 0.9, weightDecay: 0.02, isNesterov: true))
      case .adam: try body(Adam(learningRate: 0.1))
      case .adamRootEpsilon: try body(Adam(learningRate: 0.1, rootEpsilon: 1e-3))
      case .adamL2: try body(Adam(learningRate: 0.1, weightDecay: 0.02))
      case .adamW: try body(AdamW(learningRate: 0.1, weightDecay: 0.02))
      case .rmsProp: try body(RMSProp(learningRate: 0.1, weightDecay: 0.02))
      case .rmsPropMomentum: try body(RMSProp(learningRate: 0.1, momentum: 0.8))
      case .adagrad: try body(Adagrad(learningRate: 0.1, weightDecay: 0.02))
      }
    }

    /// The same by scalar arithmetic, from the formulas of the papers.
    func reference(_ x: inout Double, _ slots: inout [Double], _ g: Double, _ t: Int) {
      let rate = 0.1
      let decays: [Method] = [.sgd, .momentum, .nesterov, .adamL2, .rmsProp, .adagrad]
      let g = g + (decays.contains(self) ? 0.02 * x : 0)
      switch self {
      case .sgd: x -= rate * g
      case .momentum, .nesterov:
        slots[0] = 0.9 * slots[0] + g
        x -= rate * (self == .nesterov ? g + 0.9 * slots[0] : slots[0])
      case .adam, .adamRootEpsilon, .adamL2, .adamW:
        slots[0] = 0.9 * slots[0] + 0.1 * g
        slots[1] = 0.999 * slots[1] + 0.001 * g * g
        var (power1, power2) = (1.0, 1.0)
        for _ in 0..<t { (power1, power2) = (power1 * 0.9, power2 * 0.999) }
        let root =
          (slots[1] / (1 - power2) + (self == .adamRootEpsilon ? 1e-3 : 0)).squareRoot()
        x -= rate * (slots[0] / (1 - power1) / (root + 1e-8) + (self == .adamW ? 0.02 * x : 0))
      case .rmsProp, .rmsPropMomentum:
        slots[0] = 0.99 * slots[0] + 0.01 * g * g
        slots[1] = 0.8 * slots[1] + g / (slots[0].squareRoot() + 1e-8)
        x -= rate * (self == .rmsProp ? g / (slots[0].squareRoot() + 1e-8) : slots[1])
      case .adagrad:
        slots[0] += g * g
        x -= rate * g / (slots[0].squareRoot() + 1e-10)
      }
    }
  }

  @Test(arguments: Method.allCases) func stepsAsThePapersHaveThem(_ method: Method) {
    func check(_ optimizer: some Optimizer) {
      var parameters = [Tensor([1.0, -2, 0.5]), Tensor(3)]
      var state = optimizer.initialState(for: parameters)
      var expected = [1.0, -2, 0.5, 3]
      var slots = [[Double]](repeating: [0, 0], count: 4)
      var random = TestGenerator(seed: 4)
      for step in 1...5 {
        let gradient = [random.tensor([3]), random.tensor([])]
        optimizer.update(&parameters, gradient: gradient, state: &state)
        for (index, g) in gradient.leafScalars.enumerated() {
          method.reference(&expected[index], &slots[index], g, step)
        }
      }
      #expect(state.step.item == 5)
      #expect(isClose(parameters.leafScalars, expected, relativeTolerance: 1e-13).holds)
    }
    method.run { check($0) }
  }

  @Test(arguments: Method.allCases, [DType.float32, .float64])
  func tracedStepsAreTheSame(_ method: Method, _ dtype: DType) {
    func check(_ optimizer: some Optimizer) {
      var random = TestGenerator(seed: 5)
      let start = random.tensor([37]).asType(dtype)
      let gradients = (0..<4).map { _ in random.tensor([37]).asType(dtype) }
      func run(_ start: Tensor) -> Tensor {
        var (x, state) = (start, optimizer.initialState(for: start))
        for gradient in gradients {
          (x, state) = optimizer.step(x, gradient: gradient, state: state)
        }
        return x
      }
      let traced = vjp(at: start, of: run).value
      #expect(
        isClose(
          run(start).scalars, traced.scalars,
          relativeTolerance: dtype == .float32 ? 1e-6 : 1e-14
        ).holds)
    }
    method.run { check($0) }
  }

  @Test(arguments: Method.allCases) func derivativesThroughSteps(_ method: Method) {
    func check<Method: Optimizer>(_ optimizer: Method) {
      var random = TestGenerator(seed: 6)
      // Hyperparameters, start and data, everything differentiated.
      let inputs = optimizer.leaves + [random.tensor([3], 1, 2), random.tensor([3])]
      let count = inputs.count
      DerivativeCheck(tolerance: 2e-5, hasFusedValue: true)(inputs) { leaves in
        let optimizer = optimizer.replacingLeaves(with: Array(leaves.prefix(count - 2)))
        var x = leaves[count - 2]
        var state = optimizer.initialState(for: x)
        for _ in 0..<3 {
          let slope = gradient(at: x) { square($0 - leaves[count - 1]).sum() + sin($0).sum() }
          optimizer.update(&x, gradient: slope, state: &state)
        }
        return x
      }
    }
    // Where epsilon is far below the step of the differences, its curvature is not seen by them.
    switch method {
    case .adam:
      check(Adam(learningRate: Tensor(0.1), epsilon: Tensor(0.1)))
    case .adamL2:
      check(
        Adam(learningRate: Tensor(0.1), epsilon: Tensor(0.1), weightDecay: Tensor(0.02)))
    default: method.run { check($0) }
    }
  }

  @Test func adamAtZeroGradient() {
    // The first step's slope with respect to a gradient of 0 is -rate / epsilon, exactly.
    let optimizer = Adam(learningRate: 0.5, epsilon: 1e-3)
    let slope = gradient(at: Tensor([0.0, 0])) { g in
      let x = Tensor([1.0, 2])
      return optimizer.step(x, gradient: g, state: optimizer.initialState(for: x)).parameters.sum()
    }
    #expect(isClose(slope.scalars, [-500, -500], relativeTolerance: 1e-12).holds)
    for method in [Method.rmsProp, .adagrad, .adamW] {
      func check(_ optimizer: some Optimizer) {
        let slope = gradient(at: Tensor(0)) { g in
          optimizer.step(Tensor(0), gradient: g, state: optimizer.initialState(for: g)).parameters
        }
        #expect(slope.item.isFinite, "\(method)")
      }
      method.run { check($0) }
    }
  }

  @Test func updatesInPlaceOnlyWhatIsNotShared() {
    let optimizer = SGD(learningRate: 1, momentum: 0.5)
    var x = Tensor([1.0, 2])
    let copy = x
    var state = optimizer.initialState(for: x)
    let before = state
    optimizer.update(&x, gradient: Tensor([1.0, 1]), state: &state)
    #expect(copy.scalars == [1, 2])
    #expect(before.slots[0][0].scalars == [0, 0])
    #expect(x.scalars == [0, 1])
    #expect(state.slot(0, like: x).scalars == [1, 1])
  }

  @Test func factorsOfTheRateAndFrozenParts() {
    let parameters = ["a": Tensor([1.0, 1]), "b": Tensor([1.0, 1])]
    let ones = parameters.mapLeaves { Tensor.ones(like: $0) }
    let scaled = SGD(learningRate: 0.5).withRateFactors([
      "a": Tensor(0.5), "b": Tensor([1.0, 0]),
    ])
    let moved = scaled.step(
      parameters, gradient: ones, state: scaled.initialState(for: parameters)
    ).parameters
    #expect(moved["a"]!.scalars == [0.75, 0.75])
    #expect(moved["b"]!.scalars == [0.5, 1])

    let frozen = AdamW(learningRate: 0.5, weightDecay: 1).freezing(in: parameters) { $0 == "a" }
    let kept = frozen.step(
      parameters, gradient: ones, state: frozen.initialState(for: parameters)
    ).parameters
    #expect(kept["a"]!.scalars == [1, 1])
    #expect(kept["b"]!.scalars != [1, 1])

    // A factor for elements with Adam is the same as another rate there.
    let adam = Adam(learningRate: 0.5)
    let x = Tensor([1.0, 1])
    let both = adam.withRateFactors(Tensor([1.0, 0.5]))
    let (one, _) = adam.step(x, gradient: x, state: adam.initialState(for: x))
    let (two, _) = both.step(x, gradient: x, state: both.initialState(for: x))
    #expect(isClose(two.scalars, [one.scalars[0], (1 + one.scalars[1]) / 2]).holds)
  }

  @Test func statesAreStoredLikeParameters() throws {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: file) }
    let optimizer = Adam(learningRate: 0.1)
    var x = [Tensor([1.0, 2])]
    var state = optimizer.initialState(for: x)
    optimizer.update(&x, gradient: [Tensor([1.0, 1])], state: &state)
    try state.save(to: file)
    var restored = optimizer.initialState(for: x)
    try restored.load(from: file)
    let gradient = [Tensor([0.5, -1])]
    let continued = optimizer.step(x, gradient: gradient, state: restored)
    optimizer.update(&x, gradient: gradient, state: &state)
    #expect(continued.state.step.item == 2)
    #expect(continued.parameters.leafScalars == x.leafScalars)
  }

  /// An epsilon that the type cannot hold, beside gradients that are zero or whose squares vanish.
  @Test(arguments: [0, 1e-60, 1e-300], [DType.float32, .float64])
  func epsilonsBelowTheRangeOfTheType(_ epsilon: Double, _ dtype: DType) {
    let x = Tensor([1.0, 2, 3, 4], dtype: dtype)
    let tiny = dtype == .float32 ? 1e-30 : 1e-200
    let slope = Tensor([0, 1, -1, tiny], dtype: dtype)
    func check(_ optimizer: some Optimizer) {
      let plain = optimizer.step(x, gradient: slope, state: optimizer.initialState(for: x))
        .parameters
      let (value, tangent) = jvp(at: slope, along: Tensor.zeros(like: slope)) {
        optimizer.step(x, gradient: $0, state: optimizer.initialState(for: x)).parameters
      }
      for numbers in [plain.scalars, value.scalars] {
        #expect(numbers[0] == 1 && numbers[1] < 2 && numbers[2] > 3)
        #expect(abs(numbers[3] - 4) <= 0.11)
      }
      #expect(tangent.scalars.allSatisfy { $0 == 0 })
    }
    check(Adam(learningRate: 0.1, epsilon: epsilon))
    check(AdamW(learningRate: 0.1, epsilon: epsilon, weightDecay: 0))
    check(Adagrad(learningRate: 0.1, epsilon: epsilon))
    check(RMSProp(learningRate: 0.01, epsilon: epsilon))
  }

  @Test func emptyTensorsAndNoTensors() {
    let optimizer = Adam(learningRate: 0.1)
    var empty = [Tensor.zeros([0, 3])]
    var state = optimizer.initialState(for: empty)
    optimizer.update(&empty, gradient: empty, state: &state)
    #expect(empty[0].shape == [0, 3])
    var nothing = EmptyStructure()
    var none = optimizer.initialState(for: nothing)
    optimizer.update(&nothing, gradient: nothing, state: &none)
    #expect(none.step.item == 1)
  }
}
