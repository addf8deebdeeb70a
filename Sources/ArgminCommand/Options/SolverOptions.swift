import Argmin
import ArgumentParser

/// How problems are solved: the options that `solve` and `check` share.
struct SolverOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: "Bound on the relative primal, dual and gap residuals.")
  var tolerance: Double?

  @Option(parsing: .unconditional, help: "Iterations allowed to each problem.")
  var maxIterations: Int?

  @Option(parsing: .unconditional, help: "Seconds allowed in all.")
  var timeLimit: Double?

  @Option(help: "automatic, interior-point or active-set.")
  var method: QuadraticProgramSettings.Method = .automatic

  @Option(parsing: .unconditional, help: "Threads that share a batch; one per core if left out.")
  var threads: Int?

  /// Longer limits than this are no limits.
  private static let longestTimeLimit = 1e9

  mutating func validate() throws {
    if let timeLimit, !(timeLimit >= 0) {
      throw ValidationError("--time-limit must not be negative, not \(timeLimit)")
    }
    if let tolerance, !(tolerance > 0 && tolerance < 1) {
      throw ValidationError("--tolerance must lie between 0 and 1, not \(tolerance)")
    }
    if let maxIterations, maxIterations < 0 {
      throw ValidationError("--max-iterations must not be negative, not \(maxIterations)")
    }
    if let threads, threads < 1 {
      throw ValidationError("--threads must be at least 1, not \(threads)")
    }
  }

  /// The settings of the library.
  var settings: QuadraticProgramSettings {
    var settings = QuadraticProgramSettings(method: method)
    if let tolerance { settings.relativeTolerance = tolerance }
    settings.maximumIterations = maxIterations
    if let timeLimit, timeLimit < Self.longestTimeLimit { settings.timeLimit = .seconds(timeLimit) }
    settings.threads = threads
    return settings
  }
}

extension QuadraticProgramSettings.Method: ExpressibleByArgument {}
