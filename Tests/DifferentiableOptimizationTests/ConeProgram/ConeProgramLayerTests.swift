import Autodiff
import ConvexSolvers
import DifferentiableOptimization
import LinearAlgebra
import OptimizationCore
import Testing
import _TestSupport

@Suite struct ConeProgramLayerTests {
  /// First derivatives against differences, forward against reverse mode, and second derivatives in all
  /// four nestings.
  @Test(arguments: ConeProgramExample.allCases, [1, 2, 3] as [UInt64])
  func derivativesAgreeWithDifferences(_ example: ConeProgramExample, _ seed: UInt64) {
    let layer = example.layer
    let data = example.data(items: nil, seed: seed)
    DerivativeCheck(tolerance: 5e-5)(data, seed: seed) { example.solution($0, of: layer) }
  }

  /// The checks here see the curvature of every cone only if solutions lie on curved boundaries.
  @Test(arguments: [ConeProgramExample.secondOrder, .largeSecondOrder, .semidefinite])
  func solutionsLieOnCurvedBoundaries(_ example: ConeProgramExample) {
    let layer = example.layer
    let n = example.variables
    var curved = 0
    for seed in 1...3 as ClosedRange<UInt64> {
      let solution = example.solution(example.data(items: nil, seed: seed), of: layer).scalars
      let m = example.cones.rows
      let (y, s) = (solution[n..<n + m], solution[(n + m)...])
      // Neither is zero, so both are on the boundary.
      if y.contains(where: { abs($0) > 1e-3 }), s.contains(where: { abs($0) > 1e-3 }) {
        curved += 1
      }
    }
    #expect(curved >= 2)
  }

  @Test(arguments: ConeProgramExample.allCases)
  func derivativesOfBatches(_ example: ConeProgramExample) {
    let layer = example.layer
    DerivativeCheck(tolerance: 5e-5)(example.data(items: 3, seed: 11)) {
      example.solution($0, of: layer)
    }
  }

  @Test(arguments: [["P"], ["P", "A"], ["c"], ["A", "b"], ["P", "c", "A", "b"]])
  func sharedDataSumOverTheBatch(_ shared: [String]) {
    let example = ConeProgramExample.mixed
    let layer = example.layer
    DerivativeCheck(tolerance: 5e-5)(example.data(items: 3, shared: Set(shared), seed: 5)) {
      example.solution($0, of: layer)
    }
  }

  @Test(arguments: 0..<4)
  func derivativeWithRespectToEachDatum(_ index: Int) {
    let example = ConeProgramExample.mixed
    let layer = example.layer
    let data = example.data(items: 2, seed: 7)
    DerivativeCheck(tolerance: 5e-5)([data[index]]) { changed in
      var all = data
      all[index] = changed[0]
      return example.solution(all, of: layer)
    }
  }

  @Test func thirdDerivativesAgreeWithDifferences() {
    let example = ConeProgramExample.mixed
    let layer = example.layer
    let data = example.data(items: nil, seed: 2)
    func second(_ c: Tensor) -> Tensor {
      hessianVectorProduct(at: c, along: Tensor.ones(like: c)) { c in
        var all = data
        all[0] = all[0] * (1 + c.sum() * 0.1)
        all[1] = c
        return example.solution(all, of: layer).sum()
      }.product.sum()
    }
    let gradient = Autodiff.gradient(at: data[1], of: second)
    let step = 1e-5
    for index in 0..<4 {
      var unit = [Double](repeating: 0, count: 4)
      unit[index] = step
      let slope =
        (second(data[1] + Tensor(unit)) - second(data[1] - Tensor(unit))).item / (2 * step)
      #expect(abs(slope - gradient.scalars[index]) < 1e-4 * (1 + abs(slope)))
    }
  }

  /// The minimum of cᵀx over a disc of radius r is at -rc/|c|, of which all derivatives are known.
  @Test func hessianOverADisc() throws {
    let (layer, A) = try Self.disc()
    func x(_ data: [Tensor]) -> Tensor {
      try! layer(c: data[0], A: A, b: concatenate([data[1], Tensor([0, 0])])).x
    }
    let weights = Tensor([0.7, -0.4])
    let data = [Tensor([3.0, 4]), Tensor([2.0])]
    func closed(_ data: [Tensor]) -> Tensor {
      -data[0] * data[1] / sqrt((data[0] * data[0]).sum())
    }
    let direction = [Tensor([0.3, 1]), Tensor([-0.5])]
    let actual = hessianVectorProduct(at: data, along: direction) { (x($0) * weights).sum() }
    let expected = hessianVectorProduct(at: data, along: direction) {
      (closed($0) * weights).sum()
    }
    for (a, e) in zip(actual.product + actual.gradient, expected.product + expected.gradient) {
      #expect(zip(a.scalars, e.scalars).allSatisfy { abs($0 - $1) < 1e-8 })
    }
  }

  private static func disc() throws -> (ConeProgramLayer, Tensor) {
    let A = SparseMatrix([[0, 0], [-1, 0], [0, -1]])
    let layer = try ConeProgramLayer(A: A.pattern, cones: ConeProduct(secondOrder: [3]))
    return (layer, Tensor([-1, -1]))
  }

  /// The nearest semidefinite matrix of trace 1: the solver eliminates the variables of this cone.
  @Test func projectionOntoSemidefiniteMatrices() throws {
    let order = 4
    let count = order * (order + 1) / 2
    var entries = (0..<count).map { (row: $0 + 1, column: $0, value: -1.0) }
    var place = 0
    for column in 0..<order {
      entries.append((row: 0, column: place, value: 1))
      place += order - column
    }
    let A = SparseMatrix(
      rows: count + 1, columns: count, row: entries.map(\.row), column: entries.map(\.column),
      values: entries.map(\.value))
    let layer = try ConeProgramLayer(
      P: SparseMatrix(Matrix.identity(count)).pattern, A: A.pattern,
      cones: ConeProduct(zero: 1, semidefinite: [order]))
    let b = Tensor([1] + [Double](repeating: 0, count: count))
    var random = TestGenerator(seed: 4)
    let targets = random.tensor([2, count])
    let answer = try layer(
      P: Tensor.ones([count]), c: -targets, A: Tensor(Array(A.values)), b: b)
    #expect(try answer.derivativeCertificates().allSatisfy { $0.kind == .exact })
    DerivativeCheck(tolerance: 1e-5)([targets, Tensor.ones([count]), Tensor(Array(A.values)), b]) {
      let answer = try! layer(P: $0[1], c: -$0[0], A: $0[2], b: $0[3])
      return concatenate([answer.x, answer.y, answer.s], axis: -1)
    }
  }

  @Test func learnsTheObjectiveOfSecondOrderPrograms() throws {
    let (layer, A) = try Self.disc()
    // Directions that the minimizers should have, one for each item of the batch.
    let targets = Tensor([[0.6, -0.8], [-1, 0], [0, 1]])
    var c = Tensor([[1, 0.2], [-0.1, 1], [1, -0.5]])
    let b = Tensor([1, 0, 0])
    var losses: [Double] = []
    for _ in 0..<150 {
      let (loss, slope) = try valueAndGradient(at: c) { c in
        square(try layer(c: c, A: A, b: b).x - targets).sum()
      }
      losses.append(loss.item)
      c = c - slope * 0.3
    }
    #expect(losses.first! > 2)
    #expect(losses.last! < 1e-6)
  }

  @Test func gradientOfTheQuadraticTermIsSymmetric() throws {
    let layer = try ConeProgramLayer(
      P: ConeProgramExample.densePattern(rows: 2, columns: 2),
      A: ConeProgramExample.densePattern(rows: 1, columns: 2), cones: ConeProduct(nonnegative: 1))
    let P = Tensor([2, 0.5, 0.5, 1])
    func first(_ P: Tensor) throws -> Tensor {
      try layer(P: P, c: Tensor([1, -1]), A: Tensor([1, 1]), b: Tensor([9])).x
        .slice(axis: 0, 0..<1).sum()
    }
    let values = try gradient(at: P) { try first($0) }.scalars
    #expect(abs(values[1] - values[2]) < 1e-14)
    let step = 1e-6
    let moved = { (t: Double) in try first(P + Tensor([0, t, t, 0])).item }
    let slope = try (moved(step) - moved(-step)) / (2 * step)
    #expect(abs(slope - 2 * values[1]) < 1e-8)
    // Of a tangent the symmetric part counts, in nested derivatives too.
    let skew = Tensor([0, 1, -1, 0])
    #expect(abs(try jvp(at: P, along: skew) { try first($0) }.tangent.item) < 1e-14)
    let nested = try gradient(at: P) { P in
      try jvp(at: P, along: skew) { try first($0) }.tangent
    }
    #expect(nested.scalars.allSatisfy { abs($0) < 1e-13 })
  }

  @Test(arguments: [1, 4])
  func resultsDoNotDependOnTheBatch(_ items: Int) {
    let example = ConeProgramExample.mixed
    let layer = example.layer
    let data = example.data(items: 4, seed: 21)
    func gradients(_ data: [Tensor]) -> [[Double]] {
      gradient(at: data) { example.solution($0, of: layer).sum() }.map {
        Array($0.scalars[..<($0.count / $0.shape[0])])
      }
    }
    #expect(
      gradients(data.map { $0.slice(axis: 0, 0..<items) })
        == gradients(data.map { $0.slice(axis: 0, 0..<1) }))
  }

  @Test func emptyBatch() throws {
    let (layer, A) = try Self.disc()
    let c = Tensor.zeros([0, 2])
    let (value, slope) = try valueAndGradient(at: c) {
      try layer(c: $0, A: A, b: Tensor([1, 0, 0])).x.sum()
    }
    #expect(value.item == 0 && slope.shape == [0, 2])
    let second = try gradient(at: c) { c in
      try gradient(at: c) { square(try layer(c: $0, A: A, b: Tensor([1, 0, 0])).x).sum() }.sum()
    }
    #expect(second.shape == [0, 2])
  }

  @Test func warmStartGivesTheSameAnswer() throws {
    let layer = try ConeProgramLayer(
      A: SparseMatrix([[1], [-1], [1]]).pattern, cones: ConeProduct(nonnegative: 3))
    let A = Tensor([1, -1, 1])
    // A row without a bound, and an item that is infeasible: neither can be started from as it is.
    let b = Tensor([[2, 1, .infinity], [-1, -1, 0], [3, 1, 0.5]])
    let cold = try layer(c: Tensor([-1]), A: A, b: b)
    #expect(cold.unsolvedItems == [1])
    #expect(cold.s.scalars[2] == .infinity)
    let warm = try layer(c: Tensor([-1]), A: A, b: b, warmStart: cold.state)
    #expect(warm.unsolvedItems == [1])
    #expect(abs(warm.x.scalars[0] - 2) < 1e-9 && abs(warm.x.scalars[2] - 0.5) < 1e-9)
  }
}
