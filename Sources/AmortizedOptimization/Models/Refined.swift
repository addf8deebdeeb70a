import Autodiff
import DifferentiableOptimization
import NeuralNetworks

/// A model whose prediction goes through some steps of the problem's own solver, in training as well: it learns
/// starts from which few steps go far (Sambharya, Hall, Amos and Stellato 2023).
public struct SolverRefined<Base: WarmStarter>: WarmStarter
where Base.Problem: IterativeMap {
  public typealias Problem = Base.Problem
  public typealias State = Problem.State

  public var base: Base
  public var steps: Int

  public init(_ base: Base, steps: Int) {
    self.base = base
    self.steps = steps
  }

  public func initial(_ oracle: Oracle<Problem>) -> State {
    var state = base.initial(oracle)
    for step in 0..<base.steps { state = base.update(state, oracle, step: step) }
    return base.start(of: state, oracle)
  }

  public func update(_ state: State, _ oracle: Oracle<Problem>, step: Int) -> State {
    oracle.step(state)
  }

  public func scaled(_ state: State) -> State { base.scaled(state) }

  public mutating func visitTensors(_ visit: inout TensorVisitor) { visit("base", &base) }
}

/// A model whose predicted point goes through some gradient steps with a learned rate per step and tensor:
/// semi-amortized inference (Kim, Wiseman, Miller, Sontag and Rush 2018), MAML where the base is a constant.
///
///     y⁺ = y - α_k ∇f(y; x)
public struct GradientRefined<Base: Amortizer>: Amortizer where Base.State == Base.Problem.Point {
  public typealias Problem = Base.Problem
  public typealias State = Base.State

  public var base: Base
  public var steps: Int { rates.shape[0] }
  /// Logarithms of α, one for each step: `[K]`. More steps than in training use the last.
  public var rates: Tensor
  /// The norm to which an item's gradient is limited; nil for none.
  public let largestNorm: Double?

  public init(_ base: Base, steps: Int, rate: Double, largestNorm: Double? = nil) {
    precondition(steps > 0 && rate > 0, "GradientRefined: \(steps) steps with rate \(rate)")
    self.base = base
    rates = log(Tensor(Array(repeating: rate, count: steps)))
    self.largestNorm = largestNorm
  }

  public func initial(_ oracle: Oracle<Problem>) -> State { base.initial(oracle) }

  public func update(_ state: State, _ oracle: Oracle<Problem>, step: Int) -> State {
    var slope = oracle.gradient(at: state)
    if let largestNorm {
      let norms = sqrt(square(slope.flatItems).sum(axis: 1) + 1e-24)
      let factors = minimum(largestNorm / norms, 1)
      slope = slope.mapLeaves { leaf in
        leaf
          * factors.reshaped(to: [factors.count] + leaf.shape.dropFirst().map { _ in 1 })
          .asType(leaf.dtype)
      }
    }
    let rate = exp(rates[min(step, steps - 1)])
    return state.zipLeaves(slope) { $0 - $1 * rate.asType($0.dtype) }
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("base", &base)
    visit("rates", &rates)
  }
}
