import LinearAlgebra
import Testing
import _TestSupport

private let sizes = [0, 1, 2, 3, 5, 8, 17, 40, 100]

@Suite struct CholeskyTests {
  @Test func closedForm() throws {
    let factor = try Cholesky([[4, 2], [2, 3]])
    #expect(isClose(factor.lower, [[2, 0], [1, 2.0.squareRoot()]]).holds)
    #expect(isClose(factor.solve([2, 3]), [0, 1]).holds)
    #expect(isClose(factor.inverse, [[0.375, -0.25], [-0.25, 0.5]]).holds)
    #expect(isClose(factor.logDeterminant, 2.0794415416798357).holds)
  }

  @Test(arguments: RandomCase.all(sizes: sizes))
  func solves(_ example: RandomCase) throws {
    var random = example.generator
    let A = random.positiveDefinite(example.size)
    let x = random.vector(example.size)
    let X = random.matrix(example.size, 3)
    let factor = try Cholesky(A)
    #expect(isClose(factor.solve(A * x), x).holds)
    #expect(isClose(factor.solve(A * X), X).holds)
    #expect(isClose(factor.lower * factor.lower.transpose, A).holds)
    let condition = factor.reciprocalConditionEstimate
    #expect(condition > 1e-4 && condition <= 1)
  }

  @Test func readsOnlyTheLowerTriangle() throws {
    let factor = try Cholesky([[4, .nan], [2, 3]])
    #expect(isClose(factor.solve([2, 3]), [0, 1]).holds)
    #expect(isClose(factor.solve(Matrix([[2], [3]])), Matrix([[0], [1]])).holds)
    #expect(factor.reciprocalConditionEstimate > 0.1)
  }

  @Test(arguments: [0, 1, 4, 69])
  func reportsTheFailingPivot(_ pivot: Int) {
    var diagonal = [Double](repeating: 1, count: 70)
    diagonal[pivot] = -1
    #expect(throws: FactorizationError.notPositiveDefinite(pivot: pivot)) {
      try Cholesky(.diagonal(diagonal))
    }
    diagonal[pivot] = .nan
    #expect(throws: FactorizationError.notPositiveDefinite(pivot: pivot)) {
      try Cholesky(.diagonal(diagonal))
    }
  }

  @Test func refusesOtherShapes() {
    let wide = Matrix(rows: 2, columns: 3)
    let error = FactorizationError.notSquare(rows: 2, columns: 3)
    #expect(throws: error) { try Cholesky(wide) }
    #expect(throws: error) { try LDLT(wide) }
    #expect(throws: error) { try LU(wide) }
    #expect(throws: error) { try SymmetricEigen(wide) }
  }
}

@Suite struct LDLTTests {
  @Test func closedForm() throws {
    let factor = try LDLT([[0, 1], [1, 0]])
    #expect(factor.solve([2, 3]).array == [3, 2])
    #expect(factor.inertia == LDLT.Inertia(positive: 1, negative: 1))
  }

  @Test(arguments: RandomCase.all(sizes: sizes))
  func solvesIndefiniteSystems(_ example: RandomCase) throws {
    var random = example.generator
    let eigenvalues = (0..<example.size).map { k -> Double in
      let size = Double(k + 1)
      return k % 3 == 0 ? -size : size
    }
    let A = random.symmetric(eigenvalues: eigenvalues)
    let x = random.vector(example.size)
    let X = random.matrix(example.size, 3)
    let factor = try LDLT(A)
    #expect(isClose(factor.solve(A * x), x).holds)
    #expect(isClose(factor.solve(A * X), X).holds)
    let negative = eigenvalues.count { $0 < 0 }
    #expect(
      factor.inertia == LDLT.Inertia(positive: example.size - negative, negative: negative))
    #expect(factor.reciprocalConditionEstimate > 1e-4)
  }

  @Test(arguments: RandomCase.all(sizes: [2, 9, 30]))
  func solvesSaddlePoints(_ example: RandomCase) throws {
    var random = example.generator
    let n = example.size
    let m = n / 2
    let Q = random.positiveDefinite(n)
    let A = random.matrix(m, n)
    var K = Matrix(rows: n + m, columns: n + m)
    for i in 0..<n { for j in 0..<n { K[i, j] = Q[i, j] } }
    for i in 0..<m { for j in 0..<n { K[n + i, j] = A[i, j] } }
    let factor = try LDLT(K)  // its upper triangle is empty
    #expect(factor.inertia == LDLT.Inertia(positive: n, negative: m))
    for i in 0..<m { for j in 0..<n { K[j, n + i] = A[i, j] } }
    let x = random.vector(n + m)
    #expect(isClose(factor.solve(K * x), x, relativeTolerance: 1e-9).holds)
  }

  @Test func reportsSingularAndNotFinite() {
    #expect(throws: FactorizationError.singular(pivot: 0)) { try LDLT([[0, 0], [0, 1]]) }
    #expect(throws: FactorizationError.notFinite(row: 1, column: 0)) {
      try LDLT([[1, 0], [.infinity, 1]])
    }
  }
}

@Suite struct LUTests {
  @Test func closedForm() throws {
    let factor = try LU([[0, 2], [1, 1]])
    #expect(isClose(factor.solve([2, 3]), [2, 1]).holds)
    #expect(isClose(factor.solve([2, 3], transposed: true), [0.5, 2]).holds)
    #expect(isClose(factor.determinant, -2).holds)
    #expect(try LU(Matrix([])).determinant == 1)
  }

  @Test(arguments: RandomCase.all(sizes: sizes))
  func solves(_ example: RandomCase) throws {
    var random = example.generator
    let n = example.size
    var A = random.matrix(n, n)
    for i in 0..<n { A[i, i] += 3 }
    let x = random.vector(n)
    let X = random.matrix(n, 4)
    let factor = try LU(A)
    #expect(isClose(factor.solve(A * x), x, relativeTolerance: 1e-8).holds)
    #expect(isClose(factor.solve(A * X), X, relativeTolerance: 1e-8).holds)
    let transposedX = factor.solve(A.transposeTimes(x), transposed: true)
    #expect(isClose(transposedX, x, relativeTolerance: 1e-8).holds)
    let transposed = factor.solve(A.transposeTimes(X), transposed: true)
    #expect(isClose(transposed, X, relativeTolerance: 1e-8).holds)
  }

  @Test func conditionEstimates() throws {
    // |A| = 3, |A^-1| = 3 in the infinity norm.
    try #expect(isClose(LU([[1, 2], [0, 1]]).reciprocalConditionEstimate, 1.0 / 9).holds)
    try #expect(isClose(LU([[2, 0], [0, 0.5]]).reciprocalConditionEstimate, 0.25).holds)
    try #expect(isClose(Cholesky([[2, 0], [0, 0.5]]).reciprocalConditionEstimate, 0.25).holds)
    try #expect(isClose(LDLT([[-2, 0], [0, 0.5]]).reciprocalConditionEstimate, 0.25).holds)
    #expect(try Cholesky(Matrix([])).reciprocalConditionEstimate == 1)
  }

  @Test func reportsSingularAndNotFinite() {
    #expect(throws: FactorizationError.singular(pivot: 1)) { try LU([[1, 0], [5, 0]]) }
    #expect(throws: FactorizationError.notFinite(row: 0, column: 1)) {
      try LU([[1, .nan], [5, 0]])
    }
  }
}

@Suite struct SymmetricEigenTests {
  @Test func closedForm() throws {
    let eigen = try SymmetricEigen([[2, 1], [1, 2]])
    #expect(isClose(eigen.values, [1, 3]).holds)
    let half = 0.5.squareRoot()
    #expect(isClose(eigen.vectors.array.map(abs), [half, half, half, half]).holds)
  }

  @Test(arguments: RandomCase.all(sizes: sizes))
  func reconstructs(_ example: RandomCase) throws {
    var random = example.generator
    let n = example.size
    let eigenvalues = (0..<n).map { Double($0 - n / 2) }
    let A = random.symmetric(eigenvalues: eigenvalues)
    let eigen = try SymmetricEigen(A)
    #expect(isClose(eigen.values, eigenvalues, absoluteTolerance: 1e-11).holds)
    #expect(isClose(eigen.reconstruct(), A, absoluteTolerance: 1e-11).holds)
    let squared = eigen.mapValues { $0 * $0 }
    #expect(isClose(squared, A * A, absoluteTolerance: 1e-10).holds)
    #expect(isClose(eigen.vectors.transposeTimes(eigen.vectors), .identity(n)).holds)
    #expect(isClose(A * eigen.vectors, eigen.vectors * .diagonal(eigenvalues)).holds)
    #expect(eigen.rank(relativeTolerance: 1e-10) == max(0, n - 1))
  }

  @Test(arguments: RandomCase.all(sizes: [1, 4, 12]))
  func pseudoInverse(_ example: RandomCase) throws {
    var random = example.generator
    let n = example.size
    let A = random.symmetric(eigenvalues: (0..<n).map { Double($0) })
    let eigen = try SymmetricEigen(A)
    let b = random.vector(n)
    let x = eigen.solve(b, relativeTolerance: 1e-10)
    let viaQR = try QR(A, relativeTolerance: 1e-10).solve(b)
    #expect(isClose(x, viaQR, absoluteTolerance: 1e-9).holds)
    let column = Matrix(rows: n, columns: 1, elements: b.array)
    #expect(
      isClose(eigen.solve(column, relativeTolerance: 1e-10).array, x, absoluteTolerance: 1e-12)
        .holds)
  }

  @Test func reportsNotFinite() {
    #expect(throws: FactorizationError.notFinite(row: 0, column: 0)) {
      try SymmetricEigen([[.nan]])
    }
  }
}
