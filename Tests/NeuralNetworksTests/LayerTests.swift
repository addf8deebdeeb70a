import Autodiff
import NeuralNetworks
import Testing
import _TestSupport

/// What layers compute, and their derivatives with respect to parameters and inputs.
struct LayerTests {
  let key = RandomKey(seed: 3)

  /// Derivatives with respect to all parameters, moved off special points such as biases of 0, and the input.
  private func check<Structure: TensorStructure>(
    _ structure: Structure, _ inputs: [Tensor], sourceLocation: SourceLocation = #_sourceLocation,
    _ call: @escaping (Structure, [Tensor]) -> Tensor
  ) {
    var random = TestGenerator(seed: 9)
    let leaves = structure.leaves.map { $0 + random.tensor($0.shape) * 0.3 }
    let count = leaves.count
    DerivativeCheck()(leaves + inputs, sourceLocation: sourceLocation) { all in
      call(structure.replacingLeaves(with: Array(all.prefix(count))), Array(all.dropFirst(count)))
    }
  }

  private func tensor(_ shape: [Int]) -> Tensor { key.folded(in: 99).normal(shape) }

  @Test func linear() {
    let layer = Linear(3, 2, key: key, dtype: .float64)
    #expect(layer.leafNames == ["weight", "bias"])
    let x = tensor([4, 3])
    let y = layer(x)
    #expect(y.shape == [4, 2])
    var expected = 0.0
    for k in 0..<3 { expected += x.scalar(at: 1, k) * layer.weight.scalar(at: k, 1) }
    #expect(isClose(y.scalar(at: 1, 1), expected).holds)
    #expect(layer(tensor([3])).shape == [2])
    #expect(layer(tensor([0, 3])).shape == [0, 2])
    #expect(layer(tensor([2, 5, 3])).shape == [2, 5, 2])
    #expect(Linear(0, 2, key: key)(Tensor.zeros([4, 0], dtype: .float32)).shape == [4, 2])
    check(layer, [x]) { $0($1[0]) }
    check(Linear(3, 2, hasBias: false, key: key, dtype: .float64), [x]) { $0($1[0]) }
  }

  @Test func weightsPerExample() {
    let template = MLP([3, 4, 2], activation: .tanh, key: key, dtype: .float64)
    let vectors = tensor([5, template.leafScalarCount])
    let many = template.unflattened(from: vectors)
    #expect(many.layers[0].weight.shape == [5, 3, 4])
    let x = tensor([5, 6, 3])
    let y = many(x)
    #expect(y.shape == [5, 6, 2])
    for item in 0..<5 {
      let one = template.unflattened(from: vectors.slice(axis: 0, item..<item + 1).squeezingAxis(0))
      let expected = one(x.slice(axis: 0, item..<item + 1).squeezingAxis(0))
      let actual = y.slice(axis: 0, item..<item + 1)
      #expect(isClose(actual.scalars, expected.scalars).holds)
      #expect(one.flattened().scalars == vectors.slice(axis: 0, item..<item + 1).scalars)
    }
    #expect(many.flattened(batchAxes: 1).hasSameElements(as: vectors))
    // Inputs that all examples share.
    #expect(many(tensor([6, 3])).shape == [5, 6, 2])
    check(many, [x]) { $0($1[0]) }
  }

  @Test func multilayerPerceptron() {
    let network = MLP([2, 5, 1], activation: .tanh, key: key, dtype: .float64)
    #expect(
      network.leafNames == [
        "layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias",
      ])
    let x = tensor([4, 2])
    #expect(network(x).hasSameElements(as: network.layers[1](tanh(network.layers[0](x)))))
    let activations: [Activation] = [
      .identity, .elu, .gelu, .silu, .sigmoid, .softplus, .leakyRelu(), .custom { sin($0) },
    ]
    for activation in activations {
      var network = network
      network.activation = activation
      check(network, [x]) { $0($1[0]) }
    }
  }

  @Test func convolutions() {
    let images = Conv2d(
      2, 3, window: PlaneSize(height: 3, width: 2), stride: 2, padding: 1, key: key, dtype: .float64
    )
    let x = tensor([2, 2, 5, 4])
    #expect(images(x).shape == [2, 3, 3, 3])
    check(images, [x]) { $0($1[0]) }
    let sequences = Conv1d(4, 2, window: 3, padding: 1, groups: 2, key: key, dtype: .float64)
    #expect(sequences.weight.shape == [2, 2, 3])
    #expect(sequences(tensor([2, 4, 6])).shape == [2, 2, 6])
    check(sequences, [tensor([2, 4, 6])]) { $0($1[0]) }
  }

  @Test func layerNorm() {
    let layer = LayerNorm(5, dtype: .float64)
    let x = tensor([3, 5])
    let y = layer(x)
    #expect(isClose(y.mean(axis: -1).scalars, [0, 0, 0]).holds)
    #expect(isClose(square(y).mean(axis: -1).scalars, [1, 1, 1], relativeTolerance: 1e-3).holds)
    #expect(layer(Tensor.zeros([0, 5])).shape == [0, 5])
    // Equal elements have variance 0; one feature always has.
    #expect(gradient(at: Tensor.ones([2, 5])) { layer($0).sum() }.isFinite)
    #expect(LayerNorm(1, dtype: .float64)(Tensor([[3.0]])).scalars == [0])
    check(layer, [x]) { $0($1[0]) }
  }

  @Test func embedding() {
    let layer = Embedding(4, 3, key: key, dtype: .float64)
    let indices = IndexTensor([[0, 3], [3, 1]])
    #expect(layer(indices).shape == [2, 2, 3])
    check(layer, []) { layer, _ in layer(indices) }
    // Rows that are read twice get both cotangents.
    let slope = gradient(at: layer) { $0(indices).sum() }
    #expect(slope.table.sum(axis: 1).scalars == [3, 3, 0, 6])
  }

  @Test func recurrentCells() {
    let gru = GRUCell(2, 3, key: key, dtype: .float64)
    check(gru, [tensor([4, 2]), tensor([4, 3])]) { $0($1[0], state: $1[1]) }
    #expect(gru(tensor([2]), state: gru.initialState()).shape == [3])
    let lstm = LSTMCell(2, 3, key: key, dtype: .float64)
    #expect(lstm.bias.scalars == [0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0])
    check(lstm, [tensor([4, 2]), tensor([4, 3])]) { cell, inputs in
      var state = cell.initialState(batch: [4])
      state.cell = inputs[1]
      state = cell(inputs[0], state: state)
      state = cell(inputs[0], state: state)
      return state.hidden + state.cell
    }
  }

  /// By scalar arithmetic, for one number in and one unit.
  @Test func recurrentCellsByHand() {
    func sigma(_ x: Double) -> Double { sigmoid(Tensor(x)).item }
    func tangent(_ x: Double) -> Double { tanh(Tensor(x)).item }
    var gru = GRUCell(1, 1, key: key, dtype: .float64)
    gru.inputWeight = Tensor([[0.5, -0.3, 0.8]])
    gru.stateWeight = Tensor([[0.2, 0.7, -0.6]])
    gru.bias = Tensor([0.1, 0.2, 0.3])
    gru.candidateBias = Tensor([0.4])
    let (x, h) = (1.5, -0.4)
    let r = sigma(0.5 * x + 0.2 * h + 0.1)
    let z = sigma(-0.3 * x + 0.7 * h + 0.2)
    let n = tangent(0.8 * x + 0.3 + r * (-0.6 * h + 0.4))
    #expect(isClose(gru(Tensor([x]), state: Tensor([h])).item, (1 - z) * n + z * h).holds)

    var lstm = LSTMCell(1, 1, key: key, dtype: .float64)
    lstm.inputWeight = Tensor([[0.5, -0.3, 0.8, 0.9]])
    lstm.stateWeight = Tensor([[0.2, 0.7, -0.6, 0.1]])
    lstm.bias = Tensor([0.1, 0.2, 0.3, 0.4])
    let c = 0.7
    let next = lstm(
      Tensor([x]), state: LSTMCell.State(hidden: Tensor([h]), cell: Tensor([c])))
    let i = sigma(0.5 * x + 0.2 * h + 0.1)
    let f = sigma(-0.3 * x + 0.7 * h + 0.2)
    let g = tangent(0.8 * x - 0.6 * h + 0.3)
    let o = sigma(0.9 * x + 0.1 * h + 0.4)
    #expect(isClose(next.cell.item, f * c + i * g).holds)
    #expect(isClose(next.hidden.item, o * tangent(f * c + i * g)).holds)
  }

  @Test func residualBlockAndDropout() {
    let block = ResidualBlock(MLP([3, 4, 3], activation: .tanh, key: key, dtype: .float64))
    let x = tensor([2, 3])
    #expect(block(x).hasSameElements(as: x + block.body(x)))
    check(block, [x]) { $0($1[0]) }

    let dropout = Dropout(0.25)
    let ones = Tensor.ones([100, 100])
    #expect(dropout(ones, key: nil).hasSameElements(as: ones))
    let dropped = dropout(ones, key: key)
    #expect(Set(dropped.scalars) == [0, 1 / 0.75])
    // 7500 expected of 10000, standard deviation 43.
    #expect((7300...7700).contains(dropped.scalars.count { $0 > 0 }))
    #expect(dropout(ones, key: key).hasSameElements(as: dropped))
    #expect(!dropout(ones, key: key.folded(in: 1)).hasSameElements(as: dropped))
  }
}
