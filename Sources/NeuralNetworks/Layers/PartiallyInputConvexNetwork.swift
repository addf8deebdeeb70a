import Autodiff

/// A network of two inputs whose outputs are convex functions of y for every x (Amos, Xu and Kolter 2017,
/// equation 3):
///
///     u(i+1) = h(ui Si + si),   u0 = x
///     z(i+1) = g((zi * softplus(ui Ai + ai)) softplus(Vi) + (y * (ui Bi + bi)) Wi + ui Ci + ci)
///
/// with `*` elementwise, without z in the first layer and without g in the last. Where the paper cuts the
/// gates of z off at 0, they are made positive by softplus here, which has a slope everywhere.
public struct PartiallyInputConvexNetwork: TensorStructure {
  /// What goes into one layer of z.
  public struct Level: TensorStructure {
    /// A and a: `[width of u, width of z]`; nil in the first layer.
    public var gate: Linear?
    /// V before softplus: `[width of z, next width of z]`; nil in the first layer.
    public var rawWeight: Tensor?
    /// B and b: `[width of u, length of y]`; b starts at 1.
    public var inputGate: Linear
    /// W: `[length of y, next width of z]`.
    public var inputWeight: Tensor
    /// C and c: `[width of u, next width of z]`.
    public var context: Linear

    public mutating func visitTensors(_ visit: inout TensorVisitor) {
      visit("gate", &gate)
      visit("rawWeight", &rawWeight)
      visit("inputGate", &inputGate)
      visit("inputWeight", &inputWeight)
      visit("context", &context)
    }
  }

  /// S and s, one less than levels.
  public var contextLayers: [Linear]
  public var levels: [Level]
  public var activation: ConvexActivation
  /// h, any function.
  public var contextActivation: Activation

  /// Random weights.
  ///
  /// - Parameters:
  ///   - inputs: the length of y, in which the outputs are convex.
  ///   - contexts: the length of x.
  ///   - hidden: the widths of the hidden layers, of z and of u.
  public init(
    _ inputs: Int, contexts: Int, hidden: [Int], outputs: Int = 1,
    activation: ConvexActivation = .softplus, contextActivation: Activation = .tanh,
    key: RandomKey, dtype: DType = .float32
  ) {
    let sizes = hidden + [outputs]
    let contextSizes = [contexts] + hidden
    let keys = key.split(into: sizes.count)
    levels = sizes.enumerated().map { index, width in
      let keys = keys[index].split(into: 5)
      let u = contextSizes[index]
      let previous = index == 0 ? nil : sizes[index - 1]
      var inputGate = Linear(u, inputs, key: keys[2], dtype: dtype)
      inputGate.bias = Tensor.ones([inputs], dtype: dtype)
      return Level(
        gate: previous.map { Linear(u, $0, key: keys[0], dtype: dtype) },
        rawWeight: previous.map { positiveWeights($0, width, key: keys[1], dtype: dtype) },
        inputGate: inputGate,
        inputWeight: Linear(inputs, width, key: keys[3], dtype: dtype).weight,
        context: Linear(u, width, key: keys[4], dtype: dtype))
    }
    contextLayers = hidden.enumerated().map { index, width in
      Linear(
        contextSizes[index], width, initializer: contextActivation.initializer,
        key: keys[index].folded(in: 0), dtype: dtype)
    }
    self.activation = activation
    self.contextActivation = contextActivation
  }

  /// - Parameters:
  ///   - y: `[..., inputs]`.
  ///   - context: x, `[..., contexts]`, with batch axes that broadcast with those of y.
  /// - Returns: `[..., outputs]`.
  public func callAsFunction(_ y: Tensor, context: Tensor) -> Tensor {
    var u = context
    var z: Tensor?
    for (index, level) in levels.enumerated() {
      var sum = Linear(weight: level.inputWeight)(y * level.inputGate(u)) + level.context(u)
      if let z, let gate = level.gate, let raw = level.rawWeight {
        sum = sum + Linear(weight: softplus(raw))(activation(z) * softplus(gate(u)))
      }
      z = sum
      if index < contextLayers.count { u = contextActivation(contextLayers[index](u)) }
    }
    return z!
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("contextLayers", &contextLayers)
    visit("levels", &levels)
  }
}
