import Foundation

/// Seeds of a randomized search. `make test` runs a bounded number of them, always the same ones;
/// `make fuzz` multiplies it by the environment variable `ARGMIN_FUZZ`.
package enum FuzzBudget {
  /// How many times longer than in `make test` a search runs, at least 1.
  package static let factor = max(
    1, ProcessInfo.processInfo.environment["ARGMIN_FUZZ"].flatMap(Int.init) ?? 1)

  /// The seeds of a search that runs `count` of them in `make test`.
  package static func seeds(_ count: Int) -> Range<UInt64> {
    0..<UInt64(count * factor)
  }
}
