import ConvexSolvers
import LinearAlgebra
import Testing
import _TestSupport

private typealias Method = AlternatingDirections

extension SeededGenerator {
  fileprivate mutating func state(_ n: Int, _ m: Int, penalty: Double) -> Method.State {
    Method.State(x: vector(n), z: vector(m), y: vector(m), penalty: penalty)
  }

  fileprivate mutating func perturbation(_ program: SparseQuadraticProgram)
    -> Method.StepPerturbation
  {
    var change = Method.StepPerturbation()
    change.state = state(program.variables, program.rows, penalty: normal())
    change.q = vector(program.variables)
    change.lower = vector(program.rows)
    change.upper = vector(program.rows)
    for row in 0..<program.rows where program.lower[row] == program.upper[row] {
      change.upper![row] = change.lower![row]
    }
    change.A = vector(program.A.pattern.entries)
    var P = vector(program.P.pattern.entries)
    let transpose = SparseMatrix(pattern: program.P.pattern, values: P).transpose.values
    P = 0.5 * (P + transpose)
    change.P = P
    return change
  }
}

/// The step of the program moved along the change. The weights are those of the program at rest: without
/// equilibration they do not depend on the data.
private func moved(
  _ program: SparseQuadraticProgram, _ state: Method.State, _ change: Method.StepPerturbation,
  by step: Double
) -> Method.State {
  var settings = AlternatingDirectionsSettings()
  settings.scalingPasses = 0
  settings.proximalWeight = 1e-2
  func line(_ v: Vector, _ direction: Vector) -> Vector {
    Vector(zip(v, direction).map { $0.isFinite ? $0 + step * $1 : $0 })
  }
  let other = try! SparseQuadraticProgram(
    P: SparseMatrix(pattern: program.P.pattern, values: line(program.P.values, change.P!)),
    q: line(program.q, change.q!),
    A: SparseMatrix(pattern: program.A.pattern, values: line(program.A.values, change.A!)),
    lower: line(program.lower, change.lower!), upper: line(program.upper, change.upper!))
  let tangent = change.state!
  return try! Method(other, settings: settings).step(
    Method.State(
      x: line(state.x, tangent.x), z: line(state.z, tangent.z), y: line(state.y, tangent.y),
      penalty: state.penalty + step * tangent.penalty))
}

@Suite struct AlternatingDirectionsStepTests {
  @Test(arguments: RandomCase.all(sizes: [1, 4, 9], seeds: 1...4))
  func forwardModeAgreesWithDifferences(_ example: RandomCase) throws {
    var random = example.generator
    let program = random.sparseProgram(example.size, 2 * example.size)
    let state = random.state(program.variables, program.rows, penalty: 0.7)
    let change = random.perturbation(program)
    var settings = AlternatingDirectionsSettings()
    settings.scalingPasses = 0
    settings.proximalWeight = 1e-2
    let step = 1e-6
    let tangent = try Method(program, settings: settings).stepJVP(at: state, along: change)
    let ahead = moved(program, state, change, by: step)
    let behind = moved(program, state, change, by: -step)
    for (part, a, b) in [
      (tangent.x, ahead.x, behind.x), (tangent.z, ahead.z, behind.z),
      (tangent.y, ahead.y, behind.y),
    ] {
      #expect(isClose((a - b) / (2 * step), part, relativeTolerance: 1e-5).holds)
    }
    #expect(tangent.penalty == change.state!.penalty)
  }

  @Test(arguments: RandomCase.all(sizes: [1, 4, 9, 20], seeds: 1...4), [0, 10])
  func reverseModeIsTheTranspose(_ example: RandomCase, _ passes: Int) throws {
    var random = example.generator
    let program = random.sparseProgram(example.size, 2 * example.size)
    let state = random.state(program.variables, program.rows, penalty: 0.3)
    let change = random.perturbation(program)
    var settings = AlternatingDirectionsSettings()
    settings.scalingPasses = passes
    let method = try Method(program, settings: settings)
    let cotangent = random.state(program.variables, program.rows, penalty: random.normal())
    let tangent = method.stepJVP(at: state, along: change)
    let gradient = method.stepVJP(at: state, cotangent: cotangent)
    func inner(_ a: Method.State, _ b: Method.State) -> Double {
      a.x.dot(b.x) + a.z.dot(b.z) + a.y.dot(b.y) + a.penalty * b.penalty
    }
    let forward = inner(tangent, cotangent)
    let reverse =
      inner(change.state!, gradient.state) + change.q!.dot(gradient.q)
      + change.lower!.dot(gradient.lower) + change.upper!.dot(gradient.upper)
      + change.P!.dot(gradient.P) + change.A!.dot(gradient.A)
    let scale = abs(forward) + cotangent.y.twoNorm * tangent.y.twoNorm
    #expect(abs(forward - reverse) <= 1e-10 * (1 + scale), "\(forward) \(reverse)")
  }

  @Test func aSolutionIsAFixedPointOfTheStep() throws {
    var random = SeededGenerator(seed: 2)
    let method = try Method(random.sparseProgram(8, 8))
    let solution = method.solve()
    let state = method.state(x: solution.x, y: solution.y)
    let next = method.step(state)
    #expect(isClose(next.x, state.x, relativeTolerance: 1e-8).holds)
    #expect(isClose(next.y, state.y, relativeTolerance: 1e-8).holds)
    #expect(isClose(next.z, state.z, relativeTolerance: 1e-8).holds)
  }

  @Test func equalInputGivesEqualBits() throws {
    var random = SeededGenerator(seed: 4)
    let program = random.sparseProgram(20, 20)
    #expect(try Method(program).solve().x == Method(program).solve().x)
  }
}
