import Autodiff
import Testing

@Suite struct LinearAlgebraSolveTests {
  @Test(arguments: matrixCases)
  func derivatives(_ batch: [Int], _ n: Int, _ k: Int) {
    var random = TestGenerator(seed: UInt64(3 + n))
    let A = random.regular(batch, n)
    let S = random.positiveDefinite(batch, n)
    let b = random.tensor(batch + [n, k])
    let check = DerivativeCheck()
    check([A, b]) { try! solve($0[0], $0[1]) }
    check([S, b]) { try! symmetricSolve($0[0], $0[1]) }
    check([A]) { try! solve($0[0], b) }
    check([b]) { try! symmetricSolve(S, $0[0]) }
    check([A, b]) { try! FactoredMatrix(general: $0[0]).solve($0[1], transposed: true) }
    check([S]) { try! cholesky($0[0]) }
    check([A, b]) { try! choleskySolve($0[0], $0[1]) }
    check([S, b]) { try! choleskySolve(try! cholesky($0[0]), $0[1]) }
    for (isLower, transposed) in [(true, false), (true, true), (false, false), (false, true)] {
      for unitDiagonal in [false, true] {
        check([A, b]) {
          try! triangularSolve(
            $0[0], $0[1], isLower: isLower, transposed: transposed, unitDiagonal: unitDiagonal)
        }
      }
    }
  }

  @Test(arguments: [0, 1, 2, 8, 10, 17, 64, 65, 70], [1, 3])
  func residuals(_ n: Int, _ k: Int) throws {
    var random = TestGenerator(seed: UInt64(n))
    let A = random.regular([11], n)
    let S = random.positiveDefinite([11], n)
    let b = random.tensor([11, n, k])
    func expectZero(_ x: Tensor, _ y: Tensor, _ what: String) {
      #expect(largestDifference(x, y) < 1e-12, "\(what), n = \(n)")
    }
    expectZero(matmul(A, try solve(A, b)), b, "solve")
    let factored = try FactoredMatrix(general: A)
    expectZero(
      matmul(A, factored.solve(b, transposed: true), transposeA: true), b, "transposed solve")
    expectZero(matmul(S.symmetrized, try symmetricSolve(S, b)), b, "symmetricSolve")
    let L = try cholesky(S)
    expectZero(matmul(L, L, transposeB: true), S.symmetrized, "cholesky")
    expectZero(matmul(S.symmetrized, try choleskySolve(L, b)), b, "choleskySolve")
    let rows = Tensor.range(n).expandingAxis(-1)
    let isLower = rows .>= Tensor.range(n)
    #expect(L.hasSameElements(as: L * isLower))
    for isLowerPart in [true, false] {
      let mask = isLowerPart ? isLower : isLower.transposed()
      for unitDiagonal in [true, false] {
        // Divided by n, or a unit triangle of this size may be far from regular.
        let source = A / Double(max(n, 1)) + Tensor.identity(n)
        var T = source * mask
        if unitDiagonal {
          T = T * (1 - Tensor.identity(n)) + Tensor.identity(n)
        }
        for transposed in [true, false] {
          let x = try triangularSolve(
            source, b, isLower: isLowerPart, transposed: transposed, unitDiagonal: unitDiagonal)
          expectZero(matmul(T, x, transposeA: transposed), b, "triangularSolve")
        }
      }
    }
  }

  /// The first-order path by kernels against the composition.
  @Test(arguments: [2, 10, 17, 70], [1, 3])
  func gradientsOfLargerMatrices(_ n: Int, _ k: Int) throws {
    var random = TestGenerator(seed: UInt64(n))
    let S = random.positiveDefinite([9], n).symmetrized
    let b = random.tensor([9, n, k])
    let x = try symmetricSolve(S, b)
    let gb = try symmetricSolve(S, x * 2)
    let gA = matmul(gb, x, transposeB: true).symmetrized * -1
    let direct = try gradient(at: S, b) { square(try symmetricSolve($0, $1)).sum() }
    let general = try gradient(at: S, b) { square(try solve($0, $1)).sum() }
    let byFactor = try gradient(at: S, b) {
      square(try choleskySolve(try cholesky($0), $1)).sum()
    }
    for (matrix, side) in [direct, (general.0.symmetrized, general.1), byFactor] {
      #expect(largestDifference(matrix, gA) < 1e-12)
      #expect(largestDifference(side, gb) < 1e-12)
    }
    #expect(direct.0.hasSameElements(as: direct.0.transposed()))
  }

  @Test func sameBitsInAnyBatch() throws {
    var random = TestGenerator(seed: 4)
    for n in [5, 40] {
      // Large enough that the batch is spread over threads.
      let S = random.positiveDefinite([203], n)
      let b = random.tensor([203, n, 1])
      let all = try gradient(at: S, b) { square(try symmetricSolve($0, $1)).sum() }
      let L = try cholesky(S)
      for item in [0, 7, 100, 202] {
        let one = S.slice(axis: 0, item..<item + 1)
        let alone = try gradient(at: one, b.slice(axis: 0, item..<item + 1)) {
          square(try symmetricSolve($0, $1)).sum()
        }
        #expect(alone.0.hasSameElements(as: all.0.slice(axis: 0, item..<item + 1)))
        #expect(alone.1.hasSameElements(as: all.1.slice(axis: 0, item..<item + 1)))
        #expect(try cholesky(one).hasSameElements(as: L.slice(axis: 0, item..<item + 1)))
      }
    }
  }

  @Test func vectorsAndBroadcasting() throws {
    var random = TestGenerator(seed: 8)
    let A = random.positiveDefinite([], 3)
    let batch = random.positiveDefinite([4], 3)
    let b = random.tensor([2, 4, 3])
    let check = DerivativeCheck()
    // One matrix for many right-hand sides, one side for many matrices, and both.
    check([A, b]) { try! symmetricSolve($0[0], vector: $0[1]) }
    check([A, b]) { try! solve($0[0], vector: $0[1]) }
    check([batch, b]) { try! solve($0[0], vector: $0[1]) }
    check([A, b]) { try! triangularSolve($0[0], vector: $0[1]) }
    check([A, b]) { try! choleskySolve($0[0], vector: $0[1]) }
    let shared = random.tensor([3])
    check([batch, shared]) { try! solve($0[0], vector: $0[1]) }
    check([batch, shared]) { try! FactoredMatrix(general: $0[0]).solve(vector: $0[1]) }
    let x = try solve(A, vector: b)
    #expect(x.shape == [2, 4, 3])
    #expect(largestDifference(matrixVectorProduct(A, x), b) < 1e-14)
    let y = try solve(batch, vector: b)
    #expect(largestDifference(matrixVectorProduct(batch, y), b) < 1e-14)
  }

  @Test func thirdDerivative() throws {
    // x(a) = b/a: x''' = -6 b / a^4.
    func nested(_ order: Int, _ a: Tensor, _ f: (Tensor) throws -> Tensor) throws -> Tensor {
      if order == 0 { return try f(a).sum() }
      return try gradient(at: a) { try nested(order - 1, $0, f) }.sum()
    }
    let a = Tensor([[2]])
    let b = Tensor([[3]])
    for f in [{ try solve($0, b) }, { try symmetricSolve($0, b) }] as [(Tensor) throws -> Tensor] {
      #expect((try nested(3, a, f).item + 18.0 / 16).magnitude < 1e-14)
    }
    // l(a) = sqrt(a): l''' = 3/8 a^(-5/2).
    let third = try nested(3, a) { try cholesky($0) }.item
    #expect((third - 3.0 / 8 / (4 * 2.0.squareRoot())).magnitude < 1e-14)
  }

  @Test func singlePrecision() throws {
    var random = TestGenerator(seed: 12)
    let S = random.positiveDefinite([3], 6)
    let b = random.tensor([3, 6, 2])
    let (S32, b32) = (S.asType(.float32), b.asType(.float32))
    for f in [
      { try solve($0, $1) }, { try symmetricSolve($0, $1) },
      { try choleskySolve(try cholesky($0), $1) }, { try triangularSolve($0, $1) },
    ] as [(Tensor, Tensor) throws -> Tensor] {
      let exact = try valueAndGradient(at: S, b) { square(try f($0, $1)).sum() }
      let single = try valueAndGradient(at: S32, b32) { square(try f($0, $1)).sum() }
      #expect(single.value.dtype == .float32 && single.gradient.0.dtype == .float32)
      #expect((single.value.item - exact.value.item).magnitude < 1e-5)
      #expect(largestDifference(single.gradient.0.asType(.float64), exact.gradient.0) < 1e-5)
      #expect(largestDifference(single.gradient.1.asType(.float64), exact.gradient.1) < 1e-5)
    }
  }
}
