import ConvexSolvers
import LinearAlgebra
import OptimizationCore
import Testing
import _TestSupport

extension SeededGenerator {
  mutating func vector(_ count: Int) -> Vector { Vector((0..<count).map { _ in normal() }) }

  /// A sparse matrix with about that share of entries.
  mutating func sparse(_ rows: Int, _ columns: Int, density: Double) -> SparseMatrix {
    var matrix = Matrix(rows: rows, columns: columns)
    for i in 0..<rows {
      for j in 0..<columns where uniform() < density { matrix[i, j] = normal() }
    }
    return SparseMatrix(matrix)
  }

  /// A feasible program with equalities, ranges, one-sided and free rows, and a P of half rank.
  mutating func sparseProgram(_ n: Int, _ m: Int) -> SparseQuadraticProgram {
    let root = sparse(n, (n + 1) / 2, density: 0.4).dense
    let P = SparseMatrix(root * root.transpose)
    let A = SparseMatrix(sparse(m, n, density: 0.5).dense.rowsAbove(identityOf: n))
    let Ax = A * vector(n)
    var lower = Vector.zeros(m + n)
    var upper = lower
    for row in 0..<m + n {
      let kind = row < m ? row % 4 : 1
      lower[row] = kind == 2 || kind == 3 ? -.infinity : Ax[row] - (kind == 0 ? 0 : uniform())
      upper[row] = kind == 3 ? .infinity : Ax[row] + (kind == 0 ? 0 : uniform())
    }
    return try! SparseQuadraticProgram(P: P, q: vector(n), A: A, lower: lower, upper: upper)
  }
}

extension Matrix {
  /// This matrix above the identity.
  fileprivate func rowsAbove(identityOf n: Int) -> Matrix {
    Matrix(rows: rows + n, columns: n, elements: array + Matrix.identity(n).array)
  }
}

@Suite struct AlternatingDirectionsTests {
  @Test func theProgramOfThePaper() throws {
    let program = try SparseQuadraticProgram(
      P: SparseMatrix([[4, 1], [1, 2]]), q: [1, 1], A: SparseMatrix([[1, 1], [1, 0], [0, 1]]),
      lower: [1, 0, 0], upper: [1, 0.7, 0.7])
    let solution = try AlternatingDirections(program).solve()
    #expect(solution.status == .optimal && solution.isPolished)
    #expect(isClose(solution.x, [0.3, 0.7]).holds)
    #expect(isClose(solution.y, [-2.9, 0, 0.2]).holds)
    #expect(isClose(solution.objective, 1.88).holds)
  }

  @Test(arguments: RandomCase.all(sizes: [2, 5, 12, 30], seeds: 1...6))
  func agreesWithTheInteriorPoint(_ example: RandomCase) throws {
    var random = example.generator
    let program = random.sparseProgram(example.size, example.size)
    let solution = try AlternatingDirections(program).solve()
    #expect(solution.status == .optimal)
    #expect(solution.residuals.largest <= 1e-6)
    // The same program with one-sided rows.
    var G: [[Double]] = []
    var h: [Double] = []
    var equalities: [[Double]] = []
    var b: [Double] = []
    let A = program.A.dense
    for row in 0..<program.rows {
      let (lower, upper) = (program.lower[row], program.upper[row])
      if lower == upper {
        equalities.append(A.row(row).array)
        b.append(upper)
        continue
      }
      if upper.isFinite {
        G.append(A.row(row).array)
        h.append(upper)
      }
      if lower.isFinite {
        G.append((-A.row(row)).array)
        h.append(-lower)
      }
    }
    let reference = try QuadraticProgram(
      Q: program.P.dense, p: program.q, G: Matrix(G), h: Vector(h), A: Matrix(equalities),
      b: Vector(b)
    ).solve()
    #expect(
      isClose(solution.objective, reference.objective, relativeTolerance: 1e-5).holds)
    #expect(solution.isPolished, "residuals \(solution.residuals)")
    #expect(isClose(solution.x, reference.x, relativeTolerance: 1e-5).holds)
  }

  @Test func aWarmStartFromTheStateNeedsNoSteps() throws {
    var random = SeededGenerator(seed: 3)
    let program = random.sparseProgram(15, 15)
    let method = try AlternatingDirections(program)
    let cold = method.solve()
    #expect(cold.iterations > 0)
    #expect(method.solve(from: method.state(x: cold.x, y: cold.y)).iterations == 0)
    let again = method.solve(from: cold.state)
    #expect(again.iterations == 0)
    #expect(method.residual(cold.state).largest <= 1e-6)
    #expect(method.solution(cold.state).x == cold.state.x)
  }

  @Test func infeasibleProgramsHaveRays() throws {
    // x ≥ 1 and x + 1e-3 w ≤ 0, w = 0
    let infeasible = try SparseQuadraticProgram(
      P: SparseMatrix([[1, 0], [0, 1]]), q: [0, 0],
      A: SparseMatrix([[1, 0], [1, 1e-3], [0, 1]]), lower: [1, -.infinity, 0],
      upper: [.infinity, 0, 0])
    let answer = try AlternatingDirections(infeasible).solve()
    #expect(answer.status == .primalInfeasible)
    guard case .primalInfeasible(let y) = answer.ray else {
      Issue.record("no ray")
      return
    }
    #expect(infeasible.A.transposeTimes(y).infinityNorm <= 1e-6)
    #expect(isClose(y[0] * 1, -1, relativeTolerance: 1e-6).holds && y[1] >= 0)
    let unbounded = try SparseQuadraticProgram(
      P: SparseMatrix([[1, 0], [0, 0]]), q: [1, -2], A: SparseMatrix([[1, 0], [1, 1]]),
      lower: [-1, 0], upper: [1, .infinity])
    let open = try AlternatingDirections(unbounded).solve()
    #expect(open.status == .dualInfeasible)
    guard case .dualInfeasible(let x) = open.ray else {
      Issue.record("no ray")
      return
    }
    #expect(isClose(x, [0, 0.5], absoluteTolerance: 1e-6).holds)
  }

  @Test func limitsAndCancellation() throws {
    var random = SeededGenerator(seed: 5)
    let program = random.sparseProgram(10, 10)
    var settings = AlternatingDirectionsSettings()
    settings.polishes = false
    settings.maximumIterations = 7
    let short = try AlternatingDirections(program, settings: settings).solve()
    #expect(short.status == .iterationLimit && short.iterations == 7)
    settings.maximumIterations = 1000
    settings.timeLimit = .zero
    #expect(try AlternatingDirections(program, settings: settings).solve().status == .timeLimit)
    settings.timeLimit = nil
    settings.iterationLog = { $0.iteration < 50 }
    let cancelled = try AlternatingDirections(program, settings: settings).solve()
    #expect(cancelled.status == .cancelled && cancelled.iterations == 50)
    settings.relaxation = 2
    #expect(throws: SettingsError.self) {
      try AlternatingDirections(program, settings: settings)
    }
  }

  @Test func badDataAreNamed() {
    let one = SparseMatrix([[1]])
    #expect(
      throws: ProblemError.shape(argument: "A", item: nil, expected: [1, 1], actual: [1, 2])
    ) {
      try SparseQuadraticProgram(
        P: one, q: [1], A: SparseMatrix([[1, 1]]), lower: [0], upper: [1])
    }
    #expect(throws: ProblemError.self) {
      try SparseQuadraticProgram(P: one, q: [1], A: one, lower: [1], upper: [0])
    }
    #expect(throws: ProblemError.self) {
      try SparseQuadraticProgram(
        P: SparseMatrix([[1, 2], [0, 1]]), q: [1, 1], A: SparseMatrix([[1, 1]]), lower: [0],
        upper: [1])
    }
  }

  @Test func emptyConstraintsAreSolved() throws {
    let program = try SparseQuadraticProgram(
      P: SparseMatrix([[2, 0], [0, 4]]), q: [2, 4], A: .zeros(rows: 0, columns: 2), lower: [],
      upper: [])
    let solution = try AlternatingDirections(program).solve()
    #expect(solution.status == .optimal)
    #expect(isClose(solution.x, [-1, -1], relativeTolerance: 1e-9).holds)
  }
}
