import Autodiff
import Testing

@Suite struct LinearAlgebraErrorTests {
  /// Identities, of which one has an element replaced.
  private func damaged(_ n: Int, item: Int, _ row: Int, _ column: Int, _ value: Double) -> Tensor {
    var elements = (Tensor.zeros([11, n, n]) + Tensor.identity(n)).scalars
    elements[(item * n + row) * n + column] = value
    return Tensor(elements, shape: [11, n, n])
  }

  @Test(arguments: [1, 5, 70], [DType.float32, .float64])
  func notPositiveDefinite(_ n: Int, _ dtype: DType) {
    let b = Tensor.ones([11, n, 1], dtype: dtype)
    for value in [-1.0, 0] {
      let A = damaged(n, item: 9, n - 1, n - 1, value).asType(dtype)
      let error = TensorLinearAlgebraError.notPositiveDefinite(item: 9, pivot: n - 1)
      #expect(throws: error) { try cholesky(A) }
      #expect(throws: error) { try symmetricSolve(A, b) }
      #expect(throws: error) { try logDeterminant(A) }
      #expect(throws: error) { try FactoredMatrix(positiveDefinite: A) }
      #expect(throws: error) { try gradient(at: A) { try cholesky($0).sum() } }
    }
  }

  @Test(arguments: [1, 5, 70], [Double.nan, .infinity, -.infinity])
  func notFinite(_ n: Int, _ value: Double) {
    let b = Tensor.ones([11, n, 1])
    for (row, column) in [(0, 0), (n - 1, n - 1), (n - 1, 0), (0, n - 1)] {
      let A = damaged(n, item: 3, row, column, value)
      let error = TensorLinearAlgebraError.notFinite(operand: "A", item: 3)
      #expect(throws: error) { try cholesky(A) }
      #expect(throws: error) { try symmetricSolve(A, b) }
      #expect(throws: error) { try solve(A, b) }
      #expect(throws: error) { try inverse(A) }
      #expect(throws: error) { try determinant(A) }
      #expect(throws: error) { try logAbsoluteDeterminant(A) }
      #expect(throws: error) { try logDeterminant(A) }
      #expect(throws: error) { try qr(A) }
      #expect(throws: error) { try leastSquares(A, b) }
      #expect(throws: error) { try symmetricEigen(A) }
      #expect(throws: error) { try symmetricEigen(A.asType(.float32)) }
      if row >= column {
        let error = TensorLinearAlgebraError.notFinite(operand: "the triangle", item: 3)
        #expect(throws: error) { try triangularSolve(A, b) }
        #expect(throws: error) { try choleskySolve(A, b) }
      } else {
        // The other triangle is not read.
        #expect(throws: Never.self) { try triangularSolve(A, b) }
        #expect(throws: Never.self) { try choleskySolve(A, b) }
        #expect(
          try! gradient(at: A) { try triangularSolve($0, b).sum() }.isFinite)
        #expect(try! gradient(at: A) { try choleskySolve($0, b).sum() }.isFinite)
      }
    }
    let A = damaged(n, item: 0, 0, 0, 2)
    let sides = damaged(n, item: 10, n - 1, 0, value)
    let error = TensorLinearAlgebraError.notFinite(operand: "b", item: 10)
    #expect(throws: error) { try solve(A, sides) }
    #expect(throws: error) { try symmetricSolve(A, sides) }
    #expect(throws: error) { try triangularSolve(A, sides) }
    #expect(throws: error) { try choleskySolve(A, sides) }
    #expect(throws: error) { try leastSquares(A, sides) }
  }

  @Test(arguments: [1, 5, 70])
  func singular(_ n: Int) {
    let A = damaged(n, item: 4, n - 1, n - 1, 0)
    let b = Tensor.ones([11, n, 1])
    let error = TensorLinearAlgebraError.singular(item: 4, pivot: n - 1)
    #expect(throws: error) { try solve(A, b) }
    #expect(throws: error) { try FactoredMatrix(general: A) }
    #expect(throws: error) { try triangularSolve(A, b) }
    #expect(throws: error) { try choleskySolve(A, b) }
    #expect(throws: Never.self) { try triangularSolve(A, b, unitDiagonal: true) }
  }

  @Test func descriptions() {
    #expect(
      "\(TensorLinearAlgebraError.notPositiveDefinite(item: 2, pivot: 1))"
        == "matrix 2 of the batch is not positive definite: its pivot 1 is not positive")
    #expect(
      "\(TensorLinearAlgebraError.notFinite(operand: "b", item: 0))"
        == "b of item 0 of the batch has an element that is NaN or infinite")
  }
}
