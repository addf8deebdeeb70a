import Autodiff

/// RMSProp (Tieleman and Hinton 2012): steps divided by a running root mean square of the gradients.
///
///     v = smoothing v + (1 - smoothing) g^2
///     x = x - learningRate g / (sqrt(v) + epsilon)
///
/// With momentum the quotient is added up, `m = momentum m + g / (sqrt(v) + epsilon)`, and x moves along m.
///
/// The root's derivative at v = 0 counts as 0; see `Adam` for what that means.
public struct RMSProp: Optimizer {
  public var learningRate: Tensor
  public var smoothing: Tensor
  public var epsilon: Tensor
  /// Nil for none.
  public var momentum: Tensor?
  /// The factor of the parameters that is added to their gradient; nil for none.
  public var weightDecay: Tensor?

  /// With hyperparameters that may be differentiated, scalars of either type.
  public init(
    learningRate: Tensor, smoothing: Tensor = Tensor(0.99), epsilon: Tensor = Tensor(1e-8),
    momentum: Tensor? = nil, weightDecay: Tensor? = nil
  ) {
    self.learningRate = learningRate
    self.smoothing = smoothing
    self.epsilon = epsilon
    self.momentum = momentum
    self.weightDecay = weightDecay
  }

  public init(
    learningRate: Double, smoothing: Double = 0.99, epsilon: Double = 1e-8,
    momentum: Double? = nil, weightDecay: Double? = nil
  ) {
    self.init(
      learningRate: Tensor(learningRate), smoothing: Tensor(smoothing), epsilon: Tensor(epsilon),
      momentum: momentum.map { Tensor($0) }, weightDecay: weightDecay.map { Tensor($0) })
  }

  public var slotCount: Int { momentum == nil ? 1 : 2 }

  public func updateTensor(
    _ parameter: inout Tensor, gradient: Tensor, slots: inout [Tensor], at place: UpdatePlace
  ) {
    var gradient = gradient
    if let weightDecay { gradient = gradient + parameter.scaled(by: weightDecay) }
    slots[0] = slots[0].averaged(with: square(gradient), weight: smoothing)
    var move =
      gradient / slots[0].rootWithFlatZero().shifted(by: epsilon.usable(in: parameter.dtype))
    if let momentum {
      move = slots[1].scaled(by: momentum) + move
      slots[1] = move
    }
    parameter = parameter - scaledByRate(move, place)
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("learningRate", &learningRate)
    visit("smoothing", &smoothing)
    visit("epsilon", &epsilon)
    visit("momentum", &momentum)
    visit("weightDecay", &weightDecay)
  }
}
