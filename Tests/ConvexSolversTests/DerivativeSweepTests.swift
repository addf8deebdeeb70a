import ConvexSolvers
import LinearAlgebra
import OptimizationCore
import Testing
import _TestSupport

/// Thousands of random problems of every kind: derivatives against central differences and against
/// each other; whatever the differences contradict must be flagged.
@Suite struct DerivativeSweepTests {
  private static let seeds = 300

  @Test(
    arguments: ProgramKind.allCases, [QuadraticProgramSettings.Method.automatic, .interiorPoint])
  func derivativesAgreeWithDifferences(
    kind: ProgramKind, method: QuadraticProgramSettings.Method
  ) throws {
    var exact = 0
    var contradicted: [UInt64] = []
    var unsolved: [UInt64] = []
    for seed in 0..<UInt64(Self.seeds) {
      let data = RandomProgram(kind, seed: seed)
      let settings = QuadraticProgramSettings(method: method)
      let solution = try data.program.solve(settings: settings)
      guard solution.status == .optimal else {
        unsolved.append(seed)
        continue
      }
      try requireOptimality(data, solution)
      var random = SeededGenerator(seed: seed ^ 77)
      let (wx, wl, wn) = (
        random.vector(data.p.count), random.vector(data.h.count), random.vector(data.b.count)
      )
      let gradient = try solution.vjp(x: wx, lambda: wl, nu: wn)
      let change = data.perturbation(seed: seed)
      let tangent = try solution.jvp(
        Q: change.Q, p: change.p, G: change.G, h: change.h, A: change.A, b: change.b)
      let reverse =
        (change.Q.map { gradient.Q.inner($0) } ?? 0) + gradient.p.dot(change.p)
        + gradient.G.inner(change.G) + gradient.h.dot(change.h) + gradient.A.inner(change.A)
        + gradient.b.dot(change.b)
      let forward = wx.dot(tangent.x) + wl.dot(tangent.lambda) + wn.dot(tangent.nu)
      let size = 1 + abs(forward) + abs(reverse)
      guard gradient.certificate.kind == .exact else { continue }
      exact += 1
      #expect(
        abs(forward - reverse) <= 1e-7 * size, "\(kind) seed \(seed): \(forward) and \(reverse)")
      var agrees = false
      for step in [1e-5, 1e-6, 1e-7] where !agrees {
        guard
          let difference = try centralDifference(
            data, change, step, settings: settings,
            loss: { wx.dot($0.x) + wl.dot($0.lambda) + wn.dot($0.nu) })
        else { continue }
        agrees = abs(difference - reverse) <= 1e-6 * size
      }
      if !agrees { contradicted.append(seed) }
    }
    #expect(contradicted.isEmpty, "\(kind): exact, but contradicted by differences")
    #expect(unsolved.isEmpty, "\(kind): not solved")
    #expect(
      Double(exact) >= kind.leastExactShare * Double(Self.seeds),
      "\(kind): only \(exact) of \(Self.seeds) are differentiable")
  }

  private func centralDifference(
    _ data: RandomProgram, _ change: RandomProgram, _ step: Double,
    settings: QuadraticProgramSettings, loss: (QuadraticProgramSolution) -> Double
  ) throws -> Double? {
    let above = try data.moved(by: step, along: change).program.solve(settings: settings)
    let below = try data.moved(by: -step, along: change).program.solve(settings: settings)
    guard above.status == .optimal, below.status == .optimal else { return nil }
    return (loss(above) - loss(below)) / (2 * step)
  }
}

/// The optimality conditions, from the data alone.
func requireOptimality(_ data: RandomProgram, _ solution: QuadraticProgramSolution) throws {
  let (x, lambda, nu) = (solution.x, solution.lambda, solution.nu)
  let curvature = data.Q.map { $0 * x } ?? Vector.zeros(x.count)
  let pull = data.G.transposeTimes(lambda)
  let hold = data.A.transposeTimes(nu)
  let products = (data.G * x)
  let values = (data.A * x)
  var size = 1.0
  for j in 0..<x.count {
    size = max(size, abs(curvature[j]), abs(data.p[j]), abs(pull[j]), abs(hold[j]))
  }
  for j in 0..<x.count {
    #expect(abs(curvature[j] + data.p[j] + pull[j] + hold[j]) <= 1e-8 * size)
  }
  var primalSize = 1.0
  for i in 0..<products.count { primalSize = max(primalSize, abs(products[i])) }
  for i in 0..<products.count {
    #expect(products[i] <= data.h[i] + 1e-8 * primalSize)
    #expect(lambda[i] >= 0)
    if lambda[i] > 0 {
      #expect(lambda[i] * (data.h[i] - products[i]) <= 1e-7 * size * primalSize)
    }
  }
  for i in 0..<values.count {
    #expect(abs(values[i] - data.b[i]) <= 1e-8 * (1 + abs(data.b[i]) + primalSize))
  }
}

extension ProgramKind {
  /// The share of problems of this kind that are differentiable, at least.
  fileprivate var leastExactShare: Double {
    switch self {
    case .strictlyConvex, .box, .equalitiesOnly, .unconstrained, .semidefinite, .linear,
      .absentBounds:
      0.98
    case .badlyScaled: 0.95
    case .duplicatedRows: 0.6
    case .degenerateVertex: 0.15
    case .dependentEqualities: 0
    }
  }
}
