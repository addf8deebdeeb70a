/// How the solve of one problem ended. Not being solvable is an outcome, not an error.
public enum SolveStatus: String, Sendable, CaseIterable {
  /// A solution within the tolerance was found.
  case optimal = "optimal"
  /// The residuals are within the looser `almostOptimalTolerance` of the settings only: the point is reported, its
  /// derivatives are certified with an error estimate that covers it, and it does not count as solved.
  case almostOptimal = "almost optimal"
  /// No point satisfies the constraints; the ray proves it.
  case primalInfeasible = "primal infeasible"
  /// The objective is unbounded below along a ray, if the problem is feasible at all.
  case dualInfeasible = "dual infeasible"
  case iterationLimit = "iteration limit"
  case timeLimit = "time limit"
  /// The arithmetic broke down before the tolerance was reached; the last iterate is reported.
  case numericalError = "numerical error"
  case cancelled = "cancelled"

  /// Whether there is a point to use and to differentiate at: optimal, or almost.
  public var hasSolution: Bool { self == .optimal || self == .almostOptimal }
}
