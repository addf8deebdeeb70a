import Autodiff
import DifferentiableOptimization
import OptimizationCore

/// How an item came to its answer.
public enum Route: Sendable, Hashable {
  /// The prediction itself was within the tolerance.
  case predicted
  /// The solver went on from the prediction, for so many iterations.
  case refined(iterations: Int)
  /// The solver started from nothing.
  case fellBack(FallbackReason)
}

/// Why a prediction was given up.
public enum FallbackReason: Sendable, Hashable {
  /// Its residual was above the threshold.
  case abstained(residual: Double)
  /// Its budget of iterations was used up.
  case budgetSpent(iterations: Int)
  /// The cold start was done first.
  case coldWasFaster
  /// It had a number that is not finite.
  case notFinite
  /// The solver failed from it.
  case failed(SolveStatus)
}

/// The answers to a batch of contexts: the exact solver's, with what they cost.
public struct AmortizedAnswer<Map: SolutionMap>: Sendable {
  /// The solver's states.
  public let state: Map.State
  /// The points of the states: what was asked for.
  public let value: Map.Point
  /// How the solve of each item ended.
  public let statuses: [SolveStatus]
  /// The certificate of each item: its residual at the end, as the problem defines it.
  public let residuals: [Double]
  /// How each item came to its answer.
  public let routes: [Route]
  /// All iterations spent on each item, those of starts that were given up included.
  public let iterations: [Int]
  /// The time of the predictions, and of all.
  public let predictionSeconds: Double
  public let seconds: Double

  /// The items that were not solved.
  public var unsolvedItems: [Int] { statuses.indices.filter { statuses[$0] != .optimal } }

  let map: Map
  let context: Map.Context

  /// How far the objective of each item is at most above the optimum, where the problem bounds it (see
  /// `BoundedProblem`), computed when it is asked for; nil where it does not.
  public func gaps() -> [Double]? {
    guard let bounded = map as? any BoundedProblem else { return nil }
    func bound<Problem: BoundedProblem>(_ problem: Problem) -> Tensor {
      problem.lowerBound(of: state as! Problem.State, for: context as! Problem.Context)
    }
    return zip(map.value(of: value, for: context).scalars, bound(bounded).scalars).map { $0 - $1 }
  }
}

/// A guard that the problem cannot be used with.
public enum AmortizationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A race needs a solver that makes steps.
  case raceNeedsSteps(problem: String)
  /// A threshold, a factor or a level that is none.
  case invalid(argument: String, value: Double, expected: String)
  /// Tensors of a context with different numbers of items.
  case batchSizes([Int])
  /// Too few contexts for what is asked of them.
  case tooFew(argument: String, needed: Int, actual: Int)

  public var description: String {
    switch self {
    case .raceNeedsSteps(let problem):
      "the guard .race needs a problem that is solved by steps (IterativeMap), which \(problem) is not; "
        + "use .budget"
    case .invalid(let argument, let value, let expected):
      "\(argument) must be \(expected), not \(value)"
    case .batchSizes(let sizes): "the tensors of the context have \(sizes) items"
    case .tooFew(let argument, let needed, let actual):
      "\(argument): at least \(needed) are needed, not \(actual)"
    }
  }
}
