/// Rows of rounding noise: equalities and inequalities whose entries are all below what arithmetic resolves beside
/// the other entries of their columns, and whose right-hand side is zero within tolerance.
///
/// They come from modelling code that subtracts equal numbers: 1e-16 x = 0, 0 ≤ -2e-16. They carry no
/// information; taken at their word they are hard constraints, or proofs of infeasibility by multipliers of 1e16.
enum NoiseRows {
  /// An entry is noise if it is smaller than this times the largest of its column: some units in the last place.
  static let entryThreshold = 1e-14
  /// A right-hand side is zero if it is violated by no more.
  static let boundThreshold = 1e-9

  /// Whether the right-hand side of a row without entries can be met within tolerance.
  static func isVoid(bound: Double, isEquality: Bool) -> Bool {
    bound >= -boundThreshold && (!isEquality || bound <= boundThreshold)
  }
}
