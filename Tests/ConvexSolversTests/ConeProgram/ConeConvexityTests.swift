import ConvexSolvers
import LinearAlgebra
import OptimizationCore
import Testing
import _TestSupport

/// A quadratic term with a negative eigenvalue is refused, whatever a solver would make of it.
@Suite struct ConeConvexityTests {
  private func program(_ P: Matrix) throws -> ConeProgram {
    try ConeProgram(
      P: SparseMatrix(P), c: [1, 1], A: [[-1, 0], [0, -1], [1, 0], [0, 1]].sparse,
      b: [0, 0, 1, 1], cones: ConeProduct(nonnegative: 4))
  }

  private func refusal(_ body: () throws -> Void) -> ProblemError? {
    do {
      try body()
      return nil
    } catch {
      return error as? ProblemError
    }
  }

  @Test(
    arguments: [[[1, 2], [2, 1]], [[-1, 0], [0, 1]], [[1, 0], [0, -1e-5]]] as [[[Double]]])
  func negativeEigenvalue(rows: [[Double]]) throws {
    let P = Matrix(rows: 2, columns: 2, elements: rows.flatMap { $0 })
    let error = refusal { _ = try program(P).solve() }
    guard case .notPositiveSemidefinite(argument: "P", item: nil, let shift)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(shift > 0 && shift < 1e-8)
  }

  /// Singular, zero, and negative by rounding only.
  @Test(
    arguments: [[[1, 1], [1, 1]], [[0, 0], [0, 0]], [[1, 0], [0, -1e-13]]] as [[[Double]]])
  func semidefinite(rows: [[Double]]) throws {
    let P = Matrix(rows: 2, columns: 2, elements: rows.flatMap { $0 })
    #expect(try program(P).solve().status == .optimal)
  }

  @Test func theItemIsNamed() throws {
    let pattern = SparsityPattern(rows: 1, columns: 1, columnStarts: [0, 1], rowIndices: [0])
    let batch = try ConeProgramBatch(
      items: 3,
      P: BatchedSparseMatrix(pattern: pattern, values: BatchedVector([[1], [-1], [1]])),
      c: BatchedVector(shared: [1]), A: BatchedSparseMatrix(shared: [[1], [-1]].sparse),
      b: BatchedVector(shared: [1, 1]), cones: ConeProduct(nonnegative: 2))
    let error = refusal { _ = try batch.solve() }
    #expect(error?.item == 1 && error?.argument == "P")
  }
}
