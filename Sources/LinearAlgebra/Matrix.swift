/// A dense row-major matrix of doubles with value semantics, shape `[rows, columns]`.
public struct Matrix: Sendable {
  /// The number of rows.
  public let rows: Int
  /// The number of columns.
  public let columns: Int
  package private(set) var storage: AlignedBuffer

  package init(rows: Int, columns: Int, storage: AlignedBuffer) {
    precondition(
      storage.count == rows * columns, "Matrix: \(storage.count) elements for [\(rows), \(columns)]"
    )
    self.rows = rows
    self.columns = columns
    self.storage = storage
  }

  /// A matrix with every element equal to `value`.
  public init(rows: Int, columns: Int, repeating value: Double = 0) {
    precondition(rows >= 0 && columns >= 0, "Matrix: negative shape [\(rows), \(columns)]")
    self.init(
      rows: rows, columns: columns,
      storage: AlignedBuffer(repeating: value, count: rows * columns))
  }

  /// A matrix of the given elements in row-major order; `elements.count` must be `rows * columns`.
  public init(rows: Int, columns: Int, elements: [Double]) {
    self.init(rows: rows, columns: columns, storage: AlignedBuffer(elements))
  }

  /// A matrix given by its rows, which must all have the same length.
  public init(_ rowList: [[Double]]) {
    let columns = rowList.first?.count ?? 0
    for (index, row) in rowList.enumerated() {
      precondition(
        row.count == columns, "Matrix: row \(index) has \(row.count) elements, row 0 \(columns)")
    }
    self.init(rows: rowList.count, columns: columns, elements: rowList.flatMap { $0 })
  }

  /// The identity matrix of the given size.
  public static func identity(_ size: Int) -> Matrix {
    var result = Matrix(rows: size, columns: size)
    for index in 0..<size { result[index, index] = 1 }
    return result
  }

  /// A square matrix with the given diagonal.
  public static func diagonal(_ entries: [Double]) -> Matrix {
    var result = Matrix(rows: entries.count, columns: entries.count)
    for (index, entry) in entries.enumerated() { result[index, index] = entry }
    return result
  }

  /// The element in a row and a column, which must exist.
  public subscript(row: Int, column: Int) -> Double {
    get {
      checkIndex(row, column)
      return storage.pointer[row * columns + column]
    }
    set {
      checkIndex(row, column)
      makeUnique()
      storage.pointer[row * columns + column] = newValue
    }
  }

  /// The elements in row-major order.
  public var array: [Double] {
    withUnsafeBufferPointer { Array($0) }
  }

  /// One row as a vector.
  public func row(_ index: Int) -> Vector {
    precondition(index >= 0 && index < rows, "Matrix: row \(index) of \(rows)")
    let result = AlignedBuffer(uninitializedCount: columns)
    result.pointer.update(from: storage.pointer + index * columns, count: columns)
    return Vector(storage: result)
  }

  /// The transpose, shape `[columns, rows]`.
  public var transpose: Matrix {
    let target = AlignedBuffer(uninitializedCount: rows * columns)
    let block = 8  // one cache line
    for i0 in stride(from: 0, to: rows, by: block) {
      for j0 in stride(from: 0, to: columns, by: block) {
        for i in i0..<min(i0 &+ block, rows) {
          for j in j0..<min(j0 &+ block, columns) {
            target.pointer[j &* rows &+ i] = storage.pointer[i &* columns &+ j]
          }
        }
      }
    }
    return Matrix(rows: columns, columns: rows, storage: target)
  }

  /// Calls `body` with the elements in row-major order; the pointer is not valid afterwards.
  public func withUnsafeBufferPointer<Result>(
    _ body: (UnsafeBufferPointer<Double>) throws -> Result
  ) rethrows -> Result {
    try withExtendedLifetime(storage) {
      try body(UnsafeBufferPointer(start: storage.pointer, count: storage.count))
    }
  }

  /// Calls `body` with the elements in row-major order, to change them; copies them first if they are
  /// shared.
  public mutating func withUnsafeMutableBufferPointer<Result>(
    _ body: (UnsafeMutableBufferPointer<Double>) throws -> Result
  ) rethrows -> Result {
    makeUnique()
    return try withExtendedLifetime(storage) {
      try body(UnsafeMutableBufferPointer(start: storage.pointer, count: storage.count))
    }
  }

  private mutating func makeUnique() {
    if !isKnownUniquelyReferenced(&storage) { storage = AlignedBuffer(copying: storage) }
  }

  private func checkIndex(_ row: Int, _ column: Int) {
    precondition(
      row >= 0 && row < rows && column >= 0 && column < columns,
      "Matrix: index [\(row), \(column)] in shape [\(rows), \(columns)]")
  }
}

// MARK: - Equatable, CustomStringConvertible

extension Matrix: Equatable, CustomStringConvertible {
  /// Whether both have the same shape and equal elements.
  public static func == (left: Matrix, right: Matrix) -> Bool {
    left.rows == right.rows && left.columns == right.columns && left.array == right.array
  }

  /// The rows in brackets, one a line.
  public var description: String {
    "[" + (0..<rows).map { "\(row($0).array)" }.joined(separator: ",\n ") + "]"
  }
}

extension Matrix: ExpressibleByArrayLiteral {
  /// A matrix given by its rows, which must all have the same length.
  public init(arrayLiteral rowList: [Double]...) {
    self.init(rowList)
  }
}
