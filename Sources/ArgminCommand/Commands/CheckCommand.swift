import ArgumentParser
import ProblemFiles

struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Compare derivatives with finite differences, and print a table.",
    discussion: """
      Every entry of the data, or a sample of them for large problems, is moved and the problem \
      solved again. Exit status 1 if a derivative that is certified as exact is contradicted, or \
      if a problem is not solved.
      """)

  @Argument(help: "The problem file.")
  var file: String

  @OptionGroup var solver: SolverOptions

  @Option(
    parsing: .unconditional,
    help: "Entries checked of each datum (default: by the size of the problem).")
  var samples: Int?

  @Option(parsing: .unconditional, help: "Where the random choices start.")
  var seed: UInt64 = 0

  @Flag(help: "Print the result as JSON.")
  var json = false

  mutating func validate() throws {
    if let samples, samples < 1 {
      throw ValidationError("--samples must be at least 1, not \(samples)")
    }
  }

  func run() throws {
    let file = try solver.prepared(ProblemFile(path: file))
    let progress = ProgressLine(file.name)
    var results: [DerivativeCheckResult] = []
    for index in 0..<file.count {
      do {
        results.append(
          try check(index, of: file) {
            progress.show((Double(index) + $0) / Double(file.count), "checking")
          })
      } catch {
        progress.end()
        throw ToolFailure(error, in: file, indices: [index])
      }
    }
    progress.end()
    let report = CheckReport(file: file, results: results)
    if json {
      var writer = JSONWriter(sink: StandardOutput.write)
      report.write(to: &writer)
      _ = writer.finish()
    } else {
      StandardOutput.write(lines: report.lines)
    }
    guard report.isConfirmed else { throw ExitStatus.notSolved }
  }

  private func check(
    _ index: Int, of file: ProblemFile, progress: (Double) -> Void
  ) throws -> DerivativeCheckResult {
    let (group, item) = file.location(of: index)
    switch file.groups[group] {
    case .quadratic(let group):
      let program = CheckedQuadraticProgram(
        try group.program(item), isLinear: group.isLinear, settings: solver.quadraticSettings)
      return try DerivativeCheck(program: program, samples: samples, seed: seed)
        .run(progress: progress)
    case .cone(let group):
      let program = try CheckedConeProgram(group.batch[item], settings: solver.coneSettings)
      return try DerivativeCheck(program: program, samples: samples, seed: seed)
        .run(progress: progress)
    }
  }
}
