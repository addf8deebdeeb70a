import Autodiff
import ConvexSolvers
import DifferentiableOptimization
import LinearAlgebra
import OptimizationCore
import Testing
import _TestSupport

/// Which constraints the random programs have.
enum Constraints: String, CaseIterable, Sendable {
  case none, inequalities, equalities, both

  var hasInequalities: Bool { self == .inequalities || self == .both }
  var hasEqualities: Bool { self == .equalities || self == .both }
}

/// The solution of a list of tensors `[factor of Q, p, G?, h?, A?, b?]`; Q = F Fᵀ + I/2 stays symmetric
/// and positive definite under any change of F.
private func solved(_ data: [Tensor], _ constraints: Constraints) -> [Tensor] {
  var rest = data[2...]
  func next() -> Tensor { rest.removeFirst() }
  let n = data[1].shape.last!
  let Q = matmul(data[0], data[0], transposeB: true) + Tensor.identity(n) * 0.5
  let G = constraints.hasInequalities ? next() : nil
  let h = constraints.hasInequalities ? next() : nil
  let A = constraints.hasEqualities ? next() : nil
  let b = constraints.hasEqualities ? next() : nil
  let answer = try! QuadraticProgramLayer()(Q: Q, p: data[1], G: G, h: h, A: A, b: b)
  return [answer.x, answer.lambda, answer.nu]
}

private func joined(_ tensors: [Tensor]) -> Tensor { concatenate(tensors, axis: -1) }

/// Random data, with batch axes where `items` and `isShared` say so.
private func randomData(
  _ constraints: Constraints, items: Int?, shared: Set<String> = [], n: Int = 4, m: Int = 5,
  e: Int = 2, seed: UInt64
) -> [Tensor] {
  var random = TestGenerator(seed: seed)
  func leading(_ name: String) -> [Int] {
    shared.contains(name) ? [] : items.map { [$0] } ?? []
  }
  var data = [random.tensor(leading("Q") + [n, n]), random.tensor(leading("p") + [n], -2, 2)]
  if constraints.hasInequalities {
    data += [random.tensor(leading("G") + [m, n]), random.tensor(leading("h") + [m], 0.05, 0.5)]
  }
  if constraints.hasEqualities {
    data += [random.tensor(leading("A") + [e, n]), random.tensor(leading("b") + [e], -0.1, 0.1)]
  }
  return data
}

@Suite struct QuadraticProgramLayerTests {
  @Test(arguments: Constraints.allCases, [1, 2, 3] as [UInt64])
  func derivativesAgreeWithDifferences(_ constraints: Constraints, _ seed: UInt64) {
    let data = randomData(constraints, items: nil, seed: seed)
    DerivativeCheck(tolerance: 2e-5)(data, seed: seed) { joined(solved($0, constraints)) }
  }

  @Test(arguments: Constraints.allCases)
  func derivativesOfBatches(_ constraints: Constraints) {
    let data = randomData(constraints, items: 3, seed: 11)
    DerivativeCheck(tolerance: 2e-5)(data) { joined(solved($0, constraints)) }
  }

  @Test(arguments: [["Q"], ["Q", "G", "A"], ["p"], ["h", "b"], ["Q", "G", "h", "A", "b"]])
  func sharedDataSumOverTheBatch(_ shared: [String]) {
    let data = randomData(.both, items: 3, shared: Set(shared), seed: 5)
    DerivativeCheck(tolerance: 2e-5)(data) { joined(solved($0, .both)) }
  }

  @Test(arguments: 0..<6)
  func derivativeWithRespectToEachDatum(_ index: Int) {
    let data = randomData(.both, items: 2, seed: 7)
    DerivativeCheck(tolerance: 2e-5)([data[index]]) { changed in
      var all = data
      all[index] = changed[0]
      return joined(solved(all, .both))
    }
  }

  @Test func linearProgramsHaveFirstDerivatives() throws {
    // minimize -x - 2y, x <= h0, y <= h1, -x <= 0, -y <= 0: the optimum is h.
    let G = Tensor([[1, 0], [0, 1], [-1, 0], [0, -1]])
    DerivativeCheck(tolerance: 1e-5)([Tensor([0.5, 0.25, 0, 0])]) { data in
      try! QuadraticProgramLayer()(p: Tensor([-1, -2]), G: G, h: data[0]).x
    }
  }

  @Test func gradientOfTheQuadraticTermIsSymmetric() throws {
    let Q = Tensor([[2, 0.5], [0.5, 1]])
    let gradient = try gradient(at: Q) {
      try QuadraticProgramLayer()(Q: $0, p: Tensor([1, -1])).x.slice(axis: 0, 0..<1).sum()
    }
    let values = gradient.scalars
    #expect(values[1] == values[2])
    // x = -Q⁻¹p, so along a symmetric E the change is -Q⁻¹E x.
    let step = 1e-6
    let moved = { (t: Double) in
      try QuadraticProgramLayer()(Q: Q + Tensor([[0, t], [t, 0]]), p: Tensor([1, -1])).x.scalars[0]
    }
    let slope = try (moved(step) - moved(-step)) / (2 * step)
    #expect(abs(slope - 2 * values[1]) < 1e-8)
  }

  @Test func thirdDerivativesAgreeWithDifferences() throws {
    let data = randomData(.both, items: nil, seed: 2)
    func second(_ p: Tensor) -> Tensor {
      hessianVectorProduct(at: p, along: Tensor.ones(like: p)) { p in
        var all = data
        all[0] = all[0] * (1 + p.sum())
        all[1] = p
        return joined(solved(all, .both)).sum()
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

  // MARK: - Items that are not solved, or degenerate

  /// Item 1 asks for x <= -1 and x >= 1.
  private let bounds = Tensor([[1, 1], [-1, -1], [0.5, 2]])
  private let G = Tensor([[1], [-1]])

  private func masked(_ h: Tensor, _ p: Tensor) throws -> Tensor {
    let answer = try QuadraticProgramLayer()(Q: Tensor([[1]]), p: p, G: G, h: h)
    let mask = Tensor(answer.status.map { $0 == .optimal ? 1.0 : 0 }, shape: [3, 1])
    let x = select(mask, answer.x, Tensor.zeros([3, 1]))
    return (x * x).sum()
  }

  @Test func unsolvedItemGivesNaNAndIsListed() throws {
    let answer = try QuadraticProgramLayer()(
      Q: Tensor([[1]]), p: Tensor([[-3], [-3], [-3]]), G: G, h: bounds)
    #expect(answer.unsolvedItems == [1])
    #expect(answer.status == [.optimal, .primalInfeasible, .optimal])
    #expect(answer.x.scalars[1].isNaN && answer.lambda.scalars[2].isNaN)
    #expect(abs(answer.x.scalars[0] - 1) < 1e-9 && abs(answer.x.scalars[2] - 0.5) < 1e-9)
  }

  @Test func maskedLossTrainsOn() throws {
    let p = Tensor([[-3], [-3], [-3]])
    let slope = try gradient(at: bounds) { try masked($0, p) }
    #expect(zip(slope.scalars, [2, 0, 0, 0, 1, 0]).allSatisfy { abs($0 - $1) < 1e-8 })
    let unmasked = try gradient(at: bounds) {
      try QuadraticProgramLayer()(Q: Tensor([[1]]), p: p, G: G, h: $0).x.sum()
    }
    #expect(unmasked.scalars[2].isNaN && unmasked.scalars[3].isNaN)
    #expect(abs(unmasked.scalars[0] - 1) < 1e-8 && abs(unmasked.scalars[4] - 1) < 1e-8)
  }

  @Test func maskedLossHasSecondDerivatives() throws {
    let p = Tensor([[-3], [-3], [-3]])
    let direction = Tensor([[1, 0], [1, 1], [2, 0]])
    let product = try hessianVectorProduct(at: bounds, along: direction) { try masked($0, p) }
      .product
    #expect(zip(product.scalars, [2, 0, 0, 0, 4, 0]).allSatisfy { abs($0 - $1) < 1e-8 })
    let reverse = try gradient(at: bounds) { point in
      (try gradient(at: point) { try masked($0, p) } * direction).sum()
    }
    #expect(zip(reverse.scalars, [2, 0, 0, 0, 4, 0]).allSatisfy { abs($0 - $1) < 1e-8 })
  }

  /// x <= 1 with the unconstrained minimum at 1: weakly active.
  @Test func degenerateItemHasNoSecondDerivative() throws {
    func loss(_ p: Tensor, _ layer: QuadraticProgramLayer) throws -> Tensor {
      let answer = try layer(
        Q: Tensor([[1]]), p: p, G: Tensor([[1]]), h: Tensor([1]))
      return (answer.x * answer.x).sum()
    }
    let p = Tensor([[-1], [0.5]])
    let layer = QuadraticProgramLayer()
    let answer = try layer(Q: Tensor([[1]]), p: p, G: Tensor([[1]]), h: Tensor([1]))
    #expect(try answer.derivativeCertificates().map(\.kind) == [.leastNorm, .exact])
    let first = try gradient(at: p) { try loss($0, layer) }
    #expect(first.isFinite)
    let second = try hessianVectorProduct(at: p, along: Tensor([[1], [1]])) {
      try loss($0, layer)
    }
    #expect(second.gradient.hasSameElements(as: first))
    #expect(second.product.scalars[0].isNaN)
    #expect(abs(second.product.scalars[1] - 2) < 1e-8)
    let throwing = QuadraticProgramLayer(degenerate: .throwing)
    #expect(throws: DerivativeError.self) {
      _ = try gradient(at: p) { try loss($0, throwing) }
    }
    _ = try throwing(Q: Tensor([[1]]), p: p, G: Tensor([[1]]), h: Tensor([1]))
    #expect(throws: DerivativeError.invalidBarrier(-1)) {
      _ = try QuadraticProgramLayer(degenerate: .smoothed(barrier: -1))(p: Tensor([1]))
    }
  }

  /// Modes nested around a batch of which one item is degenerate and one isn't solved: the exact items have the
  /// second derivatives that they have alone.
  @Test func inexactItemsDoNotDisturbTheOthers() throws {
    // regular, infeasible, degenerate, regular
    let mixed = Tensor([[1, 1], [-1, -1], [1, 1], [0.5, 2]])
    let p = Tensor([[-3], [-3], [-1], [-3]])
    func loss(_ h: Tensor, _ p: Tensor, _ items: [Int]) throws -> Tensor {
      let answer = try QuadraticProgramLayer()(
        Q: Tensor([[2]]), p: p.gathering(items, axis: 0), G: G, h: h)
      // The degenerate item: 2 x = 2 at its bound.
      let mask = Tensor(
        answer.status.enumerated().map { $1 == .optimal ? 1.0 : 0 }, shape: [items.count, 1])
      let x = select(mask, answer.x, Tensor.zeros([items.count, 1]))
      return (x * x * x).sum()
    }
    func second(_ items: [Int], _ pp: Tensor) throws -> [[Double]] {
      let h = mixed.gathering(items, axis: 0)
      let direction = Tensor.ones(like: h)
      let forward = try hessianVectorProduct(at: h, along: direction) {
        try loss($0, pp, items)
      }.product
      let reverse = try gradient(at: h) { h in
        try (gradient(at: h) { try loss($0, pp, items) } * direction).sum()
      }
      let backward = try gradient(at: h) { h in
        try jvp(at: h, along: direction) { try loss($0, pp, items) }.tangent
      }
      return [forward, reverse, backward].map(\.scalars)
    }
    let degenerate = p - Tensor([[0], [0], [1], [0]])
    for (all, alone) in zip(
      try second([0, 1, 2, 3], degenerate), try second([0, 3], degenerate))
    {
      for (item, place) in [(0, 0), (3, 1)] {
        for k in 0..<2 { #expect(abs(all[2 * item + k] - alone[2 * place + k]) < 1e-9) }
      }
      #expect(all[2] == 0 && all[3] == 0)  // unsolved, masked
      #expect(all[4].isNaN || all[5].isNaN)  // degenerate
    }
  }

  @Test(arguments: [1, 4])
  func resultsDoNotDependOnTheBatch(_ items: Int) throws {
    let data = randomData(.both, items: 4, seed: 21)
    let single = data.map { $0.slice(axis: 0, 0..<1) }
    let some = data.map { $0.slice(axis: 0, 0..<items) }
    func gradients(_ data: [Tensor]) -> [[Double]] {
      gradient(at: data) { joined(solved($0, .both)).sum() }.map {
        Array($0.scalars[..<($0.count / $0.shape[0])])
      }
    }
    #expect(gradients(some) == gradients(single))
  }

  @Test func upstreamNaNStaysInItsItem() throws {
    let data = randomData(.both, items: 3, shared: ["A"], seed: 3)
    let (value, pullback) = vjp(at: data) { solved($0, .both)[0] }
    var upstream = [Double](repeating: 1, count: value.count)
    upstream[0] = .nan
    let result = pullback(Tensor(upstream, shape: value.shape))
    let p = result[1].scalars
    #expect(p[..<4].allSatisfy(\.isNaN) && p[4...].allSatisfy(\.isFinite))
    #expect(result[4].scalars.allSatisfy { $0.isNaN })  // A is shared
  }

  // MARK: - Wrong data and edge cases

  @Test func wrongDataThrows() {
    let layer = QuadraticProgramLayer()
    func error(_ body: () throws -> Void) -> ProblemError? {
      do {
        try body()
      } catch {
        return error as? ProblemError
      }
      return nil
    }
    #expect(
      error { _ = try layer(p: Tensor([1], dtype: .float32)) }
        == .elementType(argument: "p", expected: "float64", actual: "float32"))
    #expect(
      error { _ = try layer(Q: Tensor([1.0, 2]), p: Tensor([1.0, 2])) }
        == .shape(argument: "Q", item: nil, expected: [2, 2], actual: [2]))
    #expect(
      error {
        _ = try layer(Q: Tensor.ones([3, 2, 2]), p: Tensor.ones([4, 2]))
      } == .batchSize(argument: "p", expected: 3, actual: 4))
    #expect(
      error { _ = try layer(p: Tensor([1]), h: Tensor([1])) }
        == .shape(argument: "G", item: nil, expected: [1, 1], actual: [0, 1]))
    #expect(
      error { _ = try layer(Q: Tensor([[1, 1], [0, 1]]), p: Tensor([1, 1])) }?.argument == "Q")
    #expect(error { _ = try layer(p: Tensor([.nan])) }?.argument == "p")
  }

  @Test func emptyBatch() throws {
    let p = Tensor.zeros([0, 2])
    let (value, slope) = try valueAndGradient(at: p) {
      try QuadraticProgramLayer()(Q: Tensor.identity(2), p: $0).x.sum()
    }
    #expect(value.item == 0 && slope.shape == [0, 2])
    let second = try gradient(at: p) { p in
      try gradient(at: p) {
        square(try QuadraticProgramLayer()(Q: Tensor.identity(2), p: $0).x).sum()
      }.sum()
    }
    #expect(second.shape == [0, 2])
  }

  @Test func warmStartGivesTheSameAnswer() throws {
    let data = randomData(.inequalities, items: 3, seed: 9)
    let Q = matmul(data[0], data[0], transposeB: true) + Tensor.identity(4)
    let layer = QuadraticProgramLayer()
    let cold = try layer(Q: Q, p: data[1], G: data[2], h: data[3])
    let warm = try layer(Q: Q, p: data[1], G: data[2], h: data[3], warmStart: cold.state)
    #expect(zip(cold.x.scalars, warm.x.scalars).allSatisfy { abs($0 - $1) < 1e-9 })
  }
}
