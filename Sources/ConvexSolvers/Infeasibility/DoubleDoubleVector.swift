import LinearAlgebra

/// A vector in twice the usual precision.
struct DoubleDoubleVector {
  private(set) var values: [DoubleDouble]

  init(count: Int) { values = Array(repeating: DoubleDouble(0), count: count) }

  subscript(_ index: Int) -> DoubleDouble {
    get { values[index] }
    set { values[index] = newValue }
  }

  /// Sum of the magnitudes.
  var oneNorm: Double { values.reduce(0) { $0 + $1.value.magnitude } }

  /// The product with a row of doubles.
  func dot(_ row: UnsafePointer<Double>) -> DoubleDouble {
    var sum = DoubleDouble(0)
    for j in values.indices { sum += values[j] * row[j] }
    return sum
  }

  /// Adds Mv, with the entries of M in `entries`.
  mutating func add(_ pattern: SparsityPattern, _ entries: Numbers, times v: DoubleDoubleVector) {
    pattern.visit { row, column, entry in values[row] += v.values[column] * entries[entry] }
  }

  /// Adds Mᵀv.
  mutating func add(
    transposed pattern: SparsityPattern, _ entries: Numbers, times v: DoubleDoubleVector
  ) {
    pattern.visit { row, column, entry in values[column] += v.values[row] * entries[entry] }
  }
}
