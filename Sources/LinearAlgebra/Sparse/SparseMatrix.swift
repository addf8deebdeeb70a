/// A sparse matrix of doubles in compressed columns, shape `[rows, columns]`.
public struct SparseMatrix: Sendable, Equatable {
  /// Which entries are stored.
  public let pattern: SparsityPattern
  /// The stored entries in the order of the pattern.
  public var values: Vector

  /// A matrix of a pattern and its entries.
  public init(pattern: SparsityPattern, values: Vector) {
    precondition(
      values.count == pattern.entries,
      "SparseMatrix: \(values.count) values for \(pattern.entries) entries")
    self.pattern = pattern
    self.values = values
  }

  /// The number of rows.
  public var rows: Int { pattern.rows }
  /// The number of columns.
  public var columns: Int { pattern.columns }

  /// A matrix from a list of entries in any order; those at the same place add up, zeros are kept.
  public init(rows: Int, columns: Int, row: [Int], column: [Int], values: [Double]) {
    precondition(
      values.count == row.count, "SparseMatrix: \(values.count) values for \(row.count) indices")
    let (pattern, places) = SparsityPattern.gathering(
      rows: rows, columns: columns, row: row, column: column)
    var sums = Vector.zeros(pattern.entries)
    sums.withUnsafeMutableBufferPointer { sums in
      for (place, value) in zip(places, values) { sums[place] += value }
    }
    self.init(pattern: pattern, values: sums)
  }

  /// The entries of a dense matrix that are not zero.
  public init(_ matrix: Matrix) {
    var row: [Int] = []
    var column: [Int] = []
    var values: [Double] = []
    for i in 0..<matrix.rows {
      for j in 0..<matrix.columns where matrix[i, j] != 0 {
        row.append(i)
        column.append(j)
        values.append(matrix[i, j])
      }
    }
    self.init(rows: matrix.rows, columns: matrix.columns, row: row, column: column, values: values)
  }

  /// A matrix without entries.
  public static func zeros(rows: Int, columns: Int) -> SparseMatrix {
    SparseMatrix(rows: rows, columns: columns, row: [], column: [], values: [])
  }

  /// The element in a row and a column, which must exist.
  public subscript(row: Int, column: Int) -> Double {
    pattern.place(row: row, column: column).map { values[$0] } ?? 0
  }

  /// The matrix with all its zeros.
  public var dense: Matrix {
    var result = Matrix(rows: rows, columns: columns)
    for column in 0..<columns {
      for entry in pattern.columnStarts[column]..<pattern.columnStarts[column + 1] {
        result[pattern.rowIndices[entry], column] = values[entry]
      }
    }
    return result
  }

  /// The transpose, shape `[columns, rows]`.
  public var transpose: SparseMatrix {
    let (pattern, places) = pattern.transposed()
    return SparseMatrix(pattern: pattern, values: Vector(places.map { values[$0] }))
  }

  /// The product with a vector of `columns` numbers.
  public static func * (matrix: SparseMatrix, x: Vector) -> Vector {
    let pattern = matrix.pattern
    precondition(
      x.count == pattern.columns, "*: [\(pattern.rows), \(pattern.columns)] x [\(x.count)]")
    var result = Vector.zeros(pattern.rows)
    result.withUnsafeMutableBufferPointer { result in
      for column in 0..<pattern.columns {
        let factor = x[column]
        for entry in pattern.columnStarts[column]..<pattern.columnStarts[column + 1] {
          result[pattern.rowIndices[entry]] += matrix.values[entry] * factor
        }
      }
    }
    return result
  }

  /// The product of the transpose with a vector of `rows` numbers.
  public func transposeTimes(_ y: Vector) -> Vector {
    precondition(y.count == rows, "transposeTimes: [\(rows), \(columns)]' x [\(y.count)]")
    return Vector(
      (0..<columns).map { column in
        var sum = 0.0
        for entry in pattern.columnStarts[column]..<pattern.columnStarts[column + 1] {
          sum += values[entry] * y[pattern.rowIndices[entry]]
        }
        return sum
      })
  }

  /// Whether both store the same entries with equal values.
  public static func == (left: SparseMatrix, right: SparseMatrix) -> Bool {
    left.pattern == right.pattern && left.values == right.values
  }
}

/// A sparse matrix for every item of a batch, or one shared by all; all have one pattern.
public struct BatchedSparseMatrix: Sendable, Equatable {
  /// Which entries are stored.
  public let pattern: SparsityPattern
  /// The stored entries, shape `[B, entries]` or `[entries]`.
  public let values: BatchedVector

  /// Matrices of one pattern.
  public init(pattern: SparsityPattern, values: BatchedVector) {
    precondition(
      values.count == pattern.entries,
      "BatchedSparseMatrix: \(values.count) values for \(pattern.entries) entries")
    self.pattern = pattern
    self.values = values
  }

  /// One matrix shared by the batch.
  public init(shared matrix: SparseMatrix) {
    self.init(pattern: matrix.pattern, values: BatchedVector(shared: matrix.values))
  }

  /// The number of items, or nil for a matrix shared by the batch.
  public var items: Int? { values.items }

  /// The matrix of an item (any item, if it is shared).
  public subscript(item: Int) -> SparseMatrix {
    SparseMatrix(pattern: pattern, values: values[item])
  }
}
