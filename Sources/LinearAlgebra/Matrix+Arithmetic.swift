// MARK: - Element by element

extension Matrix {
  /// The sum of two matrices of one shape.
  public static func + (left: Matrix, right: Matrix) -> Matrix {
    left.combined(with: right, "+") { $0 + $1 }
  }

  /// The difference of two matrices of one shape.
  public static func - (left: Matrix, right: Matrix) -> Matrix {
    left.combined(with: right, "-") { $0 - $1 }
  }

  /// The negative of each element.
  public static prefix func - (matrix: Matrix) -> Matrix { -1 * matrix }

  /// Each element times the factor.
  public static func * (factor: Double, matrix: Matrix) -> Matrix {
    var result = matrix
    result *= factor
    return result
  }

  /// Each element times the factor.
  public static func * (matrix: Matrix, factor: Double) -> Matrix { factor * matrix }

  /// Each element divided by the divisor.
  public static func / (matrix: Matrix, divisor: Double) -> Matrix {
    var result = matrix
    result.withUnsafeMutableBufferPointer { for index in $0.indices { $0[index] /= divisor } }
    return result
  }

  /// Adds a matrix of the same shape in place.
  public static func += (left: inout Matrix, right: Matrix) {
    left.add(right, scaledBy: 1)
  }

  /// Subtracts a matrix of the same shape in place.
  public static func -= (left: inout Matrix, right: Matrix) {
    left.add(right, scaledBy: -1)
  }

  /// Multiplies each element by the factor in place.
  public static func *= (matrix: inout Matrix, factor: Double) {
    matrix.withUnsafeMutableBufferPointer { for index in $0.indices { $0[index] *= factor } }
  }

  /// Adds `factor * other`, element by element, in place.
  public mutating func add(_ other: Matrix, scaledBy factor: Double) {
    precondition(
      rows == other.rows && columns == other.columns,
      "Matrix.add: [\(rows), \(columns)] and [\(other.rows), \(other.columns)]")
    withUnsafeMutableBufferPointer { target in
      other.withUnsafeBufferPointer { source in
        for index in target.indices { target[index] += factor * source[index] }
      }
    }
  }

  private func combined(
    with other: Matrix, _ name: StaticString, _ operation: (Double, Double) -> Double
  ) -> Matrix {
    precondition(
      rows == other.rows && columns == other.columns,
      "Matrix \(name): [\(rows), \(columns)] and [\(other.rows), \(other.columns)]")
    return Matrix(
      rows: rows, columns: columns,
      storage: AlignedBuffer(combining: storage, other.storage, operation))
  }
}

// MARK: - Products

extension Matrix {
  /// The product of `[m, k]` and `[k, n]`, shape `[m, n]`.
  public static func * (left: Matrix, right: Matrix) -> Matrix {
    precondition(
      left.columns == right.rows,
      "Matrix *: [\(left.rows), \(left.columns)] x [\(right.rows), \(right.columns)]")
    let result = AlignedBuffer(uninitializedCount: left.rows * right.columns)
    withExtendedLifetime((left.storage, right.storage)) {
      BLAS.gemm(
        m: left.rows, n: right.columns, k: left.columns, A: left.storage.pointer,
        B: right.storage.pointer, C: result.pointer)
    }
    return Matrix(rows: left.rows, columns: right.columns, storage: result)
  }

  /// The product of `[m, n]` and `[n]`, shape `[m]`.
  public static func * (matrix: Matrix, vector: Vector) -> Vector {
    precondition(
      matrix.columns == vector.count,
      "Matrix *: [\(matrix.rows), \(matrix.columns)] x [\(vector.count)]")
    let result = AlignedBuffer(uninitializedCount: matrix.rows)
    withExtendedLifetime((matrix.storage, vector.storage)) {
      BLAS.gemv(
        rows: matrix.rows, columns: matrix.columns, A: matrix.storage.pointer,
        x: vector.storage.pointer, y: result.pointer)
    }
    return Vector(storage: result)
  }

  /// The product `A'B` of `[k, m]` and `[k, n]`, shape `[m, n]`, without forming the transpose.
  public func transposeTimes(_ other: Matrix) -> Matrix {
    precondition(
      rows == other.rows,
      "Matrix.transposeTimes: [\(rows), \(columns)]' x [\(other.rows), \(other.columns)]")
    let result = AlignedBuffer(uninitializedCount: columns * other.columns)
    withExtendedLifetime((storage, other.storage)) {
      BLAS.gemm(
        .transposed, .none, m: columns, n: other.columns, k: rows, A: storage.pointer,
        B: other.storage.pointer, C: result.pointer)
    }
    return Matrix(rows: columns, columns: other.columns, storage: result)
  }

  /// The product `A'x` of `[m, n]` and `[m]`, shape `[n]`, without forming the transpose.
  public func transposeTimes(_ vector: Vector) -> Vector {
    precondition(
      rows == vector.count, "Matrix.transposeTimes: [\(rows), \(columns)]' x [\(vector.count)]")
    let result = AlignedBuffer(uninitializedCount: columns)
    withExtendedLifetime((storage, vector.storage)) {
      BLAS.gemv(
        .transposed, rows: rows, columns: columns, A: storage.pointer, x: vector.storage.pointer,
        y: result.pointer)
    }
    return Vector(storage: result)
  }
}

// MARK: - Norms

extension Matrix {
  /// Whether every element is finite.
  public var isFinite: Bool { storage.isFinite }

  /// The largest sum of magnitudes of a row; 0 for an empty matrix, NaN if any element is.
  public var infinityNorm: Double {
    var result = 0.0
    for i in 0..<rows {
      var sum = 0.0
      for j in 0..<columns { sum += storage.pointer[i &* columns &+ j].magnitude }
      if !(sum <= result) { result = sum }
      if sum.isNaN { return .nan }
    }
    return result
  }

  /// The square root of the sum of squares; 0 for an empty matrix.
  public var frobeniusNorm: Double {
    storage.twoNorm
  }

  /// The largest magnitude of an element; 0 for an empty matrix, NaN if any element is.
  public var largestElement: Double { storage.largestMagnitude }
}
