/// The rank-revealing factorization `A P = Q R` of a matrix `[m, n]` with column pivoting.
///
/// ```swift
/// let factor = try QR([[1, 1], [1, 1], [0, 0]])
/// factor.rank  // 1
/// factor.solve([1, 3, 0])  // [1, 1]: least squares, least norm
/// ```
///
/// It gives the rank for a tolerance, least-norm least-squares solutions of A and of its transpose,
/// and orthonormal bases of range and null space. For a deficient rank the leading rows of R are
/// factored once more, `R1' = Z S`, which makes it a complete orthogonal decomposition
/// (Golub and Van Loan, section 5.4.2): `A P = Q1 S' Z1'`.
public struct QR: Sendable {
  /// The number of rows of the factored matrix.
  public let rows: Int
  /// The number of columns of the factored matrix.
  public let columns: Int
  /// The number of columns that are independent within the tolerance.
  public let rank: Int

  /// A stored by columns, overwritten by the reflectors of Q and, on and above the diagonal, R.
  private let factor: AlignedBuffer
  private let tau: AlignedBuffer
  /// The 1-based column of A at each place.
  private let permutation: [LAPACK.Pivot]
  /// The reflectors of Z and the factor S, as `factor`; nil for full column rank.
  private let second: AlignedBuffer?
  private let secondTau: AlignedBuffer

  /// Factors a matrix of any shape. `O(m n min(m, n))`.
  ///
  /// The rank is the number of leading diagonal elements of R whose magnitude is above
  /// `relativeTolerance` times the first; by default `max(m, n)` times the unit roundoff. Throws
  /// `notFinite`.
  public init(_ matrix: Matrix, relativeTolerance: Double? = nil) throws(FactorizationError) {
    try matrix.requireFinite()
    let (m, n) = (matrix.rows, matrix.columns)
    rows = m
    columns = n
    factor = matrix.transpose.storage
    tau = AlignedBuffer(uninitializedCount: min(m, n))
    permutation = QR.factor(factor, tau: tau, rows: m, columns: n, isPivoted: true)

    let tolerance = relativeTolerance ?? Double(max(m, n)) * .ulpOfOne
    var rank = 0
    while rank < min(m, n) {
      let diagonal = factor.pointer[rank * m + rank].magnitude
      if diagonal == 0 || diagonal <= tolerance * factor.pointer[0].magnitude { break }
      rank += 1
    }
    self.rank = rank

    if rank == n {
      second = nil
      secondTau = AlignedBuffer(uninitializedCount: 0)
    } else {
      let transposedR = AlignedBuffer(repeating: 0, count: rank * n)
      for j in 0..<rank {
        for i in j..<n { transposedR.pointer[j * n + i] = factor.pointer[i * m + j] }
      }
      secondTau = AlignedBuffer(uninitializedCount: rank)
      _ = QR.factor(transposedR, tau: secondTau, rows: n, columns: rank, isPivoted: false)
      second = transposedR
    }
  }

  /// Factors a matrix stored by columns in place; returns the permutation.
  private static func factor(
    _ M: AlignedBuffer, tau: AlignedBuffer, rows: Int, columns: Int, isPivoted: Bool
  ) -> [LAPACK.Pivot] {
    // Columns that are marked on entry stay where they are.
    var permutation = [LAPACK.Pivot](repeating: isPivoted ? 0 : 1, count: columns)
    let work = AlignedBuffer(
      uninitializedCount: LAPACK.orthogonalWorkspace(rows: rows, columns: columns))
    permutation.withUnsafeMutableBufferPointer { permutation in
      guard let permutation = permutation.baseAddress else { return }
      withExtendedLifetime(work) {
        LAPACK.geqp3(
          rows: rows, columns: columns, M: M.pointer, permutation: permutation, tau: tau.pointer,
          work: work.pointer, workCount: work.count)
      }
    }
    // LAPACK leaves the permutation alone if there are no rows.
    return rows == 0 ? (0..<columns).map { LAPACK.Pivot($0 + 1) } : permutation
  }

  // MARK: Solving

  /// The least-norm solution x `[n]` of `min |A x - b|` for b `[m]`; or, if `transposed`, the
  /// least-norm solution `[m]` of `min |A'x - b|` for b `[n]`.
  public func solve(_ rightHandSide: Vector, transposed: Bool = false) -> Vector {
    let expected = transposed ? columns : rows
    precondition(
      rightHandSide.count == expected,
      "QR.solve: [\(rows), \(columns)]\(transposed ? "'" : "") with [\(rightHandSide.count)]")
    let column = Matrix(rows: 1, columns: expected, storage: rightHandSide.storage)
    return Vector(storage: solveRows(column, transposed: transposed).storage)
  }

  /// The least-norm least-squares solution of `A X = B`, or of `A'X = B` if `transposed`, column by
  /// column: B `[m, k]` gives X `[n, k]`, transposed B `[n, k]` gives X `[m, k]`.
  public func solve(_ rightHandSide: Matrix, transposed: Bool = false) -> Matrix {
    precondition(
      rightHandSide.rows == (transposed ? columns : rows),
      "QR.solve: [\(rows), \(columns)]\(transposed ? "'" : "") with "
        + "[\(rightHandSide.rows), \(rightHandSide.columns)]")
    return solveRows(rightHandSide.transpose, transposed: transposed).transpose
  }

  private func solveRows(_ rightHandSides: Matrix, transposed: Bool) -> Matrix {
    transposed ? solveTransposedRows(rightHandSides) : solveRows(rightHandSides)
  }

  /// For each row b `[m]`: `P Z1 S'^-1 Q1'b`, or `P R^-1 Q'b` for full column rank.
  private func solveRows(_ rightHandSides: Matrix) -> Matrix {
    let count = rightHandSides.rows
    let projected = AlignedBuffer(copying: rightHandSides.storage)
    applyQ(projected, count: count, transposed: true)
    if let second {
      BLAS.trsm(
        .right, .lower, .transposed, rows: count, columns: rank, T: second.pointer, ldt: columns,
        B: projected.pointer, ldb: rows)
    } else {
      BLAS.trsm(
        .right, .lower, rows: count, columns: rank, T: factor.pointer, ldt: rows,
        B: projected.pointer, ldb: rows)
    }
    let result = QR.leading(rank, of: projected, rows: count, from: rows, to: columns)
    applyZ(result, count: count, transposed: false)
    return permuted(result, count: count)
  }

  /// For each row b `[n]`: `Q1 S^-1 Z1'P'b`, or `Q1 R'^-1 P'b` for full column rank.
  private func solveTransposedRows(_ rightHandSides: Matrix) -> Matrix {
    let count = rightHandSides.rows
    let projected = AlignedBuffer(uninitializedCount: count * columns)
    for k in 0..<count {
      let source = rightHandSides.storage.pointer + k * columns
      let target = projected.pointer + k * columns
      for j in 0..<columns { target[j] = source[Int(permutation[j]) - 1] }
    }
    applyZ(projected, count: count, transposed: true)
    if let second {
      BLAS.trsm(
        .right, .lower, rows: count, columns: rank, T: second.pointer, ldt: columns,
        B: projected.pointer, ldb: columns)
    } else {
      BLAS.trsm(
        .right, .lower, .transposed, rows: count, columns: rank, T: factor.pointer, ldt: rows,
        B: projected.pointer, ldb: columns)
    }
    let result = QR.leading(rank, of: projected, rows: count, from: columns, to: rows)
    applyQ(result, count: count, transposed: false)
    return Matrix(rows: count, columns: rows, storage: result)
  }

  // MARK: Bases

  /// An orthonormal basis of the range (the column space), shape `[m, rank]`.
  public var rangeBasis: Matrix {
    let basis = QR.unitRows(0..<rank, count: rows)
    applyQ(basis, count: rank, transposed: false)
    return Matrix(rows: rank, columns: rows, storage: basis).transpose
  }

  /// An orthonormal basis of the orthogonal complement of the range, `{y: A'y = 0}`, shape
  /// `[m, m - rank]`.
  public var complementBasis: Matrix {
    let basis = QR.unitRows(rank..<rows, count: rows)
    applyQ(basis, count: rows - rank, transposed: false)
    return Matrix(rows: rows - rank, columns: rows, storage: basis).transpose
  }

  /// An orthonormal basis of the null space `{x: A x = 0}`, shape `[n, n - rank]`.
  public var nullSpaceBasis: Matrix {
    let basis = QR.unitRows(rank..<columns, count: columns)
    applyZ(basis, count: columns - rank, transposed: false)
    return permuted(basis, count: columns - rank).transpose
  }

  /// The columns of A in the order of pivoting; the first `rank` are independent.
  public var columnOrder: [Int] { permutation.map { Int($0) - 1 } }

  // MARK: Pieces

  private static func unitRows(_ indices: Range<Int>, count: Int) -> AlignedBuffer {
    let result = AlignedBuffer(repeating: 0, count: indices.count * count)
    for (row, index) in indices.enumerated() { result.pointer[row * count + index] = 1 }
    return result
  }

  /// The first `kept` elements of each row of length `from`, filled up with zeros to length `to`.
  private static func leading(
    _ kept: Int, of source: AlignedBuffer, rows: Int, from: Int, to: Int
  ) -> AlignedBuffer {
    let result = AlignedBuffer(repeating: 0, count: rows * to)
    for k in 0..<rows {
      (result.pointer + k * to).update(from: source.pointer + k * from, count: kept)
    }
    return result
  }

  private func permuted(_ source: AlignedBuffer, count: Int) -> Matrix {
    let result = AlignedBuffer(uninitializedCount: count * columns)
    for k in 0..<count {
      for j in 0..<columns {
        result.pointer[k * columns + Int(permutation[j]) - 1] = source.pointer[k * columns + j]
      }
    }
    return Matrix(rows: count, columns: columns, storage: result)
  }

  /// Multiplies each row of `vectors` `[count, m]` by Q or Q'.
  private func applyQ(_ vectors: AlignedBuffer, count: Int, transposed: Bool) {
    QR.apply(
      factor, tau: tau, rows: rows, reflectors: min(rows, columns), to: vectors, count: count,
      transposed: transposed)
  }

  /// Multiplies each row of `vectors` `[count, n]` by Z or Z', the identity for full column rank.
  private func applyZ(_ vectors: AlignedBuffer, count: Int, transposed: Bool) {
    guard let second else { return }
    QR.apply(
      second, tau: secondTau, rows: columns, reflectors: rank, to: vectors, count: count,
      transposed: transposed)
  }

  private static func apply(
    _ Q: AlignedBuffer, tau: AlignedBuffer, rows: Int, reflectors: Int, to vectors: AlignedBuffer,
    count: Int, transposed: Bool
  ) {
    if count == 0 || reflectors == 0 { return }
    let work = AlignedBuffer(
      uninitializedCount: LAPACK.orthogonalWorkspace(rows: rows, columns: count))
    withExtendedLifetime((work, Q, tau)) {
      LAPACK.ormqr(
        transposed ? .transposed : .none, rows: rows, count: count, reflectors: reflectors,
        Q: Q.pointer, tau: tau.pointer, B: vectors.pointer, work: work.pointer,
        workCount: work.count)
    }
  }
}
