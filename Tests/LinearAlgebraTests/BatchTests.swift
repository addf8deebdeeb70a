import LinearAlgebra
import Testing
import _TestSupport

@Suite struct BatchCholeskyTests {
  private func batch(_ example: RandomCase, count: Int) -> ([Matrix], [Vector]) {
    var random = example.generator
    let matrices = (0..<count).map { _ in random.positiveDefinite(example.size) }
    return (matrices, matrices.map { _ in random.vector(example.size) })
  }

  @Test(arguments: RandomCase.all(sizes: Array(0...13) + [20, 51, 64], seeds: 1...1))
  func solvesLikeCholesky(_ example: RandomCase) throws {
    let (matrices, vectors) = batch(example, count: 11)
    let factors = try BatchCholesky(BatchedMatrix(matrices))
    #expect(factors.failures.isEmpty)
    let solutions = factors.solve(BatchedVector(vectors))
    for item in matrices.indices {
      let single = try Cholesky(matrices[item])
      #expect(isClose(factors.lower(item), single.lower).holds)
      #expect(isClose(solutions[item], single.solve(vectors[item])).holds)
    }
  }

  @Test(arguments: [1, 4, 10, 33], [1, 2, 7, 8, 9, 17])
  func sameBitsAloneAndInABatch(_ size: Int, _ count: Int) throws {
    let (matrices, vectors) = batch(RandomCase(size: size, seed: 5), count: count)
    let together = try BatchCholesky(BatchedMatrix(matrices))
    let solutions = together.solve(BatchedVector(vectors))
    let reversed = try BatchCholesky(BatchedMatrix(matrices.reversed()))
    let reversedSolutions = reversed.solve(BatchedVector(vectors.reversed()))
    for item in 0..<count {
      let alone = try BatchCholesky(BatchedMatrix([matrices[item]]))
      let shared = try BatchCholesky(BatchedMatrix(shared: matrices[item]))
      #expect(alone.lower(0) == together.lower(item))
      #expect(alone.solve(BatchedVector([vectors[item]]))[0] == solutions[item])
      #expect(shared.solve(BatchedVector([vectors[item]]))[0] == solutions[item])
      #expect(reversedSolutions[count - 1 - item] == solutions[item])
    }
  }

  @Test func failuresStayAlone() throws {
    var (matrices, vectors) = batch(RandomCase(size: 7, seed: 3), count: 19)
    let sound = try BatchCholesky(BatchedMatrix(matrices)).solve(BatchedVector(vectors))
    matrices[2][4, 4] = -1
    matrices[9][6, 0] = .nan
    matrices[18] = Matrix(rows: 7, columns: 7)
    let factors = try BatchCholesky(BatchedMatrix(matrices))
    #expect(
      factors.failures == [
        BatchCholesky.Failure(item: 2, pivot: 4), BatchCholesky.Failure(item: 9, pivot: 6),
        BatchCholesky.Failure(item: 18, pivot: 0),
      ])
    let solutions = factors.solve(BatchedVector(vectors))
    for item in matrices.indices {
      if [2, 9, 18].contains(item) {
        #expect(solutions[item].allSatisfy { $0.isNaN })
      } else {
        #expect(solutions[item] == sound[item])
      }
    }
  }

  @Test func sharedSides() throws {
    let (matrices, vectors) = batch(RandomCase(size: 5, seed: 8), count: 10)
    let shared = try BatchCholesky(BatchedMatrix(shared: matrices[0]))
    let many = shared.solve(BatchedVector(vectors))
    #expect(many.items == 10)
    for item in 0..<10 {
      #expect(many[item] == shared.solve(BatchedVector(shared: vectors[item]))[0])
    }
    #expect(shared.solve(BatchedVector(shared: vectors[0])).items == nil)

    let factors = try BatchCholesky(BatchedMatrix(matrices))
    let oneSide = factors.solve(BatchedVector(shared: vectors[0]))
    #expect(oneSide.items == 10)
    for item in 0..<10 {
      #expect(isClose(matrices[item] * oneSide[item], vectors[0]).holds)
    }
    let failed = try BatchCholesky(BatchedMatrix(shared: -matrices[0]))
    #expect(failed.failures == [BatchCholesky.Failure(item: 0, pivot: 0)])
    #expect(failed.solve(BatchedVector(vectors)).array.allSatisfy { $0.isNaN })
  }

  @Test(arguments: [0, 1, 3])
  func manyRightHandSides(_ columns: Int) throws {
    let (matrices, _) = batch(RandomCase(size: 6, seed: 4), count: 9)
    var random = SeededGenerator(seed: 9)
    let sides = matrices.map { _ in random.matrix(6, columns) }
    let factors = try BatchCholesky(BatchedMatrix(matrices))
    let solutions = factors.solve(BatchedMatrix(sides))
    #expect(solutions.columns == columns)
    for item in matrices.indices {
      #expect(isClose(matrices[item] * solutions[item], sides[item]).holds)
    }
  }

  @Test func emptyShapes() throws {
    let none = try BatchCholesky(BatchedMatrix([], rows: 3, columns: 3))
    #expect(none.solve(BatchedVector([], count: 3)).items == 0)
    let flat = try BatchCholesky(BatchedMatrix([Matrix([]), Matrix([])]))
    #expect(flat.solve(BatchedVector([[], []])).array.isEmpty && flat.failures.isEmpty)
    #expect(throws: FactorizationError.notSquare(rows: 2, columns: 3)) {
      try BatchCholesky(BatchedMatrix([Matrix(rows: 2, columns: 3)]))
    }
  }
}

@Suite struct BatchQuasidefiniteTests {
  /// `[[E, B'], [B, -F]]` with its rows and columns alternating between the two parts.
  private func quasidefinite(
    _ n: Int, _ random: inout SeededGenerator
  ) -> (matrix: Matrix, signs: [FloatingPointSign]) {
    let E = random.positiveDefinite(n)
    let F = random.positiveDefinite(n)
    let coupling = random.matrix(n, n)
    var A = Matrix(rows: n, columns: n)
    for i in 0..<n {
      for j in 0...i {
        let value =
          (i % 2 == 0) == (j % 2 == 0) ? (i % 2 == 0 ? E[i, j] : -F[i, j]) : coupling[i, j]
        A[i, j] = value
        A[j, i] = value
      }
    }
    return (A, (0..<n).map { $0 % 2 == 0 ? .plus : .minus })
  }

  @Test(arguments: RandomCase.all(sizes: Array(0...10) + [21, 50], seeds: 1...1))
  func solvesLikeLDLT(_ example: RandomCase) throws {
    var random = example.generator
    let systems = (0..<9).map { _ in quasidefinite(example.size, &random) }
    let sides = systems.map { _ in random.vector(example.size) }
    let factors = try BatchQuasidefinite(
      BatchedMatrix(systems.map(\.matrix)), signs: systems[0].signs)
    #expect(factors.replacedPivots == [Int](repeating: 0, count: 9))
    let solutions = factors.solve(BatchedVector(sides))
    for item in systems.indices {
      let exact = try LDLT(systems[item].matrix).solve(sides[item])
      #expect(isClose(solutions[item], exact, relativeTolerance: 1e-8).holds)
      let alone = try BatchQuasidefinite(
        BatchedMatrix([systems[item].matrix]), signs: systems[item].signs)
      #expect(alone.solve(BatchedVector([sides[item]]))[0] == solutions[item])
    }
  }

  @Test func replacesPivots() throws {
    let factors = try BatchQuasidefinite(
      BatchedMatrix([[[0, 0], [0, -2]], [[1, 0], [0, 3]], [[1, 0], [0, -4]]]),
      signs: [.plus, .minus], smallestPivot: 1e-12, replacement: 0.5)
    #expect(factors.replacedPivots == [1, 1, 0])
    let solutions = factors.solve(BatchedVector(shared: [1, 1]))
    #expect(solutions.array == [2, -0.5, 1, -2, 1, -0.25])
  }
}
