import OptimizationCore

/// How the splitting of the homogeneous embedding runs.
public struct HomogeneousSplittingSettings: Sendable {
  /// Bound on the relative primal, dual and gap residuals.
  public var relativeTolerance: Double = 1e-6
  /// Steps allowed.
  public var maximumIterations: Int = 20_000
  /// Time allowed; looked at every `checkInterval` steps.
  public var timeLimit: Duration?
  /// The first scale, by which the rows weigh more than the variables.
  public var scale: Double = 0.1
  /// The proximal weight of the variables.
  public var proximalWeight: Double = 1e-6
  /// α, by how much a step is lengthened, between 0 and 2.
  public var relaxation: Double = 1.5
  /// Whether the scale follows the ratio of the residuals; each change costs a factorization.
  public var adaptsScale: Bool = true
  /// Steps between looks at the residuals.
  public var checkInterval: Int = 25
  /// Differences that Anderson acceleration remembers; 0 for none.
  public var accelerationMemory: Int = 10
  /// Steps between accelerated ones.
  public var accelerationInterval: Int = 10
  /// Whether the answer is finished by Newton steps on its active faces.
  public var polishes: Bool = true
  /// Passes of the equilibration; 0 for none.
  public var scalingPasses: Int = 10
  /// Called at every look at the residuals; return false to cancel.
  public var iterationLog: (@Sendable (SplittingIteration) -> Bool)?

  /// The defaults.
  public init() {}

  func validate() throws(SettingsError) {
    try requireTolerance(relativeTolerance)
    try requirePositive(scale, "scale")
    try requirePositive(proximalWeight, "proximalWeight")
    try requireRelaxation(relaxation)
    try requireCounts(maximumIterations, checkInterval, scalingPasses, timeLimit)
    if accelerationMemory < 0 || accelerationInterval < 1 {
      throw SettingsError(
        setting: accelerationMemory < 0 ? "accelerationMemory" : "accelerationInterval",
        reason: "must not be \(min(accelerationMemory, accelerationInterval))")
    }
  }
}
