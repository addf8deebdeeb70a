import Autodiff

/// How a training obtains the gradient of its loss.
public enum GradientRule: Sendable, Hashable {
  /// Reverse mode: exact.
  case reverseMode
  /// See `evolutionStrategies`.
  case evolutionStrategies(standardDeviation: Double, pairs: Int)

  func callAsFunction<Parameters: TensorStructure>(
    at parameters: Parameters, key: RandomKey, of loss: (Parameters) throws -> Tensor
  ) rethrows -> (value: Tensor, gradient: Parameters) {
    switch self {
    case .reverseMode: try valueAndGradient(at: parameters, of: loss)
    case .evolutionStrategies(let deviation, let pairs):
      try NeuralNetworks.evolutionStrategies(
        at: parameters, standardDeviation: deviation, pairs: pairs, key: key, of: loss)
    }
  }
}

/// The value of a loss and an estimate of its gradient by antithetic evolution strategies:
///
///     g = 1/(2 N σ) Σ (L(θ + σ ε) - L(θ - σ ε)) ε,   ε standard normal
public func evolutionStrategies<Parameters: TensorStructure>(
  at parameters: Parameters, standardDeviation: Double, pairs: Int, key: RandomKey,
  of loss: (Parameters) throws -> Tensor
) rethrows -> (value: Tensor, gradient: Parameters) {
  precondition(
    standardDeviation > 0 && pairs > 0,
    "evolutionStrategies: standard deviation \(standardDeviation), \(pairs) pairs")
  let parameters = parameters.stoppingGradient()
  var gradient = parameters.zerosLike
  for pair in 0..<pairs {
    let pairKey = key.folded(in: pair)
    var noise = parameters
    noise.updateLeaves { leaf, index in
      leaf = pairKey.folded(in: index).normal(leaf.shape, dtype: leaf.dtype)
    }
    let (ahead, behind) = (
      try loss(parameters.zipLeaves(noise) { $0 + $1 * standardDeviation }).item,
      try loss(parameters.zipLeaves(noise) { $0 - $1 * standardDeviation }).item
    )
    let factor = (ahead - behind) / (2 * standardDeviation * Double(pairs))
    gradient = gradient.zipLeaves(noise) { $0 + $1 * factor }
  }
  return (try loss(parameters), gradient)
}
