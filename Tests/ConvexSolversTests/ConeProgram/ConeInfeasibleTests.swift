import ConvexSolvers
import LinearAlgebra
import OptimizationCore
import Testing
import _TestSupport

/// Programs without a solution in every cone: the proofs are checked from the data alone.
@Suite struct ConeInfeasibleTests {
  /// Every cone by itself, and all together.
  static let cones: [(name: String, cones: ConeProduct)] = [
    ("zero", ConeProduct(zero: 3)), ("nonnegative", ConeProduct(nonnegative: 4)),
    ("free and nonnegative", ConeProduct(free: 2, nonnegative: 3)),
    ("small second-order", ConeProduct(secondOrder: [3])),
    ("large second-order", ConeProduct(secondOrder: [9])),
    ("semidefinite", ConeProduct(semidefinite: [3])),
    ("exponential", ConeProduct(exponential: 2)),
    ("dual exponential", ConeProduct(dualExponential: 2)),
    ("power", ConeProduct(power: [0.3, 0.6])), ("dual power", ConeProduct(power: [-0.3, -0.6])),
    (
      "mixed",
      ConeProduct(
        zero: 1, free: 1, nonnegative: 2, secondOrder: [3, 6], semidefinite: [2], exponential: 1,
        dualExponential: 1, power: [0.4, -0.7])
    ),
  ]

  /// A point well inside the cone (or its dual).
  private func inside(_ cones: ConeProduct, ofDual isDual: Bool, _ random: inout SeededGenerator)
    -> Vector
  {
    Vector(
      cones.cones.flatMap { cone -> [Double] in
        switch isDual ? cone.dual : cone {
        case .zero(let count): [Double](repeating: 0, count: count)
        case .free(let count): (0..<count).map { _ in random.normal() }
        case .nonnegative(let count): (0..<count).map { _ in 0.5 + random.uniform() }
        case .secondOrder(let count): [2] + (1..<count).map { _ in 0.4 * random.normal() }
        case .semidefinite(let order): symmetricVector(order) { i, j in i == j ? 1.5 : 0.2 }
        case .exponential: [-0.5, 0.7, 1.5]
        case .dualExponential: [-0.7, 0.5, 1.5]
        case .power: [1, 1.2, 0.1]
        }
      })
  }

  @Test(arguments: cones, 0..<8 as Range<UInt64>)
  func primalInfeasible(named: (name: String, cones: ConeProduct), seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let (m, n) = (named.cones.rows, 1 + Int(seed % 3))
    let proof = inside(named.cones, ofDual: true, &random)
    // The columns of A are orthogonal to the proof, and b'proof = -1 in some scale.
    let scale = [1e-2, 1, 30][Int(seed % 3)]
    var A = random.matrix(m, n)
    let square = proof.dot(proof)
    for j in 0..<n {
      let product = (0..<m).reduce(0) { $0 + A[$1, j] * proof[$1] }
      for i in 0..<m { A[i, j] -= product / square * proof[i] }
    }
    var b = random.vector(m)
    b.add(proof, scaledBy: -(b.dot(proof) + scale) / square)
    let P = seed % 2 == 0 ? nil : SparseMatrix(random.quadraticTerm(n, rank: 1))
    // Dual feasible, so that it is not unbounded as well.
    let c = -A.transposeTimes(inside(named.cones, ofDual: true, &random))
    let program = try ConeProgram(P: P, c: c, A: SparseMatrix(A), b: b, cones: named.cones)
    let solution = try program.solve()
    try #require(solution.status == .primalInfeasible, "\(solution.status) \(named.name)")
    guard case .primalInfeasible(let y) = solution.ray else {
      Issue.record("no ray")
      return
    }
    let size = max(1, y.infinityNorm)
    #expect(abs(program.b.dot(y) + 1) <= 1e-9)
    #expect(program.A.transposeTimes(y).infinityNorm <= 1e-7 * size)
    #expect(named.cones.violation(y, ofDual: true) <= 1e-9 * size)
    try expectNoSolution(solution)
  }

  @Test(arguments: cones, 0..<8 as Range<UInt64>)
  func dualInfeasible(named: (name: String, cones: ConeProduct), seed: UInt64) throws {
    var random = SeededGenerator(seed: seed + 100)
    let (m, n) = (named.cones.rows, 2 + Int(seed % 3))
    // A direction that the rows allow and P does not see, and that the objective falls along.
    let direction = random.vector(n)
    let slack = inside(named.cones, ofDual: false, &random)
    var A = random.matrix(m, n)
    let square = direction.dot(direction)
    let image = A * direction
    for i in 0..<m {
      for j in 0..<n { A[i, j] -= (image[i] + slack[i]) / square * direction[j] }
    }
    var c = random.vector(n)
    c.add(direction, scaledBy: -(c.dot(direction) + 1) / square)
    var P: SparseMatrix?
    if seed % 2 == 1 {
      var v = random.vector(n)
      v.add(direction, scaledBy: -v.dot(direction) / square)
      var outer = Matrix(rows: n, columns: n)
      for i in 0..<n { for j in 0..<n { outer[i, j] = v[i] * v[j] } }
      P = SparseMatrix(outer)
    }
    // Feasible: b = Ax + s.
    let b = A * random.vector(n) + inside(named.cones, ofDual: false, &random)
    let program = try ConeProgram(P: P, c: c, A: SparseMatrix(A), b: b, cones: named.cones)
    let solution = try program.solve()
    try #require(solution.status == .dualInfeasible, "\(solution.status) \(named.name)")
    guard case .dualInfeasible(let x, let s) = solution.ray else {
      Issue.record("no ray")
      return
    }
    let size = max(1, x.infinityNorm, s.infinityNorm)
    #expect(abs(c.dot(x) + 1) <= 1e-9)
    #expect((program.A * x + s).infinityNorm <= 1e-7 * size)
    #expect((P.map { $0 * x } ?? Vector.zeros(n)).infinityNorm <= 1e-7 * size)
    #expect(named.cones.violation(s) <= 1e-9 * size)
    try expectNoSolution(solution)
  }

  /// NaN where there is no answer, and derivatives that say so.
  private func expectNoSolution(_ solution: ConeProgramSolution) throws {
    #expect(solution.x.allSatisfy(\.isNaN) && solution.y.allSatisfy(\.isNaN))
    #expect(solution.s.allSatisfy(\.isNaN) && solution.objective.isNaN)
    let ones = Vector(repeating: 1, count: solution.x.count)
    let gradient = try solution.vjp(x: ones)
    #expect(gradient.certificate.kind == .undefined && gradient.certificate.errorEstimate.isNaN)
    #expect(gradient.c.allSatisfy(\.isNaN) && gradient.b.allSatisfy(\.isNaN))
    #expect(try solution.vjp(x: 0 * ones).c.allSatisfy { $0 == 0 })
    #expect(throws: DerivativeError.unsolved(item: 0, status: solution.status)) {
      try solution.vjp(x: ones, degenerate: .throwing)
    }
    let smoothed = try solution.vjp(x: ones, degenerate: .smoothed(barrier: 1e-3))
    #expect(smoothed.certificate.kind == .undefined && smoothed.c.allSatisfy(\.isNaN))
  }

  @Test func smallestPrograms() throws {
    let impossible = try ConeProgram(
      c: [1], A: [[0]].sparse, b: [-1], cones: ConeProduct(nonnegative: 1)
    ).solve()
    #expect(impossible.status == .primalInfeasible)
    #expect(impossible.ray == .primalInfeasible(y: [1]))
    let crossed = try ConeProgram(
      c: [0], A: [[1], [-1]].sparse, b: [-1, 0.5], cones: ConeProduct(nonnegative: 2)
    ).solve()
    #expect(crossed.status == .primalInfeasible)
    let unbounded = try ConeProgram(
      c: [1], A: SparseMatrix.zeros(rows: 0, columns: 1), b: [], cones: ConeProduct()
    ).solve()
    #expect(unbounded.status == .dualInfeasible)
    #expect(unbounded.ray == .dualInfeasible(x: [-1], s: []))
    let absent = try ConeProgram(
      c: [-1], A: [[1]].sparse, b: [.infinity], cones: ConeProduct(nonnegative: 1)
    ).solve()
    #expect(absent.status == .dualInfeasible)
    let flat = try ConeProgram(
      c: [0, 0], A: SparseMatrix.zeros(rows: 0, columns: 2), b: [], cones: ConeProduct()
    ).solve()
    #expect(flat.status == .optimal && flat.objective == 0)
  }
}

extension Array<[Double]> {
  /// The sparse matrix with these rows.
  var sparse: SparseMatrix { SparseMatrix(Matrix(self)) }
}
