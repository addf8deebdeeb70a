import OptimizationCore

/// How a cone program is solved.
public struct ConeProgramSettings: Sendable {
  /// Bound on the relative primal, dual and gap residuals of `Residuals`.
  public var relativeTolerance: Double = 1e-8
  /// The looser bound on the residuals within which an answer that did not reach `relativeTolerance` is called
  /// almost optimal rather than a numerical error.
  public var almostOptimalTolerance: Double = 1e-5
  /// Iterations allowed to each item.
  public var maximumIterations: Int = 200
  /// Time allowed to the whole batch; items not finished by then report `timeLimit`. Looked at between
  /// iterations, not during a factorization.
  public var timeLimit: Duration?
  /// Whether a solution is finished by Newton steps on its active faces, which makes x itself accurate
  /// rather than only the objective.
  public var polishes: Bool = true
  /// Threads that share a batch, nil for one per core. Has no influence on the result.
  public var threads: Int?
  /// Called between chunks of a batch; return false to cancel.
  public var progress: ProgressCallback?
  /// Asked from the threads that solve, as often as the time limit is looked at; return true to cancel: items not
  /// finished by then report `cancelled`. The `async` forms of `solve` ask the task as well.
  public var isCancelled: (@Sendable () -> Bool)?
  /// Called after each iteration of each item, from the thread that solves it; return false to cancel
  /// that item.
  public var iterationLog: (@Sendable (ConeProgramIteration) -> Bool)?

  public init() {}

  func validate() throws(SettingsError) {
    guard almostOptimalTolerance >= 0, almostOptimalTolerance < 1 else {
      throw SettingsError(
        setting: "almostOptimalTolerance",
        reason: "must lie between 0 and 1, not \(almostOptimalTolerance)")
    }
    guard relativeTolerance > 0, relativeTolerance < 1 else {
      throw SettingsError(
        setting: "relativeTolerance", reason: "must lie between 0 and 1, not \(relativeTolerance)")
    }
    if maximumIterations < 0 {
      throw SettingsError(
        setting: "maximumIterations", reason: "must not be negative, not \(maximumIterations)")
    }
    if let timeLimit, timeLimit < .zero {
      throw SettingsError(setting: "timeLimit", reason: "must not be negative, not \(timeLimit)")
    }
    if let threads, threads < 1 {
      throw SettingsError(setting: "threads", reason: "must be at least 1, not \(threads)")
    }
  }
}

/// One line of the iteration log of the interior point.
public struct ConeProgramIteration: Sendable {
  /// The item of the batch.
  public let item: Int
  /// The number of the iteration, from 0 (the starting point).
  public let iteration: Int
  /// ½ xᵀPx + cᵀx and -½ xᵀPx - bᵀy of the iterate.
  public let primalObjective: Double
  public let dualObjective: Double
  /// Relative residuals of the iterate.
  public let residuals: Residuals
  /// The barrier parameter, and the ratio κ/τ of the embedding.
  public let barrier: Double
  public let kappaOverTau: Double
  /// The length of the last step.
  public let stepLength: Double
}
