import LinearAlgebra

extension SparsityPattern {
  /// Calls `body` with each entry, its row and its column, in order.
  @inline(__always)
  package func forEachEntry(_ body: (_ entry: Int, _ row: Int, _ column: Int) -> Void) {
    for column in 0..<columns {
      for entry in columnStarts[column]..<columnStarts[column + 1] {
        body(entry, rowIndices[entry], column)
      }
    }
  }
}

extension SparseMatrix {
  /// Adds `factor` times the product with x.
  func addProduct(
    _ x: UnsafePointer<Double>, times factor: Double = 1, to y: UnsafeMutablePointer<Double>
  ) {
    let values = values.storage.pointer
    pattern.columnStarts.withUnsafeBufferPointer { starts in
      pattern.rowIndices.withUnsafeBufferPointer { rows in
        for column in 0..<columns {
          let scaled = factor * x[column]
          for entry in starts[column]..<starts[column + 1] {
            y[rows[entry]] += values[entry] * scaled
          }
        }
      }
    }
  }

  /// Adds `factor` times the product of the transpose with y.
  func addTransposeProduct(
    _ y: UnsafePointer<Double>, times factor: Double = 1, to x: UnsafeMutablePointer<Double>
  ) {
    let values = values.storage.pointer
    pattern.columnStarts.withUnsafeBufferPointer { starts in
      pattern.rowIndices.withUnsafeBufferPointer { rows in
        for column in 0..<columns {
          var sum = 0.0
          for entry in starts[column]..<starts[column + 1] {
            sum += values[entry] * y[rows[entry]]
          }
          x[column] += factor * sum
        }
      }
    }
  }
}

extension SparsityPattern {
  /// Adds `factor left rightᵀ` at the stored entries.
  func addOuterProduct(
    _ left: UnsafePointer<Double>, _ right: UnsafePointer<Double>, times factor: Double,
    to values: UnsafeMutablePointer<Double>
  ) {
    forEachEntry { entry, row, column in values[entry] += factor * left[row] * right[column] }
  }

  /// Adds `½ factor (left rightᵀ + right leftᵀ)` at the stored entries.
  func addSymmetricProduct(
    _ left: UnsafePointer<Double>, _ right: UnsafePointer<Double>, times factor: Double,
    to values: UnsafeMutablePointer<Double>
  ) {
    forEachEntry { entry, row, column in
      values[entry] += 0.5 * factor * (left[row] * right[column] + right[row] * left[column])
    }
  }
}
