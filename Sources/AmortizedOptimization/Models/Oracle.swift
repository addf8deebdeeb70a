import Autodiff
import DifferentiableOptimization

/// A batch of contexts and what a model may ask of their problem: nothing (a fully amortized model), values,
/// gradients, steps of its solver, samples.
///
/// What a model's `update` asks is what distinguishes the semi-amortized methods.
public struct Oracle<Problem: ParametricProblem>: Sendable {
  public let problem: Problem
  /// A batch.
  public let context: Problem.Context
  /// Where the numbers of a random objective come from: the same in all steps, so that they see one function.
  public let key: RandomKey
  /// Whether what is answered to `gradient` is a constant for an outer derivative, as in first-order MAML.
  public let stopsGradients: Bool

  public init(
    _ problem: Problem, _ context: Problem.Context, key: RandomKey = RandomKey(seed: 0),
    stopsGradients: Bool = false
  ) {
    self.problem = problem
    self.context = context
    self.key = key
    self.stopsGradients = stopsGradients
  }

  /// The number of items.
  public var items: Int { context.batchCount }

  /// f(y; x): `[B]`.
  public func value(of point: Problem.Point) -> Tensor {
    problem.value(of: point, for: context, key: key)
  }

  /// ∇f(y; x) of every item.
  public func gradient(at point: Problem.Point) -> Problem.Point {
    if stopsGradients {
      // Constants below the gradient keep an outer derivative from recording it.
      let (problem, context) = (problem.stoppingGradient(), context.stoppingGradient())
      return Autodiff.gradient(at: point.stoppingGradient()) {
        problem.value(of: $0, for: context, key: key).sum()
      }
    }
    return Autodiff.gradient(at: point) { value(of: $0).sum() }
  }

  /// f at several candidates for every item, without gradients: `[B, count]` from candidates whose tensors are
  /// `[B, count, ...]`.
  public func values(ofCandidates candidates: Problem.Point) -> Tensor {
    let count = candidates.leaves.first.map { $0.shape[1] } ?? 0
    let flat = candidates.stoppingGradient().mapLeaves {
      $0.reshaped(to: [items * count] + $0.shape.dropFirst(2))
    }
    let places = (0..<items).flatMap { Array(repeating: $0, count: count) }
    return problem.stoppingGradient().value(
      of: flat, for: context.stoppingGradient().items(places), key: key
    ).reshaped(to: [items, count])
  }
}

extension Oracle where Problem: IterativeMap {
  /// The next state of the problem's own solver.
  public func step(_ state: Problem.State) -> Problem.State { problem.step(state, for: context) }
}
