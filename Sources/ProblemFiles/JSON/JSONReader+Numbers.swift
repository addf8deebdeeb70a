import LinearAlgebra

/// Numbers that are collected without knowing how many will come; the memory is kept for the next
/// list.
struct NumberBuffer: ~Copyable {
  private(set) var memory: UnsafeMutablePointer<Double>
  private(set) var capacity: Int
  var count = 0

  init(capacity: Int = 256) {
    self.capacity = capacity
    memory = .allocate(capacity: capacity)
  }

  deinit {
    memory.deallocate()
  }

  @inline(__always)
  mutating func append(_ value: Double) {
    if count == capacity { grow() }
    (memory + count).initialize(to: value)
    count &+= 1
  }

  @inline(never)
  private mutating func grow() {
    let larger = UnsafeMutablePointer<Double>.allocate(capacity: 2 * capacity)
    larger.update(from: memory, count: count)
    memory.deallocate()
    memory = larger
    capacity *= 2
  }

  /// A copy of exactly the numbers collected.
  func buffer() -> AlignedBuffer {
    let result = AlignedBuffer(uninitializedCount: count)
    result.pointer.update(from: memory, count: count)
    return result
  }
}

extension JSONReader {
  /// Reads a list of numbers, shape `[count]`.
  ///
  /// - Parameter absent: whether null and numbers from `absentBound` on stand for +infinity.
  mutating func readVector(absent: Bool = false) throws(ProblemFileError) -> Vector {
    numbers.count = 0
    _ = try readNumbers("a list of numbers", absent: absent)
    return Vector(storage: numbers.buffer())
  }

  /// Reads a list of rows of equal length, shape `[rows, columns]`; `[]` has shape `[0, 0]`.
  mutating func readMatrix() throws(ProblemFileError) -> Matrix {
    numbers.count = 0
    var rows = 0
    var columns = 0
    try readList("a list of rows") { (reader, row) throws(ProblemFileError) in
      let place = reader.position()
      let count = try reader.readNumbers("a row (a list of numbers)", absent: false)
      if row == 0 { columns = count }
      guard count == columns else {
        throw reader.error(
          .malformed, at: place,
          "the row has \(count.counted("number")), row 0 has \(columns)")
      }
      rows += 1
    }
    return Matrix(rows: rows, columns: columns, storage: numbers.buffer())
  }

  /// Bounds of this size and more are absent.
  static let absentBound = 1e20

  /// Appends the numbers of a list to `numbers`, and returns how many there were.
  private mutating func readNumbers(
    _ expected: String, absent: Bool
  ) throws(ProblemFileError) -> Int {
    try expect(.list, expected)
    cursor += 1
    if next(is: "]") { return 0 }
    let first = numbers.count
    while true {
      skipSpace()
      if let number = DecimalNumber(at: cursor, .json, powers: powers), number.value.isFinite {
        cursor = number.end
        numbers.append(absent && number.value >= Self.absentBound ? .infinity : number.value)
      } else {
        try readUnusualNumber(index: numbers.count - first, absent: absent)
      }
      skipSpace()
      if cursor.pointee == UInt8(ascii: ",") {
        cursor += 1
      } else if cursor.pointee == UInt8(ascii: "]") {
        cursor += 1
        return numbers.count - first
      } else {
        path.append(.index(numbers.count - first))
        throw Self.isWordByte(cursor.pointee) || cursor.pointee == UInt8(ascii: ".")
          ? malformedNumber() : malformed("expected ',' or ']', found \(found())")
      }
    }
  }

  /// An absent bound, or an error.
  @inline(never)
  private mutating func readUnusualNumber(
    index: Int, absent: Bool
  ) throws(ProblemFileError) {
    path.append(.index(index))
    if let number = DecimalNumber(at: cursor, .json, powers: powers) {
      guard absent && number.value > 0 else {
        throw malformed("the number is beyond the range of a double")
      }
      cursor = number.end
      numbers.append(.infinity)
    } else if absent && peek() == .null {
      try readWord("null")
      numbers.append(.infinity)
    } else {
      throw malformedNumber()
    }
    path.removeLast()
  }

  /// The error for something at the cursor that is not a number.
  func malformedNumber() -> ProblemFileError {
    switch JSONValueKind(startingWith: cursor.pointee) {
    case .null:
      return malformed(
        "expected a number, found null; only bounds (h, and b in nonnegative rows) may be absent")
    case .object, .list, .string, .boolean:
      return malformed("expected a number, found \(found())")
    case .number, .other:
      var length = 0
      while length < 24, Self.isNumberByte(cursor[length]) { length += 1 }
      let spelling = String(
        decoding: UnsafeBufferPointer(start: cursor, count: length), as: UTF8.self)
      let name = spelling.lowercasedASCII.drop { $0 == "-" || $0 == "+" }
      if name == "nan" || name == "inf" || name == "infinity" {
        return malformed("\(spelling) is not a number; every number must be finite")
      }
      guard !spelling.isEmpty else { return malformed("expected a number, found \(found())") }
      return malformed("\(spelling) is not a JSON number")
    }
  }

  private static func isNumberByte(_ byte: UInt8) -> Bool {
    isWordByte(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
      || byte == UInt8(ascii: "+")
  }
}

extension Int {
  /// The number with a noun: "1 row", "2 rows".
  func counted(_ noun: String) -> String { "\(self) \(noun)\(self == 1 ? "" : "s")" }
}
