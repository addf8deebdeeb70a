import CKernels

extension Matrix {
  /// Whether every element is finite.
  public var isFinite: Bool { ck_all_finite(storage.count, storage.pointer) != 0 }

  /// The largest absolute value of an element; 0 for an empty matrix, NaN if any is.
  public var largestElement: Double { ck_largest(storage.count, storage.pointer) }

  public static func + (left: Matrix, right: Matrix) -> Matrix {
    left.combined(with: right, scale: 1, operation: "+")
  }

  public static func - (left: Matrix, right: Matrix) -> Matrix {
    left.combined(with: right, scale: -1, operation: "-")
  }

  public static func * (scale: Double, matrix: Matrix) -> Matrix {
    var result = matrix
    result.withUnsafeMutableBufferPointer { for i in $0.indices { $0[i] *= scale } }
    return result
  }

  /// The matrix product, `[m, k]` times `[k, n]`.
  public static func * (left: Matrix, right: Matrix) -> Matrix {
    precondition(
      left.columns == right.rows,
      "matrix product: [\(left.rows), \(left.columns)] x [\(right.rows), \(right.columns)]")
    var result = Matrix(rows: left.rows, columns: right.columns)
    result.withUnsafeMutableBufferPointer { target in
      guard let base = target.baseAddress else { return }
      BLAS.multiply(
        m: left.rows, n: right.columns, k: left.columns, A: left.storage.pointer,
        lda: left.columns, B: right.storage.pointer, ldb: right.columns, C: base,
        ldc: right.columns)
    }
    return result
  }

  /// The product with a vector of length `columns`.
  public static func * (matrix: Matrix, vector: Vector) -> Vector {
    precondition(
      matrix.columns == vector.count,
      "matrix product: [\(matrix.rows), \(matrix.columns)] x [\(vector.count)]")
    var result = Vector.zeros(matrix.rows)
    result.withUnsafeMutableBufferPointer {
      BLAS.multiply(
        m: matrix.rows, n: matrix.columns, A: matrix.storage.pointer, lda: matrix.columns,
        x: vector.storage.pointer, y: $0.baseAddress!)
    }
    return result
  }

  /// The product of the transpose with a vector of length `rows`.
  public func transposeTimes(_ vector: Vector) -> Vector {
    precondition(
      rows == vector.count, "transposed product: [\(rows), \(columns)]ᵀ x [\(vector.count)]")
    var result = Vector.zeros(columns)
    result.withUnsafeMutableBufferPointer {
      BLAS.multiply(
        m: rows, n: columns, A: storage.pointer, lda: columns, transpose: true,
        x: vector.storage.pointer, y: $0.baseAddress!)
    }
    return result
  }

  private func combined(with other: Matrix, scale: Double, operation: String) -> Matrix {
    precondition(
      rows == other.rows && columns == other.columns,
      "\(operation): [\(rows), \(columns)] and [\(other.rows), \(other.columns)]")
    var result = self
    result.withUnsafeMutableBufferPointer {
      ck_add_scaled($0.count, scale, other.storage.pointer, $0.baseAddress)
    }
    return result
  }
}
