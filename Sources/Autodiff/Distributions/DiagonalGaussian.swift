/// Normal distributions of vectors with independent elements, `N(mean,
/// exp(logStandardDeviation)^2)`.
///
/// A deviation of exactly 0 (a logarithm of -infinity) can be drawn from but has no density: NaN at
/// the mean.
public struct DiagonalGaussian: Distribution {
  /// `[..., n]`
  public var mean: Tensor
  /// The natural logarithm of the standard deviation, `[..., n]`
  public var logStandardDeviation: Tensor

  /// - Parameters:
  ///   - mean: `[..., n]`
  ///   - logStandardDeviation: `[..., n]`; the two are broadcast to one shape, of one axis at
  ///     least.
  public init(mean: Tensor, logStandardDeviation: Tensor) {
    _ = Autodiff.eventShape(mean, logStandardDeviation, "DiagonalGaussian")
    self.mean = mean
    self.logStandardDeviation = logStandardDeviation
  }

  /// The standard normal distribution of vectors of n elements.
  public static func standard(_ shape: [Int], dtype: DType = .float64) -> DiagonalGaussian {
    let zeros = Tensor.zeros(shape, dtype: dtype)
    return DiagonalGaussian(mean: zeros, logStandardDeviation: zeros)
  }

  public var standardDeviation: Tensor { exp(logStandardDeviation) }

  public var batchShape: [Int] { Array(eventShape.dropLast()) }

  private var eventShape: [Int] {
    Autodiff.eventShape(mean, logStandardDeviation, "DiagonalGaussian")
  }

  /// `mean + standardDeviation * noise`
  public func sample(_ key: RandomKey, shape: [Int] = []) -> Tensor {
    mean + exp(logStandardDeviation) * key.normal(shape + eventShape, dtype: mean.dtype)
  }

  /// The sum over the last axis of `-((x - mean) / deviation)^2 / 2 - log(deviation) - log(2 pi) /
  /// 2`.
  public func logDensity(_ x: Tensor) -> Tensor {
    let z = (x - mean) * exp(-logStandardDeviation)
    return (square(z) * -0.5 - logStandardDeviation - halfLogTwoPi).sum(axis: -1)
  }

  /// The sum over the last axis of `log(deviation) + (1 + log(2 pi)) / 2`.
  public func entropy() -> Tensor {
    (logStandardDeviation.broadcast(to: eventShape) + (0.5 + halfLogTwoPi)).sum(axis: -1)
  }

  /// The sum over the last axis of `log(sq / sp) + (sp^2 + (mp - mq)^2) / (2 sq^2) - 1/2` for means
  /// mp, mq and deviations sp, sq.
  public func kullbackLeibler(to other: DiagonalGaussian) -> Tensor {
    let ratio = (logStandardDeviation - other.logStandardDeviation) * 2
    let distance = (mean - other.mean) * exp(-other.logStandardDeviation)
    return ((expm1(ratio) - ratio + square(distance)) * 0.5).sum(axis: -1)
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("mean", &mean)
    visit("logStandardDeviation", &logStandardDeviation)
  }
}
