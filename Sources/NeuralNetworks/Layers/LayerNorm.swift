import Autodiff

/// Every vector along the last axis brought to mean 0 and variance 1, then scaled and shifted (Ba, Kiros and
/// Hinton 2016): `gain (x - mean) / sqrt(variance + epsilon) + bias`.
public struct LayerNorm: Layer {
  /// `[features]`.
  public var gain: Tensor
  /// `[features]`.
  public var bias: Tensor
  /// Added to the variance.
  public var epsilon: Double

  public init(_ features: Int, epsilon: Double = 1e-5, dtype: DType = .float32) {
    gain = Tensor.ones([features], dtype: dtype)
    bias = Tensor.zeros([features], dtype: dtype)
    self.epsilon = epsilon
  }

  /// `[..., features]`, the same shape.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    precondition(
      x.shape.last == gain.shape.last,
      "LayerNorm: x of shape \(x.shape), \(gain.shape) features")
    if x.count == 0 { return x }
    let centred = x - x.mean(axis: -1, keepsAxis: true)
    let variance = square(centred).mean(axis: -1, keepsAxis: true)
    return centred / sqrt(variance + epsilon) * gain + bias
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("gain", &gain)
    visit("bias", &bias)
  }
}
