import Autodiff

/// The step of a gated recurrent unit (Cho et al. 2014, in the variant of cuDNN and PyTorch):
///
///     r = sigmoid(x Wr + h Ur + br),   z = sigmoid(x Wz + h Uz + bz)
///     n = tanh(x Wn + bn + r (h Un + cn))
///     h' = (1 - z) n + z h
public struct GRUCell: TensorStructure {
  /// Wr, Wz and Wn beside each other: `[inputs, 3 width]`.
  public var inputWeight: Tensor
  /// Ur, Uz and Un beside each other: `[width, 3 width]`.
  public var stateWeight: Tensor
  /// br, bz and bn: `[3 width]`.
  public var bias: Tensor
  /// cn: `[width]`.
  public var candidateBias: Tensor

  /// Random weights, the state's orthogonal.
  public init(
    _ inputs: Int, _ width: Int, initializer: Initializer = .glorotUniform, key: RandomKey,
    dtype: DType = .float32
  ) {
    let (inputKey, stateKey) = key.split()
    inputWeight = gates(3, initializer, inputs, width, inputKey, dtype)
    stateWeight = gates(3, .orthogonal(), width, width, stateKey, dtype)
    bias = Tensor.zeros([3 * width], dtype: dtype)
    candidateBias = Tensor.zeros([width], dtype: dtype)
  }

  /// The length of the state.
  public var width: Int { stateWeight.shape[0] }

  /// A state of zeros, `[batch..., width]`.
  public func initialState(batch: [Int] = []) -> Tensor {
    Tensor.zeros(batch + [width], dtype: stateWeight.dtype)
  }

  /// The next state.
  ///
  /// - Parameters:
  ///   - x: `[..., inputs]`.
  ///   - state: `[..., width]`.
  public func callAsFunction(_ x: Tensor, state: Tensor) -> Tensor {
    let width = width
    let fromInput = Linear(weight: inputWeight, bias: bias)(x)
    let fromState = Linear(weight: stateWeight)(state)
    func part(_ tensor: Tensor, _ first: Int, _ last: Int) -> Tensor {
      tensor.slice(axis: -1, first * width..<last * width)
    }
    let openings = sigmoid(part(fromInput, 0, 2) + part(fromState, 0, 2))
    let reset = part(openings, 0, 1)
    let keep = part(openings, 1, 2)
    let candidate = tanh(
      part(fromInput, 2, 3) + reset * (part(fromState, 2, 3) + candidateBias))
    return candidate + keep * (state - candidate)
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("inputWeight", &inputWeight)
    visit("stateWeight", &stateWeight)
    visit("bias", &bias)
    visit("candidateBias", &candidateBias)
  }
}

/// The step of a long short-term memory (Hochreiter and Schmidhuber 1997; with forget gates, Gers, Schmidhuber
/// and Cummins 2000):
///
///     i, f, o = sigmoid(x W + h U + b),   g = tanh(x Wg + h Ug + bg)
///     c' = f c + i g,   h' = o tanh(c')
public struct LSTMCell: TensorStructure {
  /// What goes from step to step.
  public struct State: TensorStructure {
    /// h: `[..., width]`, the output of the step.
    public var hidden: Tensor
    /// c: `[..., width]`.
    public var cell: Tensor

    public init(hidden: Tensor, cell: Tensor) {
      self.hidden = hidden
      self.cell = cell
    }

    public mutating func visitTensors(_ visit: inout TensorVisitor) {
      visit("hidden", &hidden)
      visit("cell", &cell)
    }
  }

  /// For i, f, g and o beside each other: `[inputs, 4 width]`.
  public var inputWeight: Tensor
  /// For i, f, g and o beside each other: `[width, 4 width]`.
  public var stateWeight: Tensor
  /// For i, f, g and o: `[4 width]`.
  public var bias: Tensor

  /// Random weights, the state's orthogonal; the bias is `forgetBias` for f, which lets the memory last
  /// at first (Jozefowicz, Zaremba and Sutskever 2015), and 0 for the others.
  public init(
    _ inputs: Int, _ width: Int, initializer: Initializer = .glorotUniform,
    forgetBias: Double = 1, key: RandomKey, dtype: DType = .float32
  ) {
    let (inputKey, stateKey) = key.split()
    inputWeight = gates(4, initializer, inputs, width, inputKey, dtype)
    stateWeight = gates(4, .orthogonal(), width, width, stateKey, dtype)
    bias = concatenate([
      Tensor.zeros([width], dtype: dtype),
      Tensor(repeating: forgetBias, shape: [width], dtype: dtype),
      Tensor.zeros([2 * width], dtype: dtype),
    ])
  }

  /// The length of the state's parts.
  public var width: Int { stateWeight.shape[0] }

  /// A state of zeros, `[batch..., width]`.
  public func initialState(batch: [Int] = []) -> State {
    let zeros = Tensor.zeros(batch + [width], dtype: stateWeight.dtype)
    return State(hidden: zeros, cell: zeros)
  }

  /// The next state.
  ///
  /// - Parameter x: `[..., inputs]`.
  public func callAsFunction(_ x: Tensor, state: State) -> State {
    let width = width
    let sums =
      Linear(weight: inputWeight, bias: bias)(x) + Linear(weight: stateWeight)(state.hidden)
    func part(_ tensor: Tensor, _ first: Int, _ last: Int) -> Tensor {
      tensor.slice(axis: -1, first * width..<last * width)
    }
    let openings = sigmoid(part(sums, 0, 2))
    let cell =
      part(openings, 1, 2) * state.cell + part(openings, 0, 1) * tanh(part(sums, 2, 3))
    return State(hidden: sigmoid(part(sums, 3, 4)) * tanh(cell), cell: cell)
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("inputWeight", &inputWeight)
    visit("stateWeight", &stateWeight)
    visit("bias", &bias)
  }
}

/// The weights of several gates beside each other, each drawn by itself: `[inputs, count * width]`.
private func gates(
  _ count: Int, _ initializer: Initializer, _ inputs: Int, _ width: Int, _ key: RandomKey,
  _ dtype: DType
) -> Tensor {
  concatenate(
    key.split(into: count).map {
      initializer([inputs, width], inputs: inputs, outputs: width, key: $0, dtype: dtype)
    }, axis: -1)
}
