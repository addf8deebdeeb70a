import ConvexSolvers
import LinearAlgebra
import ProblemFiles
import Testing

@Suite struct SDPATests {
  private let root = 2.0.squareRoot()

  /// The example of the manual of SDPA, with its comments and punctuation.
  @Test func theExampleOfTheManual() throws {
    let file = try read(
      """
      "Example 1: mDim = 3, nBLOCK = 1, {2}"
         3  =  mDIM
         1  =  nBLOCK
         2  = bLOCKsTRUCT
      {48, -8, 20}
      0 1 1 1 -11
      0 1 2 2 23
      1 1 1 1 10
      1 1 1 2 4
      2 1 2 2 -8
      3 1 1 2 -8
      3 1 2 2 -2
      """, .sdpa)
    let program = try file.coneProgram()
    #expect(program.c == [48, -8, 20])
    #expect(program.cones == ConeProduct(semidefinite: [2]))
    #expect(program.A.dense == [[-10, 0, 0], [-4 * root, 0, 8 * root], [0, 8, 2]])
    #expect(program.b == [11, 0, -23])
    #expect(file.model?.columnNames == ["x[1]", "x[2]", "x[3]"])
    #expect(file.model?.rowNames == ["BLOCK[1][1,1]", "BLOCK[1][2,1]", "BLOCK[1][2,2]"])
  }

  /// Diagonal blocks first, entries of either triangle, entries that add up.
  @Test func blocks() throws {
    let file = try read(
      """
      * A comment, and another.
      * 1
      2
      4
      (2, -3, +1, 2) the structure
      1.0e0,+2.5D0
      0 1 1 1 1
      0 2 3 3 -4
      1 1 2 1 3
      1 2 1 1 1
      1 2 1 1 0.5
      2 3 1 1 7
      2 4 1 2 1
      0 4 1 2 2
      """, .sdpa)
    let program = try file.coneProgram()
    #expect(program.cones == ConeProduct(nonnegative: 4, semidefinite: [2, 2]))
    #expect(program.c == [1, 2.5])
    #expect(
      program.A.dense == [
        [-1.5, 0], [0, 0], [0, 0], [0, -7], [0, 0], [-3 * root, 0], [0, 0], [0, 0], [0, -root],
        [0, 0],
      ])
    #expect(program.b == [0, 0, 4, 0, -1, 0, 0, 0, -2 * root, 0])
    #expect(
      file.model?.rowNames.prefix(5) == [
        "BLOCK[2][1]", "BLOCK[2][2]", "BLOCK[2][3]", "BLOCK[3][1]", "BLOCK[1][1,1]",
      ])
  }

  private static let start = "2\n2\n2 -2\n1 2\n"

  @Test(arguments: [
    WrongText("", nil, "expected the number of variables, found the end of the file"),
    WrongText("\"only a comment\n", line: 2, nil, "expected the number of variables"),
    WrongText("hello\n", nil, #"expected the number of variables, found "hello""#),
    WrongText("0\n1\n2\n", nil, "the number of variables is 0; there must be one at least"),
    WrongText("2\n-1\n", line: 2, nil, "the number of blocks is -1"),
    WrongText("2\n2\n2 x\n", line: 3, nil, #"the size of block 2 of 2, found "x""#),
    WrongText("2\n2\n2 0\n", line: 3, nil, "block 2 has size 0"),
    WrongText("2\n2\n2 -2\n1", line: 4, nil, "number 2 of the 2 of the objective, found the end"),
    WrongText("2\n2\n2 -2\n1 nan\n", line: 4, nil, #"of the objective, found "nan""#),
    WrongText(start + "3 1 1 1 1\n", line: 5, nil, "there is no matrix 3; the indices are 0 to 2"),
    WrongText(start + "1 3 1 1 1\n", line: 5, nil, "there is no block 3; the indices are 1 to 2"),
    WrongText(start + "1 1 0 1 1\n", line: 5, nil, "there is no row 0; the indices are 1 to 2"),
    WrongText(start + "1 1 1 3 1\n", line: 5, nil, "there is no column 3"),
    WrongText(
      start + "1 2 1 2 1\n", line: 5, nil, "block 2 is diagonal, but has an entry in row 1"),
    WrongText(start + "1 1 1 1 1\n1 1 1 2", line: 6, nil, "expected a number, found the end"),
    WrongText(start + "1 1 1 1 inf\n", line: 5, nil, #"expected a number, found "inf""#),
    WrongText(start + "1 1 1 1 1e400\n", line: 5, nil, "beyond the range of a double"),
    WrongText(start + "1 1 1.5 1 1\n", line: 5, nil, #"the index of a row, found "1.5""#),
    WrongText(
      start + "1 1 1 2 1\n2 1 2 1 1\n1 1 2 1 1\n", line: 7, nil,
      "the element [2, 1] of a symmetric matrix is given in both triangles"),
  ])
  func malformed(wrong: WrongText) {
    guard let error = failure(wrong.text, .sdpa) else { return }
    #expect(error.reason.contains(wrong.reason), "\(error)")
    #expect(error.line == wrong.line, "\(error)")
    #expect(error.kind == .malformed || error.kind == .invalid)
  }

  /// Comments between the entries, a byte-order mark, and what extensions of the format hide in comments.
  @Test func comments() throws {
    let entries = "1 1 1 1 1\n* half way\n2 1 2 2 1\n\"and the end\n"
    let plain = try read(Self.start + "1 1 1 1 1\n2 1 2 2 1\n", .sdpa).coneProgram()
    #expect(try read(Self.start + entries, .sdpa).coneProgram().A == plain.A)
    let marked = [0xEF, 0xBB, 0xBF] + Array((Self.start + entries).utf8)
    let file = try ProblemFile(bytes: marked, name: "a.dat-s", format: .sdpa)
    #expect(try file.coneProgram().A == plain.A)
    for (word, reason) in [("*INTEGER", "integer variables"), ("*RANK1", "rank")] {
      let error = failure(Self.start + entries + word + "\n*1\n*2\n", .sdpa)
      #expect(error?.kind == .unsupported && error?.line == 9, "\(String(describing: error))")
      #expect(error?.reason.contains(reason) == true)
      #expect(failure(word + "\n" + Self.start + entries, .sdpa)?.kind == .unsupported)
    }
  }

  @Test(arguments: ["1\n1\n99999999\n1\n", "999999999999\n1\n2\n", "1\n1\n-999999999999\n1\n"])
  func unsupported(text: String) {
    #expect(failure(text, .sdpa)?.kind == .unsupported)
  }
}
