import CLinearAlgebra

/// The factorization `P A Pᵀ = L D Lᵀ` of a symmetric, possibly indefinite matrix, D with blocks of one
/// and two (Bunch and Kaufman 1977). Only the lower triangle is read. n³/3 operations.
public struct LDLT: Sendable {
  private let factor: Matrix
  private let pivots: [la_int]
  public var size: Int { factor.rows }

  /// - Parameter matrix: shape `[n, n]`, symmetric.
  /// - Throws: `FactorizationError.notSquare`, `.notFinite`, `.singular`.
  public init(_ matrix: Matrix) throws(FactorizationError) {
    try matrix.requireSquareAndFinite()
    var factor = matrix
    var pivots = [la_int](repeating: 0, count: matrix.rows)
    let info = factor.withColumnMajorSquare { n, a in
      var (uplo, n, info) = (BLAS.flag("U"), n, la_int(0))
      var lwork = 64 * n
      var work = [Double](repeating: 0, count: Int(lwork))
      dsytrf_(&uplo, &n, a, &n, &pivots, &work, &lwork, &info)
      return info
    }
    guard info == 0 else { throw .singular(pivot: Int(info) - 1) }
    self.factor = factor
    self.pivots = pivots
  }

  /// The numbers of positive and negative eigenvalues.
  public var inertia: (positive: Int, negative: Int) {
    var positive = 0
    var k = 0
    while k < size {
      if pivots[k] > 0 {
        positive += factor[k, k] > 0 ? 1 : 0
        k += 1
      } else {
        positive += 1  // a block of two has one eigenvalue of each sign
        k += 2
      }
    }
    return (positive, size - positive)
  }

  /// A⁻¹ b for one right-hand side, shape `[n]`.
  public func solve(_ rightHandSide: Vector) -> Vector {
    precondition(rightHandSide.count == size, "solve: [\(size)] and [\(rightHandSide.count)]")
    var solution = rightHandSide
    solution.withUnsafeMutableBufferPointer { solve($0.baseAddress!, columns: 1) }
    return solution
  }

  /// A⁻¹ B for many right-hand sides, shape `[n, k]`.
  public func solve(_ rightHandSides: Matrix) -> Matrix {
    solveColumns(rightHandSides, size: size) { solve($0, columns: $1) }
  }

  private func solve(_ b: UnsafeMutablePointer<Double>, columns: Int) {
    guard size > 0, columns > 0 else { return }
    var (uplo, n, count, info) = (BLAS.flag("U"), la_int(size), la_int(columns), la_int(0))
    dsytrs_(&uplo, &n, &count, factor.storage.pointer, &n, pivots, b, &n, &info)
  }
}
