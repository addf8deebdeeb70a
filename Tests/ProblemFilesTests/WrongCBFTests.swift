import ProblemFiles
import Testing

@Suite struct WrongCBFTests {
  private static let head = "VER\n3\nOBJSENSE\nMIN\n"
  private static let start = head + "VAR\n2 1\nF 2\nCON\n3 1\nL+ 3\n"
  private static let matrices = head + "PSDVAR\n1\n2\nVAR\n1 1\nF 1\nPSDCON\n1\n3\n"

  @Test(arguments: [
    WrongText("", nil, "the file is empty"),
    WrongText("# nothing\n\n", line: 3, nil, "the file is blank"),
    WrongText("hello\n", nil, #""hello" is not a section of a CBF file"#),
    WrongText("OBJSENSE\nMIN\n", nil, "the file must begin with the section VER"),
    WrongText("VER\n", line: 2, nil, "expected the version, found the end of the file"),
    WrongText("VER\nthree\n", line: 2, nil, #"expected the version, found "three""#),
    WrongText("VER\n3\nVER\n3\n", line: 3, nil, "the section VER is given twice"),
    WrongText("VER\n3\nVAR\n1 1\nF 1\n", line: 6, nil, "the section OBJSENSE is missing"),
    WrongText("VER\n3\nOBJSENSE\nUP\n", line: 3, nil, #"is MIN or MAX, not "UP""#),
    WrongText("VER\n3\nOBJSENSE\n", line: 3, nil, "is MIN or MAX, not missing"),
    WrongText(head, line: 5, nil, "there are no variables"),
    WrongText(head + "VAR\n2 1\nF 3\n", line: 7, nil, "have more than the 2 variables"),
    WrongText(head + "VAR\n2 1\nF 1\n", line: 6, nil, "have 1 of the 2 variables"),
    WrongText(
      head + "VAR\n2 2\nF 2\n", line: 8, nil, "expected 2 cones, found the end of the file"),
    WrongText(head + "VAR\n-2 1\n", line: 6, nil, "the number of variables is -2"),
    WrongText(head + "VAR\n2 1\nSOC 2\n", line: 7, nil, #"unknown cone "SOC""#),
    WrongText(
      head + "VAR\n2 1\nQR 1\nF 1\n", line: 7, nil, "QR has dimension 1, expected at least 2"),
    WrongText(head + "VAR\n2 1\nEXP 2\n", line: 7, nil, "EXP has dimension 2, expected 3"),
    WrongText(head + "VAR\n4 1\nSVECPSD 4\n", line: 7, nil, "expected n(n + 1)/2 for some n"),
    WrongText(head + "VAR\n3 1\n@0:POW 3\n", line: 7, nil, "list 0 of POWCONES, which has 0 lists"),
    WrongText(head + "VAR\n3 1\n@x:POW 3\n", line: 7, nil, #"unknown cone "@x:POW""#),
    WrongText(head + "POWCONES\n1 2\n2\n1\n-1\n", line: 9, nil, "exponent -1.0 of a power cone"),
    WrongText(head + "POWCONES\n1 3\n2\n1\n1\n", line: 6, nil, "fewer than the 3 exponents"),
    WrongText(head + "POWCONES\n1 1\n2\n1\n1\n", line: 6, nil, "more than the 1 exponents"),
    WrongText(head + "PSDVAR\n1\n0\n", line: 7, nil, "a matrix has order 0"),
    WrongText(
      start + "ACOORD\n2\n0 0 1\nBCOORD\n1\n0 1\n", line: 14, nil,
      #"expected entry 2 of the 2 of ACOORD, found "BCOORD""#),
    WrongText(
      start + "ACOORD\n2\n0 0 1\n", line: 14, nil, "entry 2 of the 2 of ACOORD, found the end"),
    WrongText(start + "ACOORD\n2\n0 0 1\n0 1", line: 14, nil, "expected a number, found the end"),
    WrongText(
      start + "ACOORD\n1\n0 0 1\n0 1 1\n", line: 14, nil, #""0" is not a section of a CBF file"#),
    WrongText(
      start + "ACOORD\n1\n3 0 1\n", line: 13, nil,
      "there is no constraint 3; the indices are 0 to 2"),
    WrongText(start + "ACOORD\n1\n0 2 1\n", line: 13, nil, "there is no variable 2; the indices"),
    WrongText(start + "ACOORD\n1\n0 -1 1\n", line: 13, nil, "there is no variable -1"),
    WrongText(start + "ACOORD\n1\n0 0 nan\n", line: 13, nil, #"expected a number, found "nan""#),
    WrongText(start + "ACOORD\n1\n0 0 1e999\n", line: 13, nil, "beyond the range of a double"),
    WrongText(
      start + "ACOORD\n1\n0 0.5 1\n", line: 13, nil, #"the index of a variable, found "0.5""#),
    WrongText(start + "ACOORD\n-1\n", line: 12, nil, "the number of entries is -1"),
    WrongText(start + "FCOORD\n1\n0 0 0 0 1\n", line: 13, nil, "there is no matrix variable 0"),
    WrongText(start + "OBJBCOORD\n", line: 12, nil, "expected the constant of the objective"),
    WrongText(start + "BCOORD\n0\nINT\n0\n", line: 13, nil, "INT must stand before the data"),
    WrongText(matrices + "HCOORD\n1\n0 0 3 0 1\n", line: 16, nil, "there is no row 3; the indices"),
    WrongText(
      matrices + "OBJFCOORD\n2\n0 1 0 1\n0 0 1 1\n", line: 17, nil,
      "the element [0, 1] of a symmetric matrix is given in both triangles"),
  ])
  func malformed(wrong: WrongText) {
    guard let error = failure(wrong.text, .cbf) else { return }
    #expect(error.reason.contains(wrong.reason), "\(error)")
    #expect(error.line == wrong.line, "\(error)")
    #expect(error.kind == .malformed || error.kind == .invalid)
  }

  @Test(arguments: [
    ("VER\n5\n", 2, "version 5 is not supported"),
    (head + "VAR\n1 1\nF 1\nINT\n1\n0\n", 8, "integer variables are not supported"),
    (start + "CHANGE\n", 11, "CHANGE"), (head + "PSDVARRANK1\n1\n2\n", 5, "rank"),
    (head + "VAR\n3 1\nGMEANABS 3\n", 7, "GMEANABS is not supported"),
    (
      head + "POWCONES\n1 3\n3\n1\n1\n1\nVAR\n4 1\n@0:POW 4\n", 13,
      "of dimension 4 with 3 exponents"
    ),
    (head + "POWCONES\n1 2\n2\n1\n1\nVAR\n4 1\n@0:POW 4\n", 12, "of dimension 4 with 2 exponents"),
    (head + "VAR\n999999999 1\nF 999999999\n", 6, "more than 100000000"),
    (head + "VAR\n99999999 1\nF 99999999\n", 6, "variables, 99999999, than the file has bytes"),
    (head + "PSDVAR\n1\n99999999\n", 7, "more than 100000000 entries"),
  ])
  func unsupported(text: String, line: Int, reason: String) {
    let error = failure(text, .cbf)
    #expect(error?.kind == .unsupported, "\(error?.description ?? "")")
    #expect(error?.line == line, "\(error?.description ?? "")")
    #expect(error?.reason.contains(reason) == true, "\(error?.description ?? "")")
  }
}
