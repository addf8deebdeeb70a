import Argmin
import ArgumentParser
import ProblemFiles

struct SolveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "solve",
    abstract: "Solve the problems of a file, and differentiate their solutions.",
    discussion: """
      FILE is told by its name: .json, .mps or .qps, .cbf, .dat-s, each also with .gz. A JSON file may \
      hold a batch of problems; the answers stand in its order.
      """)

  @Argument(help: "The problem file.")
  var file: String

  @Option(
    help: """
      A file with the gradient of a loss with respect to the solution ({"x", "lambda", "nu"}, of a \
      cone program {"x", "y", "s"}, a list of these for a batch): adds the gradient with respect to every datum.
      """)
  var vjp: String?

  @Option(
    help: """
      A file with a perturbation of the data ({"Q", "p", "G", "h", "A", "b"}, of a cone program \
      {"P", "c", "A", "b"}, a list of these for a batch): adds the change of the solution.
      """)
  var jvp: String?

  @OptionGroup var degenerate: DegenerateOptions
  @OptionGroup var solver: SolverOptions

  @Flag(
    help: """
      Print everything, nothing elided, and the iterations of cone programs on standard error.
      """)
  var verbose = false

  @Flag(help: "Print the answer as JSON.")
  var json = false

  func run() throws {
    let file = try solver.prepared(ProblemFile(path: file))
    let run = SolveRun(
      file: file,
      solver: solver,
      policy: degenerate.policy,
      upstream: try vjp.map { try UpstreamFile(path: $0, for: file) },
      perturbation: try jvp.map { try PerturbationFile(path: $0, for: file) },
      progress: verbose ? nil : ProgressLine(file.name),
      log: verbose ? IterationLog(isBatch: file.isBatch) : nil)
    let answers = try run.answers()
    if json {
      var writer = JSONWriter(sink: StandardOutput.write)
      writer.write(answers, to: file)
      _ = writer.finish()
    } else {
      StandardOutput.write(lines: AnswerReport(file: file, isVerbose: verbose).lines(answers))
    }
    guard answers.allSatisfy({ $0.status == .optimal }) else { throw ExitStatus.notSolved }
  }
}
