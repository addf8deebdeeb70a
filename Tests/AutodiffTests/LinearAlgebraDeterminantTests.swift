import Autodiff
import Testing

@Suite struct LinearAlgebraDeterminantTests {
  @Test(arguments: matrixCases)
  func derivatives(_ batch: [Int], _ n: Int, _: Int) {
    var random = TestGenerator(seed: UInt64(5 + n))
    let A = random.regular(batch, n)
    let S = random.positiveDefinite(batch, n)
    let check = DerivativeCheck()
    check([A]) { try! inverse($0[0]) }
    check([A]) { try! determinant($0[0]) }
    check([A]) { try! logAbsoluteDeterminant($0[0]).logMagnitude }
    check([S]) { try! logDeterminant($0[0]) }
  }

  @Test(arguments: [1, 2, 10, 17, 64, 70])
  func values(_ n: Int) throws {
    var random = TestGenerator(seed: UInt64(n))
    let A = random.regular([3], n)
    let S = random.positiveDefinite([3], n)
    #expect(largestDifference(matmul(A, try inverse(A)), A * 0 + Tensor.identity(n)) < 1e-12)
    // det(S) = det(L)^2
    let diagonal = (try cholesky(S) * Tensor.identity(n)).sum(axis: -1)
    let expected = 2 * log(diagonal).sum(axis: -1)
    #expect(largestDifference(try logDeterminant(S), expected) < 1e-12)
    let general = try logAbsoluteDeterminant(S.symmetrized)
    #expect(general.sign.scalars == [1, 1, 1])
    #expect(largestDifference(general.logMagnitude, expected) < 1e-12)
    let (sign, logMagnitude) = try logAbsoluteDeterminant(A)
    let ratio = try determinant(A) / (sign * exp(logMagnitude))
    #expect(largestDifference(ratio, Tensor([1, 1, 1])) < 1e-12)
  }

  @Test func known() throws {
    let A = Tensor([[0, 2], [3, 4]])
    #expect(try determinant(A).item == -6)
    let (sign, logMagnitude) = try logAbsoluteDeterminant(A)
    #expect(sign.item == -1)
    #expect((logMagnitude.item - 1.791759469228055).magnitude < 1e-15)
    let empty = Tensor.zeros([2, 0, 0])
    #expect(try determinant(empty).scalars == [1, 1])
    #expect(try logAbsoluteDeterminant(empty).sign.scalars == [1, 1])
    #expect(try logDeterminant(empty).scalars == [0, 0])
    #expect(try determinant(A.asType(.float32)).dtype == .float32)
    // A singular matrix has a determinant, but none of the rest.
    let singular = stack([A, Tensor([[1, 2], [2, 4]])])
    #expect(try determinant(singular).scalars == [-6, 0])
    let error = TensorLinearAlgebraError.singular(item: 1, pivot: 1)
    #expect(throws: error) { try logAbsoluteDeterminant(singular) }
    #expect(throws: error) { try inverse(singular) }
    let slope = try gradient(at: singular) { try determinant($0).sum() }
    #expect(slope[1].scalars == [4, -2, -2, 1])
  }

  /// The determinant is a polynomial, also where it is zero: cofactors of matrices of every rank.
  @Test(arguments: [1, 2, 3, 5], [DType.float64, .float32])
  func derivativesOfSingularMatrices(_ n: Int, _ dtype: DType) throws {
    var random = TestGenerator(seed: UInt64(n))
    for rank in 0..<n {
      // Exactly singular: whole numbers, of which the last rows are sums of others.
      var rows = (0..<n).map { _ in random.tensor([n]).scalars.map { ($0 * 3).rounded() } }
      for k in rank..<n {
        rows[k] = (0..<n).map { j in rank == 0 ? 0 : rows[..<rank].reduce(0) { $0 + $1[j] } }
      }
      let singular = Tensor(rows.flatMap { $0 }, shape: [n, n])
      let batch = stack([singular, singular + Tensor.identity(n) * 7]).asType(dtype)
      #expect(abs(try determinant(batch).scalars[0]) < 1e-9)
      if dtype == .float64 {
        DerivativeCheck()([batch]) { try! determinant($0[0]) }
        let v = random.tensor([2, n, n])
        let product = try hessianVectorProduct(at: batch, along: v) {
          try determinant($0).sum()
        }.product
        func slope(_ h: Double) throws -> Tensor {
          try gradient(at: batch + v * h) { try determinant($0).sum() }
        }
        let difference = (try slope(1e-4) - slope(-1e-4)) / 2e-4
        let error = abs(product - difference).max().item
        #expect(error <= 1e-5 * (1 + abs(difference).max().item), "rank \(rank): \(error)")
      } else {
        let slope = try gradient(at: batch) { try determinant($0).sum() }
        let exact = try gradient(at: batch.asType(.float64)) { try determinant($0).sum() }
        let error = abs(slope.asType(.float64) - exact).max().item
        #expect(error <= 1e-5 * (1 + abs(exact).max().item))
      }
    }
  }

  @Test func outOfRange() throws {
    // 1e-400 and 1e400 are no numbers, their logarithms are.
    let tiny = Tensor.identity(4) * 1e-100
    let huge = Tensor.identity(4) * 1e100
    let both = stack([tiny, huge])
    #expect(try determinant(both).scalars == [0, .infinity])
    let expected = Tensor([-400, 400]) * 2.302585092994046
    for logarithm in [
      try logAbsoluteDeterminant(both).logMagnitude, try logDeterminant(both),
    ] {
      #expect(largestDifference(logarithm, expected) < 1e-11)
    }
    // Near both ends of the range, and factors below the normal numbers.
    for exponent in [-1070, -1022, -600, 0, 600, 1023] {
      let half = exponent / 2
      let diagonal = [
        Double(sign: .plus, exponent: half, significand: 1),
        Double(sign: .plus, exponent: exponent - half, significand: 1),
      ]
      let A = Tensor(diagonal) * Tensor.identity(2)
      #expect(
        try determinant(A).item == Double(sign: .plus, exponent: exponent, significand: 1))
    }
    let smallest = Tensor([Double.leastNonzeroMagnitude]).expandingAxis(-1)
    #expect(try determinant(smallest).item == Double.leastNonzeroMagnitude)
  }
}
