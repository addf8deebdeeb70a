import LinearAlgebra

/// A sparse matrix as it stands in a file: entries in any order, some places perhaps more than once.
struct SparseData {
  var rows = 0
  var columns = 0
  var row: [Int] = []
  var column: [Int] = []
  var values = Vector.zeros(0)
}

extension JSONReader {
  /// Reads an integer that is not negative.
  mutating func readSize(_ expected: String) throws(ProblemFileError) -> Int {
    skipSpace()
    guard let value = sizeAtCursor() else {
      guard peek() == .number else { throw unexpected(expected) }
      throw malformed("expected \(expected)")
    }
    return value
  }

  /// Steps over a whole number of at most 15 digits; nil, and no step, if there is none.
  @inline(__always)
  private mutating func sizeAtCursor() -> Int? {
    var end = cursor
    var value = 0
    while DecimalNumber.isDigit(end.pointee) {
      value = value &* 10 &+ Int(end.pointee & 15)
      end += 1
    }
    let digits = end - cursor
    guard digits > 0, digits <= 15, digits == 1 || cursor.pointee != UInt8(ascii: "0"),
      end.pointee != UInt8(ascii: "."), end.pointee | 0x20 != UInt8(ascii: "e")
    else { return nil }
    cursor = end
    return value
  }

  /// Reads a list of integers that are not negative.
  mutating func readSizes(_ noun: String) throws(ProblemFileError) -> [Int] {
    var sizes: [Int] = []
    try expect(.list, "a list of \(noun)")
    cursor += 1
    if next(is: "]") { return sizes }
    while true {
      skipSpace()
      guard let value = sizeAtCursor() else {
        path.append(.index(sizes.count))
        let expected = "a whole number, not negative"
        throw peek() == .number ? malformed("expected \(expected)") : unexpected(expected)
      }
      sizes.append(value)
      if next(is: "]") { return sizes }
      guard next(is: ",") else { throw malformed("expected ',' or ']', found \(found())") }
    }
  }

  /// Reads `{"rows": m, "columns": n, "row": [..], "col": [..], "val": [..]}` and checks that the
  /// entries lie inside.
  mutating func readSparseMatrix() throws(ProblemFileError) -> SparseData {
    var data = SparseData()
    let start = position()
    var places: [String: UnsafePointer<UInt8>] = [:]
    try readObject("a sparse matrix (an object)") { (reader, key) throws(ProblemFileError) in
      places[key] = reader.position()
      switch key {
      case "rows": data.rows = try reader.readSize("the number of rows")
      case "columns": data.columns = try reader.readSize("the number of columns")
      case "row": data.row = try reader.readSizes("row indices")
      case "col": data.column = try reader.readSizes("column indices")
      case "val": data.values = try reader.readVector()
      default:
        throw reader.malformed("unknown key; a sparse matrix has rows, columns, row, col and val")
      }
    }
    for key in ["rows", "columns", "row", "col", "val"] where places[key] == nil {
      throw error(.malformed, at: start, "the key \"\(key)\" is missing")
    }
    guard data.row.count == data.column.count, data.row.count == data.values.count else {
      throw error(
        .invalid, at: start,
        "row, col and val have \(data.row.count), \(data.column.count) and \(data.values.count) "
          + "numbers; they must be equally many")
    }
    try check(data.row, "row", below: data.rows, "rows", at: places["row"] ?? start)
    try check(data.column, "col", below: data.columns, "columns", at: places["col"] ?? start)
    return data
  }

  /// Makes sure that all indices are below a count.
  private mutating func check(
    _ indices: [Int], _ key: String, below count: Int, _ noun: String,
    at position: UnsafePointer<UInt8>
  ) throws(ProblemFileError) {
    guard let place = indices.firstIndex(where: { $0 >= count }) else { return }
    path += [.key(key), .index(place)]
    throw error(.invalid, at: position, "is \(indices[place]), but there are \(count) \(noun)")
  }
}
