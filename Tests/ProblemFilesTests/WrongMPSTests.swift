import ProblemFiles
import Testing

@Suite struct WrongMPSTests {
  private static let start = "ROWS\n N c\n L r\nCOLUMNS\n x c 1 r 2\n"

  @Test(arguments: [
    WrongText("", nil, "the file is empty"),
    WrongText("ROWS\n N c\n", line: 3, nil, "ends without ENDATA: it is truncated"),
    WrongText("NAME x\nENDATA\n", line: nil, nil, "there are no variables"),
    WrongText("\u{0}\u{1}\u{2}", nil, "does not belong in a text file"),
    WrongText("hello\n", nil, #""hello" is not a section of an MPS file"#),
    WrongText(" x\n", nil, "data outside of a section"),
    WrongText("ROWS\n N c\nROWS\n", line: 3, nil, "the section ROWS is given twice"),
    WrongText("ROWS\n N c\n N c\n", line: 3, nil, #"the row "c" is given twice"#),
    WrongText("ROWS\n X c\n", line: 2, nil, "the sense of a row is N, E, L or G"),
    WrongText("ROWS\n N\n", line: 2, nil, "expected a sense and a name"),
    WrongText("OBJSENSE\n UP\n", line: 2, nil, "the sense of the objective is MAX or MIN"),
    WrongText(
      "OBJNAME\n z\nROWS\n N c\nCOLUMNS\n x c 1\nENDATA", line: nil, nil, "not a row of sense N"),
    WrongText(start + " x q 1\n", line: 6, nil, #"the row "q" is not in ROWS"#),
    WrongText(start + " x c 1\n", line: 6, nil, #"has a second entry in the row "c""#),
    WrongText(start + " y c 1\n x r 1\n", line: 7, nil, #"the column "x" is given twice"#),
    WrongText(start + " y c one\n", line: 6, nil, #""one" is not a number"#),
    WrongText(start + " y c 1x\n", line: 6, nil, #""1x" is not a number"#),
    WrongText(start + " y c nan\n", line: 6, nil, #""nan" is not a number"#),
    WrongText(start + " y c inf\n", line: 6, nil, "must be a finite number"),
    WrongText(start + " y c 1e999\n", line: 6, nil, "must be a finite number"),
    WrongText(start + " y c\n", line: 6, nil, #"the row "y" is not in ROWS"#),
    WrongText(start + " y\n", line: 6, nil, "expected a column, and one or two pairs"),
    WrongText(start + " y c 1 r 2 3\n", line: 6, nil, "expected a column, and one or two pairs"),
    WrongText(start + " y 'MARKER' 'NO'\n", line: 6, nil, "unknown marker"),
    WrongText(start + "RHS\n b r 1\n b r 2\n", line: 8, nil, "has a second right-hand side"),
    WrongText(start + "RHS\n b z 1\n", line: 7, nil, #"the row "z" is not in ROWS"#),
    WrongText(start + "RHS\n b\n", line: 7, nil, "expected a set, and one or two pairs"),
    WrongText(start + "RANGES\n b r 1\n b r 2\n", line: 8, nil, "has a second range"),
    WrongText(start + "BOUNDS\n ZZ b x 1\n", line: 7, nil, #"unknown kind of bound "ZZ""#),
    WrongText(start + "BOUNDS\n UP b z 1\n", line: 7, nil, #"the column "z" is not in COLUMNS"#),
    WrongText(start + "BOUNDS\n UP b x 1\n UP b x 2\n", line: 8, nil, "has a second bound UP"),
    WrongText(start + "BOUNDS\n UP b x -1e30\n", line: 7, nil, "leaves the column \"x\" no value"),
    WrongText(start + "BOUNDS\n LO b x 1e30\n", line: 7, nil, "leaves the column \"x\" no value"),
    WrongText(start + "BOUNDS\n FX b x 1e999\n", line: 7, nil, "must be a finite number"),
    WrongText(start + "BOUNDS\n UP b\n", line: 7, nil, #"the column "b" is not in COLUMNS"#),
    WrongText(start + "QUADOBJ\n x z 1\n", line: 7, nil, #"the column "z" is not in COLUMNS"#),
    WrongText(start + "QUADOBJ\nQMATRIX\n", line: 7, nil, "there is a second quadratic term"),
    WrongText(
      start + " y c 1\nQUADOBJ\n x y 1\n y x 2\nENDATA", line: nil, nil,
      #"has 2.0 and 1.0 for the two entries of "y" and "x""#),
    WrongText(
      start + " y c 1\nQMATRIX\n x y 1\nENDATA", line: nil, nil,
      "the quadratic term is not symmetric"),
    WrongText(
      start + "RHS\n b r -1e30\nENDATA", line: nil, nil, #"no value satisfies the row "r""#),
    WrongText(start + "RHS\n b c 1e30\nENDATA", line: nil, nil, "constant of the objective is not"),
  ])
  func malformed(wrong: WrongText) {
    guard let error = failure(wrong.text, .mps) else { return }
    #expect(error.reason.contains(wrong.reason), "\(error)")
    #expect(error.line == wrong.line, "\(error)")
    #expect(error.kind == .malformed || error.kind == .invalid)
  }

  @Test(arguments: [
    start + " M 'MARKER' 'INTORG'\n", start + "BOUNDS\n BV b x\n", start + "BOUNDS\n UI b x 4\n",
    start + "BOUNDS\n LI b x 4\n", start + "BOUNDS\n SC b x 4\n", start + "SOS\n S1 a\n",
    start + "CSECTION k 0 QUAD\n", start + "QCMATRIX r\n", start + "INDICATORS\n",
    start + "QSECTION r\n", start + "RHS\n b r 1\n d r 1\n",
    start + "BOUNDS\n UP b x 1\n UP d x 1\n",
  ])
  func unsupported(text: String) {
    let error = failure(text, .mps)
    #expect(error?.kind == .unsupported, "\(error?.description ?? "")")
    #expect(error?.line != nil)
  }

  /// The error is that of the reading which got further, here the one by columns.
  @Test func errorsInFixedColumns() {
    let error = failure(
      """
      ROWS
       N  COST 1
       L  A B C
      COLUMNS
          X 1       COST 1             -4.   A B C              5.0
          X 1       COST 1             -4.
      ENDATA
      """, .mps)
    #expect(error?.line == 6)
    #expect(error?.reason.contains("second entry") == true)
  }
}
