import ConvexSolvers
import LinearAlgebra
import ProblemFiles
import Testing
import _TestSupport

/// What is written in another format is read as the same program.
@Suite struct WriterTests {
  /// A program with these cones and a few random entries in each column.
  private func program(
    _ cones: ConeProduct, variables: Int = 5, P: SparseMatrix? = nil, seed: UInt64 = 1
  ) throws -> ConeProgram {
    var generator = SeededGenerator(seed: seed)
    var row: [Int] = []
    var column: [Int] = []
    for variable in 0..<variables {
      for index in 0..<cones.rows where Double.random(in: 0..<1, using: &generator) < 0.4 {
        row.append(index)
        column.append(variable)
      }
    }
    func numbers(_ count: Int) -> [Double] {
      (0..<count).map { _ in Double.random(in: -2..<2, using: &generator) }
    }
    let A = SparseMatrix(
      rows: cones.rows, columns: variables, row: row, column: column, values: numbers(row.count))
    return try ConeProgram(
      P: P, c: Vector(numbers(variables)), A: A, b: Vector(numbers(cones.rows)), cones: cones)
  }

  private func readBack(
    _ program: ConeProgram, _ format: ProblemFileFormat
  ) throws -> ConeProgram {
    let bytes = try program.text(as: format)
    let file = try ProblemFile(bytes: bytes, name: "back\(format.rawValue)", format: format)
    return try file.converted(to: .cone).coneProgram()
  }

  private func expectSame(
    _ left: ConeProgram, _ right: ConeProgram, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(left.cones == right.cones, sourceLocation: sourceLocation)
    #expect(left.c == right.c, sourceLocation: sourceLocation)
    #expect(left.A.pattern == right.A.pattern, sourceLocation: sourceLocation)
    #expect(
      zip(left.A.values, right.A.values).allSatisfy { abs($0 - $1) <= 1e-15 * abs($0) },
      sourceLocation: sourceLocation)
    #expect(
      zip(left.b, right.b).allSatisfy { $0 == $1 || abs($0 - $1) <= 1e-15 * abs($0) },
      sourceLocation: sourceLocation)
  }

  @Test(arguments: 1...5)
  func allConesAsCBF(seed: UInt64) throws {
    let program = try program(
      ConeProduct(
        zero: 2, free: 1, nonnegative: 3, secondOrder: [1, 4], semidefinite: [3, 1],
        exponential: 2, dualExponential: 1, power: [0.25, -0.5, 0.7]), seed: seed)
    expectSame(program, try readBack(program, .cbf))
  }

  @Test func programsWithoutRows() throws {
    let program = try ConeProgram(
      c: [1, 2], A: .zeros(rows: 0, columns: 2), b: Vector([]), cones: ConeProduct())
    for format in [ProblemFileFormat.cbf, .mps, .json] {
      expectSame(program, try readBack(program, format))
    }
  }

  /// A bound that is absent becomes a constraint without restriction.
  @Test func absentBoundsInCBF() throws {
    let A = SparseMatrix([[1], [2], [3]])
    let program = try ConeProgram(
      c: [1], A: A, b: [1, .infinity, 2], cones: ConeProduct(nonnegative: 3))
    let back = try readBack(program, .cbf)
    #expect(back.cones == ConeProduct(free: 1, nonnegative: 2))
    #expect(back.A.dense == [[2], [1], [3]])
    #expect(back.b == [0, 1, 2])
  }

  @Test(arguments: 1...5)
  func semidefiniteProgramsAsSDPA(seed: UInt64) throws {
    let program = try program(
      ConeProduct(nonnegative: 4, semidefinite: [3, 2, 4]), seed: seed)
    expectSame(program, try readBack(program, .sdpa))
  }

  @Test(arguments: 1...5)
  func linearAndQuadraticProgramsAsMPS(seed: UInt64) throws {
    let cones = ConeProduct(zero: 3, nonnegative: 6)
    expectSame(try program(cones, seed: seed), try readBack(try program(cones, seed: seed), .mps))
    let P = SparseMatrix(
      Matrix([
        [4, 1, 0, 0, 0], [1, 3, 0, 0.5, 0], [0, 0, 2, 0, 0], [0, 0.5, 0, 0.1, 0], [0, 0, 0, 0, 0],
      ]))
    let quadratic = try program(cones, P: P, seed: seed)
    let back = try readBack(quadratic, .qps)
    expectSame(quadratic, back)
    #expect(back.P == P)
  }

  @Test(arguments: [
    (ProblemFileFormat.sdpa, ConeProduct(zero: 1), "nonnegative rows and semidefinite cones only"),
    (.sdpa, ConeProduct(), "needs a constraint"),
    (.mps, ConeProduct(secondOrder: [3]), "zero, free and nonnegative rows only"),
  ])
  func whatAFormatCannotExpressIsRefused(
    _ format: ProblemFileFormat, _ cones: ConeProduct, _ reason: String
  ) throws {
    let program = try program(cones)
    let error = #expect(throws: ProblemFileError.self) {
      try program.text(as: format, name: "this")
    }
    #expect(error?.kind == .unsupported)
    #expect(error?.description.hasPrefix("this: cannot be written as \(format.rawValue): ") == true)
    #expect(error?.reason.contains(reason) == true)
  }

  @Test(arguments: [ProblemFileFormat.cbf, .sdpa])
  func quadraticTermsAreRefused(_ format: ProblemFileFormat) throws {
    let program = try program(
      ConeProduct(nonnegative: 2), variables: 1, P: SparseMatrix([[1]]))
    let error = #expect(throws: ProblemFileError.self) { try program.text(as: format) }
    #expect(error?.reason.contains("no quadratic term") == true)
  }
}
