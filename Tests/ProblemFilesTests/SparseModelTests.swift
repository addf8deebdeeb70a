import ConvexSolvers
import LinearAlgebra
import ProblemFiles
import Testing

/// Models of MPS and QPS files as sparse cone programs.
@Suite struct SparseModelTests {
  private let text = """
    OBJSENSE MAX
    ROWS
     N c
     L up
     E eq
     G low
    COLUMNS
     x c 1 up 2
     x eq 3
     y low 4 eq 0
    RHS
     c -7 up 10
     eq 20 low 30
    BOUNDS
     UP b x 5
     FR b y
    QUADOBJ
     x x -2
     y x -0.5
     y y -1
    ENDATA
    """

  @Test func theCanonicalOrderIsThatOfTheDenseProblem() throws {
    let dense = try read(text, .qps)
    let sparse = try dense.converted(to: .cone)
    let program = try sparse.coneProgram()
    #expect(program.cones == ConeProduct(zero: 1, nonnegative: 4))
    #expect(program.A.dense == [[3, 0], [2, 0], [0, -4], [1, 0], [-1, 0]])
    #expect(program.b == [20, 10, -30, 5, 0])
    #expect(program.P?.dense == [[2, 0.5], [0.5, 1]])
    #expect(program.c == [-1, 0])
    #expect(try sparse.coneGroup().isQuadraticProgram)
    #expect(sparse.model == dense.model)
    #expect(sparse.model?.rowNames == ["eq", "up", "low", "x", "x"])
    let back = try sparse.converted(to: .quadratic).quadraticProgram()
    let original = try dense.quadraticProgram()
    #expect(back.Q == original.Q && back.p == original.p && back.G == original.G)
    #expect(back.h == original.h && back.A == original.A && back.b == original.b)
  }

  /// Too large to be dense without being asked for, and far too large in any case.
  @Test(arguments: [(400, true), (20_000, false)])
  func largeModelsAreSparse(_ count: Int, _ canBeDense: Bool) throws {
    let columns = (0..<count).map { " x\($0) r \($0 + 1)\n" }.joined()
    let file = try read("ROWS\n N c\n L r\nCOLUMNS\n\(columns)ENDATA\n", .mps)
    let group = try file.coneGroup()
    #expect(group.isQuadraticProgram)
    #expect(group.batch.rows == count + 1)
    #expect(group.batch.A.pattern.entries == 2 * count)
    #expect(group.batch.P == nil)
    if canBeDense {
      #expect(try file.converted(to: .quadratic).quadraticGroup().isLinear)
    } else {
      let error = #expect(throws: ProblemFileError.self) { try file.converted(to: .quadratic) }
      #expect(error?.kind == .unsupported)
      #expect(error?.reason == "20000 variables and 20001 rows are too many for a dense problem")
    }
  }

  @Test func aBatchOfQuadraticProgramsKeepsThePlacesOfAnyItem() throws {
    let file = try read(
      """
      {"kind": "batch", "shared": {"Q": [[1, 0], [0, 0]]}, "problems": [
        {"kind": "qp", "p": [1, 2], "G": [[1, 0]], "h": [null]},
        {"kind": "qp", "p": [3, 4], "G": [[0, 5]], "h": [6]}]}
      """)
    let group = try file.converted(to: .cone).coneGroup()
    #expect(group.indices == [0, 1])
    #expect(group.batch.A.pattern.entries == 2)
    #expect(group.batch[0].A.dense == [[1, 0]])
    #expect(group.batch[1].A.dense == [[0, 5]])
    #expect(group.batch[0].b == [.infinity])
    #expect(group.batch[1].c == [3, 4])
    #expect(group.batch[1].P?.dense == [[1, 0], [0, 0]])
  }

  @Test func otherConesCannotBecomeQuadraticPrograms() throws {
    let cone =
      #"{"kind": "cone", "c": [1], "A": {"rows": 2, "columns": 1, "row": [0], "col": [0], "#
      + #""val": [1]}, "b": [1, 2], "cone": {"q": [2]}}"#
    let file = try read(#"{"kind": "batch", "problems": [{"kind": "qp", "p": [1]}, "# + cone + "]}")
    let error = #expect(throws: ProblemFileError.self) { try file.converted(to: .quadratic) }
    #expect(error?.kind == .unsupported)
    #expect(error?.key == "problems[1]")
  }

  // MARK: - Derivatives in the words of a quadratic program

  @Test func upstreamGradientsAndPerturbations() throws {
    let file = try read(text, .qps).converted(to: .cone)
    let group = try file.coneGroup()
    let upstream = try UpstreamFile(
      bytes: #"{"lambda": [1, 2, 3, 4]}"#.utf8, name: "up.json", for: file)
    #expect(upstream.batched(for: group).y?.array == [0, 1, 2, 3, 4])
    let perturbation = try PerturbationFile(
      bytes: #"""
        {"Q": [[1, 2], [2, 3]], "A": [[7, 0]], "h": [1, 2, 3, 4],
         "G": {"rows": 4, "columns": 2, "row": [1, 0, 1], "col": [1, 0, 1], "val": [8, 9, 1]}}
        """#.utf8, name: "move.json", for: file)
    guard case .cone(let part)? = perturbation.items[0] else {
      Issue.record("not the perturbation of a cone program")
      return
    }
    #expect(part.P == [1, 2, 2, 3])
    #expect(part.b == [0, 1, 2, 3, 4])
    // Column by column: x in eq, up and its bounds; y in low.
    #expect(part.A == [7, 9, 0, 0, 9])
    #expect(part.c == nil)
  }

  @Test(arguments: [
    (
      #"{"G": [[0, 1], [0, 0], [0, 0], [0, 0]]}"#,
      "G: is 1.0 at [0, 1], where the problem has no entry"
    ),
    (#"{"G": [[0, 1]]}"#, "G: has shape [1, 2], expected [4, 2]"),
    (#"{"Q": [[0, 1], [2, 0]]}"#, "Q: is not symmetric"),
    (#"{"P": [1]}"#, "P: unknown key; a perturbation has Q, p, G, h, A and b"),
    (
      #"{"A": {"rows": 2, "columns": 2, "row": [], "col": [], "val": []}}"#,
      "A: has shape [2, 2], expected [1, 2]"
    ),
  ])
  func wrongPerturbations(_ perturbation: String, _ reason: String) throws {
    let file = try read(text, .qps).converted(to: .cone)
    let error = #expect(throws: ProblemFileError.self) {
      try PerturbationFile(bytes: perturbation.utf8, name: "move.json", for: file)
    }
    #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
  }
}
