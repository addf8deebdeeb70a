import Autodiff
import Testing

@Suite struct CustomDerivativeTests {
  @Sendable static func cube(_ x: Tensor) -> Tensor {
    withCustomDerivative(
      named: "cube", at: x, value: { $0 * $0 * $0 },
      vjp: { x, _, cotangent in 3 * square(x) * cotangent },
      jvp: { x, _, tangent in 3 * square(x) * tangent })
  }

  @Test func derivativesOfAnyOrder() {
    var random = TestGenerator(seed: 1)
    DerivativeCheck()([random.tensor([4])]) { Self.cube($0[0]) }
    DerivativeCheck()([random.tensor([4])]) { inputs in
      checkpoint(inputs[0]) { sin($0) * $0 } * inputs[0]
    }
  }

  @Test func derivativeByPlainNumbersHasTheFirstOrder() {
    let x = Tensor(2)
    let slope = gradient(at: x) { x in
      withCustomDerivative(
        named: "plain", at: x, value: { square($0) },
        vjp: { x, _, cotangent in Tensor(2 * x.item * cotangent.item) })
    }
    #expect(slope.item == 4)
  }

  @Test func secondDerivativeByPlainNumbersTraps() async {
    await #expect(processExitsWith: .failure) {
      _ = gradient(at: Tensor(2)) { x in
        gradient(at: x) { x in
          withCustomDerivative(
            named: "plain", at: x, value: { square($0) },
            vjp: { x, _, cotangent in Tensor(2 * x.item * cotangent.item) })
        }
      }
    }
  }

  @Test func linearFunctionMayHaveAConstantDerivative() {
    let product = hessianVectorProduct(at: Tensor(2), along: Tensor(1)) { x in
      square(
        withCustomDerivative(
          named: "triple", at: x, value: { $0 * 3 }, vjp: { _, _, cotangent in cotangent * 3 },
          jvp: { _, _, tangent in tangent * 3 }, isLinear: true))
    }.product
    #expect(product.item == 18)
  }

  @Test func capturedTensorTraps() async {
    await #expect(processExitsWith: .failure) {
      _ = gradient(at: Tensor(2)) { x in checkpoint(x * 2) { $0 * x } }
    }
  }
}

@Suite struct ScanTests {
  static let step: @Sendable (Tensor, Tensor, Int) -> Tensor = { state, context, index in
    tanh(state * context + Double(index) * 0.1)
  }

  static func loss(_ inputs: [Tensor], _ derivative: ScanDerivative, steps: Int = 10) -> Tensor {
    scan(from: inputs[0], with: inputs[1], steps: steps, derivative: derivative, step: step)
  }

  @Test(arguments: [
    ScanDerivative.full, .checkpointed(), .checkpointed(every: 3), .checkpointed(every: 100),
    .truncated(every: 10), .lastSteps(10), .lastSteps(99),
  ])
  func exactOnes(_ derivative: ScanDerivative) {
    var random = TestGenerator(seed: 4)
    DerivativeCheck()([random.tensor([3]), random.tensor([3])]) { Self.loss($0, derivative) }
  }

  @Test func checkpointsGiveTheSameBits() {
    var random = TestGenerator(seed: 6)
    let inputs = random.tensors([[5], [5]])
    let full = gradient(at: inputs) { Self.loss($0, .full).sum() }
    let checkpointed = gradient(at: inputs) { Self.loss($0, .checkpointed()).sum() }
    for (a, b) in zip(full, checkpointed) {
      for (x, y) in zip(a.scalars, b.scalars) { #expect(Swift.abs(x - y) < 1e-15) }
    }
  }

  @Test func truncationStopsTheGradient() {
    let inputs = [Tensor(0.3), Tensor(0.8)]
    let truncated = gradient(at: inputs) { Self.loss($0, .truncated(every: 4)) }
    #expect(truncated[0].item == 0)
    // Steps 8 and 9 are the last part: the same as starting from the state after step 7.
    let state = Self.loss(inputs, .full, steps: 8)
    let expected = gradient(at: inputs[1]) { context in
      Self.step(Self.step(state, context, 8), context, 9)
    }
    #expect(Swift.abs(truncated[1].item - expected.item) < 1e-15)
    let last = gradient(at: inputs) { Self.loss($0, .lastSteps(2)) }
    #expect(last[0].item == 0)
    #expect(Swift.abs(last[1].item - expected.item) < 1e-15)
    #expect(gradient(at: inputs) { Self.loss($0, .lastSteps(0)) }[1].item == 0)
  }

  @Test func outputsOfEveryStep() {
    for derivative in [ScanDerivative.full, .checkpointed(every: 2), .truncated(every: 2)] {
      let (state, outputs) = scan(
        from: Tensor(1), with: Tensor(2), steps: 5, derivative: derivative
      ) { state, context, _ in (state * context, state) }
      #expect(state.item == 32)
      #expect(outputs.map(\.item) == [1, 2, 4, 8, 16])
    }
    let empty = scan(from: Tensor(1), with: Tensor(2), steps: 0, derivative: .checkpointed()) {
      state, context, _ in (state * context, state)
    }
    #expect(empty.state.item == 1 && empty.outputs.isEmpty)
  }
}

@Suite struct TensorStructureTests {
  struct Layer: TensorStructure {
    var weight: Tensor
    var bias: Tensor?
    var size = 3

    mutating func visitTensors(_ visit: inout TensorVisitor) {
      visit("weight", &weight)
      visit("bias", &bias)
    }
  }

  struct Network: TensorStructure {
    var layers: [Layer]
    var scales: [String: Tensor]

    mutating func visitTensors(_ visit: inout TensorVisitor) {
      visit("layers", &layers)
      visit("scales", &scales)
    }
  }

  let network = Network(
    layers: [Layer(weight: Tensor([1, 2]), bias: Tensor(3)), Layer(weight: Tensor(4), bias: nil)],
    scales: ["b": Tensor(6), "a": Tensor(5)])

  @Test func namesAndRebuilding() {
    #expect(
      network.leafNames
        == ["layers.0.weight", "layers.0.bias", "layers.1.weight", "scales.a", "scales.b"])
    #expect(network.leafScalars == [1, 2, 3, 4, 5, 6])
    #expect(network.leafScalarCount == 6)
    #expect(network.mapLeaves { $0 * 2 }.leafScalars == [2, 4, 6, 8, 10, 12])
    #expect(network.zipLeaves(network) { $0 + $1 }.leafScalars == [2, 4, 6, 8, 10, 12])
    #expect(network.replacingLeaves(with: network.leaves.map { -$0 }).layers[1].weight.item == -4)
    #expect(Tensor(1).leafNames == [""])
    #expect(EmptyStructure().leaves.isEmpty)
  }

  @Test func gradientHasTheSameStructure() {
    let slope = gradient(at: network) { network in
      (network.layers[0].weight * network.layers[0].bias!).sum() + network.scales["a"]! * 2
    }
    #expect(slope.leafScalars == [3, 3, 3, 0, 2, 0])
    #expect(slope.layers[0].size == 3)
    let (value, gradients) = valueAndGradient(at: Tensor(2), Tensor(3)) { $0 * $1 }
    #expect(value.item == 6 && gradients.0.item == 3 && gradients.1.item == 2)
  }
}
