import ProblemFiles
import Testing

/// Cone programs that are not right, with the place and the reason that the error must give.
@Suite struct WrongConeJSONTests {
  private static func cone(_ rest: String) -> String {
    #"{"kind": "cone", "c": [1], "# + rest + "}"
  }

  private static func matrix(_ row: String, _ column: String, _ value: String) -> String {
    cone(
      #""A": {"rows": 2, "columns": 1, "row": [\#(row)], "col": [\#(column)], "val": [\#(value)]}, "#
        + #""b": [0, 0], "cone": {"l": 2}"#)
  }

  @Test(arguments: [
    WrongText(#"{"kind": "cone"}"#, "c", "is missing; it is required"),
    WrongText(#"{"kind": "cone", "c": []}"#, "c", "is empty; there must be a variable"),
    WrongText(cone(#""p": [1]"#), "p", "unknown key; a cone program has P, c, A, b and cone"),
    WrongText(cone(#""c": [1]"#), "c", "the key is given twice"),
    WrongText(cone(#""A": [[1]]"#), "A", "expected a sparse matrix (an object), found a list"),
    WrongText(cone(#""A": {"rows": 1, "rows": 1}"#), "A.rows", "the key is given twice"),
    WrongText(cone(#""A": {"row": [1.5]}"#), "A.row[0]", "expected a whole number, not negative"),
    WrongText(cone(#""A": {"row": [0, -1]}"#), "A.row[1]", "expected a whole number"),
    WrongText(cone(#""A": {"row": [0, 1e3]}"#), "A.row[1]", "expected a whole number"),
    WrongText(cone(#""A": {"row": [0, null]}"#), "A.row[1]", "expected a whole number"),
    WrongText(cone(#""A": {"row": [0 1]}"#), "A.row", "expected ',' or ']'"),
    WrongText(cone(#""A": {"row": [12345678901234567890]}"#), "A.row[0]", "expected a whole"),
    WrongText(
      cone(#""A": {"rows": "2"}"#), "A.rows", "expected the number of rows, found a string"),
    WrongText(
      cone(#""A": {"nonzeros": 2}"#), "A.nonzeros", "unknown key; a sparse matrix has rows"),
    WrongText(
      cone(#""A": {"rows": 1, "columns": 1, "row": [0], "col": [0]}"#), "A",
      #"the key "val" is missing"#),
    WrongText(matrix("0, 1", "0", "1, 2"), "A", "row, col and val have 2, 1 and 2 numbers"),
    WrongText(matrix("0, 2", "0, 0", "1, 2"), "A.row[1]", "is 2, but there are 2 rows"),
    WrongText(matrix("0, 1", "0, 1", "1, 2"), "A.col[1]", "is 1, but there are 1 columns"),
    WrongText(matrix("0", "0", "NaN"), "A.val[0]", "NaN is not a number"),
    WrongText(matrix("0", "0", "null"), "A.val[0]", "expected a number, found null"),
    WrongText(cone(#""b": [1]"#), "cone", "is missing, but b has 1 number"),
    WrongText(cone(#""cone": {"l": 2}"#), "b", "is missing, but the cones have 2 rows"),
    WrongText(
      cone(#""b": [1], "cone": {"q": [3]}"#), "b", "has 1 number, but the cones have 3 rows"),
    WrongText(cone(#""b": [1], "cone": {"l": 1}"#), "A", "is missing, but the cones have 1 row"),
    WrongText(
      cone(
        #""A": {"rows": 2, "columns": 1, "row": [], "col": [], "val": []}, "b": [1], "cone": {"l": 1}"#
      ), "A", "has shape [2, 1], expected [1, 1]"),
    WrongText(
      cone(
        #""A": {"rows": 0, "columns": 900000000000, "row": [], "col": [], "val": []}"#), "A",
      "has shape [0, 900000000000], expected [0, 1]"),
    WrongText(
      cone(#""P": {"rows": 2, "columns": 2, "row": [], "col": [], "val": []}"#), "P",
      "has shape [2, 2], expected [1, 1] as c has 1 number"),
    WrongText(
      #"{"kind": "cone", "c": [1, 1], "P": {"rows": 2, "columns": 2, "row": [1], "col": [0], "val": [1]}}"#,
      "P", "is not symmetric"),
    WrongText(cone(#""cone": {"x": 1}"#), "cone.x", "unknown key; the cones are z, f, l, q, s"),
    WrongText(cone(#""cone": {"l": -1}"#), "cone.l", "expected the number of nonnegative rows"),
    WrongText(cone(#""cone": {"q": 3}"#), "cone.q", "expected a list of dimensions"),
    WrongText(cone(#""cone": {"p": [1]}"#), "cone.p[0]", "is 1.0; the exponent of a power cone"),
    WrongText(cone(#""cone": {"p": [0.5, 0]}"#), "cone.p[1]", "is 0.0; the exponent"),
    WrongText(
      cone(
        #""A": {"rows": 1, "columns": 1, "row": [], "col": [], "val": []}, "b": [null], "cone": {"z": 1}"#
      ), "b", "is inf at [0]"),
    WrongText(
      "{\"kind\": \"batch\", \"problems\": [\n{\"kind\": \"qp\", \"p\": [1]},\n"
        + matrix("0, 3", "0, 0", "1, 2") + "]}",
      line: 3, "problems[1].A.row[1]", "is 3, but there are 2 rows"),
    WrongText(
      "{\"kind\": \"batch\", \"problems\": [\n{\"kind\": \"qp\", \"p\": [1]},\n"
        + cone(#""b": [1], "cone": {"z": 2}"#) + "]}",
      line: 3, "problems[1].b", "has 1 number, but the cones have 2 rows"),
    WrongText(
      "{\"kind\": \"batch\",\n\"shared\": {\"p\": [1]}, \"problems\": [{\"kind\": \"cone\", \"c\": [1]}]}",
      line: 2, "shared", "by problems of kind qp only"),
  ])
  func cones(wrong: WrongText) {
    guard let error = failure(wrong.text) else { return }
    #expect(error.reason.contains(wrong.reason), "\(error)")
    #expect(error.key == wrong.key, "\(error)")
    #expect(error.line == wrong.line, "\(error)")
    #expect(error.kind == .malformed || error.kind == .invalid)
  }

  @Test(arguments: [
    #""cone": {"l": 999999999999999}"#, #""cone": {"s": [99999999, 99999999]}"#,
    #""cone": {"q": [999999999999999, 999999999999999]}"#,
  ])
  func sizesBeyondAllMemoryAreRefusedBeforeAnyIsTaken(_ cones: String) {
    let error = failure(Self.cone(cones))
    #expect(error?.kind == .unsupported)
    #expect(error?.key == "cone")
  }
}
