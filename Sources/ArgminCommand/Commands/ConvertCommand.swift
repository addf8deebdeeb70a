import ArgumentParser
import ProblemFiles

struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Print a file as problem JSON, to which x, duals and gradients refer.",
    discussion: """
      A small MPS or QPS model becomes a problem of kind qp, a large one a sparse one of kind cone.
      """)

  @Argument(help: "The problem file.")
  var file: String

  @Option(
    help: "The kind of the problems: qp (dense) or cone (sparse); by default as they are solved.")
  var kind: ProblemForm?

  @Option(help: "Another format to print: cbf, dat-s, mps or qps; a single problem.")
  var format: OutputFormat = .json

  func run() throws {
    var file = try ProblemFile(path: file)
    if let kind { file = try file.converted(to: kind) }
    guard format == .json else { return try printText(file) }
    var writer = JSONWriter(sink: StandardOutput.write)
    file.write(to: &writer)
    _ = writer.finish()
  }

  private func printText(_ file: ProblemFile) throws {
    guard !file.isBatch, case .cone(let group) = try file.converted(to: .cone).groups.first else {
      throw ToolFailure(.unsupported, "\(file.name): only JSON can hold a batch")
    }
    let bytes = try group.batch[0].text(as: format.format, name: file.name)
    bytes.withUnsafeBytes(StandardOutput.write)
  }
}

extension ProblemForm: ExpressibleByArgument {}

/// The formats that can be printed, by the names of their extensions.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case json, cbf, mps, qps
  case sdpa = "dat-s"

  var format: ProblemFileFormat {
    switch self {
    case .json: .json
    case .cbf: .cbf
    case .mps: .mps
    case .qps: .qps
    case .sdpa: .sdpa
    }
  }
}
