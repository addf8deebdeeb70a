import Autodiff

/// Elements set to 0 at random, the others scaled up so that the mean stays (Srivastava et al. 2014).
public struct Dropout: TensorStructure {
  /// The probability of an element to be set to 0, less than 1.
  public var rate: Double

  public init(_ rate: Double) {
    precondition(rate >= 0 && rate < 1, "Dropout: rate \(rate)")
    self.rate = rate
  }

  /// - Parameter key: decides which elements, another key for every call; nil for a network in use, where
  ///   nothing is set to 0.
  public func callAsFunction(_ x: Tensor, key: RandomKey?) -> Tensor {
    guard let key, rate > 0 else { return x }
    return x * (key.bernoulli(x.shape, probability: 1 - rate, dtype: x.dtype) * (1 / (1 - rate)))
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {}
}
