import LinearAlgebra
import Testing
import _TestSupport

/// Sparsity patterns and sparse matrices against dense ones.
@Suite struct SparseMatrixTests {
  static let shapes = [(0, 0), (0, 3), (3, 0), (1, 1), (1, 7), (7, 1), (5, 4), (30, 20)]

  /// Entries in any order, some of them several times, some rows and columns without any.
  private func entries(_ rows: Int, _ columns: Int, _ random: inout SeededGenerator) -> (
    row: [Int], column: [Int], values: [Double]
  ) {
    let count = rows * columns == 0 ? 0 : rows * columns
    return (
      (0..<count).map { _ in random.below(rows) }, (0..<count).map { _ in random.below(columns) },
      (0..<count).map { _ in random.normal() }
    )
  }

  @Test(arguments: shapes, 1...3 as ClosedRange<UInt64>)
  func gatheringSortsAndMerges(shape: (Int, Int), seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let (rows, columns) = shape
    let (row, column, values) = entries(rows, columns, &random)
    let (pattern, places) = SparsityPattern.gathering(
      rows: rows, columns: columns, row: row, column: column)
    #expect(pattern.rows == rows && pattern.columns == columns)
    #expect(pattern.entries == Set(zip(row, column).map { $0 * 1000 + $1 }).count)
    #expect(pattern.columnStarts.count == columns + 1)
    for entry in row.indices {
      #expect(pattern.place(row: row[entry], column: column[entry]) == places[entry])
    }
    for j in 0..<columns {
      let range = pattern.columnStarts[j]..<pattern.columnStarts[j + 1]
      let inside = pattern.rowIndices[range]
      #expect(zip(inside, inside.dropFirst()).allSatisfy { $0 < $1 })
    }
    var dense = Matrix(rows: rows, columns: columns)
    for entry in row.indices { dense[row[entry], column[entry]] += values[entry] }
    let matrix = SparseMatrix(
      rows: rows, columns: columns, row: row, column: column, values: values)
    #expect(isClose(matrix.dense, dense, relativeTolerance: 1e-15).holds)
    for i in 0..<rows {
      for j in 0..<columns where !zip(row, column).contains(where: { $0 == i && $1 == j }) {
        #expect(pattern.place(row: i, column: j) == nil && matrix[i, j] == 0)
      }
    }
  }

  @Test(arguments: shapes) func arithmeticAgreesWithDense(shape: (Int, Int)) {
    var random = SeededGenerator(seed: 9)
    let (rows, columns) = shape
    let (row, column, values) = entries(rows, columns, &random)
    let matrix = SparseMatrix(
      rows: rows, columns: columns, row: row, column: column, values: values)
    let dense = matrix.dense
    let x = random.vector(columns)
    let y = random.vector(rows)
    #expect(isClose(matrix * x, dense * x).holds)
    #expect(isClose(matrix.transposeTimes(y), dense.transposeTimes(y)).holds)
    #expect(matrix.transpose.dense == dense.transpose)
    #expect(matrix.transpose.transpose == matrix)
    #expect(SparseMatrix(dense).dense == dense)
    let (transposed, places) = matrix.pattern.transposed()
    #expect(places.sorted() == Array(0..<matrix.pattern.entries))
    #expect(transposed.rows == columns && transposed.columns == rows)
  }

  @Test func zerosAreKept() {
    let matrix = SparseMatrix(
      rows: 2, columns: 2, row: [1, 0, 1], column: [0, 1, 0], values: [3, 0, -3])
    #expect(matrix.pattern.entries == 2 && matrix.values == [0, 0])
    #expect(matrix != SparseMatrix.zeros(rows: 2, columns: 2))
    #expect(SparseMatrix([[0, 0], [0, 0]]) == SparseMatrix.zeros(rows: 2, columns: 2))
    #expect(SparseMatrix.zeros(rows: 2, columns: 3) * [1, 2, 3] == [0, 0])
  }

  @Test func equalityLooksAtAllOfThePattern() {
    let pattern = SparsityPattern(
      rows: 3, columns: 2, columnStarts: [0, 1, 2], rowIndices: [0, 2])
    let same = SparsityPattern(rows: 3, columns: 2, columnStarts: [0, 1, 2], rowIndices: [0, 2])
    let others = [
      SparsityPattern(rows: 4, columns: 2, columnStarts: [0, 1, 2], rowIndices: [0, 2]),
      SparsityPattern(rows: 3, columns: 2, columnStarts: [0, 2, 2], rowIndices: [0, 2]),
      SparsityPattern(rows: 3, columns: 2, columnStarts: [0, 1, 2], rowIndices: [1, 2]),
      SparsityPattern(rows: 3, columns: 3, columnStarts: [0, 1, 2, 2], rowIndices: [0, 2]),
    ]
    #expect(pattern == same && pattern.hashValue == same.hashValue)
    for other in others { #expect(pattern != other) }
  }

  @Test func batchesShareThePattern() {
    let pattern = SparsityPattern(
      rows: 1, columns: 2, columnStarts: [0, 1, 2], rowIndices: [0, 0])
    let batch = BatchedSparseMatrix(
      pattern: pattern, values: BatchedVector(items: 2, count: 2, elements: [1, 2, 3, 4]))
    #expect(batch.items == 2 && batch[1].dense == [[3, 4]])
    let shared = BatchedSparseMatrix(shared: batch[0])
    #expect(shared.items == nil && shared[7].dense == [[1, 2]])
  }
}
