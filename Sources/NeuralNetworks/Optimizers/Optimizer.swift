import Autodiff

/// A first-order method as a value: hyperparameters, and the rule by which a tensor of the parameters
/// moves.
///
/// The hyperparameters are tensors, so an optimizer is a structure that derivatives can be taken with
/// respect to; what it remembers of earlier steps is an `OptimizerState`, likewise a structure.
///
/// ```swift
/// let optimizer = Adam(learningRate: 1e-3)
/// var state = optimizer.initialState(for: network)
/// for batch in batches {
///   let (loss, gradient) = valueAndGradient(at: network) { $0.loss(batch) }
///   optimizer.update(&network, gradient: gradient, state: &state)
/// }
/// ```
///
/// Where nothing is being differentiated, an update changes memory in place. Inside a derivative the same
/// update is made of tensor operations, and gradients flow through it to the parameters, the gradients,
/// the state and the hyperparameters.
public protocol Optimizer: TensorStructure {
  /// The step size, a scalar.
  var learningRate: Tensor { get set }
  /// How many tensors of the parameter's shape are remembered per parameter.
  var slotCount: Int { get }

  /// Moves one tensor of the parameters.
  ///
  /// - Parameters:
  ///   - gradient: of the parameter's shape.
  ///   - slots: what is remembered for this tensor, zeros before the first step.
  ///   - place: which tensor and which step.
  func updateTensor(
    _ parameter: inout Tensor, gradient: Tensor, slots: inout [Tensor], at place: UpdatePlace)
}

/// Which tensor is updated, in which step.
public struct UpdatePlace: Sendable {
  /// The number of this step, 1 in the first.
  public var step: Int
  /// The tensor's position among the parameters' leaves.
  public var index: Int
  /// A factor of the learning rate for this tensor, of a shape that broadcasts to the tensor's.
  public var rateFactor: Tensor?
}

/// What an optimizer remembers between steps: a structure, so that it can be differentiated, checkpointed and
/// stored like parameters.
public struct OptimizerState: TensorStructure {
  /// How many steps have been made: a float64 scalar, a constant for every derivative.
  public var step: Tensor
  /// For every leaf of the parameters the tensors that the method remembers for it.
  public var slots: [[Tensor]]

  public init(step: Tensor = Tensor(0), slots: [[Tensor]]) {
    self.step = step
    self.slots = slots
  }

  /// One of the remembered tensors of every leaf, as a structure of the parameters' type.
  public func slot<Parameters: TensorStructure>(_ position: Int, like parameters: Parameters)
    -> Parameters
  {
    parameters.replacingLeaves(with: slots.map { $0[position] })
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("step", &step)
    visit("slots", &slots)
  }
}

extension Optimizer {
  /// The state before the first step.
  public func initialState<Parameters: TensorStructure>(for parameters: Parameters)
    -> OptimizerState
  {
    let count = slotCount
    return OptimizerState(
      slots: parameters.leaves.map { leaf in (0..<count).map { _ in Tensor.zeros(like: leaf) } })
  }

  /// Moves the parameters by one step, in place where they are nobody else's and nothing is traced.
  public func update<Parameters: TensorStructure>(
    _ parameters: inout Parameters, gradient: Parameters, state: inout OptimizerState
  ) {
    let gradients = gradient.leaves
    precondition(
      gradients.count == state.slots.count,
      "update: \(gradients.count) gradients, a state for \(state.slots.count) tensors")
    let step = Int(state.step.item) + 1
    state.step = Tensor(Double(step))
    var count = 0
    parameters.updateLeaves { parameter, index in
      precondition(
        index < gradients.count && parameter.shape == gradients[index].shape
          && parameter.dtype == gradients[index].dtype,
        "update: parameter \(index) of shape \(parameter.shape) \(parameter.dtype), gradients "
          + "\(gradients.map { "\($0.shape) \($0.dtype)" })")
      updateTensor(
        &parameter, gradient: gradients[index], slots: &state.slots[index],
        at: UpdatePlace(step: step, index: index, rateFactor: nil))
      count += 1
    }
    precondition(
      count == gradients.count, "update: \(gradients.count) gradients for \(count) parameters")
  }

  /// The parameters and the state after one step; those at hand stay as they are.
  public func step<Parameters: TensorStructure>(
    _ parameters: Parameters, gradient: Parameters, state: OptimizerState
  ) -> (parameters: Parameters, state: OptimizerState) {
    var parameters = parameters
    var state = state
    update(&parameters, gradient: gradient, state: &state)
    return (parameters, state)
  }
}

// MARK: - For the rules

extension Optimizer {
  /// Whether nothing about this update is being differentiated, so that it may be done in place.
  @inline(__always)
  func isPlain(
    _ parameter: Tensor, _ gradient: Tensor, _ slots: [Tensor], _ place: UpdatePlace,
    _ hyperparameters: Tensor?...
  ) -> Bool {
    !parameter.isTraced && !gradient.isTraced && slots.allSatisfy { !$0.isTraced }
      && (place.rateFactor.map { !$0.isTraced && $0.count == 1 } ?? true)
      && hyperparameters.allSatisfy { !($0?.isTraced ?? false) }
  }

  /// The learning rate of one tensor as a number; only for a factor with one element.
  @inline(__always)
  func plainRate(_ place: UpdatePlace) -> Double {
    learningRate.item * (place.rateFactor?.item ?? 1)
  }

  /// `x` times the learning rate of this tensor.
  func scaledByRate(_ x: Tensor, _ place: UpdatePlace) -> Tensor {
    let scaled = x.scaled(by: learningRate)
    guard let factor = place.rateFactor else { return scaled }
    return scaled * factor.asType(x.dtype)
  }
}

extension Tensor {
  /// The product with a scalar hyperparameter of any type.
  func scaled(by hyperparameter: Tensor) -> Tensor {
    hyperparameter.isTraced
      ? self * hyperparameter.asType(dtype) : self * hyperparameter.item
  }

  /// The sum with a scalar hyperparameter of any type.
  func shifted(by hyperparameter: Tensor) -> Tensor {
    hyperparameter.isTraced
      ? self + hyperparameter.asType(dtype) : self + hyperparameter.item
  }

  /// `self * weight + other * (1 - weight)`.
  func averaged(with other: Tensor, weight: Tensor) -> Tensor {
    scaled(by: weight) + other.scaled(by: 1 - weight)
  }

  /// The square root, with the derivative 0 at 0.
  func rootWithFlatZero() -> Tensor {
    if !isTraced { return sqrt(self) }
    let isPositive = self .> 0
    return select(
      isPositive, sqrt(select(isPositive, self, Tensor.ones(like: self))), Tensor.zeros(like: self))
  }
}

extension Tensor {
  /// An epsilon of an optimizer, at least the root of the least normal number of a type, below which the squares
  /// of gradients vanish.
  func usable(in dtype: DType) -> Tensor {
    let least =
      dtype == .float32
      ? Double(Float.leastNormalMagnitude).squareRoot()
      : Double.leastNormalMagnitude.squareRoot()
    let value = stoppingGradient().item
    return value >= 0 && value < least ? maximum(asType(.float64), least) : self
  }
}
