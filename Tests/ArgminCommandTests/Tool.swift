import Foundation
import Testing

/// The built tool, run as a process: these tests see what a user of the command line sees.
struct Tool {
  struct Outcome {
    let status: Int32
    let output: String
    let errors: String

    /// The answer as JSON: an object, or a list of objects.
    var object: [String: Any] {
      get throws { try #require(try json as? [String: Any]) }
    }

    var list: [[String: Any]] {
      get throws { try #require(try json as? [[String: Any]]) }
    }

    private var json: Any {
      get throws { try JSONSerialization.jsonObject(with: Data(output.utf8)) }
    }
  }

  /// Where the tests were built, the tool is beside them.
  private static let location: URL? = {
    let tests = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    var folders = [tests.deletingLastPathComponent()]
    folders += Bundle.allBundles.map { $0.bundleURL.deletingLastPathComponent() }
    let package = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    folders.append(package.appendingPathComponent(".build/release"))
    return folders.map { $0.appendingPathComponent("argmin") }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
  }()

  /// A folder of the test's own; the process runs in it.
  let folder: URL

  /// Runs `body` with the tool in a fresh folder.
  static func use(_ body: (Tool) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("argmin-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(Tool(folder: folder))
  }

  /// Writes a file into the folder.
  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: folder.appendingPathComponent(name))
  }

  func read(_ name: String) throws -> Data {
    try Data(contentsOf: folder.appendingPathComponent(name))
  }

  /// Runs the tool with these arguments, without standard input.
  func callAsFunction(_ arguments: String...) throws -> Outcome {
    try run(arguments)
  }

  func run(_ arguments: [String]) throws -> Outcome {
    let process = Process()
    let location: URL = try #require(Self.location, "the tool was not built")
    process.executableURL = location
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.standardInput = FileHandle.nullDevice
    // Files, not pipes: neither can fill up.
    let names = [".output-\(UUID().uuidString)", ".errors-\(UUID().uuidString)"]
    let handles = try names.map { name in
      try write("", to: name)
      return try FileHandle(forWritingTo: folder.appendingPathComponent(name))
    }
    process.standardOutput = handles[0]
    process.standardError = handles[1]
    try process.run()
    process.waitUntilExit()
    for handle in handles { try handle.close() }
    let texts = try names.map { String(decoding: try read($0), as: UTF8.self) }
    return Outcome(status: process.terminationStatus, output: texts[0], errors: texts[1])
  }
}

/// Problems that the tests use, as files.
enum Files {
  /// x = 1.4, 1.7 with the second row active.
  static let program = """
    {"kind": "qp", "Q": [[2, 0], [0, 2]], "p": [-2, -5],
     "G": [[1, 2], [-1, 2], [-1, -2], [-1, 0], [0, -1]], "h": [6, 2, 2, 0, 0]}
    """
  static let unconstrained = #"{"kind": "qp", "Q": [[2]], "p": [-2]}"#
  static let infeasible = #"{"kind": "qp", "Q": [[2]], "p": [-2], "G": [[1], [-1]], "h": [-1, -1]}"#
  static let unbounded = #"{"kind": "qp", "p": [4]}"#
  /// Two bounds that both hold with equality, one of them with multiplier 0.
  static let weaklyActive = #"{"kind": "qp", "Q": [[2]], "p": [0], "G": [[1]], "h": [0]}"#

  static func batch(_ problems: String...) -> String {
    #"{"kind": "batch", "problems": ["# + problems.joined(separator: ",\n") + "]}"
  }

  /// maximize 3 + x + 2y - x² - y² subject to x + y = 1 (row LINE), x ≤ 0.25, y ≥ 0.
  static let maximized = """
    NAME          SMALL
    OBJSENSE
        MAX
    ROWS
     N  PROFIT
     E  LINE
    COLUMNS
        X         PROFIT    1.0   LINE      1.0
        Y         PROFIT    2.0   LINE      1.0
    RHS
        RHS       LINE      1.0   PROFIT    -3.0
    BOUNDS
     UP BOUND     X         0.25
    QUADOBJ
        X         X         -2.0
        Y         Y         -2.0
    ENDATA

    """
}
