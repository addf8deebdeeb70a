extension JSONReader {
  /// Reads a string that must be there, such as the value of `kind`.
  mutating func readString(_ expected: String) throws(ProblemFileError) -> String {
    try expect(.string, expected)
    return try readString()
  }

  /// Reads the string whose opening quote is at the cursor.
  mutating func readString() throws(ProblemFileError) -> String {
    let opening = cursor
    cursor += 1
    let start = cursor
    while Self.isPlain(cursor.pointee) { cursor += 1 }
    if cursor.pointee == UInt8(ascii: "\"") {
      defer { cursor += 1 }
      return String(
        decoding: UnsafeBufferPointer(start: start, count: cursor - start), as: UTF8.self)
    }
    var bytes = Array(UnsafeBufferPointer(start: start, count: cursor - start))
    while cursor.pointee != UInt8(ascii: "\"") {
      switch cursor.pointee {
      case UInt8(ascii: "\\"): try readEscape(into: &bytes)
      case 0..<0x20:
        if cursor >= text.end {
          throw error(.malformed, at: opening, "the string has no closing quote")
        }
        throw malformed("a string holds \(found()) unescaped")
      default:
        bytes.append(cursor.pointee)
        cursor += 1
      }
    }
    cursor += 1
    guard let string = String(validating: bytes, as: UTF8.self) else {
      throw error(.malformed, at: opening, "the string is not valid UTF-8")
    }
    return string
  }

  /// Whether a byte stands for itself: ASCII, and neither a quote nor an escape.
  @inline(__always)
  private static func isPlain(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte < 0x80 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
  }

  /// Reads the escape at the cursor.
  private mutating func readEscape(into bytes: inout [UInt8]) throws(ProblemFileError) {
    let letter = cursor[1]
    guard letter == UInt8(ascii: "u") else {
      guard let byte = Self.simpleEscapes[letter] else {
        throw malformed("a string holds an unknown escape")
      }
      bytes.append(byte)
      cursor += 2
      return
    }
    var code = try readCodeUnit()
    if code >> 10 == 0x36 {
      guard cursor[0] == UInt8(ascii: "\\"), cursor[1] == UInt8(ascii: "u") else {
        throw malformed("a string holds half a surrogate pair")
      }
      let low = try readCodeUnit()
      guard low >> 10 == 0x37 else { throw malformed("a string holds half a surrogate pair") }
      code = 0x10000 + (code & 0x3FF) << 10 + (low & 0x3FF)
    }
    guard let scalar = Unicode.Scalar(code) else {
      throw malformed("a string holds half a surrogate pair")
    }
    bytes.append(contentsOf: UTF8.encode(scalar)!)
  }

  /// Reads `\uXXXX`.
  private mutating func readCodeUnit() throws(ProblemFileError) -> UInt32 {
    var code: UInt32 = 0
    for index in 2..<6 {
      guard let digit = Character(Unicode.Scalar(cursor[index])).hexDigitValue,
        cursor[index] < 0x80
      else { throw malformed("a string holds a \\u without four hexadecimal digits") }
      code = code << 4 | UInt32(digit)
    }
    cursor += 6
    return code
  }

  private static let simpleEscapes: [UInt8: UInt8] = [
    UInt8(ascii: "\""): UInt8(ascii: "\""), UInt8(ascii: "\\"): UInt8(ascii: "\\"),
    UInt8(ascii: "/"): UInt8(ascii: "/"), UInt8(ascii: "b"): 0x08, UInt8(ascii: "f"): 0x0C,
    UInt8(ascii: "n"): 0x0A, UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09,
  ]
}

// MARK: - Skipping

extension JSONReader {
  /// Steps over the next value, whatever it is, and checks its form.
  ///
  /// Not recursive: the depth of the nesting costs a byte, not a stack frame.
  mutating func skipValue() throws(ProblemFileError) {
    var isObject: [Bool] = []
    repeat {
      switch peek() {
      case .object, .list:
        let opensObject = cursor.pointee == UInt8(ascii: "{")
        cursor += 1
        if next(is: opensObject ? "}" : "]") { break }
        guard isObject.count < Self.depthLimit else {
          throw malformed("values are nested deeper than \(Self.depthLimit)")
        }
        isObject.append(opensObject)
        if opensObject { try skipKey() }
        continue
      case .string: _ = try readString()
      case .number:
        guard let number = DecimalNumber(at: cursor, .json, powers: powers) else {
          throw malformedNumber()
        }
        cursor = number.end
      case .boolean: try readWord(cursor.pointee == UInt8(ascii: "t") ? "true" : "false")
      case .null: try readWord("null")
      case .other: throw unexpected("a value")
      }
      // A value has ended, and with it perhaps the values around it.
      while let inObject = isObject.last {
        if next(is: ",") {
          if inObject { try skipKey() }
          break
        }
        guard next(is: inObject ? "}" : "]") else {
          throw malformed("expected ',' or '\(inObject ? "}" : "]")', found \(found())")
        }
        isObject.removeLast()
      }
    } while !isObject.isEmpty
  }

  private mutating func skipKey() throws(ProblemFileError) {
    skipSpace()
    guard cursor.pointee == UInt8(ascii: "\"") else {
      throw malformed("expected a key in quotes, found \(found())")
    }
    _ = try readString()
    guard next(is: ":") else { throw malformed("expected ':', found \(found())") }
  }

  /// Reads a literal of letters.
  mutating func readWord(_ word: StaticString) throws(ProblemFileError) {
    let length = word.utf8CodeUnitCount
    for index in 0..<length where cursor[index] != word.utf8Start[index] {
      throw malformed("expected \(word), found \(found())")
    }
    if Self.isWordByte(cursor[length]) { throw malformed("expected \(word), found \(found())") }
    cursor += length
  }
}
