/// Vectors of independent zeros and ones, one with the probability `sigmoid(logits)`.
///
/// Logits may have any size, infinities included: what is certain then has the log probability 0,
/// what is impossible -infinity.
public struct BernoulliLogits: Distribution {
  /// `[..., n]`
  public var logits: Tensor

  /// - Parameter logits: `log(p / (1 - p))` for the probabilities p of a one, `[..., n]`
  public init(logits: Tensor) {
    precondition(logits.rank >= 1, "BernoulliLogits: logits of shape \(logits.shape)")
    self.logits = logits
  }

  /// The probabilities of a one.
  public var probabilities: Tensor { sigmoid(logits) }

  public var batchShape: [Int] { Array(logits.shape.dropLast()) }

  /// Zeros and ones `[shape..., ..., n]`, a constant for every derivative.
  public func sample(_ key: RandomKey, shape: [Int] = []) -> Tensor {
    let unit = key.uniform(shape + logits.shape, dtype: logits.dtype)
    return unit .< sigmoid(logits.detached)
  }

  /// The sum over the last axis of `x log(p) + (1 - x) log(1 - p)`, for x in 0 ... 1.
  public func logDensity(_ x: Tensor) -> Tensor {
    -(productOrZero(x, softplus(-logits)) + productOrZero(1 - x, softplus(logits))).sum(axis: -1)
  }

  public func entropy() -> Tensor { expectation(softplus(-limited), softplus(limited)) }

  public func kullbackLeibler(to other: BernoulliLogits) -> Tensor {
    expectation(
      softplus(-other.logits) - softplus(-limited), softplus(other.logits) - softplus(limited))
  }

  /// Logits without infinities: beyond 1000 probabilities are exactly 0 and 1, and the entropy's
  /// terms 0.
  private var limited: Tensor { clip(logits, -1000, 1000) }

  /// The sum over the last axis of the mean of a function of x, from its values at 1 and 0.
  private func expectation(_ one: Tensor, _ zero: Tensor) -> Tensor {
    (productOrZero(sigmoid(limited), one) + productOrZero(sigmoid(-limited), zero)).sum(axis: -1)
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("logits", &logits)
  }
}
