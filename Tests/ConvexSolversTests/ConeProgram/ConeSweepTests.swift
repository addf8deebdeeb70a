import ConvexSolvers
import LinearAlgebra
import OptimizationCore
import Testing
import _TestSupport

/// Thousands of random cone programs over every cone, made from a known solution: answers against the
/// optimality conditions and the truth, derivatives against each other and against differences.
@Suite struct ConeSweepTests {
  private static let seeds: UInt64 = 400

  @Test(arguments: ConeKind.allCases)
  func solutionsAndDerivatives(kind: ConeKind) throws {
    var tally = Tally()
    for seed in 0..<Self.seeds {
      let data = RandomConeProgram(kind, seed: seed)
      let program = try data.program
      let solution = try program.solve()
      guard solution.status == .optimal else {
        tally.unsolved.append(seed)
        continue
      }
      // The certificate of optimality, recomputed; the cones are violated by rounding at most.
      let error = program.optimalityError(x: solution.x, y: solution.y, s: solution.s)
      if !(error <= 2e-8) { tally.notOptimal.append(seed) }
      if !(solution.residuals.largest <= 1e-9) { tally.inaccurate.append(seed) }
      try checkDerivatives(data, solution, seed, &tally)
    }
    let one = Double(Self.seeds) / 100
    #expect(Double(tally.unsolved.count) <= one, "\(kind): not solved \(tally.unsolved)")
    #expect(Double(tally.inaccurate.count) <= 3 * one, "\(kind): not to 1e-9 \(tally.inaccurate)")
    #expect(
      Double(tally.illConditioned.count) <= 5 * one,
      "\(kind): derivatives without any accuracy \(tally.illConditioned)")
    #expect(tally.notOptimal.isEmpty, "\(kind): called optimal, but is not \(tally.notOptimal)")
    #expect(tally.wrongPoint.isEmpty, "\(kind): exact, but another point \(tally.wrongPoint)")
    #expect(tally.notAdjoint.isEmpty, "\(kind): the modes differ \(tally.notAdjoint)")
    #expect(
      tally.contradicted.isEmpty, "\(kind): contradicted by differences \(tally.contradicted)")
    #expect(
      Double(tally.exact) >= kind.leastExactShare * Double(Self.seeds),
      "\(kind): only \(tally.exact) of \(Self.seeds) are differentiable")
  }

  private struct Tally {
    var exact = 0
    var unsolved: [UInt64] = []
    var inaccurate: [UInt64] = []
    /// Derivatives whose certificate says that the system could not be solved.
    var illConditioned: [UInt64] = []
    var notOptimal: [UInt64] = []
    var wrongPoint: [UInt64] = []
    var notAdjoint: [UInt64] = []
    var contradicted: [UInt64] = []
  }

  private func checkDerivatives(
    _ data: RandomConeProgram, _ solution: ConeProgramSolution, _ seed: UInt64,
    _ tally: inout Tally
  ) throws {
    let comparison = try ConeDerivativeComparison(data, solution, seed: seed)
    let certificate = comparison.gradient.certificate
    let kinds = [certificate.kind, comparison.tangent.certificate.kind]
    if kinds.contains(.undefined) || comparison.admittedError > 1e-2 {
      #expect(certificate.kind != .exact || certificate.errorEstimate <= 1e-2)
      tally.illConditioned.append(seed)
    } else {
      // Exact modes agree to rounding, others to what they admit.
      let tolerance = kinds == [.exact, .exact] ? 1e-7 : max(1e-7, 10 * comparison.admittedError)
      if !comparison.isAdjoint(tolerance: tolerance) { tally.notAdjoint.append(seed) }
      #expect(certificate.isDegenerate == (certificate.kind == .leastNorm))
    }
    guard kinds == [.exact, .exact] else { return }
    tally.exact += 1
    for (found, truth) in [(solution.x, data.x), (solution.y, data.y), (solution.s, data.s)]
    where !isClose(found, truth, relativeTolerance: 1e-6, absoluteTolerance: 1e-6).holds {
      tally.wrongPoint.append(seed)
    }
    if try !comparison.agreesWithDifferences() { tally.contradicted.append(seed) }
  }
}

extension ConeKind {
  /// The share of programs of this kind that are differentiable, at least. A random program with fewer
  /// active rows than variables has no unique solution unless its quadratic term makes up for it.
  fileprivate var leastExactShare: Double { self == .equalities ? 0.25 : 0.35 }
}
