#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Moves a penalty towards the value at which the primal and the dual residual are equal, ever more
/// cautiously when it goes back and forth: without that it may jump between two values for ever, one of
/// which has only the primal and the other only the dual residual small.
struct PenaltyBalance {
  private var exponent = 0.5
  private var lastIncreased: Bool?

  /// The new penalty, nil if the change is not worth a factorization.
  mutating func adapted(_ penalty: Double, primal: Double, dual: Double) -> Double? {
    let ratio = max(primal, 1e-12) / max(dual, 1e-12)
    let increases = ratio > 1
    if let lastIncreased, lastIncreased != increases { exponent *= 0.6 }
    lastIncreased = increases
    let factor = min(max(pow(ratio, exponent), 1e-2), 1e2)
    let adapted = min(max(penalty * factor, 1e-6), 1e6)
    // Steps that were made smaller would never reach the usual threshold of 5.
    let threshold = 1 + 8 * exponent
    return adapted > threshold * penalty || adapted < penalty / threshold ? adapted : nil
  }
}
