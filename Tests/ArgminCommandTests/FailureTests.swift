import Foundation
import Testing

/// A file that the tool must refuse: its text, the exit status and what the line must name.
struct WrongFile: CustomTestStringConvertible, Sendable {
  let name: String
  let text: String
  var status: Int32 = 2
  let mentions: [String]

  var testDescription: String { "\(name): \(text.prefix(60))" }

  static let all = [
    WrongFile(name: "a.json", text: "", mentions: ["a.json"]),
    WrongFile(name: "a.json", text: #"{"kind": "qp"}"#, mentions: ["p"]),
    WrongFile(name: "a.json", text: #"{"kind": "qp", "p": [1,]}"#, mentions: ["a.json:1"]),
    WrongFile(
      name: "a.json", text: "{\"kind\": \"qp\",\n\"p\": [1],\n\"p\": [2]}",
      mentions: ["a.json:3", "p"]),
    WrongFile(
      name: "a.json", text: #"{"kind": "qp", "p": [1, 2], "Q": [[1, 2], [3, 4]]}"#,
      mentions: ["Q", "symmetric"]),
    WrongFile(
      name: "a.json", text: #"{"kind": "qp", "p": [1, 2], "Q": [[1, 0], [0, -1]]}"#,
      mentions: ["Q", "positive semidefinite"]),
    WrongFile(
      name: "a.json", text: #"{"kind": "qp", "p": [1, 2], "G": [[1, 0], [1]], "h": [1, 1]}"#,
      mentions: ["G"]),
    WrongFile(
      name: "b.json",
      text: Files.batch(
        Files.unconstrained, Files.unconstrained, #"{"kind": "qp", "Q": [[-1]], "p": [1]}"#),
      mentions: ["problems[2].Q", "positive semidefinite"]),
    WrongFile(
      name: "b.json",
      text: Files.batch(Files.program, #"{"kind": "qp", "p": [1], "G": [[1]], "h": [1, 2]}"#),
      mentions: ["problems[1]"]),
    WrongFile(name: "a.txt", text: Files.program, mentions: ["a.txt", ".json"]),
    WrongFile(name: "a.mps", text: "NAME\nROWS\n Z  COST\nENDATA\n", mentions: ["a.mps:3"]),
    WrongFile(name: "a.json.gz", text: "not compressed", mentions: ["a.json.gz"]),
    WrongFile(
      name: "a.mps",
      text: """
        NAME
        ROWS
         N  COST
        COLUMNS
            MARKER                 'MARKER'                 'INTORG'
            X         COST      1.0
            MARKER                 'MARKER'                 'INTEND'
        RHS
        ENDATA

        """, status: 3, mentions: ["integer"]),
    WrongFile(
      name: "c.json", text: #"{"kind": "cone", "c": [1], "b": [1], "cone": {"l": 1}}"#,
      mentions: ["A", "is missing"]),
    WrongFile(
      name: "c.json",
      text: Files.batch(Files.disc, #"{"kind": "cone", "c": [1], "cone": {"p": [2]}}"#),
      mentions: ["problems[1].cone.p[0]"]),
    WrongFile(name: "a.cbf", text: "VER\n3\n", mentions: ["a.cbf:3", "OBJSENSE"]),
    WrongFile(
      name: "a.cbf", text: "VER\n3\nOBJSENSE\nMIN\nVAR\n1 1\nF 1\nINT\n1\n0\n", status: 3,
      mentions: ["a.cbf:8", "integer"]),
    WrongFile(
      name: "a.dat-s", text: "1\n1\n2\n1\n1 1 1 3 1\n", mentions: ["a.dat-s:5", "column 3"]),
    WrongFile(
      name: "a.json",
      text: #"{"kind": "qp", "p": ["# + repeatElement("1", count: 20_000).joined(separator: ",")
        + "]}", status: 3, mentions: ["20000"]),
  ]
}

@Suite struct FailureTests {
  /// One line, nothing on standard output.
  private func expectFailure(_ outcome: Tool.Outcome, status: Int32, mentions: [String]) {
    #expect(outcome.status == status)
    #expect(outcome.output.isEmpty)
    #expect(outcome.errors.hasPrefix("argmin: "))
    #expect(outcome.errors.last == "\n")
    #expect(outcome.errors.count { $0.isNewline } == 1, "\(outcome.errors)")
    for text in mentions { #expect(outcome.errors.contains(text), "\(outcome.errors)") }
  }

  @Test(arguments: WrongFile.all)
  func aWrongFileIsNamedInOneLine(_ file: WrongFile) throws {
    try Tool.use { tool in
      try tool.write(file.text, to: file.name)
      for options in [[], ["--json"]] {
        expectFailure(
          try tool.run(["solve", file.name] + options), status: file.status,
          mentions: file.mentions)
      }
    }
  }

  @Test func aMissingFileIsNamed() throws {
    try Tool.use { tool in
      for command in ["solve", "check", "convert"] {
        expectFailure(try tool(command, "none.json"), status: 2, mentions: ["none.json"])
      }
    }
  }

  @Test(arguments: [
    (["solve"], "file"),
    (["solve", "a.json", "--what"], "--what"),
    (["solve", "a.json", "--method", "magic"], "magic"),
    (["solve", "a.json", "--tolerance", "-1"], "--tolerance"),
    (["solve", "a.json", "--tolerance", "nan"], "--tolerance"),
    (["solve", "a.json", "--max-iterations", "-3"], "--max-iterations"),
    (["solve", "a.json", "--time-limit", "-1"], "--time-limit"),
    (["solve", "a.json", "--threads", "0"], "--threads"),
    (["solve", "a.json", "--barrier", "1"], "--degenerate smoothed"),
    (["solve", "a.json", "--degenerate", "smoothed", "--barrier", "0"], "--barrier"),
    (["unknown"], "unknown"),
    (["run", "nothing"], "svm-sensitivity"),
    (["run", "svm-sensitivity", "--output", "/dev/null/x"], "/dev/null/x"),
    (["bench", "1-2-3"], "10-5-0"),
    (["bench", "--data", "nowhere"], "nowhere"),
    (["bench", "10-5-0", "--cells", "mlp-*"], "--cells"),
    (["bench", "tensors", "--cells", "nothing-*"], "nothing-*"),
    (["bench", "tensors", "--threads", "1"], "--threads"),
  ])
  func wrongUsageIsOneLine(_ arguments: [String], _ mention: String) throws {
    try Tool.use { tool in
      try tool.write(Files.program, to: "a.json")
      expectFailure(try tool.run(arguments), status: 2, mentions: [mention])
    }
  }

  @Test(arguments: [
    ("{\"x\": [1]}", "x"), ("{\"y\": [1, 2]}", "y"), ("[]", "up.json"),
    ("{\"x\": [1, NaN]}", "up.json"),
  ])
  func aWrongUpstreamFileIsNamed(_ text: String, _ mention: String) throws {
    try Tool.use { tool in
      try tool.write(Files.program, to: "a.json")
      try tool.write(text, to: "up.json")
      expectFailure(
        try tool("solve", "a.json", "--vjp", "up.json"), status: 2, mentions: [mention, "up.json"])
    }
  }

  @Test func helpIsNoFailure() throws {
    try Tool.use { tool in
      for arguments in [["--help"], ["solve", "--help"], ["help", "check"]] {
        let outcome = try tool.run(arguments)
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("USAGE"))
      }
    }
  }
}
