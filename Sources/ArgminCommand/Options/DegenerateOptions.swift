import Argmin
import ArgumentParser

/// What to answer where the solution map is not differentiable.
struct DegenerateOptions: ParsableArguments {
  enum Policy: String, ExpressibleByArgument, CaseIterable {
    case leastNorm = "least-norm"
    case smoothed
    case nan
    case throwing
  }

  @Option(
    help: """
      What to answer where there is no derivative: least-norm, smoothed (the derivative of the \
      central path at --barrier, for cone programs everywhere), nan, or throwing (refuse, exit status 1).
      """)
  var degenerate: Policy = .leastNorm

  @Option(
    parsing: .unconditional,
    help: "The barrier parameter of --degenerate smoothed (default: 1e-6).")
  var barrier: Double?

  mutating func validate() throws {
    guard let barrier else { return }
    guard degenerate == .smoothed else {
      throw ValidationError("--barrier goes with --degenerate smoothed")
    }
    guard barrier > 0 && barrier.isFinite else {
      throw ValidationError("--barrier must be positive and finite, not \(barrier)")
    }
  }

  /// The policy of the library.
  var policy: DegeneratePolicy {
    switch degenerate {
    case .leastNorm: .leastNorm
    case .smoothed: .smoothed(barrier: barrier ?? 1e-6)
    case .nan: .nan
    case .throwing: .throwing
    }
  }
}
