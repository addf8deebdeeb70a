/// How well a point satisfies the optimality conditions: infinity norms on the unscaled data,
/// relative to the size of the terms that should cancel.
public struct Residuals: Sendable, Equatable {
  /// Violation of the constraints.
  public var primal: Double
  /// Stationarity of the Lagrangian.
  public var dual: Double
  /// Difference of the primal and the dual objective.
  public var gap: Double

  public init(primal: Double, dual: Double, gap: Double) {
    self.primal = primal
    self.dual = dual
    self.gap = gap
  }

  /// The largest of the three; NaN if any is.
  public var largest: Double {
    primal.isNaN || dual.isNaN || gap.isNaN ? .nan : max(primal, dual, gap)
  }
}
