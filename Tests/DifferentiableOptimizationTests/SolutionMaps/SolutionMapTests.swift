import Autodiff
import ConvexSolvers
import DifferentiableOptimization
import LinearAlgebra
import OptimizationCore
import Testing
import _TestSupport

/// What every solution map promises, checked on all of them.
@Suite struct SolutionMapTests {
  private static let items = 5

  private static func contexts(_ seed: UInt64, _ shape: [Int]) -> Tensor {
    var random = TestGenerator(seed: seed)
    return random.tensor([items] + shape)
  }

  private static let quadratic = try! QuadraticProgramFamily(
    QuadraticProgram(
      Q: [[2, 0.3, 0], [0.3, 1, 0.1], [0, 0.1, 1.5]], p: [0, 0, 0],
      G: [[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, 1, 0.5], [1, 1, 1]], h: [0.3, 0.2, 1, 0.4, 1e20],
      A: [[1, -1, 1]], b: [0.1]), varying: [.p])
  private static let conicProgram = try! ConeProgram(
    P: SparseMatrix([[1, 0.2], [0.2, 1]]), c: [0, 0],
    A: SparseMatrix([[1, 1], [0, 0], [-1, 0], [0, -1]]), b: [0.5, 1, 0, 0],
    cones: ConeProduct(nonnegative: 1, secondOrder: [3]))
  private static let conic = try! ConeProgramFamily(conicProgram, varying: [.c])
  private static let splitting = try! AlternatingDirectionsFamily(
    AlternatingDirections(
      SparseQuadraticProgram(
        P: SparseMatrix([[4, 1], [1, 2]]), q: [0, 0],
        A: SparseMatrix([[1, 1], [1, 0], [0, 1], [2, -1]]), lower: [1, 0, 0, -.infinity],
        upper: [1, 0.7, 0.7, 0.3])), varying: [.q])
  private static let dictionary = Tensor([[1, 0.5, 0.2], [0.1, 0.8, -0.4]])
  private static func coding(isAccelerated: Bool) -> ProximalGradientFamily<Tensor> {
    ProximalGradientFamily(
      variables: 2, stepSize: 0.5, isAccelerated: isAccelerated,
      smooth: { y, x in square(x - matmul(y, dictionary)).sum(axis: -1) * 0.5 },
      rest: { y, _ in abs(y).sum(axis: -1) * 0.2 },
      proximal: { v, t, _ in softThreshold(v, 0.2 * t) })
  }
  private static let fixedPoint = FixedPointFamily<Tensor, Tensor>(
    initial: { Tensor.zeros($0.shape) }, map: { y, x in tanh(y * 0.6 + x) })

  /// Solves; asks the residual, a restart from the answer, a broken start, and an empty batch.
  private func check<Map: SolutionMap>(
    _ map: Map, _ context: Map.Context, restartIterations: Int, largestViolation: Double = 1e-5,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let cold = try map.solve(context)
    #expect(cold.unsolvedItems == [], sourceLocation: sourceLocation)
    let residual = map.residual(of: cold.state, for: context)
    #expect(residual.shape == [Self.items], sourceLocation: sourceLocation)
    #expect(
      residual.max().item <= 2 * map.defaultTolerance, "\(residual)", sourceLocation: sourceLocation
    )
    #expect(
      map.violation(of: map.point(of: cold.state, for: context), for: context).max().item
        < largestViolation,
      sourceLocation: sourceLocation)
    let warm = try map.solve(context, from: cold.state)
    #expect(
      warm.iterations.allSatisfy { $0 <= restartIterations }, "\(warm.iterations)",
      sourceLocation: sourceLocation)
    var broken = cold.state
    broken.updateLeaves { leaf, _ in
      leaf = leaf.replacing(0, with: Tensor(repeating: .nan, shape: Array(leaf.shape.dropFirst())))
    }
    let again = try map.solve(context, from: broken)
    #expect(again.unsolvedItems == [], sourceLocation: sourceLocation)
    #expect(
      isClose(again.state.leaves[0].scalars, cold.state.leaves[0].scalars, relativeTolerance: 1e-3)
        .holds, sourceLocation: sourceLocation)
    let none = try map.solve(context.items([]))
    #expect(none.statuses.isEmpty && none.state.batchCount == 0, sourceLocation: sourceLocation)
    let limited = try map.solve(context, from: nil, limits: SolutionLimits(maximumIterations: 0))
    #expect(
      limited.statuses.contains { $0 != .optimal } || restartIterations > 0,
      sourceLocation: sourceLocation)
  }

  @Test func quadraticPrograms() throws {
    try check(Self.quadratic, [Self.contexts(1, [3]) * 2], restartIterations: 1)
  }

  @Test func conePrograms() throws {
    try check(Self.conic, [Self.contexts(2, [2])], restartIterations: 12)
  }

  @Test func alternatingDirections() throws {
    try check(Self.splitting, [Self.contexts(3, [2])], restartIterations: 0)
  }

  @Test func homogeneousSplitting() throws {
    let program = Self.conicProgram
    // The plain steps are slow: the conditions of optimality, unlike a step's length, are met to 1e-4 only.
    var settings = HomogeneousSplittingSettings()
    settings.relativeTolerance = 1e-4
    let family = HomogeneousSplittingFamily(
      try HomogeneousSplitting(program, settings: settings), varying: [.c])
    let context = [Self.contexts(2, [2])]
    try check(family, context, restartIterations: 0, largestViolation: 1e-3)
    let exact = try Self.conic.solve(context)
    let split = try family.solve(
      context, from: nil, limits: SolutionLimits(tolerance: 1e-10, maximumIterations: 100_000))
    #expect(
      isClose(
        family.point(of: split.state, for: context).scalars, exact.state.x.scalars,
        absoluteTolerance: 1e-4
      ).holds)
  }

  @Test(arguments: [false, true]) func proximalGradients(isAccelerated: Bool) throws {
    try check(
      Self.coding(isAccelerated: isAccelerated), Self.contexts(4, [3]), restartIterations: 0)
  }

  @Test func fixedPoints() throws {
    try check(Self.fixedPoint, Self.contexts(5, [4]), restartIterations: 0)
  }

  /// The iterative solvers agree with the exact ones.
  @Test func splittingAgreesWithTheActiveSet() throws {
    let context = [Self.contexts(6, [2])]
    let exact = try QuadraticProgramFamily(
      QuadraticProgram(
        Q: [[4, 1], [1, 2]], p: [0, 0],
        G: [[1, 0], [0, 1], [-1, 0], [0, -1], [2, -1]], h: [0.7, 0.7, 0, 0, 0.3], A: [[1, 1]],
        b: [1]), varying: [.p]
    ).solve(context)
    let split = try Self.splitting.solve(
      context, from: nil, limits: SolutionLimits(tolerance: 1e-9))
    #expect(isClose(split.state.x.scalars, exact.state.x.scalars, absoluteTolerance: 1e-7).holds)
    #expect(
      isClose(
        Self.splitting.value(of: split.state.x, for: context).scalars,
        Self.quadratic(values: exact.state.x, context).scalars, absoluteTolerance: 1e-7
      ).holds)
  }

  /// Values and residuals are differentiable, as losses.
  @Test func derivatives() throws {
    let check = DerivativeCheck(isTwiceDifferentiable: false)
    let p = Self.contexts(7, [3])
    check([Self.contexts(8, [3]), Self.contexts(9, [5]), Self.contexts(10, [1]), p]) { inputs in
      let family = Self.quadratic
      let state = QuadraticProgramLayer.State(x: inputs[0], lambda: inputs[1], nu: inputs[2])
      return family.residual(of: state, for: [inputs[3]])
        + family.value(of: inputs[0], for: [inputs[3]])
        + family.violation(of: inputs[0], for: [inputs[3]])
    }
    check([Self.contexts(11, [2]), Self.contexts(12, [4]), Self.contexts(13, [2])]) { inputs in
      let state = ConeProgramLayer.State(x: inputs[0], y: inputs[1], s: inputs[1])
      return Self.conic.residual(of: state, for: [inputs[2]])
        + Self.conic.value(of: inputs[0], for: [inputs[2]])
    }
    check([Self.contexts(14, [2]), Self.contexts(15, [4]), Self.contexts(16, [2])]) { inputs in
      let state = Self.splitting.state(x: inputs[0], y: inputs[1], for: [inputs[2]])
      return Self.splitting.residual(of: state, for: [inputs[2]])
        + Self.splitting.violation(of: inputs[0], for: [inputs[2]])
    }
    check([Self.contexts(17, [2]), Self.contexts(18, [3])]) { inputs in
      let family = Self.coding(isAccelerated: true)
      let state = family.steps(3, from: .init(at: inputs[0]), for: inputs[1])
      return family.residual(of: state, for: inputs[1])
        + family.value(of: state.y, for: inputs[1])
    }
  }

  /// An item without solution leaves the others alone and gives no start.
  @Test func infeasibleItems() throws {
    let family = try QuadraticProgramFamily(
      QuadraticProgram(Q: [[1]], p: [0], G: [[1], [-1]], h: [1, 0]), varying: [.h, .p])
    let h = Tensor([[1, 0], [-1, 0], [2, 0]])
    let solved = try family.solve([h, Tensor([[-3.0], [-3], [-3]])])
    #expect(solved.statuses == [.optimal, .primalInfeasible, .optimal])
    #expect(solved.state.x[0].item == 1 && solved.state.x[2].item == 2)
    #expect(solved.state.itemsNotFinite == [1])
    let next = try family.solve([Tensor.ones([3, 2]), -Tensor.ones([3, 1])], from: solved.state)
    #expect(next.unsolvedItems == [])
  }

  @Test func mistakesAreNamed() throws {
    #expect(throws: ProblemError.self) {
      try Self.quadratic.solve([Self.contexts(1, [3]), Self.contexts(1, [3])])
    }
    #expect(throws: ProblemError.self) { try Self.quadratic.solve([Self.contexts(1, [2])]) }
    #expect(throws: ProblemError.self) {
      try QuadraticProgramFamily(Self.quadratic.program, varying: [.p, .p])
    }
    #expect(throws: SettingsError.self) {
      try Self.fixedPoint.solve(
        Self.contexts(1, [2]), from: nil, limits: SolutionLimits(tolerance: -1))
    }
    let cancelled = try Self.fixedPoint.solve(
      Self.contexts(1, [2]), from: nil, limits: SolutionLimits(progress: { _ in false }))
    #expect(cancelled.statuses == Array(repeating: .cancelled, count: Self.items))
  }

  /// A predicted point makes the guess of the active set, whatever noise its multipliers have.
  @Test func noisyGuesses() throws {
    let context = [Self.contexts(20, [3]) * 3]
    let exact = try Self.quadratic.solve(context)
    var random = TestGenerator(seed: 21)
    let noisy = exact.state.mapLeaves { $0 + random.tensor($0.shape) * 1e-4 }
    let warm = try Self.quadratic.solve(context, from: noisy)
    #expect(warm.iterations.allSatisfy { $0 <= 1 }, "\(warm.iterations)")
    // As a network in single precision would guess.
    let single = try Self.quadratic.solve(context, from: noisy.mapLeaves { $0.asType(.float32) })
    #expect(single.iterations.allSatisfy { $0 <= 1 })
    let wrong = exact.state.mapLeaves { random.tensor($0.shape) }
    let mended = try Self.quadratic.solve(context, from: wrong)
    #expect(isClose(mended.state.x.scalars, exact.state.x.scalars).holds)
  }
}

extension SolutionMapTests {
  fileprivate static func quadratic(values x: Tensor, _ context: [Tensor]) -> Tensor {
    let Q = Tensor([[4, 1], [1, 2]])
    return (matmul(x, Q) * x).sum(axis: -1) * 0.5 + (context[0] * x).sum(axis: -1)
  }
}
