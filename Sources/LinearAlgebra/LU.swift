import CLinearAlgebra

/// The factorization `P A = L U` of a square matrix with partial pivoting. 2n³/3 operations.
public struct LU: Sendable {
  /// LAPACK's factors of the transpose.
  private let factor: Matrix
  private let pivots: [la_int]
  public var size: Int { factor.rows }

  /// - Parameter matrix: shape `[n, n]`.
  /// - Throws: `FactorizationError.notSquare`, `.notFinite`, `.singular`.
  public init(_ matrix: Matrix) throws(FactorizationError) {
    try matrix.requireSquareAndFinite()
    var factor = matrix
    var pivots = [la_int](repeating: 0, count: matrix.rows)
    let info = factor.withColumnMajorSquare { n, a in
      var (n, info) = (n, la_int(0))
      dgetrf_(&n, &n, a, &n, &pivots, &info)
      return info
    }
    guard info == 0 else { throw .singular(pivot: Int(info) - 1) }
    self.factor = factor
    self.pivots = pivots
  }

  /// det A.
  public var determinant: Double {
    (0..<size).reduce(1) { $0 * factor[$1, $1] * (Int(pivots[$1]) == $1 + 1 ? 1 : -1) }
  }

  /// A⁻¹ b, or A⁻ᵀ b, for one right-hand side, shape `[n]`.
  public func solve(_ rightHandSide: Vector, transposed: Bool = false) -> Vector {
    precondition(rightHandSide.count == size, "solve: [\(size)] and [\(rightHandSide.count)]")
    var solution = rightHandSide
    solution.withUnsafeMutableBufferPointer {
      solve($0.baseAddress!, columns: 1, transposed: transposed)
    }
    return solution
  }

  /// A⁻¹ B, or A⁻ᵀ B, for many right-hand sides, shape `[n, k]`.
  public func solve(_ rightHandSides: Matrix, transposed: Bool = false) -> Matrix {
    solveColumns(rightHandSides, size: size) { solve($0, columns: $1, transposed: transposed) }
  }

  private func solve(_ b: UnsafeMutablePointer<Double>, columns: Int, transposed: Bool) {
    guard size > 0, columns > 0 else { return }
    // The factors are of Aᵀ.
    var operation = BLAS.flag(transposed ? "N" : "T")
    var (n, count, info) = (la_int(size), la_int(columns), la_int(0))
    dgetrs_(&operation, &n, &count, factor.storage.pointer, &n, pivots, b, &n, &info)
  }
}
