import Foundation
import Testing

@Suite struct ConvertTests {
  @Test(arguments: ["small.qps", "program.json", "batch.json"])
  func theConvertedProblemIsTheSame(_ name: String) throws {
    try Tool.use { tool in
      try tool.write(Files.maximized, to: "small.qps")
      try tool.write(Files.program, to: "program.json")
      try tool.write(Files.batch(Files.program, Files.unconstrained), to: "batch.json")
      let converted = try tool("convert", name)
      #expect(converted.status == 0)
      try tool.write(converted.output, to: "again.json")
      #expect(try tool("convert", "again.json").output == converted.output)
      func solution(_ file: String) throws -> [String] {
        let outcome = try tool("solve", file, "--json")
        let answers = try name == "batch.json" ? outcome.list : [outcome.object]
        return answers.map { "\($0["x"]!) \($0["lambda"]!) \($0["nu"]!)" }
      }
      #expect(try solution(name) == solution("again.json"))
    }
  }
}

@Suite struct CheckTests {
  @Test func exactDerivativesAreConfirmed() throws {
    try Tool.use { tool in
      try tool.write(Files.program, to: "a.json")
      let outcome = try tool("check", "a.json")
      #expect(outcome.status == 0)
      #expect(outcome.output.contains("confirmed"))
      #expect(outcome.output.contains("all 20 entries"))
      let report = try tool("check", "a.json", "--json").object
      #expect(report["kind"] as? String == "exact")
      #expect(report["contradicted"] as? Bool == false)
      let data = try #require(report["data"] as? [String: [String: Any]])
      #expect(Set(data.keys) == ["Q", "p", "G", "h"])
      for datum in data.values {
        #expect(try #require(datum["vjpError"] as? Double) < 1e-7)
        #expect(try #require(datum["jvpError"] as? Double) < 1e-7)
      }
    }
  }

  @Test func aDegeneratePointIsFlaggedNotContradicted() throws {
    try Tool.use { tool in
      try tool.write(Files.weaklyActive, to: "w.json")
      let outcome = try tool("check", "w.json")
      #expect(outcome.status == 0)
      #expect(outcome.output.contains("least-norm"))
      #expect(outcome.output.contains("flagged"))
    }
  }

  @Test func anUnsolvedItemFails() throws {
    try Tool.use { tool in
      try tool.write(Files.batch(Files.program, Files.infeasible), to: "b.json")
      let outcome = try tool("check", "b.json")
      #expect(outcome.status == 1)
      #expect(outcome.output.contains("1 not solved"))
    }
  }

  @Test func aSampleIsTakenOfManyEntries() throws {
    try Tool.use { tool in
      try tool.write(Files.program, to: "a.json")
      let outcome = try tool("check", "a.json", "--samples", "2")
      #expect(outcome.status == 0)
      #expect(outcome.output.contains("8 of 20 entries"))
    }
  }
}

@Suite struct BenchTests {
  @Test func aFolderIsTimedAndItsAnswersReturned() throws {
    try Tool.use { tool in
      try tool.write(Files.batch(Files.program, Files.program), to: "own.json")
      try tool.write(#"[{"x": [1, 0]}, {"x": [0, 1]}]"#, to: "own.upstream.json")
      try tool.write(
        #"""
        {"kind": "batch", "shared": {"Q": [[2, 0], [0, 2]]},
         "problems": [{"kind": "qp", "p": [-2, 1]}, {"kind": "qp", "p": [4, 2]}]}
        """#, to: "shared.json")
      try tool.write(#"[{"x": [1, 0]}, {"x": [0, 1]}]"#, to: "shared.upstream.json")
      try tool.write("{}", to: "other.json")
      let outcome = try tool("bench", "--data", ".", "--json", "--threads", "1")
      #expect(outcome.status == 0, "\(outcome.errors)")
      let results = try outcome.list
      #expect(results.map { $0["file"] as? String } == ["own.json", "shared.json"])
      for result in results {
        #expect(result["count"] as? Int == 2)
        #expect(result["threads"] as? Int == 1)
        #expect(try #require(result["forwardMilliseconds"] as? Double) > 0)
        #expect(try #require(result["backwardMilliseconds"] as? Double) > 0)
        #expect(result["statuses"] as? [String] == ["optimal", "optimal"])
        #expect((result["x"] as? [[Double]])?.count == 2)
      }
      let own = try #require(results[0]["gradient"] as? [String: Any])
      #expect((own["Q"] as? [[[Double]]])?.count == 2)
      let shared = try #require(results[1]["gradient"] as? [String: Any])
      // x = -p / 2, so dQ = -(p/2)(x/2)' symmetrized and summed: without the batch axis.
      let Q = try #require(shared["Q"] as? [[Double]])
      #expect(abs(Q[0][0] + 0.5) < 1e-12)
      #expect(abs(Q[1][1] - 0.5) < 1e-12)
      #expect((shared["p"] as? [[Double]])?.count == 2)
    }
  }

  @Test func aBuiltInSizeIsTimed() throws {
    try Tool.use { tool in
      let results = try tool("bench", "10-5-0", "--json").list
      #expect(results.map { $0["count"] as? Int } == [1, 32, 32, 128, 128])
      #expect(results.allSatisfy { $0["unsolved"] as? Int == 0 })
    }
  }

  /// What PyTorch and JAX, which agree to all these digits, compute in float64 from the same formulas
  /// (`Benchmarks/peers/tensors`).
  @Test(arguments: [
    ("mlp-64-b32", 1.592305759638883), ("maml", 2.622201161912214),
    ("hvp-64-b32", 0.5430553975236996), ("cholesky-10-b128", 1064.0448652702896),
    ("cholesky-50-b128", 3110.8573437540867), ("sinkhorn-256", 0.04188272989747776),
  ])
  func tensorsComputeWhatOtherSystemsDo(_ cell: String, _ expected: Double) throws {
    try Tool.use { tool in
      let results = try tool("bench", "tensors", "--json", "--cells", "\(cell)-*").list
      #expect(try #require(results.last?["cell"] as? String) == "\(cell)-float64")
      for result in results {
        let isSingle = try #require(result["cell"] as? String).hasSuffix("float32")
        let tolerance = isSingle ? 1e-4 : 1e-9
        let check = try #require(result["check"] as? Double)
        #expect(Swift.abs(check - expected) <= tolerance * Swift.abs(expected))
        #expect(try #require(result["milliseconds"] as? Double) > 0)
        #expect(try #require(result["threads"] as? Int) >= 1)
      }
    }
  }
}

@Suite struct RunTests {
  @Test func theSupportVectorExperimentIsReproducible() throws {
    try Tool.use { tool in
      #expect(try tool("list").output.contains("svm-sensitivity"))
      let outcome = try tool("run", "svm-sensitivity", "--output", "one", "--seed", "1")
      #expect(outcome.status == 0, "\(outcome.errors)")
      // Progress is for terminals.
      #expect(outcome.errors.isEmpty)
      #expect(outcome.output.contains("the derivative of the boundary agrees"))
      #expect(try tool("run", "svm-sensitivity", "--output", "two", "--seed", "1").status == 0)
      let results = try tool.read("one/results.json")
      #expect(try tool.read("two/results.json") == results)
      let object = try #require(
        try JSONSerialization.jsonObject(with: results) as? [String: Any])
      let derivative = try #require(object["derivative"] as? [String: Any])
      #expect(derivative["kind"] as? String == "exact")
      #expect(try #require(derivative["worstDifferenceError"] as? Double) < 1e-6)
      #expect(try #require(object["removalCorrelation"] as? Double) > 0.9)
      #expect(!(try tool.read("one/influence.gnuplot")).isEmpty)
    }
  }
}

@Suite struct ReportTests {
  @Test func foldersWithoutReportsAreRefused() throws {
    try Tool.use { tool in
      for (name, reason) in [
        ("missing", "cannot be read: No such file or directory"), (".", "holds no report"),
      ] {
        let outcome = try tool("report", name)
        #expect(outcome.status == 2 && outcome.errors.contains(reason), "\(outcome)")
      }
      try tool.write("{}", to: "report.json")
      let outcome = try tool("report", ".")
      #expect(outcome.status == 2 && outcome.errors.contains("is no report"))
    }
  }
}
