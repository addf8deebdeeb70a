/// A pull parser for JSON: the caller says what it expects, and gets it or an error that names the
/// line and the key path. Nothing is built that the caller does not ask for.
///
/// The grammar is that of RFC 8259, with a leading byte order mark ignored. Duplicate keys are errors.
struct JSONReader: ~Copyable {
  /// A step from a value to one inside it.
  enum PathStep {
    case key(String)
    case index(Int)
  }

  /// Nested values deeper than this are refused.
  static let depthLimit = 512

  let text: TextBytes
  let powers = PowersOfFive.shared
  var cursor: UnsafePointer<UInt8>
  var path: [PathStep] = []
  /// The numbers of the list that is being read.
  var numbers = NumberBuffer()

  init(_ text: TextBytes) {
    self.text = text
    cursor = text.start
  }

  /// The position of the next value, for errors that are found later.
  mutating func position() -> UnsafePointer<UInt8> {
    skipSpace()
    return cursor
  }

  // MARK: - Structure

  /// What kind of value comes next.
  mutating func peek() -> JSONValueKind {
    skipSpace()
    return JSONValueKind(startingWith: cursor.pointee)
  }

  /// Reads an object; `member` is called for each key and must read its value.
  mutating func readObject(
    _ expected: String, member: (inout JSONReader, String) throws(ProblemFileError) -> Void
  ) throws(ProblemFileError) {
    try expect(.object, expected)
    cursor += 1
    if next(is: "}") { return }
    // Unknown keys are refused, so that there are never more than a few.
    var keys: [String] = []
    while true {
      skipSpace()
      guard cursor.pointee == UInt8(ascii: "\"") else {
        throw malformed("expected a key in quotes, found \(found())")
      }
      let place = cursor
      let key = try readString()
      guard next(is: ":") else {
        throw malformed("expected ':' after the key \(quoted(key)), found \(found())")
      }
      path.append(.key(key))
      guard !keys.contains(key) else {
        throw error(.malformed, at: place, "the key is given twice")
      }
      keys.append(key)
      try member(&self, key)
      path.removeLast()
      if next(is: "}") { return }
      guard next(is: ",") else {
        throw malformed("expected ',' or '}', found \(found())")
      }
    }
  }

  /// Reads a list; `element` is called for each index and must read the element.
  mutating func readList(
    _ expected: String, element: (inout JSONReader, Int) throws(ProblemFileError) -> Void
  ) throws(ProblemFileError) {
    try expect(.list, expected)
    cursor += 1
    if next(is: "]") { return }
    var index = 0
    while true {
      path.append(.index(index))
      try element(&self, index)
      path.removeLast()
      index += 1
      if next(is: "]") { return }
      guard next(is: ",") else { throw malformed("expected ',' or ']', found \(found())") }
    }
  }

  /// Reads `null`.
  mutating func readNull() throws(ProblemFileError) {
    skipSpace()
    try readWord("null")
  }

  /// Makes sure that nothing follows the value that was read.
  mutating func readEnd() throws(ProblemFileError) {
    skipSpace()
    guard cursor == text.end else {
      throw malformed("expected the end of the file, found \(found())")
    }
  }

  /// Throws unless the next value is of this kind.
  mutating func expect(
    _ kind: JSONValueKind, _ expected: String
  ) throws(ProblemFileError) {
    if peek() != kind { throw unexpected(expected) }
  }

  /// An error that says what was expected, and what is there.
  mutating func unexpected(_ expected: String) -> ProblemFileError {
    skipSpace()
    return malformed("expected \(expected), found \(found())")
  }

  @inline(__always)
  mutating func skipSpace() {
    while true {
      switch cursor.pointee {
      case 0x20, 0x09, 0x0A, 0x0D: cursor += 1
      default: return
      }
    }
  }

  /// Steps over the character if it comes next.
  @inline(__always)
  mutating func next(is character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard cursor.pointee == UInt8(ascii: character) else { return false }
    cursor += 1
    return true
  }

  // MARK: - Errors

  /// A breach of the rules of JSON, or of what is expected, at the cursor.
  func malformed(_ reason: String) -> ProblemFileError {
    error(.malformed, at: cursor, reason)
  }

  func error(
    _ kind: ProblemFileError.Kind, at position: UnsafePointer<UInt8>, _ reason: String
  ) -> ProblemFileError {
    ProblemFileError(
      kind, file: text.name, line: text.line(of: position), key: pathText, reason: reason)
  }

  /// The path in words, such as `problems[3].G`; nil at the top.
  var pathText: String? {
    var result = ""
    for step in path {
      switch step {
      case .key(let key):
        let name = key.count > 60 ? "\(key.prefix(60))..." : key
        result += result.isEmpty ? name : ".\(name)"
      case .index(let index): result += "[\(index)]"
      }
    }
    return result.isEmpty ? nil : result
  }

  /// What stands at the cursor, in words.
  func found() -> String {
    let byte = cursor.pointee
    if cursor >= text.end { return text.count == 0 ? "an empty file" : "the end of the file" }
    switch JSONValueKind(startingWith: byte) {
    case .object: return "an object"
    case .list: return "a list"
    case .string: return "a string"
    case .number: return "a number"
    case .boolean, .null, .other:
      if Self.isWordByte(byte) { return word() }
      guard byte > 0x20 && byte < 0x7F else {
        return "the byte 0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
      return "'\(Character(Unicode.Scalar(byte)))'"
    }
  }

  /// The letters and digits at the cursor, a few of them.
  private func word() -> String {
    var length = 0
    while length < 20 && Self.isWordByte(cursor[length]) { length += 1 }
    return String(decoding: UnsafeBufferPointer(start: cursor, count: length), as: UTF8.self)
  }

  static func isWordByte(_ byte: UInt8) -> Bool {
    DecimalNumber.isDigit(byte) || (byte | 0x20) &- UInt8(ascii: "a") < 26
  }
}

/// The kinds of JSON values, told by their first byte.
enum JSONValueKind {
  case object, list, string, number, boolean, null, other

  init(startingWith byte: UInt8) {
    switch byte {
    case UInt8(ascii: "{"): self = .object
    case UInt8(ascii: "["): self = .list
    case UInt8(ascii: "\""): self = .string
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): self = .number
    case UInt8(ascii: "t"), UInt8(ascii: "f"): self = .boolean
    case UInt8(ascii: "n"): self = .null
    default: self = .other
    }
  }
}
