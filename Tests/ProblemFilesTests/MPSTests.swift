import LinearAlgebra
import ProblemFiles
import Testing

@Suite struct MPSTests {
  /// HS21: the constant of the objective is minus the right-hand side of its row.
  @Test func constantOfTheObjective() throws {
    let file = try read(
      """
      NAME          HS21
      ROWS
       N  OBJ.FUNC
       G  R------1
      COLUMNS
          C------1  R------1  0.100000e+02
          C------2  R------1  -.100000e+01
      RHS
          RHS       OBJ.FUNC  0.100000e+03
          RHS       R------1  0.100000e+02
      RANGES
      BOUNDS
       LO BOUNDS    C------1  0.200000e+01
       UP BOUNDS    C------1  0.500000e+02
       LO BOUNDS    C------2  -.500000e+02
       UP BOUNDS    C------2  0.500000e+02
      QUADOBJ
          C------1  C------1  0.200000e-01
          C------2  C------2  0.200000e+01
      ENDATA
      """, .qps)
    let model = try #require(file.model)
    #expect(model.name == "HS21")
    #expect(model.objectiveSense == .minimize)
    #expect(model.objectiveConstant == -100)
    #expect(model.columnNames == ["C------1", "C------2"])
    #expect(
      model.rowNames == ["R------1", "C------1", "C------1", "C------2", "C------2"])
    let program = try file.quadraticProgram(at: 0)
    #expect(program.Q == [[0.02, 0], [0, 2]])
    #expect(program.p == [0, 0])
    #expect(program.G == [[-10, 1], [1, 0], [-1, 0], [0, 1], [0, -1]])
    #expect(program.h == [-10, 50, -2, 50, 50])
    let solution = try program.solve()
    #expect((model.objective(solution.objective) + 99.96).magnitude < 1e-6)
  }

  @Test func canonicalOrder() throws {
    let file = try read(
      """
      ROWS
       L up
       E eq1
       N cost
       G low
       E range
       N other
       E eq2
      COLUMNS
       x up 1 eq1 2
       x cost 3 low 4
       x range 5 other 6
       x eq2 7
       y up 8
      RHS
       up 10 eq1 20
       low 30 range 40
       eq2 50
      RANGES
       rng range -4 low 6
      BOUNDS
       FR b y
      ENDATA
      """, .mps)
    let model = try #require(file.model)
    let program = try file.quadraticProgram(at: 0)
    #expect(model.rowNames == ["eq1", "eq2", "up", "low", "low", "range", "range", "x"])
    #expect(program.A == [[2, 0], [7, 0]])
    #expect(program.b == [20, 50])
    #expect(program.G == [[1, 8], [4, 0], [-4, 0], [5, 0], [-5, 0], [-1, 0]])
    #expect(program.h == [10, 36, -30, 40, -36, 0])
    #expect(program.p == [3, 0])
    #expect(try file.quadraticGroup().isLinear)
  }

  @Test(arguments: ["OBJSENSE MAX", "OBJSENSE\n    MAX", "OBJSENSE\nMAXIMIZE", "objsense\n max"])
  func maximize(sense: String) throws {
    let file = try read(
      """
      NAME
      \(sense)
      ROWS
       N c
       L r
      COLUMNS
       x c 2 r 1
      RHS
       c -5 r 3
      QMATRIX
       x x -1
      ENDATA
      """, .mps)
    let program = try file.quadraticProgram(at: 0)
    #expect(file.model?.objectiveSense == .maximize)
    #expect(file.model?.objectiveConstant == 5)
    #expect(program.Q == [[1]])
    #expect(program.p == [-2])
    #expect(file.model?.objective(-2) == 7)
  }

  /// One variable: the rows that its bounds give.
  @Test(arguments: [
    ("", [[-1]], [0]), (" UP b x 4", [[1], [-1]], [4, 0]), (" UP b x -4", [[1]], [-4]),
    (" UP b x 0", [[1], [-1]], [0, 0]), (" UP b x -4\n LO b x -9", [[1], [-1]], [-4, 9]),
    (" LO b x -9\n UP b x -4", [[1], [-1]], [-4, 9]), (" LO b x 2", [[-1]], [-2]),
    (" FX b x 3", [[1], [-1]], [3, -3]), (" FR b x", [], []), (" FR x", [], []),
    (" MI b x", [], []), (" MI b x\n UP b x 7", [[1]], [7]), (" PL b x", [[-1]], [0]),
    (" UP b x 1e20", [[-1]], [0]), (" LO b x -1e30", [], []), (" UP x 4", [[1], [-1]], [4, 0]),
    (" UP b x 1.5D+01", [[1], [-1]], [15, 0]), (" UP b x Inf", [[-1]], [0]),
    (" LO b x -Infinity", [], []), (" UP b x 4\n UP b y 5", [[1], [-1]], [4, 0]),
  ])
  func bounds(bounds: String, G: [[Double]], h: [Double]) throws {
    let file = try read(
      "ROWS\n N c\nCOLUMNS\n x c 1\n y c 1\nBOUNDS\n FR b y\n\(bounds)\nENDATA\n", .mps)
    let program = try file.quadraticProgram(at: 0)
    // The bounds of x come first; those of y are not looked at.
    #expect(Array(program.h.array.prefix(h.count)) == h)
    #expect((0..<h.count).map { [program.G[$0, 0]] } == G)
    let names = file.model?.rowNames.filter { $0 == "x" }
    #expect(names?.count == h.count)
  }

  /// One row of right-hand side 10: what its range makes of it.
  @Test(arguments: [
    ("L", "4", [10, -6]), ("L", "-4", [10, -6]), ("G", "4", [14, -10]), ("G", "-4", [14, -10]),
    ("E", "4", [14, -10]), ("E", "-4", [10, -6]), ("L", "1e30", [10]), ("G", "1e30", [-10]),
    ("L", "0", [10, -10]),
  ])
  func ranges(sense: String, range: String, h: [Double]) throws {
    let file = try read(
      "ROWS\n N c\n \(sense) r\nCOLUMNS\n x r 1\nRHS\n b r 10\nRANGES\n b r \(range)\n"
        + "BOUNDS\n FR b x\nENDATA\n", .mps)
    #expect(try file.quadraticProgram(at: 0).h.array == h)
  }

  @Test func rangeOfZeroKeepsAnEquality() throws {
    let file = try read(
      "ROWS\n E r\nCOLUMNS\n x r 1\nRHS\n b r 10\nRANGES\n b r 0\nENDATA\n", .mps)
    #expect(try file.quadraticProgram(at: 0).b == [10])
    #expect(try file.quadraticProgram(at: 0).p == [0])
  }

  @Test func absentRowsVanish() throws {
    let file = try read(
      "ROWS\n L r\n G s\nCOLUMNS\n x r 1 s 1\nRHS\n b r 1e31 s -1e20\nENDATA\n", .mps)
    #expect(file.model?.rowNames == ["x"])
  }

  /// As in forplan: names that hold blanks, told by their columns.
  @Test func blanksInNames() throws {
    let file = try read(
      """
      * A comment, and an empty line.

      NAME          FOR PLAN
      ROWS
       N  COST 1
       E  ROW  2
       L  A B C
      COLUMNS
          DEDO3 11  COST 1              1.   ROW  2              2.
          DEDO3 11  A B C               3.
          X         COST 1             -4.   A B C              5.0
      RHS
          RHS  1    ROW  2             10.   A B C              20.
      BOUNDS
       UP BND 1     DEDO3 11            7.
       FR BND 1     X
      ENDATA
      """, .mps)
    let program = try file.quadraticProgram(at: 0)
    #expect(file.model?.name == "FOR PLAN")
    #expect(file.model?.columnNames == ["DEDO3 11", "X"])
    #expect(file.model?.rowNames == ["ROW  2", "A B C", "DEDO3 11", "DEDO3 11"])
    #expect(program.p == [1, -4])
    #expect(program.A == [[2, 0]])
    #expect(program.G == [[3, 5], [1, 0], [-1, 0]])
    #expect(program.h == [20, 7, 0])
  }

  /// Columns and sets that are named once, comments in fields: as in the examples of GLPK.
  @Test func fixedColumnsWithOmissions() throws {
    let file = try read(
      """
      NAME          PLAN
      ROWS
       N  VALUE     $ what it costs       and more, beyond the columns
       L  FE        $ iron
      COLUMNS
          BIN1      VALUE           .03000
                    FE              .15000
          BIN2      VALUE           .08000   $ the rest is a comment
      RHS
          RHS1      FE              60.000
      BOUNDS
       UP BND1      BIN1         200.00000
       UP           BIN2        2500.00000
      ENDATA
      """, .mps)
    #expect(
      try file.quadraticProgram(at: 0).G == [[0.15, 0], [1, 0], [-1, 0], [0, 1], [0, -1]])
    #expect(try file.quadraticProgram(at: 0).h == [60, 200, 0, 2500, 0])
  }

  @Test(arguments: [
    ("QUADOBJ", " x x 2\n x y 1\n y y 4\n x x 3", [[5, 1], [1, 4]]),
    ("QUADOBJ", " y x 1\n y x 1", [[0, 2], [2, 0]]),
    ("QSECTION c", " x x 2 y 1", [[2, 1], [1, 0]]),
    ("QSECTION", " x x 2", [[2, 0], [0, 0]]),
    // Both triangles: the same element twice, which counts once.
    ("QUADOBJ", " x x 2\n x y 1\n y x 1\n y y 4", [[2, 1], [1, 4]]),
    ("QUADOBJ", " x y 0.5\n y x 1\n x y 0.5", [[0, 1], [1, 0]]),
    // An asymmetry of rounding: the mean.
    ("QMATRIX", " x x 2\n x y 1\n y x 1.0000005", [[2, 1.00000025], [1.00000025, 0]]),
    ("QMATRIX", " x x 2\n x y 1\n y x 0.5\n y x 0.5", [[2, 1], [1, 0]]),
  ])
  func quadraticTerm(section: String, entries: String, Q: [[Double]]) throws {
    let file = try read(
      "ROWS\n N c\nCOLUMNS\n x c 1\n y c 1\n\(section)\n\(entries)\nENDATA\n", .qps)
    #expect(try file.quadraticProgram(at: 0).Q == Matrix(Q))
  }

  @Test func byteOrderMark() throws {
    let text = "ROWS\n N c\nCOLUMNS\n x c 1\nENDATA\n"
    let marked = [0xEF, 0xBB, 0xBF] + Array(text.utf8)
    let file = try ProblemFile(bytes: marked, name: "a.mps", format: .mps)
    #expect(file.model?.columnNames == ["x"])
    // Only one, and only in front.
    #expect(throws: ProblemFileError.self) {
      try ProblemFile(bytes: [0xEF, 0xBB, 0xBF] + marked, name: "a.mps", format: .mps)
    }
  }

  @Test func carriageReturnsTabsAndLatinNames() throws {
    var bytes = Array("ROWS\r\n\tN\tc\r\n\tG\tr".utf8)
    bytes += [0xE9] + Array("\r\nCOLUMNS\r\n\tx\tc\t1\tr".utf8) + [0xE9]
    bytes += Array("\t2\r\nENDATA\r\n".utf8)
    let file = try ProblemFile(bytes: bytes, name: "a.mps", format: .mps)
    #expect(file.model?.rowNames == ["ré", "x"])
  }
}
