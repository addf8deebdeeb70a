import ArgumentParser
import ProblemFiles

struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Print a file as problem JSON, to which x, duals and gradients refer.")

  @Argument(help: "The problem file.")
  var file: String

  func run() throws {
    let file = try ProblemFile(path: file)
    var writer = JSONWriter(sink: StandardOutput.write)
    file.write(to: &writer)
    _ = writer.finish()
  }
}
