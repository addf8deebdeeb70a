import CLinearAlgebra

/// The rank-revealing factorization `A P = Q R` of any matrix, with column pivoting (Businger and
/// Golub 1965): rank, orthonormal bases, and least-squares solutions of least norm.
///
/// ```swift
/// let factor = try QR([[1, 1], [1, 1], [0, 0]])
/// factor.rank                                   // 1
/// factor.solve([1, 3, 0])                       // [1.0, 1.0]: least squares, least norm
/// ```
public struct QR: Sendable {
  /// The rank: the number of pivots above the tolerance times the first.
  public let rank: Int
  public let rows: Int
  public let columns: Int
  /// Householder vectors and R of A, as the columns that LAPACK sees: shape `[columns, rows]`.
  private let factor: Matrix
  private let scales: [Double]
  private let permutation: [Int]

  /// - Parameters:
  ///   - matrix: shape `[m, n]`.
  ///   - relativeTolerance: pivots below this times the largest count as zero.
  /// - Throws: `FactorizationError.notFinite`.
  public init(_ matrix: Matrix, relativeTolerance: Double = 1e-12) throws(FactorizationError) {
    try matrix.requireFinite()
    rows = matrix.rows
    columns = matrix.columns
    var factor = matrix.transpose
    let pivots = min(matrix.rows, matrix.columns)
    var scales = [Double](repeating: 0, count: pivots)
    var order = [la_int](repeating: 0, count: matrix.columns)
    if pivots > 0 {
      factor.withUnsafeMutableBufferPointer { a in
        var (m, n, info) = (la_int(matrix.rows), la_int(matrix.columns), la_int(0))
        var lwork = 2 * n + 64 * (n + 1)
        var work = [Double](repeating: 0, count: Int(lwork))
        dgeqp3_(&m, &n, a.baseAddress!, &m, &order, &scales, &work, &lwork, &info)
      }
    }
    var rank = 0
    while rank < pivots, abs(factor[rank, rank]) > relativeTolerance * abs(factor[0, 0]) {
      rank += 1
    }
    self.rank = rank
    self.factor = factor
    self.scales = scales
    permutation = order.map { Int($0) - 1 }
  }

  /// Columns `range` of the full orthogonal factor Q, shape `[m, range.count]`.
  private func orthogonalColumns(_ range: Range<Int>) -> Matrix {
    var unit = Matrix(rows: range.count, columns: rows)
    for (i, column) in range.enumerated() { unit[i, column] = 1 }
    applyOrthogonal(&unit, transposed: false)
    return unit.transpose
  }

  /// Applies Q or Qᵀ to the rows of `vectors`, each of length m.
  private func applyOrthogonal(_ vectors: inout Matrix, transposed: Bool) {
    guard vectors.rows > 0, !scales.isEmpty else { return }
    var side = BLAS.flag("L")
    var operation = BLAS.flag(transposed ? "T" : "N")
    var (m, count, k, info) = (
      la_int(rows), la_int(vectors.rows), la_int(scales.count), la_int(0)
    )
    var lwork = 64 * count + 4160
    var work = [Double](repeating: 0, count: Int(lwork))
    vectors.withUnsafeMutableBufferPointer {
      dormqr_(
        &side, &operation, &m, &count, &k, factor.storage.pointer, &m, scales, $0.baseAddress!, &m,
        &work, &lwork, &info)
    }
  }

  /// An orthonormal basis of the range of A, shape `[m, rank]`.
  public var rangeBasis: Matrix { orthogonalColumns(0..<rank) }

  /// An orthonormal basis of the vectors that Aᵀ maps to zero, shape `[m, m - rank]`: for the null space
  /// of a matrix factor its transpose.
  public var complementBasis: Matrix { orthogonalColumns(rank..<rows) }

  /// The least-squares solution of `A x = b` of least Euclidean norm, shape `[n]`.
  public func solve(_ rightHandSide: Vector) -> Vector {
    precondition(rightHandSide.count == rows, "solve: [\(rows)] and [\(rightHandSide.count)]")
    var rotated = Matrix(rows: 1, columns: rows, storage: AlignedBuffer(rightHandSide.array))
    applyOrthogonal(&rotated, transposed: true)
    // R is [rank, n] in the permuted order; its least-norm solution is Rᵀ (R Rᵀ)⁻¹, by a second QR.
    var upper = Matrix(rows: columns, columns: rank)
    for j in 0..<columns {
      for i in 0..<min(rank, j + 1) { upper[j, i] = factor[j, i] }
    }
    guard rank > 0, let second = try? QR(upper, relativeTolerance: 0) else {
      return Vector.zeros(columns)
    }
    var reduced = [Double](repeating: 0, count: rank)
    for i in 0..<rank {
      var sum = rotated[0, second.permutation[i]]
      for k in 0..<i { sum -= second.factor[i, k] * reduced[k] }
      reduced[i] = sum / second.factor[i, i]
    }
    var padded = Matrix(rows: 1, columns: columns)
    for i in 0..<rank { padded[0, i] = reduced[i] }
    second.applyOrthogonal(&padded, transposed: false)
    var solution = Vector.zeros(columns)
    for j in 0..<columns { solution[permutation[j]] = padded[0, j] }
    return solution
  }
}
