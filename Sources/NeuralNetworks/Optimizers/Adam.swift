import Autodiff
import CKernels
import LinearAlgebra

/// Adam (Kingma and Ba 2015):
///
///     m = beta1 m + (1 - beta1) g,   v = beta2 v + (1 - beta2) g^2
///     x = x - learningRate m' / (sqrt(v' + rootEpsilon) + epsilon)
///
/// with m' = m / (1 - beta1^t) and v' = v / (1 - beta2^t) in step t. Weight decay, if any, is added to the
/// gradient; see `AdamW` for the other kind.
///
/// Derivatives through a step are defined everywhere: where all gradients of an element have been 0 so far,
/// the root's derivative counts as 0, which is exact, for it is multiplied by m = 0. The step's slope with
/// respect to the gradient is then `learningRate / epsilon` in the first step, which is correct and enormous; a
/// `rootEpsilon` of about 1e-8 makes such derivatives usable.
public struct Adam: Optimizer {
  public var learningRate: Tensor
  public var beta1: Tensor
  public var beta2: Tensor
  /// Added to the root. One below the root of the least normal number of the parameters' type (1e-19 in float32,
  /// 1.5e-154 in float64) counts as that: smaller gradients have no square, and 0 / 0 would be left.
  public var epsilon: Tensor
  /// Added under the root, for derivatives through steps; nil for none.
  public var rootEpsilon: Tensor?
  /// The factor of the parameters that is added to their gradient; nil for none.
  public var weightDecay: Tensor?

  /// With hyperparameters that may be differentiated, scalars of either type.
  public init(
    learningRate: Tensor, beta1: Tensor = Tensor(0.9), beta2: Tensor = Tensor(0.999),
    epsilon: Tensor = Tensor(1e-8), rootEpsilon: Tensor? = nil, weightDecay: Tensor? = nil
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.rootEpsilon = rootEpsilon
    self.weightDecay = weightDecay
  }

  public init(
    learningRate: Double, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    rootEpsilon: Double? = nil, weightDecay: Double? = nil
  ) {
    self.init(
      learningRate: Tensor(learningRate), beta1: Tensor(beta1), beta2: Tensor(beta2),
      epsilon: Tensor(epsilon), rootEpsilon: rootEpsilon.map { Tensor($0) },
      weightDecay: weightDecay.map { Tensor($0) })
  }

  public var slotCount: Int { 2 }

  public func updateTensor(
    _ parameter: inout Tensor, gradient: Tensor, slots: inout [Tensor], at place: UpdatePlace
  ) {
    var gradient = gradient
    if let weightDecay { gradient = gradient + parameter.scaled(by: weightDecay) }
    move(&parameter, gradient, &slots, place, decay: nil)
  }

  /// One step with `decay`, if any, apart from the moments.
  func move(
    _ parameter: inout Tensor, _ gradient: Tensor, _ slots: inout [Tensor], _ place: UpdatePlace,
    decay: Tensor?
  ) {
    if rootEpsilon == nil,
      isPlain(
        parameter, gradient, slots, place, learningRate, beta1, beta2, epsilon, decay)
    {
      return moveInPlace(
        &parameter, gradient, &slots, step: place.step, rate: plainRate(place),
        decay: decay?.item ?? 0)
    }
    slots[0] = slots[0].averaged(with: gradient, weight: beta1)
    slots[1] = slots[1].averaged(with: square(gradient), weight: beta2)
    let t = Double(place.step)
    let mean = slots[0].scaled(by: 1 / (1 - pow(beta1, t)))
    var variance = slots[1].scaled(by: 1 / (1 - pow(beta2, t)))
    if let rootEpsilon { variance = variance.shifted(by: rootEpsilon) }
    var move = mean / variance.rootWithFlatZero().shifted(by: epsilon.usable(in: parameter.dtype))
    if let decay { move = move + parameter.scaled(by: decay) }
    parameter = parameter - scaledByRate(move, place)
  }

  private func moveInPlace(
    _ parameter: inout Tensor, _ gradient: Tensor, _ slots: inout [Tensor], step: Int,
    rate: Double, decay: Double
  ) {
    let (beta1, beta2) = (beta1.item, beta2.item)
    let epsilon = epsilon.usable(in: parameter.dtype).item
    let correction1 = 1 - power(beta1, step)
    let correction2 = 1 - power(beta2, step)
    let (type, count) = (parameter.typeCode, parameter.count)
    let (m, v, x) = (slots[0].ownMemory(), slots[1].ownMemory(), parameter.ownMemory())
    // Parts of about 40 microseconds.
    let size = parameter.dtype.byteCount
    nonisolated(unsafe) let (g, m2, v2, x2) = (gradient.memory, m, v, x)
    forEachFixedPart(of: count, partCount: count / 16_384, multiple: 64) { part in
      let offset = part.lowerBound * size
      tk_adam(
        type, part.count, rate, beta1, beta2, epsilon, decay, correction1, correction2, g + offset,
        m2 + offset, v2 + offset, x2 + offset)
    }
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("learningRate", &learningRate)
    visit("beta1", &beta1)
    visit("beta2", &beta2)
    visit("epsilon", &epsilon)
    visit("rootEpsilon", &rootEpsilon)
    visit("weightDecay", &weightDecay)
  }
}

/// Adam with weight decay apart from the gradient (Loshchilov and Hutter 2019): beside Adam's step,
/// `x = x - learningRate weightDecay x`.
public struct AdamW: Optimizer {
  /// The method without decay.
  public var adam: Adam
  public var weightDecay: Tensor

  public var learningRate: Tensor {
    get { adam.learningRate }
    set { adam.learningRate = newValue }
  }

  /// - Parameter adam: with hyperparameters that may be differentiated; its own weight decay, if any, is
  ///   added to the gradient as well.
  public init(_ adam: Adam, weightDecay: Tensor) {
    self.adam = adam
    self.weightDecay = weightDecay
  }

  public init(
    learningRate: Double, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    weightDecay: Double = 0.01
  ) {
    self.init(
      Adam(learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon),
      weightDecay: Tensor(weightDecay))
  }

  public var slotCount: Int { adam.slotCount }

  public func updateTensor(
    _ parameter: inout Tensor, gradient: Tensor, slots: inout [Tensor], at place: UpdatePlace
  ) {
    var gradient = gradient
    if let decay = adam.weightDecay { gradient = gradient + parameter.scaled(by: decay) }
    adam.move(&parameter, gradient, &slots, place, decay: weightDecay)
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("adam", &adam)
    visit("weightDecay", &weightDecay)
  }
}

/// `base` to a whole power, by squaring.
private func power(_ base: Double, _ exponent: Int) -> Double {
  var (result, square, remaining) = (1.0, base, exponent)
  while remaining > 0 {
    if remaining & 1 == 1 { result *= square }
    square *= square
    remaining >>= 1
  }
  return result
}
