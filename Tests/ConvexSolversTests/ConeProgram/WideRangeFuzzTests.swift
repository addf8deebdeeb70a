import ConvexSolvers
import Foundation
import LinearAlgebra
import OptimizationCore
import Testing
import _TestSupport

/// Small programs of known optimum whose solutions range over many powers of ten: none is called infeasible
/// because the solution is far away, none optimal that is not, and nearly all are solved: where rounding of terms of
/// 1e8 and more leaves less than the tolerance asks for the status says so.
@Suite struct WideRangeFuzzTests {
  /// min t over t ≥ f(v), x = v, with f stated by one cone.
  enum Family: String, CaseIterable, Sendable {
    case square, exponential, inverse, power, norm, poisson

    /// The program for a value and its optimum.
    func program(_ v: Double, _ random: inout SeededGenerator) throws -> (ConeProgram, Double) {
      switch self {
      case .square:
        // (t + 1, 2x, t - 1) in the second-order cone.
        return (
          try ConeProgram(
            c: [0, 1], A: [[1, 0], [0, -1], [-2, 0], [0, -1]].sparse, b: [v, 1, 0, -1],
            cones: ConeProduct(zero: 1, secondOrder: [3])), v * v
        )
      case .exponential:
        return (
          try ConeProgram(
            c: [0, 1], A: [[1, 0], [-1, 0], [0, 0], [0, -1]].sparse, b: [v, 0, 1, 0],
            cones: ConeProduct(zero: 1, exponential: 1)), exp(v)
        )
      case .inverse:
        return (
          try ConeProgram(
            c: [0, 1], A: [[1, 0], [-1, 0], [0, -1], [0, 0]].sparse, b: [v, 0, 0, 1],
            cones: ConeProduct(zero: 1, power: [0.5])), 1 / v
        )
      case .power:
        // (t, 1, x) with |x| ≤ t^a: t = x^(1/a).
        let a = 0.3 + 0.5 * random.uniform()
        return (
          try ConeProgram(
            c: [0, 1], A: [[1, 0], [0, -1], [0, 0], [-1, 0]].sparse, b: [v, 0, 1, 0],
            cones: ConeProduct(zero: 1, power: [a])), pow(v, 1 / a)
        )
      case .norm:
        return (
          try ConeProgram(
            c: [0, 1], A: [[1, 0], [0, -1], [-1, 0], [0, 0]].sparse, b: [v, 0, 0, 3],
            cones: ConeProduct(zero: 1, secondOrder: [3])), (v * v + 9).squareRoot()
        )
      case .poisson:
        // min exp(x) - v x.
        return (
          try ConeProgram(
            c: [-v, 1], A: [[-1, 0], [0, 0], [0, -1]].sparse, b: [0, 1, 0],
            cones: ConeProduct(exponential: 1)), v - v * log(v)
        )
      }
    }

    /// The powers of ten that v takes; for the exponential v itself.
    var range: ClosedRange<Double> {
      switch self {
      case .square: -3...5
      case .exponential: -14...22
      case .inverse: -4...4
      case .power: -2...3
      case .norm: -3...8
      case .poisson: -2...7
      }
    }
  }

  @Test(arguments: Family.allCases) func conesOfOneValue(family: Family) throws {
    var solved = 0
    for seed in FuzzBudget.seeds(60) {
      var random = SeededGenerator(seed: seed)
      let range = family.range
      let draw = range.lowerBound + (range.upperBound - range.lowerBound) * random.uniform()
      let v = family == .exponential ? draw : pow(10, draw)
      let (program, optimum) = try family.program(v, &random)
      let solution = try program.solve()
      let isKnown: [SolveStatus] = [.optimal, .almostOptimal, .numericalError]
      #expect(isKnown.contains(solution.status), "\(family) at \(v): \(solution.status)")
      let error = abs(solution.objective - optimum) / (1 + abs(optimum))
      switch solution.status {
      case .optimal:
        #expect(error <= 1e-6, "\(family) at \(v): \(solution.objective), not \(optimum)")
        solved += 1
      case .almostOptimal:
        #expect(error <= 1e-3, "\(family) at \(v): \(solution.objective), not \(optimum)")
        solved += 1
      default: break
      }
    }
    #expect(Double(solved) >= 0.9 * Double(FuzzBudget.seeds(60).count), "\(family)")
  }

  /// Further attempts at an item are counted, and stop with the rest.
  @Test func furtherAttemptsAreCountedAndStopped() throws {
    var random = SeededGenerator(seed: 0)
    let (program, _) = try Family.exponential.program(20, &random)
    final class Log: @unchecked Sendable { var lines = 0 }
    func solve(stoppingAfter last: Int) throws -> (solution: ConeProgramSolution, lines: Int) {
      let log = Log()
      var settings = ConeProgramSettings()
      settings.iterationLog = { _ in
        log.lines += 1
        return log.lines <= last
      }
      return (try program.solve(settings: settings), log.lines)
    }
    let (whole, lines) = try solve(stoppingAfter: .max)
    #expect(whole.iterations > lines / 2, "\(whole.iterations) iterations, \(lines) lines")
    for last in stride(from: 1, to: lines, by: 7) {
      let stopped = try solve(stoppingAfter: last).solution
      #expect(stopped.status == .cancelled, "after \(last) lines")
    }
  }

  /// x[t+1] ≥ g x[t] from x[0] = 1: the optimum is gᵀ, by either path.
  @Test func growth() throws {
    for seed in FuzzBudget.seeds(60) {
      var random = SeededGenerator(seed: seed)
      let factor = 1.5 + 8.5 * random.uniform()
      let steps = max(1, Int(10.5 * random.uniform() / log10(factor)))
      let n = steps + 1
      var G = Matrix(rows: steps, columns: n)
      for t in 0..<steps {
        G[t, t] = factor
        G[t, t + 1] = -1
      }
      var A = Matrix(rows: 1, columns: n)
      A[0, 0] = 1
      var c = Vector.zeros(n)
      c[n - 1] = 1
      let optimum = pow(factor, Double(steps))
      let dense = try QuadraticProgram(
        p: c, G: G, h: Vector.zeros(steps), A: A, b: [1]
      ).solve()
      let sparse = try ConeProgram(
        c: c, A: SparseMatrix(A.stacked(on: G)),
        b: Vector([1] + [Double](repeating: 0, count: steps)),
        cones: ConeProduct(zero: 1, nonnegative: steps)
      ).solve()
      for (status, objective) in [
        (dense.status, dense.objective), (sparse.status, sparse.objective),
      ] {
        #expect(status.hasSolution, "\(factor) over \(steps): \(status)")
        let bound = status == .optimal ? 1e-6 : 1e-3
        #expect(abs(objective - optimum) <= bound * optimum, "\(factor) over \(steps)")
      }
    }
  }
}
