import ConvexSolvers
import LinearAlgebra
import OptimizationCore
import Testing
import _TestSupport

/// Solutions without a derivative, or with one that is hard to find: each is flagged, or right.
@Suite struct ConeDegenerateTests {
  struct Face: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let cones: ConeProduct
    let s: Vector
    let y: Vector
  }

  private static let common = {
    var random = SeededGenerator(seed: 3)
    return ComplementaryPair(order: 3, ranks: (1, 1), &random)
  }()

  /// Slack and dual that are complementary, but not strictly.
  static let degenerate = [
    Face(testDescription: "nonnegative row", cones: .init(nonnegative: 2), s: [0, 1], y: [0, 0]),
    Face(
      testDescription: "small second-order cone, slack at the origin",
      cones: .init(secondOrder: [3]), s: [0, 0, 0], y: [1, 0.6, 0.8]),
    Face(
      testDescription: "small second-order cone, dual at the origin",
      cones: .init(secondOrder: [3]), s: [1, 0.6, 0.8], y: [0, 0, 0]),
    Face(
      testDescription: "small second-order cone, both at the origin",
      cones: .init(secondOrder: [3]), s: [0, 0, 0], y: [0, 0, 0]),
    Face(
      testDescription: "large second-order cone, slack at the origin",
      cones: .init(secondOrder: [7]), s: [0, 0, 0, 0, 0, 0, 0], y: [1, 0.6, 0.8, 0, 0, 0, 0]),
    Face(
      testDescription: "large second-order cone, dual at the origin",
      cones: .init(secondOrder: [7]), s: [1, 0.6, 0.8, 0, 0, 0, 0], y: [0, 0, 0, 0, 0, 0, 0]),
    Face(
      testDescription: "semidefinite cone, common zero eigenvector",
      cones: .init(semidefinite: [3]), s: Vector(common.s), y: Vector(common.y)),
    Face(
      testDescription: "semidefinite cone, dual zero", cones: .init(semidefinite: [2]),
      s: [1, 0, 0], y: [0, 0, 0]),
    Face(
      testDescription: "exponential cone, dual at the origin", cones: .init(exponential: 1),
      s: [0, 1, 1], y: [0, 0, 0]),
    Face(
      testDescription: "exponential cone, slack at the origin", cones: .init(exponential: 1),
      s: [0, 0, 0], y: [-1, -1, 1]),
    Face(
      testDescription: "exponential cone, edge of the flat face", cones: .init(exponential: 1),
      s: [-1, 0, 0], y: [0, 1, 0]),
    Face(
      testDescription: "power cone, dual at the origin", cones: .init(power: [0.5]),
      s: [1, 1, 1], y: [0, 0, 0]),
    Face(
      testDescription: "power cone, slack at the origin", cones: .init(power: [0.5]),
      s: [0, 0, 0], y: [0.5, 0.5, -1]),
  ]

  /// A program with this slack and dual and otherwise regular: x is unique because P is definite, and y
  /// because the rows are independent.
  private func program(_ face: Face, seed: UInt64) -> RandomConeProgram {
    var random = SeededGenerator(seed: seed)
    let n = face.cones.rows + Int(seed % 2)
    return RandomConeProgram(
      cones: face.cones, s: face.s, y: face.y, variables: n, quadraticRank: n, &random)
  }

  @Test(arguments: degenerate, 0..<5 as Range<UInt64>)
  func faceIsFlagged(face: Face, seed: UInt64) throws {
    let data = program(face, seed: seed)
    let solution = try data.program.solve()
    try #require(solution.status == .optimal)
    let comparison = try ConeDerivativeComparison(data, solution, seed: seed)
    #expect(comparison.gradient.certificate.isDegenerate)
    #expect(comparison.gradient.certificate.kind == .leastNorm)
    #expect(comparison.tangent.certificate.kind == .leastNorm)
    #expect(comparison.isAdjoint())
    let upstream = comparison.weights.x
    let refused = try solution.vjp(x: upstream, degenerate: .nan)
    #expect(refused.certificate.kind == .undefined && refused.c.allSatisfy(\.isNaN))
    #expect(try solution.vjp(x: 0 * upstream, degenerate: .nan).c.allSatisfy { $0 == 0 })
    #expect(
      try solution.jvp(comparison.change.perturbation, degenerate: .nan).x.allSatisfy(\.isNaN))
    let error = #expect(throws: DerivativeError.self) {
      try solution.vjp(x: upstream, degenerate: .throwing)
    }
    guard case .degenerate(0, let certificate) = error else {
      Issue.record("another error: \(String(describing: error))")
      return
    }
    #expect(certificate.isDegenerate)
  }

  private static func repeated(_ order: Int, _ ranks: (Int, Int)) -> Face {
    var random = SeededGenerator(seed: UInt64(order))
    let pair = ComplementaryPair(order: order, ranks: ranks, isRepeated: true, &random)
    return Face(
      testDescription: "repeated eigenvalues, order \(order), ranks \(ranks)",
      cones: .init(semidefinite: [order]), s: Vector(pair.s), y: Vector(pair.y))
  }

  /// Faces where the solution map is smooth although the geometry looks singular.
  static let smooth = [
    repeated(3, (2, 1)), repeated(4, (2, 2)), repeated(5, (1, 4)), repeated(3, (3, 0)),
    repeated(3, (0, 3)),
    Face(
      testDescription: "exponential cone, inside of the flat face", cones: .init(exponential: 1),
      s: [-1, 0, 1], y: [0, 1, 0]),
    Face(
      testDescription: "exponential cone, edge with a dual inside the opposite face",
      cones: .init(exponential: 1), s: [-1, 0, 0], y: [0, 1, 1]),
    Face(
      testDescription: "dual exponential cone, inside of the flat face",
      cones: .init(dualExponential: 1), s: [0, 1, 1], y: [-1, 0, 0]),
    Face(
      testDescription: "dual exponential cone, edge with a dual inside the opposite face",
      cones: .init(dualExponential: 1), s: [0, 1, 0], y: [-1, 0, 1]),
  ]

  @Test(arguments: smooth, 0..<5 as Range<UInt64>)
  func smoothFaceIsExact(face: Face, seed: UInt64) throws {
    let data = program(face, seed: seed)
    let solution = try data.program.solve()
    try #require(solution.status == .optimal)
    let comparison = try ConeDerivativeComparison(data, solution, seed: seed)
    #expect(comparison.isAdjoint())
    let certificate = comparison.gradient.certificate
    // Some of the random matrices have dependent rows, and the program more than one dual.
    if certificate.rankDeficiency > 0 { return }
    #expect(certificate.kind == .exact)
    #expect(try comparison.agreesWithDifferences())
  }

  // MARK: - Cases that can be worked out by hand

  @Test func weaklyActiveRow() throws {
    // min x²/2 subject to x ≤ 0.
    let solution = try ConeProgram(
      P: [[1.0]].sparse, c: [0], A: [[1.0]].sparse, b: [0], cones: ConeProduct(nonnegative: 1)
    ).solve()
    #expect(solution.status == .optimal && abs(solution.x[0]) <= 1e-9)
    let gradient = try solution.vjp(x: [1])
    #expect(gradient.certificate.weaklyActive == [0])
    #expect(abs(gradient.c[0]) <= 1e-9)
    for barrier in [1e-2, 1e-4, 1e-8] {
      let smoothed = try solution.vjp(x: [1], degenerate: .smoothed(barrier: barrier))
      #expect(smoothed.certificate.kind == .smoothed)
      #expect(abs(smoothed.c[0] + 0.5) <= 1e-7)
    }
    for barrier in [0, -1, Double.infinity, .nan] {
      let error = #expect(throws: DerivativeError.self) {
        try solution.vjp(x: [1], degenerate: .smoothed(barrier: barrier))
      }
      guard case .invalidBarrier = error else {
        Issue.record("another error: \(String(describing: error))")
        continue
      }
    }
  }

  @Test func linearProgramWithFaceOfOptima() throws {
    // min x₁ + x₂ subject to x₁ + x₂ = 1, x ≥ 0: every point of the edge is optimal.
    let solution = try ConeProgram(
      c: [1, 1], A: [[1, 1], [-1, 0], [0, -1]].sparse, b: [1, 0, 0],
      cones: ConeProduct(zero: 1, nonnegative: 2)
    ).solve()
    #expect(solution.status == .optimal && abs(solution.objective - 1) <= 1e-9)
    let gradient = try solution.vjp(x: [1, 0])
    #expect(gradient.certificate.kind == .leastNorm && gradient.certificate.freeDirections == 1)
    #expect(abs(gradient.b[0] - 0.5) <= 1e-9)
    #expect(gradient.c.infinityNorm <= 1e-9)
    // On the central path x₁ = x₂ = 1/2 and dx₁/dc₁ = -1 / (8 μ).
    for barrier in [1e-2, 1e-4] {
      let smoothed = try solution.vjp(x: [1, 0], degenerate: .smoothed(barrier: barrier))
      #expect(isClose(smoothed.c[0], -1 / (8 * barrier), relativeTolerance: 1e-6).holds)
    }
  }

  @Test func duplicatedActiveRow() throws {
    // min (x - 2)²/2 subject to x ≤ 1 twice.
    let solution = try ConeProgram(
      P: [[1.0]].sparse, c: [-2], A: [[1], [1]].sparse, b: [1, 1],
      cones: ConeProduct(nonnegative: 2)
    ).solve()
    let gradient = try solution.vjp(x: [1])
    #expect(gradient.certificate.kind == .leastNorm && gradient.certificate.rankDeficiency == 1)
    #expect(isClose(gradient.b, [0.5, 0.5], absoluteTolerance: 1e-9).holds)
    #expect(abs(gradient.c[0]) <= 1e-9)
    let smoothed = try solution.vjp(x: [1], degenerate: .smoothed(barrier: 1e-6))
    #expect(isClose(smoothed.b, [0.5, 0.5], absoluteTolerance: 1e-4).holds)
  }

  @Test func variablePinnedByOppositeRows() throws {
    // x ≤ 0 and -x ≤ 0 with multipliers zero: x cannot move.
    let solution = try ConeProgram(
      P: [[1.0]].sparse, c: [0], A: [[1], [-1]].sparse, b: [0, 0],
      cones: ConeProduct(nonnegative: 2)
    ).solve()
    #expect(solution.status == .optimal)
    let gradient = try solution.vjp(x: [1])
    #expect(gradient.certificate.kind == .leastNorm && gradient.certificate.isDegenerate)
    #expect(abs(gradient.c[0]) <= 1e-9)
    #expect(isClose(gradient.b, [0.5, -0.5], absoluteTolerance: 1e-9).holds)
    // There is no inside, hence no central path.
    let smoothed = try solution.vjp(x: [1], degenerate: .smoothed(barrier: 1e-4))
    #expect(smoothed.certificate.kind == .undefined && smoothed.c[0].isNaN)
  }

  @Test func dependentEqualities() throws {
    let solution = try ConeProgram(
      P: SparseMatrix(Matrix.identity(2)), c: [0, 0], A: [[1, 1], [2, 2]].sparse, b: [1, 2],
      cones: ConeProduct(zero: 2)
    ).solve()
    let gradient = try solution.vjp(x: [1, 1])
    #expect(gradient.certificate.kind == .leastNorm && gradient.certificate.rankDeficiency == 1)
    #expect(isClose(gradient.b, [0.2, 0.4], absoluteTolerance: 1e-9).holds)
  }
}
