import Autodiff
import ConvexSolvers
import DifferentiableOptimization
import LinearAlgebra
import OptimizationCore
import Testing
import _TestSupport

/// Items that are not solved or degenerate, cones without second derivatives, wrong data.
@Suite struct ConeProgramLayerEdgeTests {
  /// minimize ½x² + cx subject to x ≤ b₀, -x ≤ b₁
  private let interval: ConeProgramLayer
  private let A = Tensor([1, -1])
  /// Item 1 asks for x ≤ -1 and x ≥ 1.
  private let bounds = Tensor([[1, 1], [-1, -1], [0.5, 2]])
  private let c = Tensor([[-3], [-3], [-3]])

  init() throws {
    interval = try ConeProgramLayer(
      P: ConeProgramExample.densePattern(rows: 1, columns: 1),
      A: ConeProgramExample.densePattern(rows: 2, columns: 1), cones: ConeProduct(nonnegative: 2))
  }

  private func masked(_ b: Tensor) throws -> Tensor {
    let answer = try interval(P: Tensor([1]), c: c, A: A, b: b)
    let mask = Tensor(answer.status.map { $0 == .optimal ? 1.0 : 0 }, shape: [3, 1])
    let x = select(mask, answer.x, Tensor.zeros([3, 1]))
    return (x * x).sum()
  }

  private func isClose(_ tensor: Tensor, _ expected: [Double]) -> Bool {
    zip(tensor.scalars, expected).allSatisfy { abs($0 - $1) < 1e-8 }
  }

  @Test func unsolvedItemGivesNaNAndIsListed() throws {
    let answer = try interval(P: Tensor([1]), c: c, A: A, b: bounds)
    #expect(answer.unsolvedItems == [1])
    #expect(answer.status == [.optimal, .primalInfeasible, .optimal])
    #expect(answer.x.scalars[1].isNaN && answer.y.scalars[2].isNaN && answer.s.scalars[3].isNaN)
    #expect(abs(answer.x.scalars[0] - 1) < 1e-9 && abs(answer.x.scalars[2] - 0.5) < 1e-9)
    guard case .primalInfeasible = answer.solution.rays[1] else {
      Issue.record("no ray")
      return
    }
    #expect(try answer.derivativeCertificates().map(\.kind) == [.exact, .undefined, .exact])
  }

  @Test func maskedLossTrainsOn() throws {
    let slope = try gradient(at: bounds) { try masked($0) }
    #expect(isClose(slope, [2, 0, 0, 0, 1, 0]))
    let unmasked = try gradient(at: bounds) {
      try interval(P: Tensor([1]), c: c, A: A, b: $0).x.sum()
    }
    #expect(unmasked.scalars[2].isNaN && unmasked.scalars[3].isNaN)
    #expect(abs(unmasked.scalars[0] - 1) < 1e-8 && abs(unmasked.scalars[4] - 1) < 1e-8)
  }

  @Test func maskedLossHasSecondDerivatives() throws {
    let direction = Tensor([[1, 0], [1, 1], [2, 0]])
    let product = try hessianVectorProduct(at: bounds, along: direction) { try masked($0) }.product
    #expect(isClose(product, [2, 0, 0, 0, 4, 0]))
    let reverse = try gradient(at: bounds) { point in
      (try gradient(at: point) { try masked($0) } * direction).sum()
    }
    #expect(isClose(reverse, [2, 0, 0, 0, 4, 0]))
    let backward = try gradient(at: bounds) { point in
      try jvp(at: point, along: direction) { try masked($0) }.tangent
    }
    #expect(isClose(backward, [2, 0, 0, 0, 4, 0]))
  }

  /// x ≤ 1 with the unconstrained minimum at 1: weakly active.
  @Test func degenerateItemHasNoSecondDerivative() throws {
    let c = Tensor([[-1], [0.5]])
    func loss(_ c: Tensor, _ layer: ConeProgramLayer) throws -> Tensor {
      square(try layer(P: Tensor([1]), c: c, A: A, b: Tensor([1, 5])).x).sum()
    }
    let first = try gradient(at: c) { try loss($0, interval) }
    #expect(first.isFinite)
    let second = try hessianVectorProduct(at: c, along: Tensor([[1], [1]])) {
      try loss($0, interval)
    }
    #expect(isClose(second.gradient, first.scalars))
    #expect(second.product.scalars[0].isNaN)
    #expect(abs(second.product.scalars[1] - 2) < 1e-8)
    var throwing = interval
    throwing.degenerate = .throwing
    #expect(throws: DerivativeError.self) { _ = try gradient(at: c) { try loss($0, throwing) } }
    _ = try throwing(P: Tensor([1]), c: c, A: A, b: Tensor([1, 5]))
    throwing.degenerate = .smoothed(barrier: -1)
    #expect(throws: DerivativeError.invalidBarrier(-1)) { _ = try loss(c, throwing) }
  }

  /// Modes nested around a batch of which one item is degenerate and one isn't solved: the exact items have
  /// the second derivatives that they have alone.
  @Test func inexactItemsDoNotDisturbTheOthers() throws {
    // regular, infeasible, degenerate (2x = 2 at its bound), regular
    let mixed = Tensor([[1, 1], [-1, -1], [1, 1], [0.5, 2]])
    let linear = Tensor([[-3], [-3], [-2], [-3]])
    func loss(_ b: Tensor, _ items: [Int]) throws -> Tensor {
      let answer = try interval(
        P: Tensor([2]), c: linear.gathering(items, axis: 0), A: A, b: b)
      let mask = Tensor(answer.status.map { $0 == .optimal ? 1.0 : 0 }, shape: [items.count, 1])
      let x = select(mask, answer.x, Tensor.zeros([items.count, 1]))
      return (x * x * x).sum()
    }
    func second(_ items: [Int]) throws -> [[Double]] {
      let b = mixed.gathering(items, axis: 0)
      let direction = Tensor.ones(like: b)
      let forward = try hessianVectorProduct(at: b, along: direction) { try loss($0, items) }
        .product
      let reverse = try gradient(at: b) { b in
        try (gradient(at: b) { try loss($0, items) } * direction).sum()
      }
      let backward = try gradient(at: b) { b in
        try jvp(at: b, along: direction) { try loss($0, items) }.tangent
      }
      return [forward, reverse, backward].map(\.scalars)
    }
    for (all, alone) in zip(try second([0, 1, 2, 3]), try second([0, 3])) {
      for (item, place) in [(0, 0), (3, 1)] {
        for k in 0..<2 { #expect(abs(all[2 * item + k] - alone[2 * place + k]) < 1e-9) }
      }
      #expect(abs(alone[0] - 6) < 1e-7)  // (x³)'' at 1
      #expect(all[2] == 0 && all[3] == 0)  // unsolved, masked
      #expect(all[4].isNaN || all[5].isNaN)  // degenerate
    }
  }

  /// A row that is not there has no influence in any derivative; its slack is infinite.
  @Test func absentBound() throws {
    let bounds = Tensor([[1, .infinity], [5, 2]])
    func loss(_ c: Tensor) throws -> Tensor {
      let x = try interval(P: Tensor([2]), c: c, A: A, b: bounds).x
      return (x * x * x).sum()
    }
    // x = min(-c/2, 1): at the bound, and free.
    let c = Tensor([[-3], [1.0]])
    #expect(isClose(try gradient(at: c) { try loss($0) }, [0, -0.375]))
    let second = try hessianVectorProduct(at: c, along: Tensor([[1], [1]])) { try loss($0) }
    #expect(isClose(second.product, [0, -0.75]))
  }

  @Test func upstreamNaNStaysInItsItem() {
    let example = ConeProgramExample.mixed
    let layer = example.layer
    let data = example.data(items: 3, shared: ["A"], seed: 3)
    let (value, pullback) = vjp(at: data) { example.solution($0, of: layer) }
    var upstream = [Double](repeating: 1, count: value.count)
    upstream[0] = .nan
    let result = pullback(Tensor(upstream, shape: value.shape))
    let c = result[1].scalars
    #expect(c[..<4].allSatisfy(\.isNaN) && c[4...].allSatisfy(\.isFinite))
    #expect(result[2].scalars.allSatisfy { $0.isNaN })  // A is shared
  }

  // MARK: - First derivatives only

  /// minimize z subject to x = a, y = 1 and (x, y, z) in the exponential cone: z = exp(a).
  @Test func exponentialConeHasFirstDerivativesOnly() throws {
    let A = SparseMatrix([[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0], [0, 0, -1]])
    let layer = try ConeProgramLayer(A: A.pattern, cones: ConeProduct(zero: 2, exponential: 1))
    let values = Tensor(Array(A.values))
    func optimum(_ a: Tensor) throws -> Tensor {
      let b = concatenate([a, Tensor([1, 0, 0, 0])])
      return try layer(c: Tensor([0, 0, 1]), A: values, b: b).x.slice(axis: 0, 2..<3).sum()
    }
    DerivativeCheck(tolerance: 1e-6, isTwiceDifferentiable: false)([Tensor([0.3])]) {
      try! optimum($0[0])
    }
    #expect(throws: SecondDerivativeError.cone(.exponential)) {
      _ = try hessianVectorProduct(at: Tensor([0.3]), along: Tensor([1])) { try optimum($0) }
    }
    #expect(throws: SecondDerivativeError.cone(.exponential)) {
      _ = try gradient(at: Tensor([0.3])) { a in try gradient(at: a) { try optimum($0) }.sum() }
    }
    // Nested derivatives with respect to different data.
    #expect(throws: SecondDerivativeError.cone(.exponential)) {
      _ = try gradient(at: Tensor([0.3])) { a in
        try gradient(at: Tensor([0, 0, 1])) { c in
          try layer(c: c, A: values, b: concatenate([a, Tensor([1, 0, 0, 0])])).x.sum()
        }.sum()
      }
    }
    // A derivative with respect to something else around it is no second derivative of the solution.
    let slope = try gradient(at: Tensor([2.0])) { factor in
      try gradient(at: Tensor([0.3])) { try optimum($0) * factor.sum() }.sum()
    }
    #expect(abs(slope.item - 1.3498588075760032) < 1e-6)
  }

  @Test func smoothedDerivativesAreFirstDerivatives() throws {
    var layer = interval
    layer.degenerate = .smoothed(barrier: 1e-3)
    func loss(_ c: Tensor) throws -> Tensor {
      try layer(P: Tensor([1]), c: c, A: A, b: Tensor([1, 5])).x.sum()
    }
    let slope = try gradient(at: Tensor([-1.0])) { try loss($0) }.item
    #expect(slope < -0.1 && slope > -0.9)
    #expect(throws: SecondDerivativeError.smoothed) {
      _ = try hessianVectorProduct(at: Tensor([-1.0]), along: Tensor([1])) { try loss($0) }
    }
  }

  // MARK: - Wrong data

  @Test func wrongDataThrows() throws {
    func error(_ body: () throws -> Void) -> ProblemError? {
      do {
        try body()
      } catch {
        return error as? ProblemError
      }
      return nil
    }
    let (P, b) = (Tensor([1]), Tensor([1, 1]))
    #expect(
      error { _ = try interval(P: P, c: Tensor([1], dtype: .float32), A: A, b: b) }
        == .elementType(argument: "c", expected: "float64", actual: "float32"))
    #expect(
      error { _ = try interval(P: P, c: Tensor([1]), A: Tensor([1, 2, 3]), b: b) }
        == .shape(argument: "A", item: nil, expected: [2], actual: [3]))
    #expect(
      error { _ = try interval(c: Tensor([1]), A: A, b: b) }
        == .shape(argument: "P", item: nil, expected: [1], actual: [0]))
    #expect(
      error { _ = try interval(P: Tensor.ones([3, 1]), c: Tensor.ones([4, 1]), A: A, b: b) }
        == .batchSize(argument: "c", expected: 3, actual: 4))
    #expect(error { _ = try interval(P: P, c: Tensor([.nan]), A: A, b: b) }?.argument == "c")
    let triangle = SparsityPattern(
      rows: 2, columns: 2, columnStarts: [0, 2, 3], rowIndices: [0, 1, 1])
    #expect(
      error {
        _ = try ConeProgramLayer(
          P: triangle, A: ConeProgramExample.densePattern(rows: 1, columns: 2),
          cones: ConeProduct(nonnegative: 1))
      } == .notSymmetric(argument: "P", item: nil, row: 1, column: 0, difference: 1))
  }
}
