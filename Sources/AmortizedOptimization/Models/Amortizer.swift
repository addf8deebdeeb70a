import Autodiff
import DifferentiableOptimization

/// A learned approximation of solution maps, `ŷ(x) ≈ argmin f(y; x)`: a start, some updates, and the point that
/// is read out of the last state. A method is which of the three has parameters, and what `update` asks the
/// oracle:
///
/// ```swift
/// struct LISTA: Amortizer {                       // Gregor and LeCun 2010
///   var encoder: Linear, feedback: Linear, threshold: Tensor
///   var steps: Int { 3 }
///   func initial(_ oracle: Oracle<SparseCoding>) -> Tensor { Tensor.zeros([oracle.items, 100]) }
///   func update(_ code: Tensor, _ oracle: Oracle<SparseCoding>, step: Int) -> Tensor {
///     softThreshold(encoder(oracle.context) + feedback(code), threshold)
///   }
///   ...                                           // visitTensors
/// }
/// ```
///
/// Without `update` and `steps` a model is fully amortized: it never sees the problem when it is used. Its
/// tensors are what is trained.
public protocol Amortizer<Problem>: TensorStructure {
  associatedtype Problem: ParametricProblem
  /// What is updated: a point, a state of the problem's solver, the weights of a policy, hidden states beside
  /// those.
  associatedtype State: TensorStructure

  /// The updates that are made unless another number is asked for; 0 by default.
  var steps: Int { get }

  /// The first state.
  func initial(_ oracle: Oracle<Problem>) -> State

  /// The next state; by default the same.
  ///
  /// - Parameter step: counted from 0.
  func update(_ state: State, _ oracle: Oracle<Problem>, step: Int) -> State

  /// The point that a state stands for: itself, through a chart, a decoder, or a projection onto the
  /// constraints.
  func point(of state: State, _ oracle: Oracle<Problem>) -> Problem.Point
}

extension Amortizer {
  public var steps: Int { 0 }
  public func update(_ state: State, _ oracle: Oracle<Problem>, step: Int) -> State { state }
}

extension Amortizer where State == Problem.Point {
  public func point(of state: State, _ oracle: Oracle<Problem>) -> Problem.Point { state }
}

/// A model whose states start the problem's exact solver.
public protocol WarmStarter<Problem>: Amortizer where Problem: SolutionMap {
  /// The solver's state in a state of the model.
  func start(of state: State, _ oracle: Oracle<Problem>) -> Problem.State

  /// A state in the units in which a regression measures it; by default as it is.
  func scaled(_ state: Problem.State) -> Problem.State
}

extension WarmStarter where State == Problem.State {
  public func start(of state: State, _ oracle: Oracle<Problem>) -> Problem.State { state }
}

extension WarmStarter {
  public func scaled(_ state: Problem.State) -> Problem.State { state }

  public func point(of state: State, _ oracle: Oracle<Problem>) -> Problem.Point {
    oracle.problem.point(of: start(of: state, oracle), for: oracle.context)
  }
}

/// A state of a model on its way, with what a loss may need besides.
public struct Iterate<Model: Amortizer>: Sendable {
  public let model: Model
  public let oracle: Oracle<Model.Problem>
  public let state: Model.State

  /// The point of the state.
  public var point: Model.Problem.Point { model.point(of: state, oracle) }
}

extension Amortizer {
  /// The prediction for a batch of contexts.
  ///
  /// - Parameter steps: the updates to make; nil for the model's own number.
  public func callAsFunction(
    _ context: Problem.Context, of problem: Problem, steps: Int? = nil,
    key: RandomKey = RandomKey(seed: 0)
  ) -> Problem.Point {
    iterates(context, of: problem, steps: steps, key: key).last!.point
  }

  /// All states from the first to the last, `steps + 1` of them.
  ///
  /// - Parameter estimator: how an outer derivative goes back through the updates.
  public func iterates(
    _ context: Problem.Context, of problem: Problem, steps: Int? = nil,
    key: RandomKey = RandomKey(seed: 0), estimator: Estimator = .unrolled
  ) -> [Iterate<Self>] {
    let count = steps ?? self.steps
    let stopsGradients = estimator == .firstOrder
    let first = initial(Oracle(problem, context, key: key, stopsGradients: stopsGradients))
    let inputs = Pair(Pair(self, problem), context)
    let states = scan(
      from: first, with: inputs, steps: count, derivative: estimator.scanDerivative
    ) { state, inputs, index in
      let oracle = Oracle(
        inputs.first.second, inputs.second, key: key, stopsGradients: stopsGradients)
      let next = inputs.first.first.update(state, oracle, step: index)
      return (next, next)
    }.outputs
    let oracle = Oracle(problem, context, key: key, stopsGradients: stopsGradients)
    return ([first] + states).map { Iterate(model: self, oracle: oracle, state: $0) }
  }
}
