/// When a ray counts as a proof of infeasibility: one rule for every method.
///
/// A ray y in the dual cone with bᵀy = -1 contradicts every feasible x with |Aᵀy|₁ |x|∞ < 1, and no other: for
/// such an x, -1 = yᵀ(Ax + s) ≥ (Aᵀy)ᵀx. What an iteration runs along is only nearly a ray, and with a solution
/// as large as 1e8 it looks like one. A proof must exclude every solution up to `reach`, which is verified
/// in twice the usual precision, with the ray corrected until its rows cancel to rounding. The same holds for
/// directions of unbounded descent and the solutions of the dual problem.
enum InfeasibilityRule {
  /// A proof excludes all solutions whose numbers are smaller than this.
  static let reach = 1e12

  /// How far each b_i may move, relative to 1 + |b_i|, without harm to a proof: a row violated by less is
  /// violated within tolerance, and a ray that lives on such a row proves nothing.
  static func hardness(_ relativeTolerance: Double) -> Double { min(1e-9, relativeTolerance) }

  /// Whether a ray proves that the constraints contradict each other.
  ///
  /// - Parameters:
  ///   - value: -bᵀy.
  ///   - pull: |Aᵀy|₁.
  ///   - weight: Σ |y_i| (1 + |b_i|).
  ///   - hardness: see `hardness`.
  static func acceptsPrimal(value: Double, pull: Double, weight: Double, hardness: Double) -> Bool {
    value > 0 && value.isFinite && pull * reach <= value && weight * hardness < value
  }

  /// Whether a direction proves that the objective is unbounded below on any feasible set.
  ///
  /// - Parameters:
  ///   - descent: -cᵀx.
  ///   - terms: Σ |c_j x_j|.
  ///   - violation: |Px|₁ + |Ax + s|₁.
  static func acceptsDual(descent: Double, terms: Double, violation: Double) -> Bool {
    descent > 1e-12 * terms && descent.isFinite && violation * reach <= descent
  }
}
