import Autodiff
import DifferentiableOptimization

/// How the gradient of a loss with respect to a model's parameters is obtained; independent of what the loss
/// is. All agree for a model without updates, except evolution strategies, which are random.
public enum Estimator: Sendable, Hashable {
  /// Through every update, all states kept: exact.
  case unrolled
  /// The same derivative with the states kept only every so-many updates, nil for the square root of their
  /// number.
  case checkpointed(every: Int? = nil)
  /// The state is a constant at every so-many updates.
  case truncated(every: Int)
  /// Through the last updates only; what came before, the start included, is a constant.
  case lastSteps(Int)
  /// Gradients that the model asks the oracle for are constants: no second derivatives.
  case firstOrder
  /// The last point counts as the minimizer of `f(y; x) + strength/2 |y - ŷ|²` with the model's start ŷ, whichever
  /// way it was reached (iMAML, Rajeswaran et al. 2019). For models whose states are points; the start's
  /// parameters and the problem's get a gradient, those of the updates none.
  case implicit(proximalStrength: Double, solver: ImplicitLinearSolver = .conjugateGradients())
  /// Antithetic evolution strategies (Salimans et al. 2017): differences of the loss at random moves of the
  /// parameters. For losses that have no useful gradient; biased by the size of the moves, and noisy.
  ///
  /// - Parameters:
  ///   - standardDeviation: of the moves.
  ///   - pairs: how many moves are tried, each in both directions.
  case evolutionStrategies(standardDeviation: Double, pairs: Int)

  var scanDerivative: ScanDerivative {
    switch self {
    case .unrolled, .firstOrder, .implicit, .evolutionStrategies: .full
    case .checkpointed(let every): .checkpointed(every: every)
    case .truncated(let every): .truncated(every: every)
    case .lastSteps(let count): .lastSteps(count)
    }
  }
}
