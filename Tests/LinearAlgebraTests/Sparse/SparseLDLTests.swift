import LinearAlgebra
import Testing
import _TestSupport

/// The sparse LDLᵀ factorization against the dense one.
@Suite struct SparseLDLTests {
  enum Shape: String, CaseIterable, Sendable {
    case random, dense, arrow, reversedArrow, band, blocks, diagonal, saddle, grid
  }

  /// The off-diagonal entries of each shape.
  private func isStored(
    _ shape: Shape, _ i: Int, _ j: Int, _ n: Int, _ random: inout SeededGenerator
  ) -> Bool {
    switch shape {
    case .random: random.uniform() < 3 / Double(n)
    case .dense: true
    case .arrow: i == 0 || j == 0
    case .reversedArrow: i >= n - 2 || j >= n - 2
    case .band: abs(i - j) <= 3
    case .blocks: i / 40 == j / 40 || min(i, j) % 40 == 0 && max(i, j) % 40 == 0
    case .diagonal: false
    case .saddle: (i < n / 2) != (j < n / 2) && random.uniform() < 4 / Double(n)
    case .grid: abs(i - j) == 1 || abs(i - j) == 17
    }
  }

  /// A symmetric quasi-definite matrix: positive definite and negative definite rows mixed.
  private func quasiDefinite(
    _ shape: Shape, _ n: Int, _ random: inout SeededGenerator
  ) -> (matrix: Matrix, signs: [Int]) {
    var signs = (0..<n).map { _ in random.uniform() < 0.5 ? 1 : -1 }
    if shape == .saddle { signs = (0..<n).map { $0 < n / 2 ? 1 : -1 } }
    var matrix = Matrix(rows: n, columns: n)
    var sums = [Double](repeating: 0.2, count: n)
    for i in 0..<n {
      for j in 0..<i where isStored(shape, i, j, n, &random) {
        let value = random.normal()
        matrix[i, j] = value
        matrix[j, i] = value
        // Dominant within each of the two definite blocks; what couples them is free.
        if signs[i] == signs[j] {
          sums[i] += abs(value)
          sums[j] += abs(value)
        }
      }
    }
    for i in 0..<n { matrix[i, i] = Double(signs[i]) * sums[i] }
    return (matrix, signs)
  }

  /// The upper triangle with all diagonal entries.
  private func upperTriangle(_ matrix: Matrix) -> SparseMatrix {
    var (row, column, values): ([Int], [Int], [Double]) = ([], [], [])
    for j in 0..<matrix.columns {
      for i in 0...j where matrix[i, j] != 0 || i == j {
        row.append(i)
        column.append(j)
        values.append(matrix[i, j])
      }
    }
    return SparseMatrix(
      rows: matrix.rows, columns: matrix.columns, row: row, column: column, values: values)
  }

  private func factor(_ matrix: SparseMatrix) throws -> SparseLDL {
    let analysis = try #require(SparseLDLAnalysis(upperTriangle: matrix.pattern))
    #expect(analysis.size == matrix.rows && analysis.entries == matrix.pattern.entries)
    return try #require(SparseLDL(analysis))
  }

  @Test(arguments: Shape.allCases, [1, 2, 3, 4, 5, 8, 13, 31, 64, 65, 130, 300])
  func agreesWithDense(shape: Shape, n: Int) throws {
    var random = SeededGenerator(seed: UInt64(n))
    let (matrix, signs) = quasiDefinite(shape, n, &random)
    let upper = upperTriangle(matrix)
    let ldl = try factor(upper)
    #expect(ldl.analysis.factorEntries >= n)
    #expect(ldl.factorize(upper.values, signs: signs) == 0)
    let dense = try LDLT(matrix)
    #expect(dense.inertia.positive == signs.count { $0 > 0 })
    let b = random.vector(n)
    let x = ldl.solve(b)
    #expect(isClose(x, dense.solve(b), relativeTolerance: 1e-9).holds)
    #expect(isClose(matrix * x, b, relativeTolerance: 1e-10).holds)
    // The workspace is used again, for other numbers.
    let other = Vector(upper.values.map { -2 * $0 })
    #expect(ldl.factorize(other, signs: signs.map { -$0 }) == 0)
    #expect(isClose(ldl.solve(b), -0.5 * x, relativeTolerance: 1e-13).holds)
  }

  @Test(arguments: [1, 5, 40, 120]) func sameBitsAgain(n: Int) throws {
    var random = SeededGenerator(seed: 3)
    let (matrix, signs) = quasiDefinite(.random, n, &random)
    let upper = upperTriangle(matrix)
    let b = random.vector(n)
    let first = try factor(upper)
    let second = try factor(upper)
    _ = second.factorize(Vector(repeating: 1, count: upper.values.count), signs: signs)
    #expect(first.factorize(upper.values, signs: signs) == 0)
    #expect(second.factorize(upper.values, signs: signs) == 0)
    #expect(first.solve(b) == second.solve(b))
  }

  @Test(arguments: [0, 1, 2, 5]) func wrongPivotsAreReplacedAndCounted(wrong: Int) throws {
    let n = 6
    var matrix = Matrix.identity(n)
    for i in 0..<wrong { matrix[i, i] = i % 2 == 0 ? 0 : -3 }
    let upper = upperTriangle(matrix)
    let ldl = try factor(upper)
    let signs = [Int](repeating: 1, count: n)
    #expect(ldl.factorize(upper.values, signs: signs, threshold: 1e-13, replacement: 0.5) == wrong)
    let x = ldl.solve(Vector(repeating: 1, count: n))
    for i in 0..<n { #expect(abs(x[i] - (i < wrong ? 2 : 1)) <= 1e-15) }
  }

  @Test func replacedPivotsKeepTheirSign() throws {
    let upper = upperTriangle([[0, 0], [0, 0]])
    let ldl = try factor(upper)
    #expect(ldl.factorize(upper.values, signs: [1, -1], replacement: 0.25) == 2)
    #expect(ldl.solve([1, 1]) == [4, -4])
  }

  @Test(arguments: [3, 90], [0, 2]) func numbersThatAreNotFinite(n: Int, place: Int) throws {
    var random = SeededGenerator(seed: 5)
    let (matrix, signs) = quasiDefinite(.band, n, &random)
    let upper = upperTriangle(matrix)
    let ldl = try factor(upper)
    var values = upper.values
    values[place] = .nan
    #expect(ldl.factorize(values, signs: signs) == nil)
    // The workspace survives that.
    #expect(ldl.factorize(upper.values, signs: signs) == 0)
    let b = random.vector(n)
    #expect(isClose(matrix * ldl.solve(b), b).holds)
  }

  @Test func limitOfTheFactor() {
    var random = SeededGenerator(seed: 5)
    let upper = upperTriangle(quasiDefinite(.dense, 20, &random).matrix)
    #expect(SparseLDLAnalysis(upperTriangle: upper.pattern, limit: 100) == nil)
    #expect(SparseLDLAnalysis(upperTriangle: upper.pattern, limit: 1000) != nil)
  }

  @Test func emptyMatrix() throws {
    let ldl = try factor(SparseMatrix.zeros(rows: 0, columns: 0))
    #expect(ldl.factorize([], signs: []) == 0)
    #expect(ldl.solve([]) == [])
  }

  @Test func arrowsDoNotFill() throws {
    var random = SeededGenerator(seed: 6)
    for shape in [Shape.arrow, .reversedArrow, .diagonal] {
      let upper = upperTriangle(quasiDefinite(shape, 300, &random).matrix)
      let analysis = try #require(SparseLDLAnalysis(upperTriangle: upper.pattern))
      #expect(analysis.factorEntries <= 8 * 300, "\(shape): \(analysis.factorEntries)")
    }
  }
}
