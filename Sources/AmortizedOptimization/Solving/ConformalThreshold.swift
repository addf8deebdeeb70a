import DifferentiableOptimization

/// A threshold on the residual of predictions, above which a model abstains, from predictions on contexts held
/// out (split conformal prediction; Vovk, Gammerman and Shafer 2005): on fresh contexts of the same
/// distribution the residual is above it with a probability of at most `1 - level`, whatever the model and
/// the distribution are. So at most that share of them is abstained from for no reason, while contexts on
/// which the model was not trained stand out.
public struct ConformalThreshold: Sendable, Hashable {
  /// The largest residual that is trusted.
  public let largestResidual: Double
  /// The share of contexts like those of the calibration that is trusted at least.
  public let level: Double
  /// How many contexts it was calibrated on.
  public let count: Int

  /// - Parameters:
  ///   - residuals: of predictions on contexts that the model was not trained on.
  ///   - level: between 0 and 1; needs at least `level / (1 - level)` residuals.
  /// - Throws: `AmortizationError`.
  public init(residuals: [Double], level: Double) throws(AmortizationError) {
    guard level > 0, level < 1 else {
      throw .invalid(argument: "level", value: level, expected: "between 0 and 1")
    }
    let rank = Int((Double(residuals.count + 1) * level).rounded(.up))
    guard rank <= residuals.count else {
      throw .tooFew(
        argument: "residuals", needed: Int((level / (1 - level)).rounded(.up)),
        actual: residuals.count)
    }
    // A residual that is no number is above every threshold.
    let sorted = residuals.map { $0.isNaN ? .infinity : $0 }.sorted()
    largestResidual = sorted[rank - 1]
    self.level = level
    count = residuals.count
  }
}

extension AmortizedSolver {
  /// The threshold on the residual of this solver's predictions, calibrated on contexts held out.
  public func conformalThreshold(
    on context: Map.Context, level: Double = 0.95
  ) throws(AmortizationError) -> ConformalThreshold {
    try ConformalThreshold(
      residuals: map.residual(of: prediction(for: context), for: context).scalars, level: level)
  }
}
