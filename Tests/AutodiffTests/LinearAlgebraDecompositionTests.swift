import Autodiff
import Testing

@Suite struct LinearAlgebraDecompositionTests {
  // MARK: - QR

  @Test(
    arguments: [
      ([], 3, 3), ([2], 5, 2), ([9], 2, 1), ([2], 1, 1), ([0], 3, 2), ([2], 3, 0), ([1], 0, 0),
    ] as [([Int], Int, Int)])
  func orthogonalDerivatives(_ batch: [Int], _ m: Int, _ n: Int) {
    var random = TestGenerator(seed: UInt64(11 + m + n))
    let A = random.tensor(batch + [m, n]) + Tensor.identity(m).slice(axis: 1, 0..<n) * 2
    let b = random.tensor(batch + [m, 2])
    let check = DerivativeCheck()
    check([A]) { try! qr($0[0]).Q }
    check([A]) { try! qr($0[0]).R }
    check([A]) {
      let (Q, R) = try! qr($0[0])
      return matmul(square(Q), R)
    }
    check([A, b]) { try! leastSquares($0[0], $0[1]) }
  }

  @Test(arguments: [(1, 1), (4, 4), (10, 3), (17, 17), (70, 20), (70, 70), (5, 0), (0, 0)])
  func orthogonalValues(_ m: Int, _ n: Int) throws {
    var random = TestGenerator(seed: UInt64(m))
    let A = random.tensor([3, m, n])
    let (Q, R) = try qr(A)
    #expect(largestDifference(matmul(Q, R), A) < 1e-12)
    let gram = matmul(Q, Q, transposeA: true)
    #expect(largestDifference(gram, gram * 0 + Tensor.identity(n)) < 1e-13)
    let rows = Tensor.range(n).expandingAxis(-1)
    #expect(R.hasSameElements(as: R * (rows .<= Tensor.range(n))))
    #expect((R * Tensor.identity(n)).scalars.allSatisfy { $0 >= 0 })
    // The residual of least squares is orthogonal to the columns.
    let b = random.tensor([3, m])
    let x = try leastSquares(A, vector: b)
    let residual = matrixVectorProduct(A, x) - b
    let products = matrixVectorProduct(A.transposed(), residual)
    #expect(largestDifference(products, Tensor.zeros([3, n])) < 1e-11)
  }

  @Test func orthogonalSpecialCases() throws {
    // Very small, very large and zero columns.
    let A = Tensor([[1e-200, 0, 3e200], [2e-200, 0, 1], [0, 0, 4e200]])
    let (Q, R) = try qr(A)
    let product = matmul(Q, R)
    for (x, y) in zip(product.scalars, A.scalars) {
      #expect((x - y).magnitude <= 1e-14 * (y.magnitude > 1e100 || y == 1 ? 1e201 : 1e-199))
    }
    #expect(
      largestDifference(matmul(Q, Q, transposeA: true), Tensor.identity(3)) < 1e-14)
    let dependent = stack([Tensor([[1, 0], [0, 1]]), Tensor([[1, 2], [2, 4]])])
    let error = TensorLinearAlgebraError.rankDeficient(item: 1, column: 1)
    #expect(largestDifference(matmul(try qr(dependent).Q, try qr(dependent).R), dependent) < 1e-15)
    #expect(throws: error) { try gradient(at: dependent) { try qr($0).R.sum() } }
    #expect(throws: error) { try leastSquares(dependent, dependent) }
    let single = try qr(dependent.asType(.float32))
    #expect(single.Q.dtype == .float32 && single.R.dtype == .float32)
  }

  // MARK: - Eigenvalues

  @Test(arguments: matrixCases)
  func eigenDerivatives(_ batch: [Int], _ n: Int, _: Int) {
    var random = TestGenerator(seed: UInt64(21 + n))
    // Eigenvalues near 0, 2, 4, ...
    let A =
      random.tensor(batch + [n, n]) * 0.5 + Tensor.range(n) * 2 * Tensor.identity(n)
    let check = DerivativeCheck()
    check([A]) { try! symmetricEigen($0[0]).values }
    check([A]) { try! symmetricEigen($0[0]).vectors }
    check([A]) {
      let (values, vectors) = try! symmetricEigen($0[0])
      return matmul(vectors * exp(values * 0.3).expandingAxis(-2), vectors, transposeB: true)
    }
  }

  @Test(arguments: [0, 1, 2, 10, 17, 70])
  func eigenValues(_ n: Int) throws {
    var random = TestGenerator(seed: UInt64(n))
    let A = random.tensor([3, n, n])
    let (values, V) = try symmetricEigen(A)
    let scaled = V * values.expandingAxis(-2)
    #expect(largestDifference(matmul(scaled, V, transposeB: true), A.symmetrized) < 1e-12)
    #expect(
      largestDifference(matmul(V, V, transposeA: true), A * 0 + Tensor.identity(n)) < 1e-12)
    for item in 0..<3 {
      let list = values.slice(axis: 0, item..<item + 1).scalars
      #expect(list == list.sorted())
    }
    let single = try symmetricEigen(A.asType(.float32))
    #expect(single.values.dtype == .float32)
    #expect(largestDifference(single.values.asType(.float64), values) < 1e-5)
  }

  @Test func repeatedEigenvalues() throws {
    // Exact repetition, and one by rounding only.
    var random = TestGenerator(seed: 2)
    let Q = try qr(random.tensor([3, 3])).Q
    let rounded = matmul(Q * Tensor([2, 2, 5]), Q, transposeB: true)
    for A in [Tensor.identity(3) * 2, Tensor([2, 2, 5]) * Tensor.identity(3), rounded] {
      // sum of exp(l) = trace of exp(A): the gradient is exp(A).
      let slope = try gradient(at: A) { exp(try symmetricEigen($0).values).sum() }
      let (values, V) = try symmetricEigen(A)
      let expected = matmul(V * exp(values).expandingAxis(-2), V, transposeB: true)
      #expect(largestDifference(slope, expected) < 1e-12)
      // The tangent of all values together, forward.
      let direction = random.tensor([3, 3])
      let tangent = try jvp(at: A, along: direction) {
        try symmetricEigen($0).values.sum()
      }.tangent
      let trace = (direction * Tensor.identity(3)).sum().item
      #expect((tangent.item - trace).magnitude < 1e-13)
      // The projector onto the eigenspace of 2, or of everything, also by differences.
      var check = DerivativeCheck()
      check.isTwiceDifferentiable = false
      let size = values.scalars.filter { ($0 - 2).magnitude < 1e-9 }.count
      check([A]) {
        let vectors = try! symmetricEigen($0[0]).vectors.slice(axis: 1, 0..<size)
        return matmul(vectors, vectors, transposeB: true)
      }
      check([A]) { exp(try! symmetricEigen($0[0]).values).sum() }
      // V V' = 1 does not depend on A.
      let constant = try gradient(at: A) {
        let vectors = try symmetricEigen($0).vectors
        return (matmul(vectors, vectors, transposeB: true) * Tensor([1, 2, 3])).sum()
      }
      #expect(largestDifference(constant, Tensor.zeros([3, 3])) < 1e-13)
    }
  }
}
