import ConvexSolvers
import LinearAlgebra
import ProblemFiles
import Testing

@Suite struct ConeJSONTests {
  /// Entries out of order, one of them in two parts, and an explicit zero.
  private let text = """
    {"kind": "cone", "P": {"rows": 2, "columns": 2, "row": [0, 1], "col": [0, 1], "val": [2, 4]},
     "c": [1, -1],
     "A": {"rows": 4, "columns": 2, "row": [3, 0, 1, 0, 2], "col": [1, 0, 0, 0, 1],
           "val": [7, 1.5, -1, 2, 0]},
     "b": [3, null, 1, 0], "cone": {"z": 1, "l": 1, "q": [2]}}
    """

  @Test func aSparseProblem() throws {
    let file = try read(text)
    let group = try file.coneGroup()
    let program = try file.coneProgram()
    #expect(program.P?.dense == [[2, 0], [0, 4]])
    #expect(program.c == [1, -1])
    #expect(program.A.dense == [[3.5, 0], [-1, 0], [0, 0], [0, 7]])
    // The explicit zero stays, the two parts are one entry.
    #expect(program.A.pattern.entries == 4)
    #expect(program.b == [3, .infinity, 1, 0])
    #expect(program.cones == ConeProduct(zero: 1, nonnegative: 1, secondOrder: [2]))
    #expect(!group.isQuadraticProgram)
    #expect(group.orderOfP == .pattern)
    // Of each entry of the pattern (column by column) the value at its places in the file.
    #expect(group.orderOfA.listing([10, 20, 30, 40]) == [40, 10, 20, 10, 30])
  }

  @Test func allCones() throws {
    let rows = 1 + 1 + 3 + 3 + 3 + 3 + 6
    let file = try read(
      """
      {"kind": "cone", "c": [1], "A": {"rows": \(rows), "columns": 1, "row": [], "col": [], "val": []},
       "b": [\([String](repeating: "0", count: rows).joined(separator: ","))],
       "cone": {"p": [0.5, -0.25], "ed": 1, "ep": 1, "s": [2], "q": [3], "l": 1, "f": 1, "z": 0}}
      """)
    #expect(
      try file.coneProgram().cones
        == ConeProduct(
          free: 1, nonnegative: 1, secondOrder: [3], semidefinite: [2], exponential: 1,
          dualExponential: 1, power: [0.5, -0.25]))
  }

  @Test(arguments: [
    #"{"kind": "cone", "c": [1, 2]}"#, #"{"c": [1, 2], "kind": "cone", "b": [], "cone": {}}"#,
    #"{"kind": "cone", "c": [1, 2], "A": {"rows": 0, "columns": 2, "row": [], "col": [], "val": []}}"#,
  ])
  func missingPartsAreEmpty(text: String) throws {
    let program = try read(text).coneProgram()
    #expect(program.c == [1, 2])
    #expect(program.rows == 0)
    #expect(program.P == nil)
    #expect(program.A.columns == 2)
  }

  @Test func kindsMayBeMixedAndPatternsAreGrouped() throws {
    func cone(_ row: Int, _ value: Int) -> String {
      #"{"kind": "cone", "c": [\#(value)], "A": {"rows": 2, "columns": 1, "row": [\#(row)], "#
        + #""col": [0], "val": [\#(value)]}, "b": [\#(value), 0], "cone": {"l": 2}}"#
    }
    let problems = [
      cone(0, 1), #"{"kind": "qp", "p": [5]}"#, cone(0, 2), cone(1, 3),
      #"{"kind": "qp", "p": [6]}"#,
    ]
    let file = try read(
      #"{"kind": "batch", "problems": ["# + problems.joined(separator: ",\n") + "]}")
    #expect(file.count == 5)
    #expect(file.groups.map(\.indices) == [[0, 2], [1, 4], [3]])
    let group = try file.coneGroup()
    #expect(group.batch.items == 2)
    #expect(group.batch.A.values.array == [1, 2])
    #expect(group.batch.b.array == [1, 0, 2, 0])
    #expect(try file.coneProgram(at: 3).c == [3])
    #expect(try file.quadraticProgram(at: 4).p == [6])
  }

  /// Entries listed twice keep their places, so that gradients still refer to the same list.
  @Test func writingKeepsTheOrderOfTheEntries() throws {
    func written(_ text: String) throws -> String {
      var json = JSONWriter()
      try read(text).write(to: &json)
      return String(decoding: json.finish(), as: UTF8.self)
    }
    let once = try written(text)
    #expect(once.contains(#""row": [3, 0, 1, 0, 2]"#))
    #expect(once.contains(#""val": [7, 3.5, -1, 0, 0]"#))
    #expect(try written(once) == once)
    let group = try read(once).coneGroup()
    #expect(group.orderOfA == (try read(text).coneGroup().orderOfA))
    #expect(group.batch[0].A == (try read(text).coneProgram().A))
    #expect(group.batch[0].b == [3, .infinity, 1, 0])
  }

  // MARK: - Upstream gradients and perturbations

  @Test func upstreamOfAConeProgram() throws {
    let problems = try read(text)
    let upstream = try UpstreamFile(
      bytes: #"{"x": [1, 2], "s": [1, 2, 3, 4]}"#.utf8, name: "up.json", for: problems)
    let part = upstream.batched(for: try problems.coneGroup())
    #expect(part.x?.array == [1, 2])
    #expect(part.y == nil)
    #expect(part.s?.array == [1, 2, 3, 4])
  }

  @Test func perturbationsFollowTheOrderOfVal() throws {
    let problems = try read(text)
    let file = try PerturbationFile(
      bytes: #"{"A": [1, 2, 3, 4, 5], "P": [6, 7], "b": [1, 0, 0, 0]}"#.utf8, name: "move.json",
      for: problems)
    guard case .cone(let part)? = file.items[0] else {
      Issue.record("not the perturbation of a cone program")
      return
    }
    // Column by column: [0, 0] in two parts, [1, 0], [2, 1], [3, 1].
    #expect(part.A == [6, 3, 5, 1])
    #expect(part.P == [6, 7])
    #expect(part.b == [1, 0, 0, 0])
    #expect(part.c == nil)
  }

  @Test(arguments: [
    (#"{"lambda": [1]}"#, "lambda: unknown key; an upstream gradient has x, y and s"),
    (#"{"y": [1]}"#, "y: has 1 number, expected 4: one per row"),
    (#"{"s": [1, 2, 3, null]}"#, "s[3]: expected a number"),
  ])
  func wrongUpstream(_ upstream: String, _ reason: String) throws {
    let problems = try read(text)
    let error = #expect(throws: ProblemFileError.self) {
      try UpstreamFile(bytes: upstream.utf8, name: "up.json", for: problems)
    }
    #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
  }

  @Test(arguments: [
    (#"{"A": [1, 2, 3, 4]}"#, "A: has 4 numbers, expected 5: one per entry of val"),
    (#"{"G": [[1, 2]]}"#, "G: unknown key; a perturbation has P, c, A and b"),
    (#"{"P": [1]}"#, "P: has 1 number, expected 2"), (#"{"c": [1, NaN]}"#, "c[1]: NaN is not"),
  ])
  func wrongPerturbation(_ perturbation: String, _ reason: String) throws {
    let problems = try read(text)
    let error = #expect(throws: ProblemFileError.self) {
      try PerturbationFile(bytes: perturbation.utf8, name: "move.json", for: problems)
    }
    #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
  }

  @Test func thePerturbationOfPMustBeSymmetric() throws {
    let problems = try read(
      """
      {"kind": "cone", "c": [1, 1], "P": {"rows": 2, "columns": 2, "row": [0, 1, 0, 1],
       "col": [0, 0, 1, 1], "val": [2, 1, 1, 2]}}
      """)
    let error = #expect(throws: ProblemFileError.self) {
      try PerturbationFile(
        bytes: #"{"P": [0, 1, 2, 0]}"#.utf8, name: "move.json", for: problems)
    }
    #expect(
      error?.description
        == "move.json:1: P: is not symmetric: [1, 0] is 1.0, [0, 1] is 2.0")
  }
}
