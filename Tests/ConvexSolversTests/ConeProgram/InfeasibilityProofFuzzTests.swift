import ConvexSolvers
import Foundation
import LinearAlgebra
import OptimizationCore
import Testing
import _TestSupport

/// Proofs exclude what they claim, and rows of rounding noise prove nothing.
@Suite struct InfeasibilityProofFuzzTests {
  /// x₁ in [0, 6] and x₂ = 12 ≤ (2 - margin) x₁: infeasible by about 6 times the margin.
  private func nearlyInfeasible(_ margin: Double) throws -> ConeProgram {
    try ConeProgram(
      c: [0, 0], A: [[0, 1], [-1, 0], [1, 0], [-(2 - margin), 1]].sparse, b: [12, 0, 6, 0],
      cones: ConeProduct(zero: 1, nonnegative: 3))
  }

  @Test(arguments: [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7])
  func smallContradictionsAreProven(margin: Double) throws {
    let program = try nearlyInfeasible(margin)
    let solution = try program.solve()
    #expect(solution.status == .primalInfeasible)
    guard case .primalInfeasible(let y) = solution.ray else {
      Issue.record("no ray")
      return
    }
    #expect(abs(program.b.dot(y) + 1) <= 1e-15 * (1 + 24 * y.infinityNorm))
    #expect(y[1] >= 0 && y[2] >= 0 && y[3] >= 0)
    // What is left is the rounding of y itself.
    let pull = program.A.transposeTimes(y).infinityNorm
    #expect(pull <= 1e-15 * y.infinityNorm)
    let dense = try QuadraticProgram(
      p: [0, 0], G: [[-1, 0], [1, 0], [-(2 - margin), 1]], h: [0, 6, 0], A: [[0, 1]], b: [12]
    ).solve()
    #expect(dense.status == .primalInfeasible)
  }

  /// Programs that miss feasibility, or whose dual does, by little, with a cost or a right-hand side that has nothing
  /// to do with it but leads the solver far away.
  @Test func whatDoesNotMatterDoesNotHideProofs() throws {
    var unproven = 0
    for seed in FuzzBudget.seeds(40) {
      var random = SeededGenerator(seed: seed)
      let (n, e) = (12, 5)
      // x ≥ 0 with Ax = b for a positive x, rows and columns of very different sizes; and a sum of rows that
      // is off by 1e-5.
      var A = random.matrix(e, n)
      for i in 0..<e {
        for j in 0..<n { A[i, j] *= pow(10, Double((3 * i + 5 * j) % 7) - 3) }
      }
      let inside = Vector((0..<n).map { _ in 1 + 100 * abs(random.uniform()) })
      let b = A * inside
      var rows = (0..<e).map { i in (0..<n).map { A[i, $0] } }
      rows.append((0..<n).map { j in (0..<e).reduce(0) { $0 + A[$1, j] } })
      let sum = b.reduce(0, +)
      let size = b.infinityNorm
      let G = (0..<n).map { i in (0..<n).map { $0 == i ? -1.0 : 0 } }
      let c = Vector((0..<n).map { _ in 1e4 * random.uniform() })
      let infeasible = try ConeProgram(
        c: c, A: SparseMatrix(Matrix(rows + G)),
        b: Vector(Array(b) + [sum + 1e-5 * size] + [Double](repeating: 0, count: n)),
        cones: ConeProduct(zero: e + 1, nonnegative: n))
      let status = try infeasible.solve().status
      #expect(status == .primalInfeasible || status == .numericalError, "\(seed)")
      if status != .primalInfeasible { unproven += 1 }
    }
    #expect(unproven == 0)
  }

  @Test(arguments: [1e-10, 1e-11, 1e-13])
  func contradictionsWithinToleranceAreNone(conflict: Double) throws {
    let sparse = try ConeProgram(
      P: [[1, 0], [0, 1]].sparse, c: [-1, -1], A: [[1, 1], [1, 1]].sparse, b: [1, 1 + conflict],
      cones: ConeProduct(zero: 2)
    ).solve()
    let dense = try QuadraticProgram(
      Q: [[1, 0], [0, 1]], p: [-1, -1], A: [[1, 1], [1, 1]], b: [1, 1 + conflict]
    ).solve()
    for (status, x) in [(sparse.status, sparse.x), (dense.status, dense.x)] {
      #expect(status == .optimal)
      #expect((x - [0.5, 0.5]).infinityNorm <= 1e-6)
    }
  }

  /// Rows of noise beside a program leave its answer as it is, by either path.
  @Test func noiseRowsCarryNoInformation() throws {
    for seed in FuzzBudget.seeds(40) {
      var random = SeededGenerator(seed: seed)
      let n = 2 + Int(seed % 4)
      let Q = random.quadraticTerm(n, rank: n)
      let (p, G) = (random.vector(n), random.matrix(n + 1, n))
      let h = Vector((0...n).map { _ in 0.2 + random.uniform() })
      let plain = try QuadraticProgram(Q: Q, p: p, G: G, h: h).solve()
      let noise = random.matrix(2, n)
      var rows = Matrix(rows: 2, columns: n)
      for i in 0..<2 { for j in 0..<n { rows[i, j] = 1e-16 * noise[i, j] } }
      let bound = [-2e-16, 0, 1e-12][Int(seed % 3)]
      let dense = try QuadraticProgram(
        Q: Q, p: p, G: G.stacked(on: rows), h: Vector(h.array + [bound, bound]), A: rows,
        b: [0, bound]
      ).solve()
      let sparse = try ConeProgram(
        P: SparseMatrix(Q), c: p, A: SparseMatrix(rows.stacked(on: G).stacked(on: rows)),
        b: Vector([0, bound] + h.array + [bound, bound]),
        cones: ConeProduct(zero: 2, nonnegative: n + 3)
      ).solve()
      #expect(plain.status == .optimal && dense.status == .optimal && sparse.status == .optimal)
      #expect((dense.x - plain.x).infinityNorm <= 1e-6 * (1 + plain.x.infinityNorm))
      #expect((sparse.x - plain.x).infinityNorm <= 1e-6 * (1 + plain.x.infinityNorm))
    }
  }

  /// A row that is noise for one item of a batch keeps its shared bound for the others.
  @Test func noiseOfOneItemIsNoneOfTheOthers() throws {
    // x₁ ≥ 0 beside x₂ ≥ -1 in items 0 and 2; the first row is noise in item 1.
    let row = Matrix([[-1, 0], [0, -1]])
    let noise = Matrix([[-1e-17, 0], [-1, -1]])
    let h = Vector([-1e-10, 1])
    let batch = try QuadraticProgramBatch(
      Q: BatchedMatrix(shared: [[1, 0], [0, 1]]), p: BatchedVector(shared: [1, 0]),
      G: BatchedMatrix([row, noise, row]), h: BatchedVector(shared: h))
    let solution = try batch.solve()
    #expect(solution.status == [.optimal, .optimal, .optimal])
    for item in [0, 2] {
      #expect(isClose(solution.x[item].array, [0, 0], absoluteTolerance: 1e-8).holds)
    }
    #expect(isClose(solution.x[1].array, [-1, 0], absoluteTolerance: 1e-8).holds)
  }

  @Test func noiseBesideCurvedCones() throws {
    // max y subject to x exp(y / x) ≤ 1: 1/e at x = 1/e.
    let exponential = try ConeProgram(
      c: [0, -1], A: [[1e-15, 0], [0, -1], [-1, 0], [0, 0]].sparse, b: [0, 0, 0, 1],
      cones: ConeProduct(zero: 1, exponential: 1)
    ).solve()
    #expect(exponential.status == .optimal)
    #expect(abs(exponential.objective + exp(-1)) <= 1e-7)
    // max z subject to |z| ≤ x^0.4 1^0.6, x ≤ 2.
    let power = try ConeProgram(
      c: [0, -1], A: [[0, 1e-16], [1, 0], [-1, 0], [0, 0], [0, -1]].sparse, b: [0, 2, 0, 1, 0],
      cones: ConeProduct(zero: 1, nonnegative: 1, power: [0.4])
    ).solve()
    #expect(power.status == .optimal)
    #expect(abs(power.objective + pow(2, 0.4)) <= 1e-7)
  }
}
