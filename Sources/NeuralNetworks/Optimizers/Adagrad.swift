import Autodiff

/// Adagrad (Duchi, Hazan and Singer 2011): steps divided by the root of all squared gradients so far.
///
///     s = s + g^2
///     x = x - learningRate g / (sqrt(s) + epsilon)
///
/// The root's derivative at s = 0 counts as 0; see `Adam` for what that means.
public struct Adagrad: Optimizer {
  public var learningRate: Tensor
  public var epsilon: Tensor
  /// The factor of the parameters that is added to their gradient; nil for none.
  public var weightDecay: Tensor?

  /// With hyperparameters that may be differentiated, scalars of either type.
  public init(
    learningRate: Tensor, epsilon: Tensor = Tensor(1e-10), weightDecay: Tensor? = nil
  ) {
    self.learningRate = learningRate
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  public init(learningRate: Double, epsilon: Double = 1e-10, weightDecay: Double? = nil) {
    self.init(
      learningRate: Tensor(learningRate), epsilon: Tensor(epsilon),
      weightDecay: weightDecay.map { Tensor($0) })
  }

  public var slotCount: Int { 1 }

  public func updateTensor(
    _ parameter: inout Tensor, gradient: Tensor, slots: inout [Tensor], at place: UpdatePlace
  ) {
    var gradient = gradient
    if let weightDecay { gradient = gradient + parameter.scaled(by: weightDecay) }
    slots[0] = slots[0] + square(gradient)
    let move =
      gradient / slots[0].rootWithFlatZero().shifted(by: epsilon.usable(in: parameter.dtype))
    parameter = parameter - scaledByRate(move, place)
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("learningRate", &learningRate)
    visit("epsilon", &epsilon)
    visit("weightDecay", &weightDecay)
  }
}
