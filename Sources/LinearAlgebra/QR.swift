import CLinearAlgebra

public struct QR: Sendable {
  public let rank: Int
  private let factored: Matrix  // transposed storage
  private let tau: [Double]
  private let m: Int
  private let n: Int
  public init(_ matrix: Matrix, relativeTolerance: Double) {
    // LAPACK sees the row-major matrix as its transpose: factor the transpose's transpose = copy.
    let m = matrix.columns, n = matrix.rows
    self.m = m
    self.n = n
    var a = matrix  // column-major [columns, rows] = A'
    var tau = [Double](repeating: 0, count: max(1, min(m, n)))
    var jpvt = [la_int](repeating: 0, count: max(1, n))
    if m > 0 && n > 0 {
      a.withUnsafeMutableBufferPointer { p in
        var mm = la_int(m), nn = la_int(n), info: la_int = 0
        var lwork = la_int(3 * n + 1 + 64 * n)
        var work = [Double](repeating: 0, count: Int(lwork))
        var lda = la_int(m)
        dgeqp3_(&mm, &nn, p.baseAddress!, &lda, &jpvt, &tau, &work, &lwork, &info)
      }
    }
    var r = 0
    let k = min(m, n)
    while r < k, abs(a[r, r]) > relativeTolerance * abs(a[0, 0]), abs(a[r, r]) > 0 { r += 1 }
    rank = r
    factored = a
    self.tau = tau
  }
  func q(_ from: Int, _ to: Int) -> Matrix {
    let c = to - from
    var result = Matrix(rows: c, columns: m)
    for i in 0..<c { result[i, from + i] = 1 }
    if m > 0 && n > 0 && c > 0 {
      result.withUnsafeMutableBufferPointer { p in
        var mm = la_int(m), cc = la_int(c), k = la_int(min(m, n)), lda = la_int(m), info: la_int = 0
        var lwork = la_int(64 * max(1, c)), t = tau
        var work = [Double](repeating: 0, count: Int(lwork))
        var l: CChar = 76, nt: CChar = 78
        dormqr_(&l, &nt, &mm, &cc, &k, factored.storage.pointer, &lda, &t, p.baseAddress!, &lda, &work, &lwork, &info)
      }
    }
    return result.transpose
  }
  /// null(A): complement of the row space.
  public var nullSpaceBasis: Matrix { q(rank, m) }
  public var rowSpaceBasis: Matrix { q(0, rank) }
}
