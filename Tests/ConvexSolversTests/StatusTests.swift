import ConvexSolvers
import LinearAlgebra
import OptimizationCore
import Testing
import _TestSupport

/// How solves end: proofs of infeasibility, limits, small and empty problems, warm starts.
@Suite struct StatusTests {
  static let methods: [QuadraticProgramSettings.Method] = [.automatic, .interiorPoint, .activeSet]

  @Test(arguments: methods, 0..<40)
  func infeasibleProblemsComeWithProof(method: QuadraticProgramSettings.Method, seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let n = 1 + seed % 7
    // Rows that add up to 0 x ≤ -1, among others that are harmless.
    let rows = random.matrix(n + 1, n)
    var last = Matrix(rows: 1, columns: n)
    for i in 0..<n + 1 { for j in 0..<n { last[0, j] -= rows[i, j] } }
    let G = rows.stacked(on: last).stacked(on: random.matrix(3, n))
    let center = random.vector(n)
    var h = (G * center)
    for i in n + 2..<h.count { h[i] += 1 }
    h[0] -= 1
    let Q = seed % 3 == 0 ? nil : random.quadraticTerm(n, rank: n)
    let solution = try QuadraticProgram(Q: Q, p: random.vector(n), G: G, h: h)
      .solve(settings: .init(method: method))
    #expect(solution.status == .primalInfeasible)
    guard case .primalInfeasible(let lambda, _) = solution.ray else {
      Issue.record("no ray")
      return
    }
    #expect(lambda.allSatisfy { $0 >= 0 })
    #expect(abs(lambda.dot(h) + 1) <= 1e-9)
    #expect(G.transposeTimes(lambda).allSatisfy { abs($0) <= 1e-7 })
    #expect(solution.x.allSatisfy { $0.isNaN })
  }

  @Test(arguments: methods, 0..<40)
  func unboundedProblemsComeWithDirection(method: QuadraticProgramSettings.Method, seed: Int) throws
  {
    var random = SeededGenerator(seed: UInt64(seed) + 500)
    let n = 2 + seed % 6
    let Q = seed % 3 == 0 ? nil : random.quadraticTerm(n, rank: n - 1)
    // Rows that leave a descent direction in the null space of Q free.
    let direction = Q.map { nullVector($0) } ?? random.vector(n)
    var G = random.matrix(4, n)
    for i in 0..<4 {
      let slope = (0..<n).reduce(0.0) { $0 + G[i, $1] * direction[$1] }
      if slope > 0 { for j in 0..<n { G[i, j] = -G[i, j] } }
    }
    let p = Vector(direction.map { -$0 })
    let solution = try QuadraticProgram(Q: Q, p: p, G: G, h: Vector(repeating: 1, count: 4))
      .solve(settings: .init(method: method))
    #expect(solution.status == .dualInfeasible)
    guard case .dualInfeasible(let x) = solution.ray else {
      Issue.record("no ray")
      return
    }
    #expect(abs(p.dot(x) + 1) <= 1e-9)
    #expect((G * x).allSatisfy { $0 <= 1e-7 })
    if let Q { #expect((Q * x).allSatisfy { abs($0) <= 1e-6 }) }
  }

  /// The null vector of a matrix of corank one, by solving with the last component fixed.
  private func nullVector(_ Q: Matrix) -> Vector {
    let n = Q.rows
    let A = Matrix(rows: 1, columns: n, elements: (0..<n).map { $0 == n - 1 ? 1 : 0 })
    let solution = try! QuadraticProgram(Q: Q, p: Vector.zeros(n), A: A, b: [1])
      .solve(settings: .init(method: .interiorPoint))
    return solution.x
  }

  @Test func inconsistentEqualities() throws {
    for Q in [nil, Matrix.identity(2)] {
      let solution = try QuadraticProgram(Q: Q, p: [1, 0], A: [[1, 1], [2, 2]], b: [1, 3]).solve()
      #expect(solution.status == .primalInfeasible)
      guard case .primalInfeasible(_, let nu) = solution.ray else {
        Issue.record("no ray")
        continue
      }
      #expect(abs(nu[0] + 3 * nu[1] + 1) <= 1e-9 && abs(nu[0] + 2 * nu[1]) <= 1e-8)
    }
  }

  @Test func crossedAndZeroRows() throws {
    let crossed = try QuadraticProgram(Q: [[1]], p: [0], G: [[1], [-1]], h: [-1, 0.5]).solve()
    #expect(crossed.status == .primalInfeasible)
    let impossible = try QuadraticProgram(Q: [[1]], p: [0], G: [[0]], h: [-1]).solve()
    #expect(impossible.status == .primalInfeasible)
    let void = try QuadraticProgram(Q: [[1]], p: [-1], G: [[0]], h: [1], A: [[0]], b: [0]).solve()
    #expect(void.status == .optimal && abs(void.x[0] - 1) <= 1e-9)
  }

  @Test(arguments: methods)
  func smallestProblems(method: QuadraticProgramSettings.Method) throws {
    let settings = QuadraticProgramSettings(method: method)
    let free = try QuadraticProgram(Q: [[2]], p: [-4]).solve(settings: settings)
    #expect(free.status == .optimal && abs(free.x[0] - 2) <= 1e-9)
    let linear = try QuadraticProgram(p: [1], G: [[-1]], h: [3]).solve(settings: settings)
    #expect(linear.status == .optimal && abs(linear.x[0] + 3) <= 1e-9)
    let pinned = try QuadraticProgram(p: [1], A: [[2]], b: [6]).solve(settings: settings)
    #expect(pinned.status == .optimal && abs(pinned.x[0] - 3) <= 1e-9)
    let flat = try QuadraticProgram(p: [0, 0]).solve(settings: settings)
    #expect(flat.status == .optimal)
    let unbounded = try QuadraticProgram(p: [1]).solve(settings: settings)
    #expect(unbounded.status == .dualInfeasible)
  }

  @Test func emptyBatch() throws {
    let batch = try QuadraticProgramBatch(
      items: 0, Q: BatchedMatrix(shared: [[1]]), p: BatchedVector([], count: 1))
    let solution = try batch.solve()
    #expect(solution.status.isEmpty)
    let gradient = try solution.vjp()
    #expect(gradient.certificates.isEmpty && gradient.p.items == 0)
    #expect(gradient.Q == BatchedMatrix(shared: [[0]]))
  }

  @Test func limitsAreReported() throws {
    let data = RandomProgram(.box, seed: 9)
    var settings = QuadraticProgramSettings(method: .interiorPoint)
    settings.maximumIterations = 1
    // A polish from the last iterate may still find the solution.
    let statuses = try (0..<40).map {
      try RandomProgram(.box, seed: $0).program.solve(settings: settings).status
    }
    #expect(Set(statuses) == [.optimal, .iterationLimit])
    settings.method = .automatic
    settings.maximumIterations = 0
    #expect(try data.program.solve(settings: settings).status == .iterationLimit)
    settings = QuadraticProgramSettings()
    settings.timeLimit = .zero
    #expect(try data.program.solve(settings: settings).status == .timeLimit)
    settings.timeLimit = .seconds(60)
    #expect(try data.program.solve(settings: settings).status == .optimal)
  }

  @Test func progressCanCancel() throws {
    let batch = try QuadraticProgramBatch(
      items: 1000, Q: BatchedMatrix(shared: [[1]]), p: BatchedVector(shared: [1]))
    var settings = QuadraticProgramSettings()
    settings.threads = 1
    settings.progress = { $0.finished < 500 }
    let solution = try batch.solve(settings: settings)
    #expect(solution.status.first == .optimal && solution.status.last == .cancelled)
    #expect(try solution[999].vjp(x: [1]).certificate.kind == .undefined)
  }

  @Test(arguments: [QuadraticProgramSettings.Method.automatic, .interiorPoint])
  func warmStartSavesIterations(method: QuadraticProgramSettings.Method) throws {
    let settings = QuadraticProgramSettings(method: method)
    var cold = 0
    var warm = 0
    for seed in 0..<50 as Range<UInt64> {
      let data = RandomProgram(.box, seed: seed)
      let first = try data.program.solve(settings: settings)
      var moved = data
      for j in 0..<moved.p.count { moved.p[j] *= 1.01 }
      let program = try moved.program
      let fromNothing = try program.solve(settings: settings)
      let fromFirst = try program.solve(
        settings: settings, warmStart: QuadraticProgramWarmStart(first))
      cold += fromNothing.iterations
      warm += fromFirst.iterations
      for (a, b) in zip(fromNothing.x, fromFirst.x) { #expect(abs(a - b) <= 1e-9 * (1 + abs(a))) }
    }
    #expect(warm < cold)
  }
}
