/// A probability distribution, or a batch of them, whose parameters are tensors.
///
/// The last axis of samples and parameters is the *event*: one draw, whose log density is a single
/// number. The axes in front are the batch, a distribution each; parameters may have fewer, they
/// are broadcast. So for parameters `[..., n]` a sample is `[..., n]` and its log density `[...]`.
/// (A category is an event without an axis; see `CategoricalLogits`.)
///
/// Distributions are structures of tensors: derivatives can be taken with respect to one, or to
/// what its parameters were computed from.
///
/// ```swift
/// let policy = DiagonalGaussian(mean: network(state), logStandardDeviation: logStandardDeviation)
/// let action = policy.sample(key)  // differentiable with respect to mean and deviation
/// let loss = -policy.logDensity(observedAction).mean() - 0.01 * policy.entropy().mean()
/// ```
public protocol Distribution<Sample>: TensorStructure {
  /// What is drawn: a tensor, or positions.
  associatedtype Sample

  /// The lengths of the batch axes.
  var batchShape: [Int] { get }

  /// Random draws, `[shape..., batch..., event]`.
  ///
  /// Draws of the continuous distributions are differentiable with respect to the parameters: they
  /// are functions of parameters and of noise that only depends on the key (Kingma and Welling
  /// 2014). Draws of the discrete ones are constants.
  func sample(_ key: RandomKey, shape: [Int]) -> Sample

  /// The logarithm of the density, or of the probability for the discrete ones, at `x`: `[...,
  /// batch...]` for x `[..., batch..., event]`.
  func logDensity(_ x: Sample) -> Tensor

  /// The mean of `-logDensity`, of the batch's shape, in nats.
  func entropy() -> Tensor

  /// The Kullback-Leibler divergence from this distribution p to another one q, the mean under p of
  /// `log p - log q`, of the batches' common shape; infinite where q excludes what p allows.
  func kullbackLeibler(to other: Self) -> Tensor
}

extension Distribution {
  /// One random draw for each distribution of the batch.
  public func sample(_ key: RandomKey) -> Sample { sample(key, shape: []) }
}

/// log(2 pi) / 2
let halfLogTwoPi = 0.9189385332046727
/// log(2)
let logTwo = 0.6931471805599453

/// `weight * value`, and 0 where the weight is 0, whatever the value: `0 log 0`. It has no NaN in
/// its derivatives either.
func productOrZero(_ weight: Tensor, _ value: Tensor) -> Tensor {
  let shape = broadcastShape(weight.shape, value.shape, "productOrZero")
  let (weight, value) = (weight.broadcast(to: shape), value.broadcast(to: shape))
  return weight * select(weight .== 0, Tensor.zeros(like: value), value)
}

/// The common shape of the parameters of a distribution, whose last axis is the event.
func eventShape(_ a: Tensor, _ b: Tensor, _ name: String) -> [Int] {
  requireSameType(a, b, name)
  let shape = broadcastShape(a.shape, b.shape, name)
  precondition(!shape.isEmpty, "\(name): parameters of shape \(a.shape) and \(b.shape)")
  return shape
}
