import Foundation
import Testing

extension Files {
  /// minimize x₁ + x₂ over the disc of radius 1.
  static let disc = """
    {"kind": "cone", "c": [1, 1],
     "A": {"rows": 3, "columns": 2, "row": [2, 1], "col": [1, 0], "val": [-1, -1]},
     "b": [1, 0, 0], "cone": {"q": [3]}}
    """
  /// x ≥ 1 and x ≤ 0.
  static let infeasibleCone = """
    {"kind": "cone", "c": [1], "A": {"rows": 2, "columns": 1, "row": [0, 1], "col": [0, 0],
     "val": [-1, 1]}, "b": [-1, 0], "cone": {"l": 2}}
    """
  /// minimize x with x ≤ 0.
  static let unboundedCone = """
    {"kind": "cone", "c": [1], "A": {"rows": 1, "columns": 1, "row": [0], "col": [0], "val": [1]},
     "b": [0], "cone": {"l": 1}}
    """
  /// The example of the manual of SDPA, with optimum -41.9.
  static let semidefinite = """
    3
    1
    2
    48 -8 20
    0 1 1 1 -11
    0 1 2 2 23
    1 1 1 1 10
    1 1 1 2 4
    2 1 2 2 -8
    3 1 1 2 -8
    3 1 2 2 -2

    """
  /// maximize t + 2 subject to exp t ≤ 3.
  static let exponential = """
    VER
    3
    OBJSENSE
    MAX
    VAR
    1 1
    F 1
    CON
    3 1
    EXP 3
    OBJACOORD
    1
    0 1
    OBJBCOORD
    2
    ACOORD
    1
    2 0 1
    BCOORD
    2
    0 3
    1 1

    """
}

/// Cone programs from the command line.
@Suite struct ConeSolveTests {
  private func numbers(_ value: Any?) throws -> [Double] {
    try #require(value as? [Any]).map { ($0 as? Double) ?? .nan }
  }

  private func isClose(_ left: [Double], _ right: [Double], within tolerance: Double = 1e-7)
    -> Bool
  {
    left.count == right.count && zip(left, right).allSatisfy { abs($0 - $1) <= tolerance }
  }

  @Test func aConeProgramIsSolvedAndDifferentiated() throws {
    try Tool.use { tool in
      try tool.write(Files.disc, to: "a.json")
      try tool.write(#"{"x": [1, 0]}"#, to: "up.json")
      try tool.write(#"{"b": [1, 0, 0], "A": [0, 0]}"#, to: "move.json")
      let outcome = try tool("solve", "a.json", "--vjp", "up.json", "--jvp", "move.json", "--json")
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.errors.isEmpty)
      let answer = try outcome.object
      let half = 0.5.squareRoot()
      #expect(answer["status"] as? String == "optimal")
      #expect(isClose([try #require(answer["objective"] as? Double)], [-2 * half]))
      #expect(isClose(try numbers(answer["x"]), [-half, -half]))
      #expect(isClose(try numbers(answer["s"]), [1, -half, -half]))
      #expect(isClose(try numbers(answer["y"]), [2 * half, 1, 1]))
      #expect(answer["method"] as? String == "sparse-interior-point")
      #expect(
        Set(answer.keys) == [
          "status", "objective", "x", "y", "s", "residuals", "iterations", "seconds", "method",
          "vjp", "jvp", "derivative", "vjpSeconds", "jvpSeconds",
        ])
      // x = -r c / |c|: dx₁/dc = -r / |c|³ (c₂², -c₁c₂), dx/dr = -c / |c|.
      let gradient = try #require(answer["vjp"] as? [String: Any])
      #expect(Set(gradient.keys) == ["c", "A", "b"])
      let slope = 1 / 8.0.squareRoot()
      #expect(isClose(try numbers(gradient["c"]), [-slope, slope]))
      #expect(isClose(try numbers(gradient["b"]), [-half, -1, 0], within: 1e-6))
      // In the order of val: [2, 1], then [1, 0].
      #expect(try numbers(gradient["A"]).count == 2)
      let tangent = try #require(answer["jvp"] as? [String: Any])
      #expect(Set(tangent.keys) == ["x", "y", "s"])
      #expect(isClose(try numbers(tangent["x"]), [-half, -half]))
      let certificate = try #require(answer["derivative"] as? [String: Any])
      #expect(certificate["kind"] as? String == "exact")
      for key in ["vjpSeconds", "jvpSeconds"] {
        #expect(try #require(answer[key] as? Double) > 0)
      }
    }
  }

  /// Entries at one place get the gradient of that place.
  @Test func gradientsFollowTheOrderOfVal() throws {
    try Tool.use { tool in
      let data = #""c": [1], "b": [-2, 0], "cone": {"l": 2}"#
      try tool.write(
        #"{"kind": "cone", "A": {"rows": 2, "columns": 1, "row": [1, 0], "col": [0, 0], "#
          + #""val": [0, -1]}, "# + data + "}", to: "once.json")
      try tool.write(
        #"{"kind": "cone", "A": {"rows": 2, "columns": 1, "row": [0, 1, 0], "col": [0, 0, 0], "#
          + #""val": [-0.25, 0, -0.75]}, "# + data + "}", to: "twice.json")
      try tool.write(#"{"x": [1]}"#, to: "up.json")
      func gradient(_ name: String) throws -> [Double] {
        let answer = try tool("solve", name, "--vjp", "up.json", "--json").object
        return try numbers(try #require(answer["vjp"] as? [String: Any])["A"])
      }
      // x = 2 / a at a = 1 (the row is -a x ≤ -2), so dx/dA₀₀ = 2.
      #expect(isClose(try gradient("once.json"), [0, 2]))
      #expect(isClose(try gradient("twice.json"), [2, 0, 2]))
    }
  }

  @Test func raysProveThatThereIsNoSolution() throws {
    try Tool.use { tool in
      try tool.write(Files.batch(Files.infeasibleCone, Files.unboundedCone), to: "b.json")
      let outcome = try tool("solve", "b.json", "--json")
      #expect(outcome.status == 1)
      let answers = try outcome.list
      #expect(
        answers.map { $0["status"] as? String } == ["primal infeasible", "dual infeasible"])
      let first = try #require(answers[0]["ray"] as? [String: Any])
      #expect(Set(first.keys) == ["y"])
      // Aᵀy = 0, bᵀy = -1.
      #expect(isClose(try numbers(first["y"]), [1, 1], within: 1e-6))
      let second = try #require(answers[1]["ray"] as? [String: Any])
      #expect(Set(second.keys) == ["x", "s"])
      #expect(isClose(try numbers(second["x"]), [-1], within: 1e-6))
      #expect(isClose(try numbers(second["s"]), [1], within: 1e-6))
      #expect(answers[0]["objective"] is NSNull)
    }
  }

  @Test func kindsMayBeMixed() throws {
    try Tool.use { tool in
      try tool.write(
        Files.batch(Files.disc, Files.program, Files.unboundedCone, Files.disc), to: "b.json")
      try tool.write(#"[{"x": [1, 0]}, {"lambda": [1, 0, 0, 0, 0]}, null, null]"#, to: "up.json")
      let answers = try tool("solve", "b.json", "--vjp", "up.json", "--json").list
      #expect(
        answers.map { $0["status"] as? String } == [
          "optimal", "optimal", "dual infeasible", "optimal",
        ])
      #expect(answers[0]["y"] != nil && answers[0]["vjp"] != nil)
      #expect(answers[1]["lambda"] != nil && answers[1]["vjp"] != nil)
      #expect(answers[3]["vjp"] == nil)
      #expect(try numbers(answers[0]["x"]) == (try numbers(answers[3]["x"])))
    }
  }

  @Test func semidefiniteAndExponentialFiles() throws {
    try Tool.use { tool in
      try tool.write(Files.semidefinite, to: "a.dat-s")
      let semidefinite = try tool("solve", "a.dat-s", "--json").object
      #expect(isClose([try #require(semidefinite["objective"] as? Double)], [-41.9], within: 1e-6))
      #expect(semidefinite["columnNames"] as? [String] == ["x[1]", "x[2]", "x[3]"])
      try tool.write(Files.exponential, to: "a.cbf")
      let exponential = try tool("solve", "a.cbf", "--json").object
      // In the file's sense and with its constant.
      #expect(
        isClose([try #require(exponential["objective"] as? Double)], [2 + log(3)], within: 1e-6))
      #expect(exponential["rowNames"] as? [String] == ["CON[2]", "CON[1]", "CON[0]"])
      let report = try tool("solve", "a.cbf").output
      #expect(report.contains("1 variable, 3 rows: 1 exponential"))
      #expect(report.contains("(maximized)"))
    }
  }

  /// The same answer in the same words, whichever solver finds it.
  @Test(arguments: ["small.qps", "program.json"])
  func quadraticProgramsCanBeSolvedSparse(_ name: String) throws {
    try Tool.use { tool in
      try tool.write(Files.maximized, to: "small.qps")
      try tool.write(Files.program, to: "program.json")
      try tool.write(#"{"x": [1, 0.5]}"#, to: "up.json")
      try tool.write(#"{"p": [1, -1], "Q": [[1, 0], [0, 0]]}"#, to: "move.json")
      func answer(_ method: String) throws -> [String: Any] {
        let outcome = try tool(
          "solve", name, "--method", method, "--vjp", "up.json", "--jvp", "move.json", "--json")
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try outcome.object
      }
      let dense = try answer("interior-point")
      let sparse = try answer("sparse-interior-point")
      #expect(Set(dense.keys) == Set(sparse.keys))
      #expect(sparse["method"] as? String == "sparse-interior-point")
      for key in ["x", "lambda", "nu"] {
        #expect(isClose(try numbers(sparse[key]), try numbers(dense[key])), "\(key)")
      }
      let gradients = try [dense, sparse].map { try #require($0["vjp"] as? [String: Any]) }
      #expect(Set(gradients[0].keys) == Set(gradients[1].keys))
      for key in ["p", "h", "b"] {
        #expect(isClose(try numbers(gradients[1][key]), try numbers(gradients[0][key])), "\(key)")
      }
      // Sparse matrices name their places.
      let G = try #require(gradients[0]["G"] as? [[Double]])
      let entries = try #require(gradients[1]["G"] as? [String: Any])
      let row = try #require(entries["row"] as? [Int])
      let column = try #require(entries["col"] as? [Int])
      let values = try numbers(entries["val"])
      #expect(!values.isEmpty)
      #expect(isClose(values, zip(row, column).map { G[$0][$1] }))
      let tangents = try [dense, sparse].map { try #require($0["jvp"] as? [String: Any]) }
      #expect(isClose(try numbers(tangents[1]["x"]), try numbers(tangents[0]["x"])))
    }
  }

  /// A model that is too large to be dense unasked: 400 variables, each with its own best value.
  @Test func aLargeModelIsSolvedSparse() throws {
    try Tool.use { tool in
      let names = (0..<400).map { "X\($0)" }
      try tool.write(
        "ROWS\n N c\n G sum\nCOLUMNS\n" + names.map { " \($0) c 1 sum 1\n" }.joined()
          + "RHS\n b sum 100\nQUADOBJ\n" + names.map { " \($0) \($0) 1\n" }.joined() + "ENDATA\n",
        to: "large.qps")
      let outcome = try tool("solve", "large.qps", "--json")
      #expect(outcome.status == 0, "\(outcome.errors)")
      let answer = try outcome.object
      #expect(answer["method"] as? String == "sparse-interior-point")
      #expect(isClose(try numbers(answer["x"]), [Double](repeating: 0.25, count: 400)))
      #expect(try numbers(answer["lambda"]).count == 401)
      #expect(isClose([try numbers(answer["lambda"])[0]], [1.25]))
      #expect(try numbers(answer["nu"]).isEmpty)
      let converted = try tool("convert", "large.qps").object
      #expect(converted["kind"] as? String == "cone")
      #expect(try tool("convert", "large.qps", "--kind", "qp").object["kind"] as? String == "qp")
    }
  }

  @Test func theIterationLogGoesToStandardError() throws {
    try Tool.use { tool in
      try tool.write(Files.disc, to: "a.json")
      let outcome = try tool("solve", "a.json", "--verbose", "--json")
      let lines = outcome.errors.split(separator: "\n")
      let iterations = try #require(try outcome.object["iterations"] as? Int)
      #expect(lines.count == iterations + 2, "\(outcome.errors)")
      for title in ["iteration", "primal objective", "dual objective", "gap", "mu", "step"] {
        #expect(lines.first?.contains(title) == true)
      }
      let last = try #require(lines.last).split(separator: " ").map(String.init)
      #expect(last.count == 8)
      #expect(Int(last[0]) == iterations)
      #expect(isClose([try #require(Double(last[1]))], [-2.0.squareRoot()], within: 1e-6))
    }
  }

  @Test func limitsAreStatuses() throws {
    try Tool.use { tool in
      try tool.write(Files.disc, to: "a.json")
      let time = try tool("solve", "a.json", "--time-limit", "0", "--json")
      #expect(time.status == 1)
      #expect(try time.object["status"] as? String == "time limit")
      let iterations = try tool("solve", "a.json", "--max-iterations", "1", "--json")
      #expect(iterations.status == 1)
      #expect(try iterations.object["status"] as? String == "iteration limit")
      #expect(try iterations.object["iterations"] as? Int == 1)
    }
  }

  @Test func theDenseMethodsDoNotSolveConePrograms() throws {
    try Tool.use { tool in
      try tool.write(Files.batch(Files.program, Files.disc), to: "b.json")
      for command in ["solve", "check"] {
        let outcome = try tool(command, "b.json", "--method", "active-set")
        #expect(outcome.status == 3)
        #expect(
          outcome.errors.hasPrefix("argmin: b.json: problems[1]: --method active-set does not"))
      }
    }
  }

  @Test func derivativesOfConeProgramsAreChecked() throws {
    try Tool.use { tool in
      try tool.write(
        Files.disc.replacingOccurrences(
          of: #""c": [1, 1],"#,
          with: """
            "P": {"rows": 2, "columns": 2, "row": [0, 1, 0, 1], "col": [0, 0, 1, 1],
                  "val": [0.2, 0.1, 0.1, 0.3]}, "c": [1, 2],
            """), to: "a.json")
      let report = try tool("check", "a.json", "--json").object
      #expect(report["kind"] as? String == "exact")
      #expect(report["contradicted"] as? Bool == false)
      let data = try #require(report["data"] as? [String: [String: Any]])
      #expect(Set(data.keys) == ["P", "c", "A", "b"])
      // An off-diagonal of P moves with its mirror image.
      #expect(data["P"]?["entries"] as? Int == 3)
      for datum in data.values {
        #expect(try #require(datum["vjpError"] as? Double) < 1e-6)
        #expect(try #require(datum["jvpError"] as? Double) < 1e-6)
      }
      try tool.write(Files.batch(Files.program, Files.disc), to: "b.json")
      let outcome = try tool("check", "b.json")
      #expect(outcome.status == 0, "\(outcome.output)")
      #expect(outcome.output.contains("2 confirmed"))
    }
  }

  @Test(arguments: ["cbf", "json"])
  func aConvertedConeProgramIsTheSame(_ format: String) throws {
    try Tool.use { tool in
      try tool.write(Files.disc, to: "a.json")
      let converted = try tool("convert", "a.json", "--format", format)
      #expect(converted.status == 0, "\(converted.errors)")
      try tool.write(converted.output, to: "b.\(format)")
      let objectives = try ["a.json", "b.\(format)"].map { name in
        try #require(try tool("solve", name, "--json").object["objective"] as? Double)
      }
      #expect(isClose([objectives[0]], [objectives[1]]))
    }
  }

  @Test func whatAFormatCannotHoldIsRefused() throws {
    try Tool.use { tool in
      try tool.write(Files.disc, to: "a.json")
      try tool.write(Files.batch(Files.disc), to: "b.json")
      for arguments in [
        ["convert", "a.json", "--kind", "qp"], ["convert", "a.json", "--format", "mps"],
        ["convert", "b.json", "--format", "cbf"],
      ] {
        let outcome = try tool.run(arguments)
        #expect(outcome.status == 3)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.hasPrefix("argmin: "))
      }
    }
  }
}
