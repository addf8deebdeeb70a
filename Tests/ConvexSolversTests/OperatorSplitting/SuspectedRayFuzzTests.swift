import ConvexSolvers
import Foundation
import LinearAlgebra
import Testing
import _TestSupport

/// Operator splitting on programs with large solutions, which look infeasible for a long time, and on programs
/// that are.
@Suite struct SuspectedRayFuzzTests {
  /// x[0] = 1 and x[t + 1] >= 2 x[t]: feasible, with x up to 2^steps.
  private func growth(steps: Int) throws -> SparseQuadraticProgram {
    var A = Matrix(rows: steps + 1, columns: steps + 1)
    var upper = [1.0]
    A[0, 0] = 1
    for t in 0..<steps {
      A[t + 1, t] = 2
      A[t + 1, t + 1] = -1
      upper.append(0)
    }
    let lower = [1.0] + [Double](repeating: -.infinity, count: steps)
    var q = Vector.zeros(steps + 1)
    q[steps] = 1
    return try SparseQuadraticProgram(
      P: SparseMatrix(Matrix(rows: steps + 1, columns: steps + 1)), q: q, A: SparseMatrix(A),
      lower: Vector(lower), upper: Vector(upper))
  }

  @Test(arguments: [10, 20, 27, 30]) func growingChainsAreNotInfeasible(steps: Int) throws {
    var settings = AlternatingDirectionsSettings()
    settings.maximumIterations = 3000
    let answer = try AlternatingDirections(growth(steps: steps), settings: settings).solve()
    #expect(![.primalInfeasible, .dualInfeasible].contains(answer.status))
    if answer.status == .optimal {
      #expect(isClose(answer.objective, pow(2, Double(steps)), relativeTolerance: 1e-3).holds)
    }
  }

  @Test(arguments: [1e2, 1e4, 1e6]) func largeSquaresAreNotInfeasible(x: Double) throws {
    // t >= x^2: (1 + t, 1 - t, 2x) in the second-order cone.
    let program = try ConeProgram(
      c: [0, 1], A: SparseMatrix([[1, 0], [0, -1], [0, 1], [-2, 0]]), b: [x, 1, 1, 0],
      cones: ConeProduct(zero: 1, secondOrder: [3]))
    var settings = HomogeneousSplittingSettings()
    settings.maximumIterations = 3000
    let answer = try HomogeneousSplitting(program, settings: settings).solve().solution
    #expect(![.primalInfeasible, .dualInfeasible].contains(answer.status))
  }

  @Test func contradictionsAreProven() throws {
    for seed in FuzzBudget.seeds(20) {
      var random = SeededGenerator(seed: seed)
      let n = 3 + Int(seed % 4)
      // a'x >= 1 for some rows whose sum is zero.
      var rows = (0..<n).map { _ in random.vector(n).array }
      rows.append((0..<n).map { j in -rows.reduce(0) { $0 + $1[j] } })
      let m = rows.count
      let program = try SparseQuadraticProgram(
        P: SparseMatrix(Matrix.identity(n)), q: random.vector(n), A: SparseMatrix(Matrix(rows)),
        lower: Vector(repeating: 1, count: m), upper: Vector(repeating: .infinity, count: m))
      let answer = try AlternatingDirections(program).solve()
      #expect(answer.status == .primalInfeasible, "\(seed)")
      guard case .primalInfeasible(let y) = answer.ray else {
        Issue.record("no ray: \(seed)")
        continue
      }
      // The proof excludes every x below 1e12.
      #expect(program.A.transposeTimes(y).array.reduce(0) { $0 + abs($1) } <= 1e-12)
      #expect(y.allSatisfy { $0 <= 0 })
      #expect(abs(y.array.reduce(0, +) + 1) < 1e-9)
    }
  }
}
