import Foundation
import Testing

@Suite struct SolveTests {
  private func numbers(_ value: Any?) throws -> [Double] {
    try #require(value as? [Any]).map { ($0 as? Double) ?? .nan }
  }

  private func isClose(_ left: [Double], _ right: [Double], within tolerance: Double = 1e-9)
    -> Bool
  {
    left.count == right.count && zip(left, right).allSatisfy { abs($0 - $1) <= tolerance }
  }

  @Test func aProblemIsSolved() throws {
    try Tool.use { tool in
      try tool.write(Files.program, to: "a.json")
      let outcome = try tool("solve", "a.json", "--json")
      #expect(outcome.status == 0)
      #expect(outcome.errors.isEmpty)
      let answer = try outcome.object
      #expect(answer["status"] as? String == "optimal")
      #expect(abs(try #require(answer["objective"] as? Double) + 6.45) < 1e-9)
      #expect(isClose(try numbers(answer["x"]), [1.4, 1.7]))
      #expect(isClose(try numbers(answer["lambda"]), [0, 0.8, 0, 0, 0]))
      #expect(try numbers(answer["nu"]) == [])
      let residuals = try #require(answer["residuals"] as? [String: Double])
      #expect(Set(residuals.keys) == ["primal", "dual", "gap"])
      #expect(residuals.values.allSatisfy { $0 <= 1e-9 })
      #expect(
        Set(answer.keys) == [
          "status", "objective", "x", "lambda", "nu", "residuals", "iterations", "seconds",
          "method",
        ])
    }
  }

  @Test func derivativesComeWithTheirCertificate() throws {
    try Tool.use { tool in
      try tool.write(Files.program, to: "a.json")
      try tool.write(#"{"x": [1, 0]}"#, to: "up.json")
      try tool.write(#"{"p": [1, 0], "h": [0, 1, 0, 0, 0]}"#, to: "change.json")
      let outcome = try tool(
        "solve", "a.json", "--vjp", "up.json", "--jvp", "change.json", "--json")
      #expect(outcome.status == 0)
      let answer = try outcome.object
      let gradient = try #require(answer["vjp"] as? [String: Any])
      #expect(Set(gradient.keys) == ["Q", "p", "G", "h", "A", "b"])
      #expect(isClose(try numbers(gradient["p"]), [-0.4, -0.2]))
      #expect(isClose(try numbers(gradient["h"]), [0, -0.2, 0, 0, 0]))
      #expect((gradient["A"] as? [Any])?.isEmpty == true)
      let change = try #require(answer["jvp"] as? [String: Any])
      #expect(isClose(try numbers(change["x"]), [-0.6, 0.2]))
      let certificate = try #require(answer["derivative"] as? [String: Any])
      #expect(
        Set(certificate.keys) == [
          "kind", "weaklyActive", "rankDeficiency", "freeDirections", "adjointResidual",
          "forwardResidual", "errorEstimate",
        ])
      #expect(certificate["kind"] as? String == "exact")
    }
  }

  @Test func answersStandInTheOrderOfTheBatch() throws {
    try Tool.use { tool in
      // Two shapes, interleaved, one problem of each kind of failure among them.
      try tool.write(
        Files.batch(
          Files.unconstrained, Files.program, Files.infeasible, Files.unbounded,
          #"{"kind": "qp", "Q": [[2]], "p": [-4]}"#), to: "b.json")
      try tool.write(#"[{"x": [1]}, null, {"x": [1]}, null, {"x": [3]}]"#, to: "up.json")
      let outcome = try tool("solve", "b.json", "--vjp", "up.json", "--json")
      #expect(outcome.status == 1)
      let answers = try outcome.list
      #expect(
        answers.map { $0["status"] as? String } == [
          "optimal", "optimal", "primal infeasible", "dual infeasible", "optimal",
        ])
      #expect(isClose(try numbers(answers[0]["x"]), [1]))
      #expect(isClose(try numbers(answers[1]["x"]), [1.4, 1.7]))
      #expect(isClose(try numbers(answers[4]["x"]), [2]))
      #expect(answers[0]["vjp"] != nil)
      #expect(answers[1]["vjp"] == nil)
      #expect(answers[1]["derivative"] == nil)
      let last = try #require(answers[4]["vjp"] as? [String: Any])
      #expect(isClose(try numbers(last["p"]), [-1.5]))
    }
  }

  @Test func anUnsolvedItemIsProvedAndHasNoNumbers() throws {
    try Tool.use { tool in
      try tool.write(Files.batch(Files.infeasible, Files.unbounded), to: "b.json")
      try tool.write(#"[{"x": [1]}, {"x": [1]}]"#, to: "up.json")
      let answers = try tool("solve", "b.json", "--vjp", "up.json", "--json").list
      let ray = try #require(answers[0]["ray"] as? [String: Any])
      let lambda = try numbers(ray["lambda"])
      // lambda ≥ 0, Gᵀlambda = 0, hᵀlambda = -1.
      #expect(lambda.allSatisfy { $0 >= 0 })
      #expect(abs(lambda[0] - lambda[1]) < 1e-6)
      #expect(abs(lambda[0] + lambda[1] - 1) < 1e-6)
      let direction = try numbers(try #require(answers[1]["ray"] as? [String: Any])["x"])
      #expect(isClose(direction, [-0.25]))
      for answer in answers {
        #expect(answer["objective"] is NSNull)
        let gradient = try #require(answer["vjp"] as? [String: Any])
        #expect((gradient["p"] as? [Any])?.first is NSNull)
        let certificate = try #require(answer["derivative"] as? [String: Any])
        #expect(certificate["kind"] as? String == "undefined")
        #expect(certificate["errorEstimate"] is NSNull)
      }
    }
  }

  @Test func anEmptyBatchIsSolved() throws {
    try Tool.use { tool in
      try tool.write(Files.batch(), to: "e.json")
      let outcome = try tool("solve", "e.json", "--json")
      #expect(outcome.status == 0)
      #expect(try outcome.list.isEmpty)
      #expect(try tool("solve", "e.json").output == "0 problems\n")
    }
  }

  @Test func aModelFileKeepsItsNamesAndItsSense() throws {
    try Tool.use { tool in
      try tool.write(Files.maximized, to: "small.qps")
      let outcome = try tool("solve", "small.qps", "--json")
      #expect(outcome.status == 0)
      let answer = try outcome.object
      // 3 + x + 2y - x² - y² at (0.25, 0.75).
      #expect(abs(try #require(answer["objective"] as? Double) - 4.125) < 1e-9)
      #expect(isClose(try numbers(answer["x"]), [0.25, 0.75]))
      #expect(answer["columnNames"] as? [String] == ["X", "Y"])
      let rows = try #require(answer["rowNames"] as? [String])
      #expect(rows.first == "LINE")
      #expect(rows.count == (try numbers(answer["lambda"])).count + 1)
    }
  }

  @Test func theSameAnswersForAnyNumberOfThreads() throws {
    try Tool.use { tool in
      let problems = (1...40).map { #"{"kind": "qp", "Q": [[2, 1], [1, 3]], "p": [-\#($0), 1]}"# }
      try tool.write(
        #"{"kind": "batch", "problems": ["# + problems.joined(separator: ",") + "]}", to: "b.json")
      let answers = try ["1", "2"].map { threads in
        try tool("solve", "b.json", "--threads", threads, "--json").list.map { "\($0["x"]!)" }
      }
      #expect(answers[0] == answers[1])
    }
  }

  @Test func policiesDecideAboutDegeneratePoints() throws {
    try Tool.use { tool in
      try tool.write(Files.weaklyActive, to: "w.json")
      try tool.write(#"{"x": [1]}"#, to: "up.json")
      func answer(_ policy: String...) throws -> [String: Any] {
        let arguments = ["solve", "w.json", "--vjp", "up.json", "--json", "--degenerate"] + policy
        return try tool.run(arguments).object
      }
      func kind(_ answer: [String: Any]) -> String? {
        (answer["derivative"] as? [String: Any])?["kind"] as? String
      }
      let leastNorm = try answer("least-norm")
      #expect(kind(leastNorm) == "least-norm")
      #expect((leastNorm["derivative"] as? [String: Any])?["weaklyActive"] as? [Int] == [0])
      #expect(kind(try answer("smoothed", "--barrier", "1e-4")) == "smoothed")
      let nan = try answer("nan")
      #expect(kind(nan) == "undefined")
      #expect(((nan["vjp"] as? [String: Any])?["p"] as? [Any])?.first is NSNull)
      let refused = try tool(
        "solve", "w.json", "--vjp", "up.json", "--degenerate", "throwing", "--json")
      #expect(refused.status == 1)
      #expect(refused.output.isEmpty)
      #expect(refused.errors.contains("1 weakly active row"))
    }
  }

  @Test func limitsAreStatuses() throws {
    try Tool.use { tool in
      try tool.write(Files.program, to: "a.json")
      let outcome = try tool("solve", "a.json", "--time-limit", "0", "--json")
      #expect(outcome.status == 1)
      #expect(try outcome.object["status"] as? String == "time limit")
    }
  }

  @Test(arguments: ["automatic", "interior-point", "active-set"])
  func methodsAgree(_ method: String) throws {
    try Tool.use { tool in
      try tool.write(Files.program, to: "a.json")
      let answer = try tool("solve", "a.json", "--method", method, "--json").object
      #expect(isClose(try numbers(answer["x"]), [1.4, 1.7]))
    }
  }

  @Test func peopleReadASummary() throws {
    try Tool.use { tool in
      try tool.write(Files.program, to: "a.json")
      try tool.write(#"{"x": [1, 0]}"#, to: "up.json")
      let outcome = try tool("solve", "a.json", "--vjp", "up.json")
      #expect(outcome.status == 0)
      for text in ["2 variables, 5 inequalities", "optimal", "-6.45", "[1.4, 1.7]", "exact"] {
        #expect(outcome.output.contains(text))
      }
      try tool.write(Files.batch(Files.unconstrained, Files.infeasible), to: "b.json")
      let batch = try tool("solve", "b.json")
      #expect(batch.status == 1)
      #expect(batch.output.contains("2 problems, 1 optimal, 1 primal infeasible"))
    }
  }
}
