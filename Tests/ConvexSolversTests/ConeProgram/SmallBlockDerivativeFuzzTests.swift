import ConvexSolvers
import Foundation
import LinearAlgebra
import OptimizationCore
import Testing
import _TestSupport

/// Derivatives of programs with a cone that is many orders smaller than the others, against closed forms, and
/// of degenerate programs of known rank.
@Suite struct SmallBlockDerivativeFuzzTests {
  /// Minimizes c'x - Σ log-like terms: variables x and t, rows Σx = 1 and (t, x, prior) in the exponential
  /// cone, t <= -x log(x / prior).
  private func entropyProgram(c: [Double], prior: [Double]) throws -> ConeProgram {
    let n = c.count
    var A = [[Double](repeating: 0, count: 2 * n)]
    var b = [1.0]
    for i in 0..<n {
      A[0][i] = 1
      var t = [Double](repeating: 0, count: 2 * n)
      var x = t
      t[n + i] = -1
      x[i] = -1
      A += [t, x, [Double](repeating: 0, count: 2 * n)]
      b += [0, 0, prior[i]]
    }
    return try ConeProgram(
      c: Vector(c + [Double](repeating: -1, count: n)), A: SparseMatrix(Matrix(A)), b: Vector(b),
      cones: ConeProduct(zero: 1, exponential: n))
  }

  /// Solves min c'x + Σ x log(x / prior) on the simplex: x is proportional to prior exp(-c).
  @Test func softmaxAndRelativeEntropy() throws {
    var exact = 0
    let seeds = FuzzBudget.seeds(150)
    for seed in seeds {
      var random = SeededGenerator(seed: seed)
      let n = 2 + Int(seed % 4)
      let c = random.vector(n).array.map { 5 * $0 }
      let prior = random.vector(n).array.map { pow(10, -2.5 * abs($0)) }
      let solution = try entropyProgram(c: c, prior: prior).solve()
      #expect(solution.status == .optimal, "\(seed)")
      let weights = zip(c, prior).map { $1 * exp(-$0) }
      let sum = weights.reduce(0, +)
      let x = weights.map { $0 / sum }
      let k = Int(seed) % n
      var upstream = [Double](repeating: 0, count: 2 * n)
      upstream[k] = 1
      let gradient = try solution.vjp(x: Vector(upstream))
      guard gradient.certificate.kind == .exact else {
        #expect(gradient.certificate.isDegenerate, "\(seed): \(gradient.certificate)")
        continue
      }
      exact += 1
      for j in 0..<n {
        let jacobian = (j == k ? x[k] : 0) - x[k] * x[j]
        // Every entry to its own size, not only to that of the largest.
        let tolerance = 1e-5 * abs(jacobian) + 1e-11
        #expect(abs(gradient.c[j] + jacobian) <= tolerance, "\(seed): c[\(j)]")
        let change = jacobian / prior[j]
        #expect(
          abs(gradient.b[3 + 3 * j] - change) <= 1e-5 * abs(change) + 1e-11 / prior[j],
          "\(seed): prior[\(j)]")
      }
    }
    #expect(Double(exact) >= 0.97 * Double(seeds.count), "only \(exact) are exact")
  }

  /// Projects a onto x >= 0: the derivative is 1 where a > 0, 0 where a < 0, whatever its size.
  @Test func boundsOfVeryDifferentSizes() throws {
    for seed in FuzzBudget.seeds(100) {
      var random = SeededGenerator(seed: seed)
      let n = 3 + Int(seed % 5)
      var a = random.vector(n).array
      for i in 1..<n {
        a[i] = (a[i] < 0 ? -1 : 1) * pow(10, -8 * abs(a[i]).truncatingRemainder(dividingBy: 1))
      }
      a[0] = 1
      let program = try ConeProgram(
        P: SparseMatrix(Matrix.identity(n)), c: Vector(a.map(-)),
        A: SparseMatrix(-1 * Matrix.identity(n)),
        b: .zeros(n), cones: ConeProduct(nonnegative: n))
      let solution = try program.solve()
      #expect(solution.status == .optimal)
      let upstream = random.vector(n)
      let gradient = try solution.vjp(x: upstream)
      #expect(gradient.certificate.kind == .exact, "\(seed): \(a)")
      for i in 0..<n {
        #expect(abs(gradient.c[i] + (a[i] > 0 ? upstream[i] : 0)) < 1e-9, "\(seed): \(a)")
      }
    }
  }

  /// Every repeated equality adds one to the rank deficiency, every variable that nothing touches one to the
  /// free directions; no such program is called exact.
  @Test func knownRank() throws {
    for seed in FuzzBudget.seeds(300) {
      var random = SeededGenerator(seed: seed)
      let n = 3 + Int(seed % 6)
      let repeats = Int(seed % 3)
      let free = Int(seed / 3 % 3)
      if repeats + free == 0 { continue }
      // n variables with a definite quadratic term, then the free ones.
      let rows = 1 + Int(seed % 2)
      var A = (0..<rows).map { _ in random.vector(n).array }
      for _ in 0..<repeats {
        // A combination of all rows.
        let factors = random.vector(rows)
        A.append((0..<n).map { j in (0..<rows).reduce(0) { $0 + factors[$1] * A[$1][j] } })
      }
      let x = random.vector(n)
      let b = A.map { row in (0..<n).reduce(0) { $0 + row[$1] * x[$1] } }
      let zeros = [Double](repeating: 0, count: free)
      var P = Matrix(rows: n + free, columns: n + free)
      for i in 0..<n { P[i, i] = 1 + abs(x[i]) }
      let program = try ConeProgram(
        P: SparseMatrix(P), c: Vector(random.vector(n).array + zeros),
        A: SparseMatrix(Matrix(A.map { $0 + zeros })), b: Vector(b),
        cones: ConeProduct(zero: A.count))
      let solution = try program.solve()
      #expect(solution.status == .optimal, "\(seed)")
      let certificate = try solution.vjp(x: random.vector(n + free)).certificate
      #expect(certificate.kind == .leastNorm, "\(seed)")
      #expect(certificate.rankDeficiency == repeats, "\(seed)")
      #expect(certificate.freeDirections == free, "\(seed)")
    }
  }
}
