import Autodiff

/// Stochastic gradient descent, with momentum (Polyak 1964; Nesterov 1983) and weight decay where asked for:
///
///     d = g + weightDecay x
///     m = momentum m + d
///     x = x - learningRate m                 (Nesterov: d + momentum m in place of m)
public struct SGD: Optimizer {
  public var learningRate: Tensor
  /// Nil for none; zero remembers a velocity nevertheless, so that its derivative can be asked for.
  public var momentum: Tensor?
  /// The factor of the parameters that is added to their gradient; nil for none.
  public var weightDecay: Tensor?
  /// Whether the step looks ahead along the momentum.
  public var isNesterov: Bool

  /// With hyperparameters that may be differentiated, scalars of either type.
  public init(
    learningRate: Tensor, momentum: Tensor? = nil, weightDecay: Tensor? = nil,
    isNesterov: Bool = false
  ) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.isNesterov = isNesterov
  }

  public init(
    learningRate: Double, momentum: Double? = nil, weightDecay: Double? = nil,
    isNesterov: Bool = false
  ) {
    self.init(
      learningRate: Tensor(learningRate), momentum: momentum.map { Tensor($0) },
      weightDecay: weightDecay.map { Tensor($0) }, isNesterov: isNesterov)
  }

  public var slotCount: Int { momentum == nil ? 0 : 1 }

  public func updateTensor(
    _ parameter: inout Tensor, gradient: Tensor, slots: inout [Tensor], at place: UpdatePlace
  ) {
    if isPlain(parameter, gradient, slots, place, learningRate, momentum, weightDecay) {
      return updateInPlace(&parameter, gradient, &slots, plainRate(place))
    }
    var direction = gradient
    if let weightDecay { direction = direction + parameter.scaled(by: weightDecay) }
    if let momentum {
      slots[0] = slots[0].scaled(by: momentum) + direction
      direction = isNesterov ? direction + slots[0].scaled(by: momentum) : slots[0]
    }
    parameter = parameter - scaledByRate(direction, place)
  }

  private func updateInPlace(
    _ parameter: inout Tensor, _ gradient: Tensor, _ slots: inout [Tensor], _ rate: Double
  ) {
    let decay = weightDecay?.item ?? 0
    if let momentum = momentum?.item {
      slots[0].scaleInPlace(by: momentum)
      slots[0].addInPlace(gradient, scale: 1)
      if decay != 0 { slots[0].addInPlace(parameter, scale: decay) }
      if !isNesterov { return parameter.addInPlace(slots[0], scale: -rate) }
      parameter.scaleInPlace(by: 1 - rate * decay)
      parameter.addInPlace(slots[0], scale: -rate * momentum)
    } else {
      parameter.scaleInPlace(by: 1 - rate * decay)
    }
    parameter.addInPlace(gradient, scale: -rate)
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("learningRate", &learningRate)
    visit("momentum", &momentum)
    visit("weightDecay", &weightDecay)
  }
}
