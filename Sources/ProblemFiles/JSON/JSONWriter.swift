import LinearAlgebra

/// Writes JSON piece by piece, so that large answers are never built as a tree.
///
/// Doubles are written with the fewest digits that read back as the same bits; a number that is not
/// finite is written as null. Members and elements stand on lines of their own, lists of numbers on
/// one line, matrices as one row per line.
///
/// ```swift
/// var json = JSONWriter()
/// json.object { json in
///   json.write("optimal", for: "status")
///   json.write(solution.x, for: "x")
///   json.object(for: "residuals", .inline) { json in json.write(1e-9, for: "primal") }
/// }
/// let bytes = json.finish()
/// ```
///
/// What is written must nest properly: a member has a key and stands in an object, an element has
/// none; anything else is a precondition failure.
public struct JSONWriter {
  /// How the members of an object or the elements of a list are set.
  public enum Layout: Sendable {
    /// Each on a line of its own.
    case lines
    /// All on one line.
    case inline
  }

  private struct Level {
    let isObject: Bool
    let layout: Layout
    var isEmpty = true
  }

  private var bytes: [UInt8] = []
  private var levels: [Level] = []
  private let sink: ((UnsafeRawBufferPointer) -> Void)?

  /// A writer that collects everything for `finish`.
  public init() {
    sink = nil
  }

  /// A writer that hands its text on in chunks of about 64 kB.
  public init(sink: @escaping (UnsafeRawBufferPointer) -> Void) {
    self.sink = sink
  }

  /// Ends the text with a newline; what has not gone to a sink is returned.
  public consuming func finish() -> [UInt8] {
    precondition(levels.isEmpty, "JSONWriter: finished inside an object or a list")
    bytes.append(UInt8(ascii: "\n"))
    if let sink {
      bytes.withUnsafeBytes(sink)
      return []
    }
    return bytes
  }

  // MARK: - Structure

  /// Writes an object, whose members `body` writes.
  public mutating func object<Failure: Error>(
    for key: String? = nil, _ layout: Layout = .lines,
    _ body: (inout JSONWriter) throws(Failure) -> Void
  ) throws(Failure) {
    begin(key)
    try nested(isObject: true, layout, body)
  }

  /// Writes a list, whose elements `body` writes.
  public mutating func list<Failure: Error>(
    for key: String? = nil, _ layout: Layout = .lines,
    _ body: (inout JSONWriter) throws(Failure) -> Void
  ) throws(Failure) {
    begin(key)
    try nested(isObject: false, layout, body)
  }

  private mutating func nested<Failure: Error>(
    isObject: Bool, _ layout: Layout, _ body: (inout JSONWriter) throws(Failure) -> Void
  ) throws(Failure) {
    let isInline = layout == .inline || levels.last?.layout == .inline
    bytes.append(UInt8(ascii: isObject ? "{" : "["))
    levels.append(Level(isObject: isObject, layout: isInline ? .inline : .lines))
    let depth = levels.count
    try body(&self)
    precondition(levels.count == depth, "JSONWriter: a nested value was left open")
    let level = levels.removeLast()
    if !level.isEmpty && !isInline { newLine() }
    bytes.append(UInt8(ascii: isObject ? "}" : "]"))
    drainIfLarge()
  }

  // MARK: - Values

  /// Writes a string; nil is null.
  public mutating func write(_ value: String?, for key: String? = nil) {
    begin(key)
    if let value { append(string: value) } else { append("null") }
  }

  /// Writes a number; null if it is not finite, or nil.
  public mutating func write(_ value: Double?, for key: String? = nil) {
    begin(key)
    append(number: value ?? .nan)
  }

  /// Writes an integer.
  public mutating func write(_ value: Int, for key: String? = nil) {
    begin(key)
    append(value.description)
  }

  /// Writes true or false.
  public mutating func write(_ value: Bool, for key: String? = nil) {
    begin(key)
    append(value ? "true" : "false")
  }

  /// Writes null.
  public mutating func writeNull(for key: String? = nil) {
    begin(key)
    append("null")
  }

  /// Writes a list of numbers on one line.
  public mutating func write(_ values: Vector, for key: String? = nil) {
    begin(key)
    values.withUnsafeBufferPointer { append(numbers: $0) }
  }

  /// Writes a list of numbers on one line.
  public mutating func write(_ values: [Double], for key: String? = nil) {
    begin(key)
    values.withUnsafeBufferPointer { append(numbers: $0) }
  }

  /// Writes a list of integers on one line.
  public mutating func write(_ values: [Int], for key: String? = nil) {
    list(for: key, .inline) { json in
      for value in values { json.write(value) }
    }
  }

  /// Writes a list of strings on one line.
  public mutating func write(_ values: [String], for key: String? = nil) {
    list(for: key, .inline) { json in
      for value in values { json.write(value) }
    }
  }

  /// Writes a matrix as a list of its rows, each on a line; `[]` if it has no rows.
  public mutating func write(_ matrix: Matrix, for key: String? = nil) {
    list(for: key) { json in
      matrix.withUnsafeBufferPointer { elements in
        for row in 0..<matrix.rows {
          json.begin(nil)
          json.append(
            numbers: UnsafeBufferPointer(
              rebasing: elements[row * matrix.columns..<(row + 1) * matrix.columns]))
          json.drainIfLarge()
        }
      }
    }
  }

  // MARK: - Text

  /// Separates the value from the one before it, and writes its key.
  private mutating func begin(_ key: String?) {
    guard let level = levels.last else {
      precondition(key == nil, "JSONWriter: a key outside of an object")
      return
    }
    precondition(level.isObject == (key != nil), "JSONWriter: members have keys, elements don't")
    levels[levels.count - 1].isEmpty = false
    if !level.isEmpty { bytes.append(UInt8(ascii: ",")) }
    switch level.layout {
    case .lines: newLine()
    case .inline: if !level.isEmpty { bytes.append(UInt8(ascii: " ")) }
    }
    if let key {
      append(string: key)
      append(": ")
    }
  }

  private mutating func newLine() {
    bytes.append(UInt8(ascii: "\n"))
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * levels.count))
  }

  private mutating func append(_ text: String) {
    bytes.append(contentsOf: text.utf8)
  }

  private mutating func append(numbers: UnsafeBufferPointer<Double>) {
    bytes.append(UInt8(ascii: "["))
    for index in numbers.indices {
      if index > 0 { append(", ") }
      append(number: numbers[index])
    }
    bytes.append(UInt8(ascii: "]"))
    drainIfLarge()
  }

  private mutating func append(number: Double) {
    guard number.isFinite else { return append("null") }
    if number == 0 { return append(number.sign == .minus ? "-0.0" : "0") }
    append(number.description)
    if bytes.count >= 2, bytes[bytes.count - 1] == UInt8(ascii: "0"),
      bytes[bytes.count - 2] == UInt8(ascii: ".")
    {
      bytes.removeLast(2)
    }
  }

  private mutating func append(string: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(byte)
      case UInt8(ascii: "\n"): append("\\n")
      case UInt8(ascii: "\t"): append("\\t")
      case 0..<0x20, 0x7F:
        append(byte < 16 ? "\\u000" : "\\u00")
        append(String(byte, radix: 16))
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func drainIfLarge() {
    guard let sink, bytes.count >= 1 << 16 else { return }
    bytes.withUnsafeBytes(sink)
    bytes.removeAll(keepingCapacity: true)
  }
}
