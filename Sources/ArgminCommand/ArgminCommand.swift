import ArgumentParser
import Foundation
import ProblemFiles

/// The command-line tool.
///
/// Exit status: 0 if all was solved, 1 if an item was not, 2 for a bad file or bad usage, 3 for what
/// is not supported. Every failure is one line on standard error.
@main
struct ArgminCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "argmin",
    abstract: "Solves optimization problems and differentiates their solutions.",
    discussion: """
      Exit status: 0 all solved; 1 an item not solved; 2 bad file or usage; 3 not supported.
      """,
    subcommands: [
      SolveCommand.self, CheckCommand.self, ConvertCommand.self, RunCommand.self,
      ListCommand.self, ReportCommand.self, BenchCommand.self,
    ]
  )

  static func main() {
    restartWithFasterKernels()
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let status as ExitStatus {
      exit(withStatus: status)
    } catch let failure as ToolFailure {
      fail(failure)
    } catch let error as ProblemFileError {
      fail(ToolFailure(error))
    } catch {
      // Help that was asked for.
      if exitCode(for: error) == .success { exit(withError: error) }
      fail(ToolFailure(.badInput, message(for: error)))
    }
  }

  private static func fail(_ failure: ToolFailure) -> Never {
    StandardError.write("argmin: \(failure.message)\n")
    exit(withStatus: failure.status)
  }

  private static func exit(withStatus status: ExitStatus) -> Never {
    Foundation.exit(status.rawValue)
  }
}
