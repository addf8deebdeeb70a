import LinearAlgebra
import ProblemFiles
import Testing

@Suite struct ProblemJSONTests {
  @Test func singleProblem() throws {
    let file = try read(
      """
      {"kind": "qp", "Q": [[2, 0.5], [0.5, 1]], "p": [1, -2], "G": [[1, 0], [0, 1], [1, 1]],
       "h": [null, 1e20, 3], "A": [[1, -1]], "b": [0.25]}
      """)
    #expect(!file.isBatch)
    #expect(file.count == 1)
    #expect(file.model == nil)
    let program = try file.quadraticProgram(at: 0)
    #expect(program.Q == [[2, 0.5], [0.5, 1]])
    #expect(program.p == [1, -2])
    #expect(program.G == [[1, 0], [0, 1], [1, 1]])
    #expect(program.h == [.infinity, .infinity, 3])
    #expect(program.A == [[1, -1]])
    #expect(program.b == [0.25])
  }

  @Test(arguments: [
    #"{"kind": "qp", "p": [1, 2]}"#,
    #"{"p": [1, 2], "kind": "qp"}"#,
    #"{"kind": "qp", "Q": [], "p": [1, 2], "G": [], "h": [], "A": [], "b": []}"#,
    "\u{FEFF} \r\n\t{ \"\\u006bind\" : \"q\\u0070\" , \"p\" : [ 1.0 , 2e0 ] } \n",
  ])
  func missingPartsAreEmpty(text: String) throws {
    let file = try read(text)
    let group = try file.quadraticGroup()
    #expect(group.isLinear)
    #expect(group.batch.p.array == [1, 2])
    #expect(group.batch.Q.array == [0, 0, 0, 0])
    #expect(group.batch.inequalities == 0)
    #expect(group.batch.equalities == 0)
  }

  @Test func emptyBatch() throws {
    let file = try read(#"{"kind": "batch", "problems": []}"#)
    #expect(file.isBatch)
    #expect(file.count == 0)
    #expect(file.groups.isEmpty)
  }

  @Test func problemsOfOneShapeAreOneBatch() throws {
    let file = try read(
      """
      {"problems": [
        {"kind": "qp", "p": [1], "G": [[1]], "h": [10]},
        {"kind": "qp", "p": [2], "A": [[2]], "b": [20]},
        {"kind": "qp", "p": [3], "G": [[3]], "h": [30]},
        {"kind": "qp", "p": [4], "G": [[4]], "h": [40], "Q": [[1]]}], "kind": "batch"}
      """)
    #expect(file.groups.map(\.indices) == [[0, 2], [1], [3]])
    #expect(try file.quadraticGroup().batch.h.array == [10, 30])
    #expect(try file.quadraticGroup().batch.G.array == [1, 3])
    #expect(file.location(of: 2) == (group: 0, item: 1))
    #expect(try file.quadraticProgram(at: 2).h == [30])
    #expect(try file.quadraticProgram(at: 1).b == [20])
    #expect(try (0..<3).map { try file.quadraticGroup($0).isLinear } == [true, true, false])
  }

  @Test func sharedDataStayShared() throws {
    let file = try read(
      """
      {"kind": "batch",
       "shared": {"Q": [[2]], "G": [[1]], "h": [5]},
       "problems": [{"kind": "qp", "p": [1]}, {"kind": "qp", "p": [2]}]}
      """)
    let batch = try file.quadraticGroup().batch
    #expect(file.sharedData == [.Q, .G, .h])
    #expect(batch.items == 2)
    #expect(batch.Q.items == nil)
    #expect(batch.G.items == nil)
    #expect(batch.h.items == nil)
    #expect(batch.p.items == 2)
    #expect(try file.quadraticProgram(at: 1).Q == [[2]])
  }

  @Test func everythingShared() throws {
    let file = try read(
      #"{"kind": "batch", "shared": {"p": [1]}, "problems": [{"kind": "qp"}, {"kind": "qp"}]}"#)
    #expect(try file.quadraticGroup().batch.items == 2)
    #expect(try file.quadraticGroup().batch.p.items == nil)
  }

  @Test func tooManyVariablesForADenseProblem() {
    let text = #"{"kind": "qp", "p": [0"# + String(repeating: ",0", count: 9000) + "]}"
    #expect(failure(text)?.kind == .unsupported)
  }

  @Test func formatsByName() {
    #expect(ProblemFileFormat(path: "a/b.json") == .json)
    #expect(ProblemFileFormat(path: "B.QPS.GZ") == .qps)
    #expect(ProblemFileFormat(path: "c.mps.gz") == .mps)
    #expect(ProblemFileFormat(path: "d.dat-s") == .sdpa)
    #expect(ProblemFileFormat(path: "d.cbf") == .cbf)
    #expect(ProblemFileFormat(path: "json") == nil)
    #expect(ProblemFileFormat(path: "e.gz") == nil)
  }
}
