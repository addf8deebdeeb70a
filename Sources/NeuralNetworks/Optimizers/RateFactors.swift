import Autodiff

/// An optimizer whose learning rate is multiplied by a factor of each parameter's own: per-parameter rates
/// (Li, Zhou, Chen and Li 2017, Meta-SGD), which may be learned, for derivatives flow to them.
public struct RateFactors<Base: Optimizer>: Optimizer {
  public var base: Base
  /// One tensor per leaf of the parameters, of a shape that broadcasts to the leaf's: a number for the
  /// whole leaf, or one per element.
  public var factors: [Tensor]

  public var learningRate: Tensor {
    get { base.learningRate }
    set { base.learningRate = newValue }
  }

  public var slotCount: Int { base.slotCount }

  public func updateTensor(
    _ parameter: inout Tensor, gradient: Tensor, slots: inout [Tensor], at place: UpdatePlace
  ) {
    precondition(
      place.index < factors.count,
      "RateFactors: \(factors.count) factors, none for parameter \(place.index)")
    var place = place
    let factor = factors[place.index]
    place.rateFactor =
      place.rateFactor.map { $0.asType(factor.dtype) * factor } ?? factor
    base.updateTensor(&parameter, gradient: gradient, slots: &slots, at: place)
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("base", &base)
    visit("factors", &factors)
  }
}

/// An optimizer that leaves some of the parameters as they are.
public struct FreezingOptimizer<Base: Optimizer>: Optimizer {
  public var base: Base
  /// For every leaf of the parameters whether it stays.
  public var isFrozen: [Bool]

  public var learningRate: Tensor {
    get { base.learningRate }
    set { base.learningRate = newValue }
  }

  public var slotCount: Int { base.slotCount }

  public func updateTensor(
    _ parameter: inout Tensor, gradient: Tensor, slots: inout [Tensor], at place: UpdatePlace
  ) {
    precondition(
      place.index < isFrozen.count,
      "freezing: a choice for \(isFrozen.count) tensors, none for parameter \(place.index)")
    if isFrozen[place.index] { return }
    base.updateTensor(&parameter, gradient: gradient, slots: &slots, at: place)
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("base", &base)
  }
}

extension Optimizer {
  /// This method with a factor of the learning rate for every parameter.
  ///
  /// - Parameter factors: of the parameters' type, with the parameters' shapes or scalars as leaves.
  public func withRateFactors<Parameters: TensorStructure>(_ factors: Parameters)
    -> RateFactors<Self>
  {
    RateFactors(base: self, factors: factors.leaves)
  }

  /// This method for a part of the parameters only; the others stay as they are, whatever their gradient,
  /// momentum or weight decay.
  ///
  /// - Parameter isFrozen: whether the leaf of a name such as `layers.0.weight` stays.
  public func freezing<Parameters: TensorStructure>(
    in parameters: Parameters, where isFrozen: (_ leafName: String) -> Bool
  ) -> FreezingOptimizer<Self> {
    FreezingOptimizer(base: self, isFrozen: parameters.leafNames.map(isFrozen))
  }
}
