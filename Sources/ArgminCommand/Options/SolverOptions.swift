import Argmin
import ArgumentParser
import ProblemFiles

/// How problems are solved: the options that `solve` and `check` share.
struct SolverOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: "Bound on the relative primal, dual and gap residuals.")
  var tolerance: Double?

  @Option(parsing: .unconditional, help: "Iterations allowed to each problem.")
  var maxIterations: Int?

  @Option(parsing: .unconditional, help: "Seconds allowed in all.")
  var timeLimit: Double?

  @Option(
    help: """
      automatic, interior-point or active-set (quadratic programs with dense data), or \
      sparse-interior-point (any problem; cone programs and large sparse models in any case).
      """)
  var method: SolveMethod = .automatic

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

  /// The settings of the library for quadratic programs with dense data.
  var quadraticSettings: QuadraticProgramSettings {
    var settings = QuadraticProgramSettings(method: method.dense ?? .automatic)
    if let tolerance { settings.relativeTolerance = tolerance }
    settings.maximumIterations = maxIterations
    settings.timeLimit = limit
    settings.threads = threads
    return settings
  }

  /// The settings of the library for cone programs.
  var coneSettings: ConeProgramSettings {
    var settings = ConeProgramSettings()
    if let tolerance { settings.relativeTolerance = tolerance }
    if let maxIterations { settings.maximumIterations = maxIterations }
    settings.timeLimit = limit
    settings.threads = threads
    return settings
  }

  private var limit: Duration? {
    guard let timeLimit, timeLimit < Self.longestTimeLimit else { return nil }
    return .seconds(timeLimit)
  }

  /// The problems in the form that the method asks for.
  ///
  /// - Throws: `ToolFailure` or `ProblemFileError` if the method does not solve them.
  func prepared(_ file: ProblemFile) throws -> ProblemFile {
    switch method {
    case .automatic:
      // The sparse interior point is faster on models with zeros and more accurate on linear programs.
      return file.isModelWithZeros ? try file.converted(to: .cone) : file
    case .sparseInteriorPoint: return try file.converted(to: .cone)
    case .interiorPoint, .activeSet:
      for case .cone(let group) in file.groups where !group.isQuadraticProgram {
        let place = file.isBatch ? ": problems[\(group.indices[0])]" : ""
        throw ToolFailure(
          .unsupported,
          "\(file.name)\(place): --method \(method.rawValue) does not solve cone programs; "
            + "\(SolveMethod.sparseInteriorPoint.rawValue) does")
      }
      return try file.converted(to: .quadratic)
    }
  }
}

/// The methods by the names that the tool uses.
enum SolveMethod: String, ExpressibleByArgument, CaseIterable {
  /// By the kind and the size of the problem.
  case automatic
  case interiorPoint = "interior-point"
  case activeSet = "active-set"
  /// The interior point for cone programs, on sparse data.
  case sparseInteriorPoint = "sparse-interior-point"

  /// The method for quadratic programs with dense data; nil for one on sparse data.
  var dense: QuadraticProgramSettings.Method? {
    switch self {
    case .automatic: .automatic
    case .interiorPoint: .interiorPoint
    case .activeSet: .activeSet
    case .sparseInteriorPoint: nil
    }
  }
}
