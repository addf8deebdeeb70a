import LinearAlgebra
import Testing
import _TestSupport

/// A shape and a rank.
private struct RankCase: Sendable, CustomStringConvertible {
  let rows: Int, columns: Int, rank: Int
  var description: String { "[\(rows), \(columns)] of rank \(rank)" }
}

private let cases = [
  (0, 0, 0), (3, 0, 0), (0, 3, 0), (1, 1, 1), (1, 1, 0), (5, 5, 5), (5, 5, 3), (9, 4, 4), (9, 4, 2),
  (4, 9, 4), (4, 9, 2), (6, 6, 0), (80, 70, 70), (80, 70, 40), (70, 80, 70), (70, 80, 33),
].map { RankCase(rows: $0.0, columns: $0.1, rank: $0.2) }

@Suite struct QRTests {
  @Test func closedForm() throws {
    let factor = try QR([[1, 1], [1, 1], [0, 0]])
    #expect(factor.rank == 1)
    #expect(isClose(factor.solve([1, 3, 0]), [1, 1]).holds)
    let basis = factor.nullSpaceBasis
    #expect(isClose(basis[0, 0] + basis[1, 0], 0).holds)
    #expect(factor.complementBasis.columns == 2)
  }

  @Test(arguments: cases)
  fileprivate func bases(_ example: RankCase) throws {
    var random = SeededGenerator(seed: 7)
    let (m, n, r) = (example.rows, example.columns, example.rank)
    let A = random.matrix(m, n, rank: r)
    let factor = try QR(A, relativeTolerance: 1e-12)
    try #require(factor.rank == r)
    #expect(factor.columnOrder.sorted() == Array(0..<n))

    let range = factor.rangeBasis
    let complement = factor.complementBasis
    let null = factor.nullSpaceBasis
    #expect((range.rows, range.columns) == (m, r))
    #expect((complement.rows, complement.columns) == (m, m - r))
    #expect((null.rows, null.columns) == (n, n - r))
    #expect(isClose(range.transposeTimes(range), .identity(r)).holds)
    #expect(isClose(complement.transposeTimes(complement), .identity(m - r)).holds)
    #expect(isClose(null.transposeTimes(null), .identity(n - r)).holds)
    #expect(isClose(A * null, Matrix(rows: m, columns: n - r)).holds)
    #expect(isClose(A.transposeTimes(complement), Matrix(rows: n, columns: m - r)).holds)
    #expect(isClose(range * range.transposeTimes(A), A).holds)
  }

  @Test(arguments: cases)
  fileprivate func leastNormLeastSquares(_ example: RankCase) throws {
    var random = SeededGenerator(seed: 11)
    let (m, n, r) = (example.rows, example.columns, example.rank)
    let A = random.matrix(m, n, rank: r)
    let factor = try QR(A, relativeTolerance: 1e-12)
    for transposed in [false, true] {
      let M = transposed ? A.transpose : A
      let null = transposed ? factor.complementBasis : factor.nullSpaceBasis
      let b = random.vector(M.rows)
      let x = factor.solve(b, transposed: transposed)
      let residual = M * x - b
      #expect(x.count == M.columns)
      #expect(isClose(M.transposeTimes(residual), Vector.zeros(M.columns)).holds)
      #expect(
        isClose(null.transposeTimes(x), Vector.zeros(null.columns), absoluteTolerance: 1e-10).holds)
      let B = random.matrix(M.rows, 3)
      let X = factor.solve(B, transposed: transposed)
      for column in 0..<3 {
        let single = factor.solve(B.transpose.row(column), transposed: transposed)
        #expect(isClose(X.transpose.row(column), single).holds)
      }
    }
  }

  @Test func rankFollowsTheTolerance() throws {
    let A = Matrix.diagonal([1, 1e-5, 1e-10])
    #expect(try QR(A, relativeTolerance: 1e-4).rank == 1)
    #expect(try QR(A, relativeTolerance: 1e-8).rank == 2)
    #expect(try QR(A).rank == 3)
    #expect(try QR(1e-300 * A).rank == 3)
    #expect(try QR(Matrix(rows: 3, columns: 2), relativeTolerance: 0).rank == 0)
  }

  @Test func reportsNotFinite() {
    #expect(throws: FactorizationError.notFinite(row: 0, column: 2)) {
      try QR([[1, 2, .infinity]])
    }
  }
}
