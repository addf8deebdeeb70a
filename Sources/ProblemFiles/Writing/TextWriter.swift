/// Lines of words and numbers; doubles with the fewest digits that read back as the same bits.
struct TextWriter {
  private(set) var bytes: [UInt8] = []

  /// Writes words with blanks between, and ends the line.
  mutating func line(_ words: String...) {
    for (index, word) in words.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: " ")) }
      bytes.append(contentsOf: word.utf8)
    }
    bytes.append(UInt8(ascii: "\n"))
  }

  /// Writes indices and a number on a line.
  mutating func entry(_ indices: Int..., value: Double) {
    for index in indices {
      bytes.append(contentsOf: String(index).utf8)
      bytes.append(UInt8(ascii: " "))
    }
    line(Self.text(value))
  }

  /// Writes what another writer has.
  mutating func append(_ other: TextWriter) { bytes += other.bytes }

  static func text(_ value: Double) -> String {
    let text = value.description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
