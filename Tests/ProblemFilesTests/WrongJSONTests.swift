import ProblemFiles
import Testing

/// Texts that are not right, with the place and the reason that the error must give.
@Suite struct WrongJSONTests {
  @Test(arguments: [
    WrongText("", nil, "expected a problem (an object), found an empty file"),
    WrongText(" \n\n", line: 3, nil, "found the end of the file"),
    WrongText("[]", nil, "expected a problem (an object), found a list"),
    WrongText("qp", nil, "expected a problem (an object), found qp"),
    WrongText("\u{1}\u{2}", nil, "found the byte 0x01"),
    WrongText("{", nil, "expected a key in quotes, found the end of the file"),
    WrongText("{}", nil, #"the key "kind" is missing"#),
    WrongText(#"{"p": [1]}"#, nil, #"the key "kind" is missing"#),
    WrongText(#"{"kind": 3}"#, "kind", "expected the kind (a string), found a number"),
    WrongText(#"{"kind": "lp"}"#, "kind", #"unknown kind "lp""#),
    WrongText(#"{"kind": "qp""#, nil, "expected ',' or '}', found the end of the file"),
    WrongText(#"{"kind": "qp", }"#, nil, "expected a key in quotes, found '}'"),
    WrongText(#"{"kind" "qp"}"#, nil, #"expected ':' after the key "kind""#),
    WrongText("{\"kind\": \"qp\",\n\n\"p\": [1]} {}", line: 3, nil, "expected the end of the file"),
    WrongText("{\"kind\": \"qp\", \"p\": [1]}\nx", line: 2, nil, "expected the end of the file"),
    WrongText(#"{"kind": "qp"#, "kind", "the string has no closing quote"),
    WrongText(#"{"kind": "q\x"}"#, "kind", "unknown escape"),
    WrongText(#"{"kind": "q\u12g4"}"#, "kind", "without four hexadecimal digits"),
    WrongText(#"{"kind": "\ud800"}"#, "kind", "half a surrogate pair"),
    WrongText(#"{"kind": "\udc00"}"#, "kind", "half a surrogate pair"),
    WrongText("{\"kind\": \"q\np\"}", "kind", "a string holds the byte 0x0A unescaped"),
    WrongText(#"{"kind": "qp", "p": [1], "x\ny": 1}"#, "x\ny", "unknown key"),
  ])
  func structure(wrong: WrongText) {
    check(wrong)
  }

  @Test(arguments: [
    WrongText(#"{"kind": "qp"}"#, "p", "is missing"),
    WrongText(#"{"kind": "qp", "p": []}"#, "p", "is empty"),
    WrongText(#"{"kind": "qp", "p": 1}"#, "p", "expected a list of numbers, found a number"),
    WrongText(#"{"kind": "qp", "p": null}"#, "p", "expected a list of numbers, found null"),
    WrongText(#"{"kind": "qp", "p": [1], "p": [1]}"#, "p", "the key is given twice"),
    WrongText(#"{"kind": "qp", "kind": "qp", "p": [1]}"#, "kind", "the key is given twice"),
    WrongText(#"{"kind": "qp", "p": [1], "P": [[1]]}"#, "P", "unknown key; a qp has Q, p"),
    WrongText(#"{"kind": "qp", "p": [1], "Q": [1]}"#, "Q[0]", "expected a row (a list of numbers)"),
    WrongText(
      #"{"kind": "qp", "p": [1], "Q": [[1, 2]]}"#, "Q", "has shape [1, 2], expected [1, 1]"),
    WrongText(
      #"{"kind": "qp", "p": [1, 2], "Q": [[1]]}"#, "Q", "has shape [1, 1], expected [2, 2]"),
    WrongText(
      "{\"kind\": \"qp\", \"p\": [1, 2],\n\"Q\": [[1, 2],\n[3]]}", line: 3, "Q[1]",
      "the row has 1 number, row 0 has 2"),
    WrongText(
      "{\"kind\": \"qp\", \"p\": [1, 2],\n\"Q\":\n[[1, 2], [3, 1]]}", line: 3, "Q",
      "is not symmetric: [1, 0] and [0, 1] differ by 1.0"),
    WrongText(#"{"kind": "qp", "p": [1], "G": [[1, 2]], "h": [1]}"#, "G", "has shape [1, 2]"),
    WrongText(#"{"kind": "qp", "p": [1], "G": [[]], "h": [1]}"#, "G", "has shape [1, 0]"),
    WrongText(#"{"kind": "qp", "p": [1], "G": [[1]]}"#, "h", "is missing, but G has 1 row"),
    WrongText(#"{"kind": "qp", "p": [1], "h": [1]}"#, "G", "is missing, but h has 1 number"),
    WrongText(
      #"{"kind": "qp", "p": [1], "A": [[1], [1]], "b": [1]}"#, "b",
      "has 1 number, but A has 2 rows"),
    WrongText(#"{"kind": "qp", "p": [1], "A": [], "b": [1]}"#, "b", "but A has 0 rows"),
    WrongText(#"{"kind": "qp", "p": [1], "b": {}}"#, "b", "expected a list of numbers"),
  ])
  func shapes(wrong: WrongText) {
    check(wrong)
  }

  @Test(arguments: [
    ("NaN", "NaN is not a number; every number must be finite"),
    ("-Infinity", "-Infinity is not a number"), ("inf", "inf is not a number"),
    ("null", "found null; only bounds (h, and b in nonnegative rows) may be absent"),
    ("1e400", "beyond the range of a double"), ("-1e400", "beyond the range of a double"),
    ("1" + String(repeating: "0", count: 400), "beyond the range of a double"),
    ("true", "expected a number, found true"), ("\"1\"", "expected a number, found a string"),
    ("[1]", "expected a number, found a list"), ("{}", "expected a number, found an object"),
    ("01", "01 is not a JSON number"), ("+1", "+1 is not a JSON number"),
    (".5", ".5 is not a JSON number"), ("5.", "5. is not a JSON number"),
    ("1.e5", "1.e5 is not a JSON number"), ("-", "- is not a JSON number"),
    ("1e", "1e is not a JSON number"), ("1e+", "1e+ is not a JSON number"),
    ("0x10", "x10 is not a JSON number"), ("1.2.3", ".3 is not a JSON number"),
    ("1 2", "2 is not a JSON number"), ("1,", "expected a number, found ']'"),
    ("1;2", "expected ',' or ']', found ';'"), ("\u{7}", "found the byte 0x07"),
    ("\u{0}", "found the byte 0x00"), ("1d5", "d5 is not a JSON number"),
  ])
  func numbers(spelling: String, reason: String) throws {
    let error = failure(
      "{\"kind\": \"qp\", \"p\": [3],\n\"A\": [[3],\n[\(spelling)]], \"b\": [0, 0]}")
    #expect(error?.reason.contains(reason) == true, "\(error?.description ?? "")")
    #expect(error?.line == 3)
    #expect(error?.key?.hasPrefix("A[1][") == true)
  }

  @Test(arguments: [
    WrongText(#"{"kind": "batch"}"#, nil, #"the key "problems" of the batch is missing"#),
    WrongText(#"{"kind": "batch", "problems": {}}"#, "problems", "expected a list of problems"),
    WrongText(#"{"kind": "batch", "problems": [1]}"#, "problems[0]", "expected a problem"),
    WrongText(#"{"kind": "batch", "problems": [], "x": 1}"#, "x", "unknown key; a batch has"),
    WrongText(
      #"{"kind": "batch", "problems": [{"kind": "batch", "problems": []}]}"#, "problems[0]",
      "a batch cannot be an item of a batch"),
    WrongText(
      "{\"kind\": \"batch\", \"problems\": [{\"kind\": \"qp\", \"p\": [1]},\n{\"p\": [1]}]}",
      line: 2, "problems[1]", #"the key "kind" is missing"#),
    WrongText(
      "{\"kind\": \"batch\", \"problems\": [{\"kind\": \"qp\", \"p\": [1]},\n"
        + "{\"kind\": \"qp\", \"p\": [1], \"G\": [[1, 2]], \"h\": [1]}]}",
      line: 2, "problems[1].G", "has shape [1, 2], expected 1 column"),
    WrongText(
      "{\"kind\": \"batch\", \"problems\": [{\"kind\": \"qp\", \"p\": [1, 2], \"Q\": [[1, 2], [2, 1]]},\n"
        + "{\"kind\": \"qp\", \"p\": [1, 2], \"Q\": [[1, 2], [0, 1]]}]}",
      line: 2, "problems[1].Q", "is not symmetric"),
    WrongText(
      #"{"kind": "batch", "shared": {"p": [1]}, "problems": [{"kind": "qp", "p": [1]}]}"#,
      "problems[0].p", "is given here and in shared"),
    WrongText(
      "{\"kind\": \"batch\",\n\"shared\": {\"Q\": [[1, 2], [3, 4]]},\n"
        + "\"problems\": [{\"kind\": \"qp\", \"p\": [1, 1]}]}", line: 2, "shared.Q",
      "is not symmetric"),
    WrongText(
      #"{"kind": "batch", "shared": {"h": [1]}, "problems": [{"kind": "qp", "p": [1]}]}"#,
      "problems[0].G", "is missing, but h has 1 number"),
    WrongText(
      #"{"kind": "batch", "shared": {"x": 1}, "problems": []}"#, "shared.x", "unknown key"),
  ])
  func batches(wrong: WrongText) {
    check(wrong)
  }

  @Test func invalidUTF8() {
    let bytes: [UInt8] = Array(#"{"kind": ""#.utf8) + [0xFF, 0xC0] + Array(#""}"#.utf8)
    #expect(throws: ProblemFileError.self) {
      try ProblemFile(bytes: bytes, name: "x.json", format: .json)
    }
  }

  @Test(arguments: ["[", "{\"a\":", "[{\"a\":[", "[["])
  func deepNestingIsRefused(opening: String) {
    let deep = String(repeating: opening, count: 200_000)
    #expect(failure(deep) != nil)
    let error = failure(#"{"x": "# + deep)
    #expect(error?.reason.contains("nested deeper than 512") == true)
    #expect(failure(#"{"kind": "qp", "Q": "# + deep) != nil)
  }

  @Test func theDescriptionIsOneLine() {
    let error = failure("{\"kind\": \"qp\", \"p\": [1],\n\"a\\nb\\u2028c\": 1}")
    #expect(
      error?.description
        == #"test.json:2: a\nb\u{2028}c: unknown key; a qp has Q, p, G, h, A and b"#)
  }

  private func check(_ wrong: WrongText, sourceLocation: SourceLocation = #_sourceLocation) {
    guard let error = failure(wrong.text, sourceLocation: sourceLocation) else { return }
    #expect(error.reason.contains(wrong.reason), "\(error)", sourceLocation: sourceLocation)
    #expect(error.key == wrong.key, "\(error)", sourceLocation: sourceLocation)
    #expect(error.line == wrong.line, "\(error)", sourceLocation: sourceLocation)
    #expect(!error.description.contains { $0.isNewline }, sourceLocation: sourceLocation)
  }
}
