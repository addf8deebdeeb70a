/// How the gradient of a later loss goes back through an inner optimization: one argument, the same everywhere.
///
/// Exact for the steps that were made: `.unrolled` and `.checkpointed`. Exact for the minimizer, which the
/// steps approximate: `.implicit`. The others are biased and cheaper.
public enum GradientEstimator: Sendable, Hashable {
  /// Through every step, all intermediate values kept (Maclaurin, Duvenaud and Adams 2015; MAML).
  case unrolled
  /// The same derivative, with the states kept only every so-many steps and the rest computed a second time;
  /// nil for the square root of the number of steps.
  case checkpointed(every: Int? = nil)
  /// The parameters are constants at every so-many steps: what flows back stays within the last stretch,
  /// hyperparameters and data collect from all (truncated backpropagation through time).
  case truncated(every: Int)
  /// Through the last steps only; what came before is a constant, hyperparameters and data included (Shaban,
  /// Cheng, Hatch and Boots 2019).
  case lastSteps(Int)
  /// Every inner gradient is a constant (first-order MAML; Finn, Abbeel and Levine 2017, section 5.2): no
  /// second derivatives. The parameters' initial values and the optimizer's hyperparameters get a gradient,
  /// the inner loss's data none.
  case firstOrder
  /// The result counts as the minimizer of the inner loss, whichever way it was reached. With a proximal
  /// strength λ the inner loss is that plus `λ/2 |y - initial|²` (iMAML; Rajeswaran, Finn, Kakade and Levine
  /// 2019), and the gradient with respect to the initial values is `(I + H/λ)⁻¹ g`; without, they get none.
  /// The optimizer's hyperparameters get none: the minimizer doesn't depend on them.
  case implicit(
    solver: ImplicitLinearSolver = .conjugateGradients(), proximalStrength: Double? = nil)
}
