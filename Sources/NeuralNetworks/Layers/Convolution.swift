import Autodiff

/// A convolution of sequences; see `convolution1d`.
public struct Conv1d: Layer {
  /// `[outputs, channels / groups, window]`.
  public var weight: Tensor
  /// `[outputs]`; nil for none.
  public var bias: Tensor?
  public var stride: Int
  public var padding: Int
  public var dilation: Int
  public var groups: Int

  /// Random weights and a bias of zeros.
  ///
  /// - Parameters:
  ///   - channels: of the sequences that go in.
  ///   - outputs: channels of those that come out.
  ///   - window: the length of the kernels.
  public init(
    _ channels: Int, _ outputs: Int, window: Int, stride: Int = 1, padding: Int = 0,
    dilation: Int = 1, groups: Int = 1, hasBias: Bool = true,
    initializer: Initializer = .heNormal, key: RandomKey, dtype: DType = .float32
  ) {
    requireGroups(groups, channels, outputs, "Conv1d")
    weight = initializer(
      [outputs, channels / groups, window], inputs: channels / groups * window,
      outputs: outputs / groups * window, key: key, dtype: dtype)
    bias = hasBias ? Tensor.zeros([outputs], dtype: dtype) : nil
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.groups = groups
  }

  /// `[..., channels, length]` to `[..., outputs, places]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    convolution1d(
      x, weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("weight", &weight)
    visit("bias", &bias)
  }
}

/// A convolution of images; see `convolution2d`.
public struct Conv2d: Layer {
  /// `[outputs, channels / groups, window height, window width]`.
  public var weight: Tensor
  /// `[outputs]`; nil for none.
  public var bias: Tensor?
  public var stride: PlaneSize
  public var padding: PlaneSize
  public var dilation: PlaneSize
  public var groups: Int

  /// Random weights and a bias of zeros.
  ///
  /// - Parameters:
  ///   - channels: of the images that go in.
  ///   - outputs: channels of those that come out.
  ///   - window: the size of the kernels.
  public init(
    _ channels: Int, _ outputs: Int, window: PlaneSize, stride: PlaneSize = 1,
    padding: PlaneSize = 0, dilation: PlaneSize = 1, groups: Int = 1, hasBias: Bool = true,
    initializer: Initializer = .heNormal, key: RandomKey, dtype: DType = .float32
  ) {
    requireGroups(groups, channels, outputs, "Conv2d")
    let places = window.height * window.width
    weight = initializer(
      [outputs, channels / groups, window.height, window.width],
      inputs: channels / groups * places, outputs: outputs / groups * places, key: key,
      dtype: dtype)
    bias = hasBias ? Tensor.zeros([outputs], dtype: dtype) : nil
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.groups = groups
  }

  /// `[..., channels, height, width]` to `[..., outputs, rows, columns]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    convolution2d(
      x, weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("weight", &weight)
    visit("bias", &bias)
  }
}

private func requireGroups(_ groups: Int, _ channels: Int, _ outputs: Int, _ layer: String) {
  precondition(
    groups > 0 && channels % groups == 0 && outputs % groups == 0,
    "\(layer): \(channels) channels and \(outputs) outputs in \(groups) groups")
}
