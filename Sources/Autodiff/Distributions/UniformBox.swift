/// Uniform distributions over boxes, `low <= x <= high` for every element.
///
/// Every `high` should be above its `low`: a flat box has an infinite density, and with `high`
/// below `low` log density and entropy are NaN.
public struct UniformBox: Distribution {
  /// `[..., n]`
  public var low: Tensor
  /// `[..., n]`
  public var high: Tensor

  /// - Parameters:
  ///   - low: `[..., n]`
  ///   - high: `[..., n]`; the two are broadcast to one shape, of one axis at least.
  public init(low: Tensor, high: Tensor) {
    _ = Autodiff.eventShape(low, high, "UniformBox")
    self.low = low
    self.high = high
  }

  public var batchShape: [Int] { Array(eventShape.dropLast()) }

  private var eventShape: [Int] { Autodiff.eventShape(low, high, "UniformBox") }

  /// The logarithm of the width of every element.
  private var logWidth: Tensor { log(high - low) }

  /// `low + (high - low) * noise`
  public func sample(_ key: RandomKey, shape: [Int] = []) -> Tensor {
    low + (high - low) * key.uniform(shape + eventShape, dtype: low.dtype)
  }

  /// Minus the logarithm of the volume inside, bounds included; -infinity outside.
  public func logDensity(_ x: Tensor) -> Tensor {
    let isInside = (x .>= low) * (x .<= high)
    return select(isInside, -logWidth, Tensor(-.infinity, dtype: x.dtype)).sum(axis: -1)
  }

  /// The logarithm of the volume.
  public func entropy() -> Tensor { logWidth.sum(axis: -1) }

  /// The logarithm of the ratio of the volumes if the other box contains this one, else infinity.
  public func kullbackLeibler(to other: UniformBox) -> Tensor {
    let isContained = (low .>= other.low) * (high .<= other.high)
    return select(
      isContained, other.logWidth - logWidth, Tensor(.infinity, dtype: low.dtype)
    ).sum(axis: -1)
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("low", &low)
    visit("high", &high)
  }
}
