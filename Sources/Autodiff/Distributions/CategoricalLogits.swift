/// Distributions of one of k categories, with the probabilities `softmax(logits)` along the last
/// axis.
///
/// A logit of -infinity is a category of probability 0: it is never drawn, has the log probability
/// -infinity and adds nothing to entropy, divergence and derivatives. If all logits of a
/// distribution are -infinity, or one is NaN or infinity, there is no distribution and the results
/// are NaN.
public struct CategoricalLogits: Distribution {
  /// `[..., k]`
  public var logits: Tensor

  /// - Parameter logits: logarithms of probabilities, up to a constant per distribution; `[...,
  ///   k]`, k >= 1
  public init(logits: Tensor) {
    precondition(
      logits.rank >= 1 && logits.shape[logits.rank - 1] > 0,
      "CategoricalLogits: logits of shape \(logits.shape)")
    self.logits = logits
  }

  /// The number of categories.
  public var categoryCount: Int { logits.shape[logits.rank - 1] }

  /// `[..., k]`
  public var probabilities: Tensor { logits.softmax() }

  public var batchShape: [Int] { Array(logits.shape.dropLast()) }

  /// Categories of shape `[shape..., ...]`; see `RandomKey.categorical`.
  public func sample(_ key: RandomKey, shape: [Int] = []) -> IndexTensor {
    key.categorical(logits, shape: shape)
  }

  /// The log probabilities of categories `[..., batch...]`, each below k.
  public func logDensity(_ x: IndexTensor) -> Tensor {
    let logProbabilities = logits.logSoftmax()
    let isChosen = Tensor.oneHot(x, count: categoryCount, dtype: logits.dtype)
    return select(isChosen, logProbabilities, Tensor(0, dtype: logits.dtype)).sum(axis: -1)
  }

  public func entropy() -> Tensor {
    let logProbabilities = logits.logSoftmax()
    return -productOrZero(exp(logProbabilities), logProbabilities).sum(axis: -1)
  }

  public func kullbackLeibler(to other: CategoricalLogits) -> Tensor {
    precondition(
      categoryCount == other.categoryCount,
      "kullbackLeibler: logits of shape \(logits.shape) and \(other.logits.shape)")
    let logProbabilities = logits.logSoftmax()
    return productOrZero(exp(logProbabilities), logProbabilities - other.logits.logSoftmax())
      .sum(axis: -1)
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("logits", &logits)
  }
}
