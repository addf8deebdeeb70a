/// A symmetric matrix as a vector: the lower triangle column by column, off-diagonals times √2, so that
/// inner products are kept.
struct SymmetricVector {
  let order: Int

  /// The length of the vector.
  var count: Int { order * (order + 1) / 2 }

  /// Where the element in this row and column of the lower triangle stands.
  @inline(__always)
  func place(row: Int, column: Int) -> Int {
    column * order - column * (column - 1) / 2 + row - column
  }

  /// What an element of the matrix is multiplied with in the vector.
  @inline(__always)
  static func factor(row: Int, column: Int) -> Double {
    row == column ? 1 : 2.0.squareRoot()
  }
}
