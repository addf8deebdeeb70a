import Autodiff

/// A multilayer perceptron: linear layers with an activation between them.
///
/// ```swift
/// let network = MLP([2, 64, 64, 1], activation: .tanh, key: RandomKey(seed: 1))
/// let y = network(x)  // [n, 2] -> [n, 1]
/// ```
///
/// As in `Linear`, the weights may have batch axes in front.
public struct MLP: Layer {
  /// One layer less than sizes.
  public var layers: [Linear]
  /// Between the layers.
  public var activation: Activation
  /// After the last layer.
  public var outputActivation: Activation

  /// From layers at hand.
  public init(
    layers: [Linear], activation: Activation = .relu, outputActivation: Activation = .identity
  ) {
    self.layers = layers
    self.activation = activation
    self.outputActivation = outputActivation
  }

  /// Random weights.
  ///
  /// - Parameters:
  ///   - sizes: the number of inputs, the hidden widths, the number of outputs.
  ///   - initializer: of the weights; nil takes the usual one for each layer's activation. Biases are zero.
  public init(
    _ sizes: [Int], activation: Activation = .relu, outputActivation: Activation = .identity,
    hasBias: Bool = true, initializer: Initializer? = nil, key: RandomKey, dtype: DType = .float32
  ) {
    precondition(sizes.count >= 2, "MLP: sizes \(sizes); at least inputs and outputs are needed")
    let last = sizes.count - 2
    self.init(
      layers: key.split(into: sizes.count - 1).enumerated().map { index, key in
        Linear(
          sizes[index], sizes[index + 1], hasBias: hasBias,
          initializer: initializer
            ?? (index == last ? outputActivation : activation).initializer,
          key: key, dtype: dtype)
      },
      activation: activation, outputActivation: outputActivation)
  }

  /// `[..., inputs]` to `[..., outputs]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    var y = x
    for index in layers.indices {
      y = layers[index](y)
      y = index < layers.count - 1 ? activation(y) : outputActivation(y)
    }
    return y
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("layers", &layers)
  }
}
