import LinearAlgebra

/// Reads the words and numbers of a text one after another, wherever the lines break.
struct TextScanner: ~Copyable {
  /// What stands between words.
  enum Style {
    /// Blanks, and comments from `#` to the end of the line.
    case commented
    /// Blanks, commas, braces and parentheses.
    case punctuated
  }

  let text: TextBytes
  let style: Style
  private let powers = PowersOfFive.shared
  var cursor: UnsafePointer<UInt8>

  init(_ text: TextBytes, _ style: Style) {
    self.text = text
    self.style = style
    cursor = text.start
  }

  /// Steps to the next word; false at the end of the file.
  @inline(__always)
  mutating func skipBlanks() -> Bool {
    while true {
      let byte = cursor.pointee
      if byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) {
        cursor += 1
      } else if byte == UInt8(ascii: "#") && style == .commented {
        skipLine()
      } else if style == .punctuated && Self.isPunctuation(byte) {
        cursor += 1
      } else {
        return byte != 0 || cursor < text.end
      }
    }
  }

  /// Steps to the start of the next line.
  mutating func skipLine() {
    while cursor < text.end && cursor.pointee != UInt8(ascii: "\n") { cursor += 1 }
    if cursor < text.end { cursor += 1 }
  }

  private static func isPunctuation(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: ","), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "{"),
      UInt8(ascii: "}"):
      true
    default: false
    }
  }

  /// Whether a word ends before this byte.
  @inline(__always)
  private func isEnd(_ byte: UInt8) -> Bool {
    byte <= 0x20 || (style == .punctuated && Self.isPunctuation(byte))
  }

  // MARK: - Words and numbers

  /// The next word; nil at the end of the file.
  mutating func word() -> String? {
    guard skipBlanks() else { return nil }
    let start = cursor
    while cursor < text.end && !isEnd(cursor.pointee) { cursor += 1 }
    // A control character is a word of its own, so that the reader never stands still.
    if cursor == start { cursor += 1 }
    return String(decoding: UnsafeBufferPointer(start: start, count: cursor - start), as: UTF8.self)
  }

  /// An integer, with a sign or without.
  @inline(__always)
  mutating func integer(_ expected: @autoclosure () -> String) throws(ProblemFileError) -> Int {
    _ = skipBlanks()
    var end = cursor
    let isNegative = end.pointee == UInt8(ascii: "-")
    if isNegative || end.pointee == UInt8(ascii: "+") { end += 1 }
    let firstDigit = end
    var value = 0
    while DecimalNumber.isDigit(end.pointee) {
      value = value &* 10 &+ Int(end.pointee & 15)
      end += 1
    }
    let digits = end - firstDigit
    guard digits > 0, digits <= 18, isEnd(end.pointee) else { throw unexpected(expected()) }
    cursor = end
    return isNegative ? -value : value
  }

  /// An index from `base` on below `base + count`, from which `base` is taken off.
  @inline(__always)
  mutating func index(
    of noun: @autoclosure () -> String, below count: Int, base: Int = 0
  ) throws(ProblemFileError) -> Int {
    _ = skipBlanks()
    let start = cursor
    let value = try integer("the index of a \(noun())")
    guard value >= base && value < base + count else {
      throw error(
        .invalid, at: start,
        count == 0
          ? "there is no \(noun()) \(value): there is none at all"
          : "there is no \(noun()) \(value); the indices are \(base) to \(base + count - 1)")
    }
    return value - base
  }

  /// A finite number.
  @inline(__always)
  mutating func number(_ expected: @autoclosure () -> String) throws(ProblemFileError) -> Double {
    _ = skipBlanks()
    guard let number = DecimalNumber(at: cursor, .fortran, powers: powers),
      isEnd(number.end.pointee)
    else { throw unexpected(expected()) }
    guard number.value.isFinite else {
      throw error(.malformed, at: cursor, "the number is beyond the range of a double")
    }
    cursor = number.end
    return number.value
  }

  // MARK: - Errors

  /// An error that says what was expected, and what is there.
  @inline(never)
  mutating func unexpected(_ expected: String) -> ProblemFileError {
    let isEnd = !skipBlanks()
    let start = cursor
    let found = isEnd ? "the end of the file" : quoted(word() ?? "")
    return error(.malformed, at: start, "expected \(expected), found \(found)")
  }

  func error(
    _ kind: ProblemFileError.Kind, at position: UnsafePointer<UInt8>, _ reason: String
  ) -> ProblemFileError {
    ProblemFileError(kind, file: text.name, line: text.line(of: position), reason: reason)
  }
}
