/// Which entries of a matrix are stored, in compressed columns; shared by all matrices that have it.
///
/// Column j holds the rows `rowIndices[columnStarts[j]..<columnStarts[j + 1]]`, in increasing order.
/// An entry of the pattern may be zero: it stays, and has a derivative.
public final class SparsityPattern: Sendable {
  /// The number of rows.
  public let rows: Int
  /// The number of columns.
  public let columns: Int
  /// Where each column begins; `columns + 1` numbers, the last one the number of entries.
  public let columnStarts: [Int]
  /// The row of each entry.
  public let rowIndices: [Int]

  /// The number of stored entries.
  public var entries: Int { rowIndices.count }

  /// A pattern from compressed columns, whose rows must increase within each column.
  public init(rows: Int, columns: Int, columnStarts: [Int], rowIndices: [Int]) {
    precondition(
      columnStarts.count == columns + 1 && columnStarts.first == 0
        && columnStarts.last == rowIndices.count,
      "SparsityPattern: \(columnStarts.count) column starts for \(columns) columns")
    for column in 0..<columns {
      var previous = -1
      for entry in columnStarts[column]..<columnStarts[column + 1] {
        let row = rowIndices[entry]
        precondition(
          row > previous && row < rows,
          "SparsityPattern: row \(row) of column \(column) is out of order or beyond \(rows) rows")
        previous = row
      }
    }
    self.rows = rows
    self.columns = columns
    self.columnStarts = columnStarts
    self.rowIndices = rowIndices
  }

  /// The pattern of a list of entries in any order, and the place in the pattern of each of them;
  /// entries that are listed more than once have the same place.
  ///
  /// Every row and column must exist.
  public static func gathering(
    rows: Int, columns: Int, row: [Int], column: [Int]
  ) -> (pattern: SparsityPattern, places: [Int]) {
    precondition(
      row.count == column.count,
      "SparsityPattern: \(row.count) row indices, \(column.count) column indices")
    // Two bucket sorts, by row and then by column, keep the rows of a column in order.
    let byRow = bucketOrder(of: row, buckets: rows, visiting: Array(0..<row.count))
    let order = bucketOrder(of: column, buckets: columns, visiting: byRow)
    var starts = [Int](repeating: 0, count: columns + 1)
    var rowIndices: [Int] = []
    rowIndices.reserveCapacity(row.count)
    var places = [Int](repeating: 0, count: row.count)
    var lastColumn = -1
    for entry in order {
      if column[entry] != lastColumn || row[entry] != rowIndices[rowIndices.count - 1] {
        rowIndices.append(row[entry])
        lastColumn = column[entry]
        starts[lastColumn + 1] += 1
      }
      places[entry] = rowIndices.count - 1
    }
    for index in 0..<columns { starts[index + 1] += starts[index] }
    let pattern = SparsityPattern(
      rows: rows, columns: columns, columnStarts: starts, rowIndices: rowIndices)
    return (pattern, places)
  }

  /// The pattern of the transpose, and for each of its entries the place in this pattern.
  public func transposed() -> (pattern: SparsityPattern, places: [Int]) {
    var starts = [Int](repeating: 0, count: rows + 1)
    for row in rowIndices { starts[row + 1] += 1 }
    for row in 0..<rows { starts[row + 1] += starts[row] }
    var next = starts
    var columnOf = [Int](repeating: 0, count: entries)
    var places = [Int](repeating: 0, count: entries)
    for column in 0..<columns {
      for entry in columnStarts[column]..<columnStarts[column + 1] {
        let target = next[rowIndices[entry]]
        next[rowIndices[entry]] += 1
        columnOf[target] = column
        places[target] = entry
      }
    }
    let pattern = SparsityPattern(
      rows: columns, columns: rows, columnStarts: starts, rowIndices: columnOf)
    return (pattern, places)
  }

  /// The place of an entry, nil if it is not stored.
  public func place(row: Int, column: Int) -> Int? {
    precondition(
      row >= 0 && row < rows && column >= 0 && column < columns,
      "SparsityPattern: index [\(row), \(column)] in shape [\(rows), \(columns)]")
    var low = columnStarts[column]
    var high = columnStarts[column + 1]
    while low < high {
      let middle = (low + high) / 2
      if rowIndices[middle] < row { low = middle + 1 } else { high = middle }
    }
    return low < columnStarts[column + 1] && rowIndices[low] == row ? low : nil
  }
}

extension SparsityPattern: Hashable {
  /// Whether both store the same entries of the same shape.
  public static func == (left: SparsityPattern, right: SparsityPattern) -> Bool {
    left === right
      || (left.rows == right.rows && left.columnStarts == right.columnStarts
        && left.rowIndices == right.rowIndices)
  }

  /// Hashes the shape and the number of entries.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(rows)
    hasher.combine(columns)
    hasher.combine(entries)
  }
}

/// The items in the order of their buckets, those of one bucket in the order in which they are visited.
private func bucketOrder(of bucket: [Int], buckets: Int, visiting items: [Int]) -> [Int] {
  var starts = [Int](repeating: 0, count: buckets + 1)
  for index in bucket {
    precondition(
      index >= 0 && index < buckets, "SparsityPattern: index \(index) of \(buckets)")
    starts[index + 1] += 1
  }
  for index in 0..<buckets { starts[index + 1] += starts[index] }
  var order = [Int](repeating: 0, count: items.count)
  for item in items {
    order[starts[bucket[item]]] = item
    starts[bucket[item]] += 1
  }
  return order
}
