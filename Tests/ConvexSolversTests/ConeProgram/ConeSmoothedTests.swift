import ConvexSolvers
import LinearAlgebra
import OptimizationCore
import Testing
import _TestSupport

/// Derivatives of the central path, and derivatives for upstream gradients of any size.
@Suite struct ConeSmoothedTests {
  /// A program with a unique primal and dual solution and points inside both cones.
  private func data(_ kind: ConeKind, seed: UInt64) -> RandomConeProgram {
    var random = SeededGenerator(seed: seed &+ 300)
    let cones = kind.cones(&random)
    var (s, y): ([Double], [Double]) = ([], [])
    for cone in cones.cones {
      let pair = ComplementaryPair(cone, &random)
      s += pair.s
      y += pair.y
    }
    // Independent rows and a definite quadratic term.
    let n = cones.rows + 1
    return RandomConeProgram(
      cones: cones, s: Vector(s), y: Vector(y), variables: n, quadraticRank: n, &random)
  }

  /// x on the central path: the gradient of P is -½ (u x' + x u') and that of c is -u, so that the one
  /// divided by the other is x.
  private func centralPoint(_ program: ConeProgram, barrier: Double, weights: Vector) throws
    -> Vector?
  {
    let solution = try program.solve()
    guard solution.status == .optimal else { return nil }
    let gradient = try solution.vjp(x: weights, degenerate: .smoothed(barrier: barrier))
    guard gradient.certificate.kind == .smoothed, let P = gradient.P else { return nil }
    return Vector((0..<program.variables).map { P[$0, $0] / gradient.c[$0] })
  }

  @Test(arguments: ConeKind.allCases, [1e-1, 1e-3])
  func isTheDerivativeOfTheCentralPath(kind: ConeKind, barrier: Double) throws {
    var compared = 0
    for seed in 0..<8 as Range<UInt64> {
      let data = data(kind, seed: seed)
      let solution = try data.program.solve()
      try #require(solution.status == .optimal)
      let comparison = try ConeDerivativeComparison(
        data, solution, seed: seed, policy: .smoothed(barrier: barrier))
      guard comparison.gradient.certificate.kind == .smoothed else { continue }
      #expect(comparison.isAdjoint(), "\(kind) \(seed)")
      let step = 1e-5 * min(1, 10 * barrier)
      guard
        let above = try centralPoint(
          data.moved(by: step, along: comparison.change), barrier: barrier,
          weights: comparison.weights.x),
        let below = try centralPoint(
          data.moved(by: -step, along: comparison.change), barrier: barrier,
          weights: comparison.weights.x)
      else { continue }
      compared += 1
      #expect(
        isClose(
          comparison.tangent.x, (above - below) / (2 * step), relativeTolerance: 1e-4,
          absoluteTolerance: 1e-4
        ).holds, "\(kind) \(seed)")
    }
    #expect(compared >= 6, "\(kind): only \(compared) of 8 have a central path")
  }

  @Test(arguments: ConeKind.allCases) func approachesTheExactDerivative(kind: ConeKind) throws {
    var compared = 0
    for seed in 0..<8 as Range<UInt64> {
      let data = data(kind, seed: seed)
      let solution = try data.program.solve()
      let exact = try ConeDerivativeComparison(data, solution, seed: seed)
      #expect(exact.gradient.certificate.kind == .exact, "\(kind) \(seed)")
      let smoothed = try ConeDerivativeComparison(
        data, solution, seed: seed, policy: .smoothed(barrier: 1e-9))
      guard smoothed.gradient.certificate.kind == .smoothed else { continue }
      compared += 1
      #expect(
        isClose(
          smoothed.tangent.x, exact.tangent.x, relativeTolerance: 1e-4, absoluteTolerance: 1e-4
        ).holds, "\(kind) \(seed)")
    }
    #expect(compared >= 6, "\(kind): only \(compared) of 8")
  }

  @Test(arguments: ConeKind.allCases, [1e-12, 0x1p-40, 1e30])
  func gradientsScaleWithTheUpstreamGradient(kind: ConeKind, scale: Double) throws {
    for seed in 0..<5 as Range<UInt64> {
      let data = data(kind, seed: seed)
      let solution = try data.program.solve()
      var random = SeededGenerator(seed: seed)
      let (x, y) = (random.vector(data.c.count), random.vector(data.b.count))
      let whole = try solution.vjp(x: x, y: y)
      let small = try solution.vjp(x: scale * x, y: scale * y)
      #expect(small.certificate.kind == whole.certificate.kind)
      for (found, expected) in [
        (small.c, whole.c), (small.b, whole.b), (small.A.values, whole.A.values),
      ] {
        #expect(
          isClose(found / scale, expected, relativeTolerance: 1e-10).holds, "\(kind) \(seed)")
      }
      let change = data.perturbation(&random)
      let tangent = try solution.jvp(
        ConeProgramPerturbation(c: .init(shared: change.c), b: .init(shared: change.b)))
      let smallTangent = try solution.jvp(
        ConeProgramPerturbation(
          c: .init(shared: scale * change.c), b: .init(shared: scale * change.b)))
      #expect(isClose(smallTangent.x / scale, tangent.x, relativeTolerance: 1e-10).holds)
    }
  }

  /// Even where its square is too small for a number.
  @Test func tiniestUpstreamGradient() throws {
    let data = data(.nonnegative, seed: 1)
    let solution = try data.program.solve()
    let ones = Vector(repeating: 1, count: data.c.count)
    let whole = try solution.vjp(x: ones)
    let tiny = try solution.vjp(x: 0x1p-600 * ones)
    #expect(isClose(0x1p600 * tiny.c, whole.c).holds)
  }

  @Test func zeroUpstreamGivesZero() throws {
    let data = data(.mixed, seed: 1)
    let solution = try data.program.solve()
    let gradient = try solution.vjp()
    #expect(gradient.c.allSatisfy { $0 == 0 } && gradient.b.allSatisfy { $0 == 0 })
    #expect(gradient.A.values.allSatisfy { $0 == 0 })
    let tangent = try solution.jvp(ConeProgramPerturbation())
    #expect(tangent.x.allSatisfy { $0 == 0 } && tangent.y.allSatisfy { $0 == 0 })
  }

  @Test func shapesOfUpstreamGradients() throws {
    let data = data(.nonnegative, seed: 1)
    let solution = try data.program.solve()
    let (n, m) = (data.c.count, data.b.count)
    #expect(throws: ProblemError.shape(argument: "x", item: nil, expected: [n], actual: [n + 1])) {
      try solution.vjp(x: Vector.zeros(n + 1))
    }
    #expect(throws: ProblemError.shape(argument: "s", item: nil, expected: [m], actual: [0])) {
      try solution.vjp(s: [])
    }
    #expect(throws: ProblemError.shape(argument: "b", item: nil, expected: [m], actual: [m + 2])) {
      try solution.jvp(ConeProgramPerturbation(b: .init(shared: Vector.zeros(m + 2))))
    }
    #expect(throws: ProblemError.batchSize(argument: "c", expected: 1, actual: 2)) {
      try solution.jvp(
        ConeProgramPerturbation(
          c: BatchedVector(items: 2, count: n, elements: [Double](repeating: 0, count: 2 * n))))
    }
  }
}
