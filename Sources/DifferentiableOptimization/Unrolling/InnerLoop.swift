import Autodiff
import NeuralNetworks

/// An optimizer that runs some steps inside a function that is being differentiated.
///
/// The gradient of what is computed from the result flows to the initial parameters, to the context of the
/// inner loss (data, weights, regularization) and to the optimizer's hyperparameters (learning rate, momentum,
/// weight decay, per-parameter rates), for they are the loop's tensors. The estimator says how.
///
/// ```swift
/// let loop = InnerLoop(SGD(learningRate: 0.1, momentum: 0.9), steps: 20)
/// let (meta, slope) = valueAndGradient(at: Pair(network, loop)) { input in
///   let trained = input.second(from: input.first, with: training) { $0.loss(on: $1) }
///   return trained.parameters.loss(on: validation)
/// }
/// slope.first                             // with respect to the initial parameters
/// slope.second.optimizer.learningRate     // with respect to the learning rate
/// ```
public struct InnerLoop<Method: Optimizer>: TensorStructure {
  public var optimizer: Method
  /// How many steps are made.
  public var steps: Int
  public var estimator: GradientEstimator
  /// Whether the first axis of every parameter counts independent tasks, of whose losses the inner loss is the
  /// sum. Only the implicit estimator asks; it then solves a system per task.
  public var isBatched: Bool

  public init(
    _ optimizer: Method, steps: Int, estimator: GradientEstimator = .unrolled,
    isBatched: Bool = false
  ) {
    precondition(steps >= 0, "InnerLoop: \(steps) steps")
    self.optimizer = optimizer
    self.steps = steps
    self.estimator = estimator
    self.isBatched = isBatched
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("optimizer", &optimizer)
  }

  /// What a loop leaves behind.
  public struct Outcome<Parameters: TensorStructure>: Sendable {
    /// After the last step.
    public let parameters: Parameters
    /// What the optimizer remembers; a constant for the implicit estimator.
    public let state: OptimizerState
    /// The inner loss before each step, with its proximal term if there is one. Constants for the implicit
    /// and the first-order estimator.
    public let losses: [Tensor]
    /// How close the implicit estimator's result is to a minimizer; nil for the others.
    public let certificate: ImplicitCertificate?
  }

  /// Runs the loop.
  ///
  /// - Parameters:
  ///   - initial: the parameters before the first step.
  ///   - context: what the inner loss reads and what may be differentiated. Tensors that the closure captures
  ///     instead are constants for the estimators that compute it a second time; one that is being
  ///     differentiated traps there.
  ///   - state: what the optimizer remembers at the start; nil for nothing.
  ///   - loss: the inner loss, a scalar, of the parameters, the context and the index of the step.
  public func callAsFunction<Parameters: TensorStructure, Context: TensorStructure>(
    from initial: Parameters, with context: Context, state: OptimizerState? = nil,
    loss: @escaping @Sendable (_ parameters: Parameters, _ context: Context, _ step: Int) -> Tensor
  ) -> Outcome<Parameters> {
    let state = state ?? optimizer.initialState(for: initial)
    switch estimator {
    case .unrolled: return unrolled(initial, context, state, .full, loss)
    case .checkpointed(let every):
      return unrolled(initial, context, state, .checkpointed(every: every), loss)
    case .truncated(let every):
      return unrolled(initial, context, state, .truncated(every: every), loss)
    case .lastSteps(let count): return unrolled(initial, context, state, .lastSteps(count), loss)
    case .firstOrder: return unrolled(initial, context, state, .full, stopsGradient: true, loss)
    case .implicit(let solver, let strength):
      return implicit(initial, context, state, solver, strength, loss)
    }
  }

  /// Runs the loop with an inner loss that is the same in every step.
  public func callAsFunction<Parameters: TensorStructure, Context: TensorStructure>(
    from initial: Parameters, with context: Context, state: OptimizerState? = nil,
    loss: @escaping @Sendable (_ parameters: Parameters, _ context: Context) -> Tensor
  ) -> Outcome<Parameters> {
    self(from: initial, with: context, state: state) { parameters, context, _ in
      loss(parameters, context)
    }
  }

  // MARK: - Through the steps

  private func unrolled<Parameters: TensorStructure, Context: TensorStructure>(
    _ initial: Parameters, _ context: Context, _ state: OptimizerState,
    _ derivative: ScanDerivative, stopsGradient: Bool = false,
    _ loss: @escaping @Sendable (Parameters, Context, Int) -> Tensor
  ) -> Outcome<Parameters> {
    let (last, losses) = scan(
      from: Pair(initial, state), with: Pair(optimizer, context), steps: steps,
      derivative: derivative
    ) { state, context, index in
      // Constants below the inner gradient keep an outer derivative from recording it.
      let (point, data) =
        stopsGradient
        ? (state.first.stoppingGradient(), context.second.stoppingGradient())
        : (state.first, context.second)
      let (value, gradient) = valueAndGradient(at: point) { loss($0, data, index) }
      let next = context.first.step(state.first, gradient: gradient, state: state.second)
      return (Pair(next.parameters, next.state), value)
    }
    return Outcome(
      parameters: last.first, state: last.second, losses: losses, certificate: nil)
  }

  // MARK: - At the minimizer

  private func implicit<Parameters: TensorStructure, Context: TensorStructure>(
    _ initial: Parameters, _ context: Context, _ state: OptimizerState,
    _ solver: ImplicitLinearSolver, _ strength: Double?,
    _ loss: @escaping @Sendable (Parameters, Context, Int) -> Tensor
  ) -> Outcome<Parameters> {
    let objective: @Sendable (Parameters, Pair<Parameters, Context>, Int) -> Tensor = {
      parameters, context, index in
      let value = loss(parameters, context.second, index)
      guard let strength else { return value }
      return value + proximalTerm(parameters, context.first, strength).asType(value.dtype)
    }
    let steps = steps
    var end: (state: OptimizerState, losses: [Tensor])?
    let answer = stationaryPoint(
      at: Pair(initial, context), solver: solver, isBatched: isBatched,
      of: { objective($0, $1, steps) }
    ) { context in
      var plain = self.stoppingGradient()
      plain.estimator = .unrolled
      let outcome = plain.unrolled(
        context.first, context, state.stoppingGradient(), .full, objective)
      end = (outcome.state, outcome.losses)
      return outcome.parameters
    }
    return Outcome(
      parameters: answer.value, state: end!.state, losses: end!.losses,
      certificate: answer.certificate)
  }
}

/// `strength / 2 |parameters - centre|²`
private func proximalTerm<Parameters: TensorStructure>(
  _ parameters: Parameters, _ centre: Parameters, _ strength: Double
) -> Tensor {
  zip(parameters.leaves, centre.leaves).reduce(Tensor(0)) { sum, pair in
    sum + square(pair.0 - pair.1).sum().asType(.float64) * (strength / 2)
  }
}
