import Autodiff

/// A running average of parameters, `average = decay average + (1 - decay) parameters`, as it is used for
/// evaluation and for targets of learning.
public struct ExponentialAverage<Parameters: TensorStructure>: TensorStructure {
  /// The average; until the first update the parameters it was made with.
  public var value: Parameters
  /// The weight of the past.
  public var decay: Double

  /// Starts at the parameters, so no correction of a start at zero is needed.
  public init(_ parameters: Parameters, decay: Double) {
    precondition((0...1).contains(decay), "ExponentialAverage: decay \(decay)")
    value = parameters
    self.decay = decay
  }

  /// Takes in new parameters, in place where nothing is traced.
  public mutating func update(with parameters: Parameters) {
    let others = parameters.leaves
    let decay = decay
    value.updateLeaves { leaf, index in
      precondition(
        index < others.count && leaf.shape == others[index].shape
          && leaf.dtype == others[index].dtype,
        "ExponentialAverage: tensor \(index) of shape \(leaf.shape) \(leaf.dtype), parameters "
          + "\(others.map { "\($0.shape) \($0.dtype)" })")
      if leaf.isTraced || others[index].isTraced {
        leaf = leaf * decay + others[index] * (1 - decay)
      } else {
        leaf.scaleInPlace(by: decay)
        leaf.addInPlace(others[index], scale: 1 - decay)
      }
    }
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("value", &value)
  }
}
