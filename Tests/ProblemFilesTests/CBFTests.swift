import ConvexSolvers
import LinearAlgebra
import ProblemFiles
import Testing

@Suite struct CBFTests {
  private let half = 0.5.squareRoot()
  private let root = 2.0.squareRoot()

  /// The example of the format's reference: minimize over a semidefinite matrix and a cone.
  @Test func matricesAndScalars() throws {
    let file = try read(
      """
      # minimize <[2 1 0; 1 2 1; 0 1 2], X> + x1 with trace and cone conditions
      VER
      1

      OBJSENSE
      MIN

      PSDVAR
      1
      3

      VAR
      3 1
      F 3

      CON
      5 2
      L= 2
      Q 3

      OBJFCOORD
      5
      0 0 0 2.0
      0 1 0 1.0
      0 1 1 2.0
      0 2 1 1.0
      0 2 2 2.0

      OBJACOORD
      1
      1 1.0

      FCOORD
      9
      0 0 0 0 1.0
      0 0 1 1 1.0
      0 0 2 2 1.0
      1 0 0 0 1.0
      1 0 1 0 1.0
      1 0 2 0 1.0
      1 0 1 1 1.0
      1 0 2 1 1.0
      1 0 2 2 1.0

      ACOORD
      6
      0 1 1.0
      1 0 1.0
      1 2 1.0
      2 1 1.0
      3 0 1.0
      4 2 1.0

      BCOORD
      2
      0 -1.0
      1 -0.5
      """, .cbf)
    let program = try file.coneProgram()
    #expect(program.cones == ConeProduct(zero: 2, secondOrder: [3], semidefinite: [3]))
    #expect(program.c == [0, 1, 0, 2, root, 0, 2, root, 2])
    #expect(program.b == Vector([-1, -0.5] + [Double](repeating: 0, count: 9)))
    // A is the negative of the file's coefficients.
    #expect(program.A.dense.row(0) == [0, -1, 0, -1, 0, 0, -1, 0, -1])
    #expect(program.A.dense.row(1) == [-1, 0, -1, -1, -root, -root, -1, -root, -1])
    #expect(program.A.dense.row(2) == [0, -1, 0, 0, 0, 0, 0, 0, 0])
    for offset in 0..<6 { #expect(program.A[5 + offset, 3 + offset] == -1) }
    let model = try #require(file.model)
    #expect(model.objectiveSense == .minimize)
    #expect(
      model.columnNames.suffix(6) == [
        "PSDVAR[0][0,0]", "PSDVAR[0][1,0]", "PSDVAR[0][2,0]", "PSDVAR[0][1,1]", "PSDVAR[0][2,1]",
        "PSDVAR[0][2,2]",
      ])
    #expect(model.rowNames.prefix(5) == ["CON[0]", "CON[1]", "CON[2]", "CON[3]", "CON[4]"])
  }

  /// Constraints before variables in each group of cones, in file order.
  @Test func orderAndSigns() throws {
    let file = try read(
      """
      VER
      3
      OBJSENSE
      MAX
      VAR
      6 5
      L- 1
      F 1
      L= 1
      L+ 1
      QR 2
      PSDCON
      1
      2
      CON
      5 4
      F 1
      L+ 1
      L= 1
      L- 2
      OBJACOORD
      2
      0 3
      1 -4
      OBJBCOORD
      2.5
      ACOORD
      4
      0 1 7
      1 1 2
      2 1 5
      3 1 6
      BCOORD
      3
      1 10
      2 20
      3 30
      HCOORD
      2
      0 1 1 0 3
      0 0 0 0 4
      DCOORD
      2
      0 1 0 1
      0 1 1 8
      """, .cbf)
    let program = try file.coneProgram()
    #expect(
      program.cones
        == ConeProduct(zero: 2, free: 1, nonnegative: 5, secondOrder: [2], semidefinite: [2]))
    #expect(program.c == [-3, 4, 0, 0, 0, 0])
    #expect(program.b == [20, 0, 0, 10, -30, 0, 0, 0, 0, 0, 0, root, 8])
    #expect(
      program.A.dense == [
        [0, -5, 0, 0, 0, 0], [0, 0, -1, 0, 0, 0],  // zero
        [0, -7, 0, 0, 0, 0],  // free
        [0, -2, 0, 0, 0, 0], [0, 6, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0],  // CON L+, L-
        [1, 0, 0, 0, 0, 0], [0, 0, 0, -1, 0, 0],  // VAR L-, L+
        [0, 0, 0, 0, -half, -half], [0, 0, 0, 0, -half, half],  // VAR QR
        [-4, 0, 0, 0, 0, 0], [0, -3 * root, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0],  // PSDCON
      ])
    let model = try #require(file.model)
    #expect(model.objectiveSense == .maximize)
    #expect(model.objective(-7) == 9.5)
    #expect(
      model.rowNames == [
        "CON[2]", "VAR[2]", "CON[0]", "CON[1]", "CON[3]", "CON[4]", "VAR[0]", "VAR[3]", "VAR[4]",
        "VAR[5]", "PSDCON[0][0,0]", "PSDCON[0][1,0]", "PSDCON[0][1,1]",
      ])
  }

  /// The components of exponential cones the other way round, power cones by their exponents.
  @Test func exponentialAndPowerCones() throws {
    let file = try read(
      """
      VER
      4
      POWCONES
      2 4
      2
      1.0
      3.0
      2
      1
      1
      POW*CONES
      1 2
      2
      2
      3
      OBJSENSE
      MIN
      VAR
      6 2
      EXP* 3
      @0:POW* 3
      CON
      9 3
      @1:POW 3
      EXP 3
      @0:POW 3
      ACOORD
      3
      3 0 1
      4 1 2
      5 2 3
      BCOORD
      1
      5 4
      """, .cbf)
    let program = try file.coneProgram()
    #expect(
      program.cones == ConeProduct(exponential: 1, dualExponential: 1, power: [0.5, 0.25, -0.4]))
    // CON 5, 4, 3, then VAR 2, 1, 0.
    #expect(program.b.array.prefix(3) == [4, 0, 0])
    #expect(program.A[0, 2] == -3 && program.A[1, 1] == -2 && program.A[2, 0] == -1)
    #expect(program.A[3, 2] == -1 && program.A[4, 1] == -1 && program.A[5, 0] == -1)
    for component in 0..<3 { #expect(program.A[12 + component, 3 + component] == -1) }
    #expect(
      file.model?.rowNames.prefix(7) == [
        "CON[5]", "CON[4]", "CON[3]", "VAR[2]", "VAR[1]", "VAR[0]", "CON[0]",
      ])
  }

  @Test func vectorizedMatricesAndEntriesThatAddUp() throws {
    let file = try read(
      """
      VER
      4
      OBJSENSE
      MIN
      VAR
      3 1
      SVECPSD 3
      CON
      1 1
      L+ 1
      OBJACOORD
      2
      0 1
      0 2
      ACOORD
      3
      0 1 1
      0 1 1.5D0
      0 2 0
      BCOORD
      2
      0 1
      0 -.25
      """, .cbf)
    let program = try file.coneProgram()
    #expect(program.cones == ConeProduct(nonnegative: 1, semidefinite: [2]))
    #expect(program.c == [3, 0, 0])
    #expect(program.A[0, 1] == -2.5)
    #expect(program.b == [0.75, 0, 0, 0])
    // The explicit zero stays in the pattern.
    #expect(program.A.pattern.entries == 5)
  }

  @Test func oneTriangleOfEitherKind() throws {
    func program(_ entries: String) throws -> ConeProgram {
      try read(
        "VER\n3\nOBJSENSE\nMIN\nPSDVAR\n1\n2\nOBJFCOORD\n\(entries)\n", .cbf
      ).coneProgram()
    }
    #expect(try program("1\n0 0 1 3").c == (try program("1\n0 1 0 3").c))
    #expect(try program("2\n0 0 1 3\n0 0 1 1").c == [0, 4 * root, 0])
  }

  @Test func compressedAndWithWindowsLineEndings() throws {
    let text = "VER\r\n3\r\nOBJSENSE\r\nMIN\r\nVAR\r\n1 1\r\nL+ 1\r\nOBJACOORD\r\n1\r\n0 1\r\n"
    #expect(try read(text, .cbf).coneProgram().c == [1])
  }
}
