import ConvexSolvers
import LinearAlgebra
import OptimizationCore
import Testing
import _TestSupport

private typealias Method = HomogeneousSplitting

private let everyCone = ConeProduct(
  zero: 1, free: 1, nonnegative: 3, secondOrder: [3], semidefinite: [2], exponential: 1,
  dualExponential: 1, power: [0.4, -0.7])

extension SeededGenerator {
  /// A program whose solution is known: s and y are the two parts of one projection.
  fileprivate mutating func coneProgram(
    _ n: Int, _ cones: ConeProduct, isQuadratic: Bool
  ) -> (program: ConeProgram, x: Vector, y: Vector, s: Vector) {
    let m = cones.rows
    let A = SparseMatrix(Matrix(rows: m, columns: n, elements: vector(m * n).array))
    let root = Matrix(rows: n, columns: n, elements: vector(n * n).array)
    let P = isQuadratic ? SparseMatrix(root * root.transpose) : nil
    let v = vector(m)
    let s = ConeProjection(of: v, onto: cones).value
    let y = ConeProjection(of: -v, onto: cones, isDual: true).value
    let x = vector(n)
    let c = -(A.transposeTimes(y) + (P.map { $0 * x } ?? .zeros(n)))
    let program = try! ConeProgram(P: P, c: c, A: A, b: A * x + s, cones: cones)
    return (program, x, y, s)
  }
}

@Suite struct HomogeneousSplittingTests {
  @Test(arguments: [1, 2, 3, 4, 5] as [UInt64], [false, true])
  func solvesProgramsOfEveryCone(_ seed: UInt64, _ isQuadratic: Bool) throws {
    var random = SeededGenerator(seed: seed)
    let example = random.coneProgram(6, everyCone, isQuadratic: isQuadratic)
    var settings = HomogeneousSplittingSettings()
    settings.polishes = false
    let answer = try Method(example.program, settings: settings).solve()
    #expect(answer.solution.status == .optimal)
    #expect(answer.solution.residuals.largest <= 1e-6)
    let value =
      example.program.c.dot(example.x)
      + 0.5 * (example.program.P.map { example.x.dot($0 * example.x) } ?? 0)
    #expect(isClose(answer.solution.objective, value, relativeTolerance: 1e-4).holds)
  }

  @Test func theAnswerHasDerivatives() throws {
    var random = SeededGenerator(seed: 4)
    let cones = ConeProduct(zero: 1, nonnegative: 8)
    let example = random.coneProgram(4, cones, isQuadratic: true)
    let answer = try Method(example.program).solve().solution
    let reference = try example.program.solve()
    #expect(isClose(answer.x, reference.x, relativeTolerance: 1e-7).holds)
    let (ours, theirs) = try (answer.vjp(x: [1, 2, 3, 4]), reference.vjp(x: [1, 2, 3, 4]))
    #expect(isClose(ours.c, theirs.c, relativeTolerance: 1e-6).holds)
  }

  @Test func aWarmStartNeedsNoSteps() throws {
    var random = SeededGenerator(seed: 2)
    let example = random.coneProgram(6, everyCone, isQuadratic: true)
    let method = try Method(example.program)
    let exact = method.state(x: example.x, y: example.y, s: example.s)
    #expect(method.solve(from: exact).solution.iterations == 0)
    #expect(isClose(method.step(exact).w, exact.w, relativeTolerance: 1e-9).holds)
    let cold = method.solve()
    #expect(cold.solution.iterations > 0)
    #expect(method.solve(from: cold.state).solution.iterations == 0)
    #expect(method.residual(cold.state).largest <= 1e-6)
  }

  @Test func infeasibleProgramsHaveRays() throws {
    // x ≥ 1 and x ≤ 0
    let infeasible = try ConeProgram(
      c: [1], A: SparseMatrix([[-1], [1]]), b: [-1, 0], cones: ConeProduct(nonnegative: 2))
    let answer = try Method(infeasible).solve().solution
    #expect(answer.status == .primalInfeasible)
    #expect(answer.ray.map { isClose($0.y, [1, 1], relativeTolerance: 1e-5).holds } == true)
    // minimize -x, x ≥ 0
    let unbounded = try ConeProgram(
      c: [-1], A: SparseMatrix([[-1]]), b: [0], cones: ConeProduct(nonnegative: 1))
    let open = try Method(unbounded).solve().solution
    #expect(open.status == .dualInfeasible)
    guard case .dualInfeasible(let x, let s) = open.ray else {
      Issue.record("no ray")
      return
    }
    #expect(isClose(x, [1]).holds && isClose(s, [1], absoluteTolerance: 1e-5).holds)
  }

  @Test func absentBoundsDoNotCount() throws {
    let program = try ConeProgram(
      P: SparseMatrix([[1]]), c: [-2], A: SparseMatrix([[1], [1]]), b: [1, .infinity],
      cones: ConeProduct(nonnegative: 2))
    let answer = try Method(program).solve().solution
    #expect(answer.status == .optimal)
    #expect(isClose(answer.x, [1], absoluteTolerance: 1e-5).holds)
    #expect(answer.y[1] == 0 && answer.s[1] == .infinity)
  }

  @Test func accelerationSavesSteps() throws {
    var (with, without) = (0, 0)
    for seed in 1...6 as ClosedRange<UInt64> {
      var random = SeededGenerator(seed: seed)
      let example = random.coneProgram(8, everyCone, isQuadratic: false)
      var settings = HomogeneousSplittingSettings()
      with += try Method(example.program, settings: settings).solve().solution.iterations
      settings.accelerationMemory = 0
      without += try Method(example.program, settings: settings).solve().solution.iterations
    }
    #expect(with < without)
  }

  @Test func limitsAndCancellation() throws {
    var random = SeededGenerator(seed: 5)
    let program = random.coneProgram(6, everyCone, isQuadratic: true).program
    var settings = HomogeneousSplittingSettings()
    settings.polishes = false
    settings.maximumIterations = 3
    let short = try Method(program, settings: settings).solve().solution
    #expect(short.status == .iterationLimit && short.iterations == 3)
    settings.timeLimit = .zero
    #expect(try Method(program, settings: settings).solve().solution.status == .timeLimit)
    settings.iterationLog = { _ in false }
    #expect(try Method(program, settings: settings).solve().solution.status == .cancelled)
    settings.scale = 0
    #expect(throws: SettingsError.self) { try Method(program, settings: settings) }
  }
}

@Suite struct HomogeneousSplittingStepTests {
  private func change(_ program: ConeProgram, _ random: inout SeededGenerator)
    -> Method.StepPerturbation
  {
    var change = Method.StepPerturbation()
    change.state = Method.State(
      w: random.vector(program.variables + program.rows + 1), scale: 0.1 * random.normal())
    change.c = random.vector(program.variables)
    change.b = random.vector(program.rows)
    change.A = random.vector(program.A.pattern.entries)
    if let P = program.P {
      let values = random.vector(P.pattern.entries)
      change.P = 0.5 * (values + SparseMatrix(pattern: P.pattern, values: values).transpose.values)
    }
    return change
  }

  private func state(_ program: ConeProgram, _ random: inout SeededGenerator) -> Method.State {
    var w = random.vector(program.variables + program.rows + 1)
    w[w.count - 1] = 1 + random.uniform()
    return Method.State(w: w, scale: 0.4)
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64], [false, true])
  func forwardModeAgreesWithDifferences(_ seed: UInt64, _ isQuadratic: Bool) throws {
    var random = SeededGenerator(seed: seed)
    let program = random.coneProgram(5, everyCone, isQuadratic: isQuadratic).program
    let start = state(program, &random)
    let change = change(program, &random)
    var settings = HomogeneousSplittingSettings()
    settings.scalingPasses = 0
    settings.proximalWeight = 0.1
    func moved(_ step: Double) throws -> Vector {
      let other = try program.updating(
        P: program.P.map { $0.values + step * change.P! }, c: program.c + step * change.c!,
        A: program.A.values + step * change.A!, b: program.b + step * change.b!)
      return try Method(other, settings: settings).step(
        Method.State(
          w: start.w + step * change.state!.w, scale: start.scale + step * change.state!.scale)
      ).w
    }
    let tangent = try Method(program, settings: settings).stepJVP(at: start, along: change)
    let quotient = try (moved(1e-6) - moved(-1e-6)) / 2e-6
    #expect(isClose(quotient, tangent.w, relativeTolerance: 1e-5).holds)
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64], [false, true])
  func reverseModeIsTheTranspose(_ seed: UInt64, _ isQuadratic: Bool) throws {
    var random = SeededGenerator(seed: seed)
    let program = random.coneProgram(7, everyCone, isQuadratic: isQuadratic).program
    let start = state(program, &random)
    let change = change(program, &random)
    let method = try Method(program)
    let cotangent = Method.State(w: random.vector(start.w.count), scale: random.normal())
    let tangent = method.stepJVP(at: start, along: change)
    let gradient = method.stepVJP(at: start, cotangent: cotangent)
    let forward = tangent.w.dot(cotangent.w) + tangent.scale * cotangent.scale
    var reverse = change.state!.w.dot(gradient.state.w)
    reverse += change.state!.scale * gradient.state.scale + change.c!.dot(gradient.c)
    reverse += change.b!.dot(gradient.b) + change.A!.dot(gradient.A)
    if let P = change.P { reverse += P.dot(gradient.P!) }
    let size = tangent.w.twoNorm * cotangent.w.twoNorm
    #expect(abs(forward - reverse) <= 1e-10 * (1 + size), "\(forward) \(reverse)")
  }
}

extension ConeProgramRay {
  fileprivate var y: Vector {
    if case .primalInfeasible(let y) = self { y } else { [] }
  }
}
