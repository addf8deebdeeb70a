import ConvexSolvers
import LinearAlgebra
import OptimizationCore
import Testing

private typealias Method = QuadraticProgramSettings.Method

/// Problems whose solution map has no derivative, or none in the usual way: every one is flagged, and
/// the least-norm answer is the one that can be worked out by hand.
@Suite struct DegenerateTests {
  static let methods: [QuadraticProgramSettings.Method] = [.automatic, .interiorPoint]

  @Test(arguments: methods)
  func weaklyActiveConstraint(method: QuadraticProgramSettings.Method) throws {
    // min x²/2 subject to x ≤ 0: the unconstrained minimizer lies on the bound.
    let program = try QuadraticProgram(Q: [[1]], p: [0], G: [[1]], h: [0])
    let solution = try program.solve(settings: .init(method: method))
    #expect(solution.status == .optimal)
    #expect(abs(solution.x[0]) <= 1e-9)
    let gradient = try solution.vjp(x: [1])
    #expect(gradient.certificate.kind == .leastNorm)
    #expect(gradient.certificate.weaklyActive == [0])
    #expect(abs(gradient.p[0]) <= 1e-9)
    let smoothed = try solution.vjp(x: [1], degenerate: .smoothed(barrier: 1e-4))
    #expect(smoothed.certificate.kind == .smoothed)
    #expect(abs(smoothed.p[0] + 0.5) <= 1e-9)
    let undefined = try solution.vjp(x: [1], degenerate: .nan)
    #expect(undefined.certificate.kind == .undefined)
    #expect(undefined.p[0].isNaN)
    #expect(throws: DerivativeError.self) { try solution.vjp(x: [1], degenerate: .throwing) }
    #expect(throws: DerivativeError.invalidBarrier(0)) {
      try solution.vjp(x: [1], degenerate: .smoothed(barrier: 0))
    }
  }

  @Test(arguments: methods)
  func linearProgramWithFaceOfOptima(method: QuadraticProgramSettings.Method) throws {
    // min x1 + x2 subject to x1 + x2 = 1, x ≥ 0: every point of the edge is optimal.
    let program = try QuadraticProgram(
      p: [1, 1], G: [[-1, 0], [0, -1]], h: [0, 0], A: [[1, 1]], b: [1])
    let solution = try program.solve(settings: .init(method: method))
    #expect(solution.status == .optimal)
    #expect(abs(solution.objective - 1) <= 1e-9)
    let gradient = try solution.vjp(x: [1, 0])
    #expect(gradient.certificate.kind == .leastNorm)
    #expect(gradient.certificate.freeDirections == 1)
    // The free direction (1, -1) contributes nothing: only the change along (1, 1) remains.
    #expect(abs(gradient.b[0] - 0.5) <= 1e-9)
    #expect(abs(gradient.p[0]) <= 1e-9 && abs(gradient.p[1]) <= 1e-9)
  }

  @Test(arguments: methods)
  func duplicatedActiveConstraint(method: QuadraticProgramSettings.Method) throws {
    // min (x - 2)²/2 subject to x ≤ 1 twice.
    let program = try QuadraticProgram(Q: [[1]], p: [-2], G: [[1], [1]], h: [1, 1])
    let solution = try program.solve(settings: .init(method: method))
    #expect(solution.status == .optimal)
    let gradient = try solution.vjp(x: [1])
    #expect(gradient.certificate.kind == .leastNorm)
    #expect(gradient.certificate.rankDeficiency == 1)
    #expect(abs(gradient.h[0] - 0.5) <= 1e-9 && abs(gradient.h[1] - 0.5) <= 1e-9)
    #expect(abs(gradient.p[0]) <= 1e-9)
  }

  @Test(arguments: methods)
  func variablePinnedByOppositeConstraints(method: QuadraticProgramSettings.Method) throws {
    // x ≤ 0 and -x ≤ 0 with zero multipliers: x cannot move, dx/dp is 0.
    let program = try QuadraticProgram(Q: [[1]], p: [0], G: [[1], [-1]], h: [0, 0])
    let solution = try program.solve(settings: .init(method: method))
    #expect(solution.status == .optimal)
    let gradient = try solution.vjp(x: [1])
    #expect(abs(gradient.p[0]) <= 1e-12)
    #expect(gradient.certificate.isDegenerate)
    #expect(gradient.certificate.kind == .leastNorm)
    #expect(abs(gradient.h[0] - 0.5) <= 1e-9 && abs(gradient.h[1] + 0.5) <= 1e-9)
  }

  @Test(arguments: methods)
  func infeasibleItemDoesNotSpoilTheBatch(method: QuadraticProgramSettings.Method) throws {
    // x ≤ h1 and -x ≤ h2: feasible if h1 + h2 ≥ 0.
    let batch = try QuadraticProgramBatch(
      Q: BatchedMatrix(shared: [[1]]), p: BatchedVector([[-2], [-2], [-2]]),
      G: BatchedMatrix(shared: [[1], [-1]]), h: BatchedVector([[1, 1], [-1, -1], [0.5, 3]]))
    let solution = try batch.solve(settings: .init(method: method))
    #expect(solution.status == [.optimal, .primalInfeasible, .optimal])
    #expect(abs(solution[0].x[0] - 1) <= 1e-9)
    #expect(abs(solution[2].x[0] - 0.5) <= 1e-9)
    guard case .primalInfeasible(let lambda, let nu) = solution[1].ray else {
      Issue.record("no ray")
      return
    }
    #expect(abs(lambda[0] - 0.5) <= 1e-9 && abs(lambda[1] - 0.5) <= 1e-9 && nu.isEmpty)
    let gradient = try solution.vjp(x: BatchedVector([[1], [1], [1]]))
    #expect(gradient.h[0][0] == 1 && gradient.h[2][0] == 1)
    #expect(gradient.certificates.map(\.kind) == [.exact, .undefined, .exact])
    #expect(gradient.p[1][0].isNaN && gradient.h[1][0].isNaN)
    // A masked loss trains on.
    let masked = try solution.vjp(x: BatchedVector([[1], [0], [1]]))
    #expect(masked.p[1][0] == 0 && masked.h[1][0] == 0)
    #expect(masked.G.array.allSatisfy { $0.isFinite } && masked.Q.array.allSatisfy { $0.isFinite })
  }

  @Test(arguments: methods)
  func redundantEqualities(method: QuadraticProgramSettings.Method) throws {
    let program = try QuadraticProgram(
      Q: Matrix.identity(2), p: [0, 0], A: [[1, 1], [2, 2]], b: [1, 2])
    let solution = try program.solve(settings: .init(method: method))
    #expect(solution.status == .optimal)
    #expect(abs(solution.x[0] - 0.5) <= 1e-9)
    let gradient = try solution.vjp(x: [1, 1])
    #expect(gradient.certificate.rankDeficiency == 1)
    // Least norm: proportional to the rows, (1, 2) / 5.
    #expect(abs(gradient.b[0] - 0.2) <= 1e-9 && abs(gradient.b[1] - 0.4) <= 1e-9)
  }

  @Test func semidefiniteWithoutConstraintsHasFreeDirections() throws {
    // Flat along (1, -1); p has no component there.
    let program = try QuadraticProgram(Q: [[1, 1], [1, 1]], p: [-1, -1])
    let solution = try program.solve()
    #expect(solution.status == .optimal)
    let gradient = try solution.vjp(x: [1, 1])
    #expect(gradient.certificate.freeDirections == 1)
    #expect(abs(gradient.p[0] + 0.5) <= 1e-9)
  }
}
