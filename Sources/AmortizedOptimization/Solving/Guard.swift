/// What bounds the damage of a bad prediction when it starts the exact solver.
///
/// None of them compares objective values: a start with a better value can take longer (measured on transport
/// problems out of distribution: 3.5 times longer than a cold start, while a test of the dual value accepts
/// 84 %). What can be promised is a bound on the work.
public enum Guard: Sendable, Hashable {
  /// The solver starts from the prediction, whatever that is. If it fails, it starts again from nothing.
  case none
  /// The prediction is used where its residual is at most the threshold, which may be a `ConformalThreshold`'s:
  /// elsewhere the model abstains and the solver starts from nothing.
  case certified(largestResidual: Double)
  /// From the prediction the solver gets at most `factor` times the iterations that a cold start takes on
  /// average; then it starts from nothing. The work is at most that, plus a cold start's.
  case budget(factor: Double = 1)
  /// Two copies of every item are iterated side by side, from the prediction and from nothing, until the first
  /// of them is done: the work is at most twice that of the better start, by construction. For problems that
  /// are solved by steps (`IterativeMap`).
  case race
}
