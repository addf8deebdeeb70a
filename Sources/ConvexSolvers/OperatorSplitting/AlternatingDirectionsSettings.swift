import OptimizationCore

/// How the alternating directions method of multipliers runs.
public struct AlternatingDirectionsSettings: Sendable {
  /// Bound on the relative primal, dual and gap residuals.
  public var relativeTolerance: Double = 1e-6
  /// Steps allowed.
  public var maximumIterations: Int = 10_000
  /// Time allowed; looked at every `checkInterval` steps.
  public var timeLimit: Duration?
  /// The first penalty ρ of the constraints.
  public var penalty: Double = 0.1
  /// The proximal weight σ of the variables.
  public var proximalWeight: Double = 1e-6
  /// α, by how much a step is lengthened, between 0 and 2.
  public var relaxation: Double = 1.6
  /// Whether ρ follows the ratio of the residuals; each change costs a factorization.
  public var adaptsPenalty: Bool = true
  /// Steps between looks at the residuals, and half as often at ρ.
  public var checkInterval: Int = 25
  /// Whether the answer is finished by solving for its active constraints.
  public var polishes: Bool = true
  /// Passes of the equilibration; 0 for none.
  public var scalingPasses: Int = 10
  /// Called at every look at the residuals; return false to cancel.
  public var iterationLog: (@Sendable (SplittingIteration) -> Bool)?

  /// The defaults.
  public init() {}

  func validate() throws(SettingsError) {
    try requireTolerance(relativeTolerance)
    try requirePositive(penalty, "penalty")
    try requirePositive(proximalWeight, "proximalWeight")
    try requireRelaxation(relaxation)
    try requireCounts(maximumIterations, checkInterval, scalingPasses, timeLimit)
  }
}

/// One line of the log of a splitting method.
public struct SplittingIteration: Sendable {
  /// The number of steps taken.
  public let iteration: Int
  /// Relative residuals of the state.
  public let residuals: Residuals
  /// The penalty or scale of the steps.
  public let penalty: Double
}

func requireTolerance(_ value: Double) throws(SettingsError) {
  guard value > 0, value < 1 else {
    throw SettingsError(
      setting: "relativeTolerance", reason: "must lie between 0 and 1, not \(value)")
  }
}

func requirePositive(_ value: Double, _ setting: String) throws(SettingsError) {
  guard value > 0, value.isFinite else {
    throw SettingsError(setting: setting, reason: "must be positive, not \(value)")
  }
}

func requireRelaxation(_ value: Double) throws(SettingsError) {
  guard value > 0, value < 2 else {
    throw SettingsError(setting: "relaxation", reason: "must lie between 0 and 2, not \(value)")
  }
}

func requireCounts(
  _ iterations: Int, _ interval: Int, _ passes: Int, _ timeLimit: Duration?
) throws(SettingsError) {
  for (setting, value, least) in [
    ("maximumIterations", iterations, 0), ("checkInterval", interval, 1),
    ("scalingPasses", passes, 0),
  ] where value < least {
    throw SettingsError(setting: setting, reason: "must be at least \(least), not \(value)")
  }
  if let timeLimit, timeLimit < .zero {
    throw SettingsError(setting: "timeLimit", reason: "must not be negative, not \(timeLimit)")
  }
}
