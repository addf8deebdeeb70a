import OptimizationCore

/// How a quadratic program is solved.
public struct QuadraticProgramSettings: Sendable {
  /// The algorithms; the raw values are the names that the tool uses.
  public enum Method: String, Sendable, CaseIterable {
    /// The dual active set where Q is safely positive definite, the interior point otherwise or where
    /// the active set fails. See the guide "Choosing a method" for the measurements behind it.
    case automatic = "automatic"
    /// Primal-dual interior point on the homogeneous embedding: any convex problem. A warm start is used
    /// only if its active set turns out to be the solution's.
    case interiorPoint = "interior-point"
    /// Dual active set: Q positive definite, warm start; falls back on the interior point for an item
    /// whose Q is not.
    case activeSet = "active-set"
  }

  /// The algorithm, `.automatic` by default.
  public var method: Method = .automatic
  /// Bound on the relative primal, dual and gap residuals of `Residuals`.
  public var relativeTolerance: Double = 1e-9
  /// The looser bound on the residuals within which an answer that did not reach `relativeTolerance` is called
  /// almost optimal rather than a numerical error.
  public var almostOptimalTolerance: Double = 1e-5
  /// Iterations allowed to each item, nil for the method's own default (interior point 200, active
  /// set 20 (n + m) + 100).
  public var maximumIterations: Int?
  /// Time allowed to the whole batch; items not finished by then report `timeLimit`. Looked at between
  /// iterations, not during a factorization.
  public var timeLimit: Duration?
  /// Threads that share a batch, nil for one per core. Has no influence on the result.
  public var threads: Int?
  /// Called between chunks; return false to cancel.
  public var progress: ProgressCallback?
  /// Asked from the threads that solve, as often as the time limit is looked at; return true to cancel: items not
  /// finished by then report `cancelled`. The `async` forms of `solve` ask the task as well.
  public var isCancelled: (@Sendable () -> Bool)?

  public init(method: Method = .automatic) {
    self.method = method
  }

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
    if let maximumIterations, maximumIterations < 0 {
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
