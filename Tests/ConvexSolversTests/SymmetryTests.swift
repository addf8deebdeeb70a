import ConvexSolvers
import LinearAlgebra
import OptimizationCore
import Testing
import _TestSupport

/// Quadratic terms that are symmetric but for rounding: the symmetric part is solved with, by every class of
/// programs.
@Suite struct SymmetryTests {
  private static let sizes = [1e-9, 1.0, 1e9]

  @Test(arguments: sizes) func symmetricPartIsMeant(size: Double) throws {
    let (asymmetric, symmetric): (Matrix, Matrix) = (
      [[2 * size, (1 + 1e-7) * size], [(1 - 1e-7) * size, 3 * size]],
      [[2 * size, size], [size, 3 * size]]
    )
    let (c, h): (Vector, Vector) = ([-size, -size], [-0.6])
    let dense = try QuadraticProgram(Q: asymmetric, p: c, G: [[-1, -1]], h: h)
    #expect(
      isClose(dense.Q[0, 1], size, relativeTolerance: 1e-15).holds && dense.Q[0, 1] == dense.Q[1, 0]
    )
    let expected = try QuadraticProgram(Q: symmetric, p: c, G: [[-1, -1]], h: h).solve().x
    #expect(isClose(try dense.solve().x, expected, relativeTolerance: 1e-12).holds)

    let cone = try ConeProgram(
      P: SparseMatrix(asymmetric), c: c, A: SparseMatrix([[-1, -1]]), b: h,
      cones: ConeProduct(nonnegative: 1))
    #expect(cone.P?[0, 1] == cone.P?[1, 0])
    #expect(isClose(try cone.solve().x, expected, relativeTolerance: 1e-9).holds)
    let updated = try cone.updating(P: Vector([2, 1 + 2e-7, 1, 3].map { $0 * size }))
    #expect(updated.P?[0, 1] == updated.P?[1, 0])

    let sparse = try SparseQuadraticProgram(
      P: SparseMatrix(asymmetric), q: c, A: SparseMatrix([[1, 1]]), lower: [0.6],
      upper: [.infinity])
    #expect(sparse.P[0, 1] == sparse.P[1, 0])
  }

  @Test(arguments: sizes) func asymmetryIsRefused(size: Double) throws {
    let wrong: Matrix = [[2 * size, 1.00001 * size], [size, 3 * size]]
    let c: Vector = [1, 1]
    #expect(throws: ProblemError.self) { try QuadraticProgram(Q: wrong, p: c) }
    #expect(throws: ProblemError.self) {
      try ConeProgram(
        P: SparseMatrix(wrong), c: c, A: SparseMatrix([[1, 1]]), b: [1],
        cones: ConeProduct(nonnegative: 1))
    }
    #expect(throws: ProblemError.self) {
      try SparseQuadraticProgram(
        P: SparseMatrix(wrong), q: c, A: SparseMatrix([[1, 1]]), lower: [0], upper: [1])
    }
  }

  /// An entry whose mirror image is not stored counts as the zero that the image is.
  @Test func loneEntriesWithinRoundingAreZero() throws {
    let P = SparseMatrix(
      rows: 2, columns: 2, row: [0, 1, 0], column: [0, 1, 1], values: [1, 2, 1e-9])
    let cone = try ConeProgram(
      P: P, c: [1, 1], A: SparseMatrix([[-1, -1]]), b: [10], cones: ConeProduct(nonnegative: 1))
    #expect(cone.P?[0, 1] == 0)
    #expect(isClose(try cone.solve().x, [-1, -0.5], relativeTolerance: 1e-8).holds)
  }

  @Test func itemsOfBatchesAreSymmetrizedAlone() throws {
    let batch = try QuadraticProgramBatch(
      Q: BatchedMatrix([[[1, 0.25], [0.25, 1]], [[1, 0.5], [0.50000001, 1]]]),
      p: BatchedVector(shared: [1, 1]))
    #expect(batch.Q[0] == [[1, 0.25], [0.25, 1]])
    #expect(batch.Q[1][0, 1] == batch.Q[1][1, 0])
    #expect(batch.Q[1][0, 1] == 0.5 * 0.5 + 0.5 * 0.50000001)
  }
}
