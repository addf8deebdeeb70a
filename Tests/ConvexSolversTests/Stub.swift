import ConvexSolvers
import Foundation
import LinearAlgebra
import OptimizationCore
import Testing

struct RNG: RandomNumberGenerator {
  var s: UInt64
  mutating func next() -> UInt64 {
    s &+= 0x9E37_79B9_7F4A_7C15
    var z = s
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
  mutating func normal() -> Double {
    let u = Double.random(in: 1e-300..<1, using: &self), v = Double.random(in: 0..<1, using: &self)
    return (-2 * log(u)).squareRoot() * cos(2 * .pi * v)
  }
}

func randomBatch(_ n: Int, _ m: Int, _ e: Int, _ B: Int, shared: Bool, seed: UInt64) throws -> QuadraticProgramBatch {
  var r = RNG(s: seed)
  func mat(_ a: Int, _ b: Int) -> Matrix { Matrix(rows: a, columns: b, elements: (0..<a * b).map { _ in r.normal() }) }
  func psd() -> Matrix {
    let L = mat(n, n)
    var Q = Matrix(rows: n, columns: n)
    for i in 0..<n { for j in 0...i {
      var t = 0.0
      for k in 0..<n { t += L[i, k] * L[j, k] }
      if i == j { t += 1e-3 }
      Q[i, j] = t; Q[j, i] = t } }
    return Q
  }
  var Qs: [Matrix] = [], Gs: [Matrix] = [], As: [Matrix] = [], ps: [Vector] = [], hs: [Vector] = [], bs: [Vector] = []
  for k in 0..<B {
    if k == 0 || !shared { Qs.append(psd()); Gs.append(mat(m, n)); As.append(mat(e, n)) }
    let G = Gs.last!, A = As.last!
    let z = (0..<n).map { _ in r.normal() }
    ps.append(Vector((0..<n).map { _ in r.normal() }))
    hs.append(Vector((0..<m).map { i in (0..<n).reduce(0.0) { $0 + G[i, $1] * z[$1] } + Double.random(in: 0..<1, using: &r) }))
    bs.append(Vector((0..<e).map { i in (0..<n).reduce(0.0) { $0 + A[i, $1] * z[$1] } }))
  }
  return try QuadraticProgramBatch(
    items: B, Q: shared ? BatchedMatrix(shared: Qs[0]) : BatchedMatrix(Qs), p: BatchedVector(ps),
    G: shared ? BatchedMatrix(shared: Gs[0]) : BatchedMatrix(Gs, rows: m, columns: n), h: BatchedVector(hs, count: m),
    A: shared ? BatchedMatrix(shared: As[0]) : BatchedMatrix(As, rows: e, columns: n), b: BatchedVector(bs, count: e))
}

@Test func quick() throws {
  for (n, m, e) in [(10, 5, 0), (10, 10, 5), (50, 50, 10), (100, 100, 50), (128, 128, 0)] {
    for shared in [true, false] {
      let batch = try randomBatch(n, m, e, 32, shared: shared, seed: 7)
      for method in [QuadraticProgramSettings.Method.automatic, .interiorPoint] {
        let clock = ContinuousClock()
        var best = Double.infinity, bb = Double.infinity
        var sol = try batch.solve(settings: .init(method: method))
        let up = BatchedVector(items: 32, count: n, elements: [Double](repeating: 1, count: 32 * n))
        for _ in 0..<(method == .automatic ? 20 : 3) {
          var s = QuadraticProgramSettings(method: method); s.threads = 1
          let t = try clock.measure { sol = try batch.solve(settings: s) }
          best = min(best, Double(t.components.attoseconds) * 1e-15 / 32)
          if method == .automatic {
          let t2 = try clock.measure { _ = try sol.vjp(x: up, threads: 1) }
          bb = min(bb, Double(t2.components.attoseconds) * 1e-15 / 32) }
        }
        let g = try sol.vjp(x: up, threads: 1)
        print(n, m, e, shared, method, "fwd ms", best, "bwd ms", bb, "iters", sol.iterations.max()!, Set(sol.status), "res", sol.residuals.map(\.largest).max()!, "active", (0..<m).filter { sol.lambda[0][$0] > 0 }.count, Set(g.certificates.map(\.kind)), g.certificates.map(\.errorEstimate).max()!)
      }
    }
  }
}
