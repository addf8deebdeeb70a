import Autodiff

/// `x W + b`.
///
/// The weights may have batch axes in front, one set of weights per example or task (`[B, inputs, outputs]`
/// with `x [B, n, inputs]`), as a hypernetwork or an inner optimization makes them.
public struct Linear: Layer {
  /// W: `[..., inputs, outputs]`.
  public var weight: Tensor
  /// b: `[..., outputs]`; nil for none.
  public var bias: Tensor?

  /// From weights at hand.
  ///
  /// - Parameters:
  ///   - weight: `[..., inputs, outputs]`.
  ///   - bias: `[..., outputs]`.
  public init(weight: Tensor, bias: Tensor? = nil) {
    precondition(weight.rank >= 2, "Linear: a weight of shape \(weight.shape)")
    if let bias {
      precondition(
        bias.shape.last == weight.shape.last,
        "Linear: a weight of shape \(weight.shape), a bias of shape \(bias.shape)")
    }
    self.weight = weight
    self.bias = bias
  }

  /// Random weights and a bias of zeros.
  public init(
    _ inputs: Int, _ outputs: Int, hasBias: Bool = true,
    initializer: Initializer = .glorotUniform, key: RandomKey, dtype: DType = .float32
  ) {
    self.init(
      weight: initializer(
        [inputs, outputs], inputs: inputs, outputs: outputs, key: key, dtype: dtype),
      bias: hasBias ? Tensor.zeros([outputs], dtype: dtype) : nil)
  }

  /// The length of the last axis of what goes in.
  public var inputs: Int { weight.shape[weight.rank - 2] }
  /// The length of the last axis of what comes out.
  public var outputs: Int { weight.shape[weight.rank - 1] }

  /// `x W + b`: `[..., outputs]`.
  ///
  /// - Parameter x: `[..., inputs]`. If the weights have batch axes, those of `[..., n, inputs]` are
  ///   aligned with them at the last one.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    precondition(
      x.shape.last == inputs, "Linear: x of shape \(x.shape), a weight of shape \(weight.shape)")
    if x.rank == 1 { return self(x.expandingAxis(0)).squeezingAxis(-2) }
    let product = matmul(x, weight)
    guard let bias else { return product }
    return product + (bias.rank == 1 ? bias : bias.expandingAxis(-2))
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("weight", &weight)
    visit("bias", &bias)
  }
}
