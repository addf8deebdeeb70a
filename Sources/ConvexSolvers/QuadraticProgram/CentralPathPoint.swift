import CKernels
import LinearAlgebra
import OptimizationCore

/// The point of the central path with barrier μ (`lambda_j slack_j = μ` for every inequality), and the
/// linear system of its derivatives,
///
///     [Q       Gᵀ       Aᵀ] [x]   [a]
///     [G  -slack/lambda  0 ] [u] = [c]
///     [A        0        0 ] [v]   [d]
///
/// Everything is smooth here, whatever the solution at μ = 0 is like.
final class CentralPathPoint {
  private let problem: ProblemView
  private let n: Int
  private let m: Int
  private let e: Int
  private let bounded: [Int]
  private let buffer: AlignedBuffer
  let point: PointView
  private var factor: LDLT?

  /// Damped Newton steps from a solution; nil if they do not converge.
  init?(_ problem: ProblemView, near solution: PointView, barrier: Double) {
    self.problem = problem
    n = problem.n
    m = problem.m
    e = problem.e
    bounded = (0..<m).filter { problem.isBounded($0) }
    buffer = AlignedBuffer(repeating: 0, count: n + 2 * m + e)
    let base = buffer.pointer
    point = PointView(x: base, lambda: base + n, nu: base + n + m, slack: base + n + m + e)
    point.x.update(from: solution.x, count: n)
    point.nu.update(from: solution.nu, count: e)
    let root = barrier.squareRoot()
    for j in bounded {
      point.slack[j] = max(solution.slack[j], root)
      point.lambda[j] = max(solution.lambda[j], root)
    }
    guard converge(barrier: barrier) else { return nil }
  }

  private func converge(barrier: Double) -> Bool {
    let scratch = OptimalityScratch(n: n, e: e)
    var products = [Double](repeating: 0, count: m)
    var violation = Vector.zeros(m)
    var last = Double.infinity
    for _ in 0..<200 {
      problem.multiplyQ(point.x, scratch.stationarity)
      for j in 0..<n { scratch.stationarity[j] += problem.p[j] }
      problem.addTransposed(lambda: point.lambda, nu: point.nu, to: scratch.stationarity)
      ck_multiply(e, n, problem.A, n, point.x, scratch.equality)
      var error = ck_largest(n, scratch.stationarity)
      for i in 0..<e {
        scratch.equality[i] -= problem.b[i]
        error = maximum(error, abs(scratch.equality[i]))
      }
      for j in bounded {
        violation[j] =
          ck_dot(n, problem.G + j * n, point.x) + point.slack[j] - problem.h[j]
        products[j] = point.lambda[j] * point.slack[j] - barrier
        error = maximum(error, maximum(abs(violation[j]), abs(products[j])))
      }
      guard error.isFinite, refactor() else { return false }
      if error < 1e-13 || (error < 1e-9 && error > 0.5 * last) {
        // Where no point is strictly inside the bounds, slacks shrink below the violations.
        return bounded.allSatisfy { abs(violation[$0]) <= 1e-3 * point.slack[$0] }
      }
      last = error

      var a = Vector.zeros(n)
      var c = Vector.zeros(m)
      var d = Vector.zeros(e)
      for k in 0..<n { a[k] = -scratch.stationarity[k] }
      for j in bounded { c[j] = -violation[j] + products[j] / point.lambda[j] }
      for i in 0..<e { d[i] = -scratch.equality[i] }
      _ = solve(x: &a, u: &c, v: &d)
      var length = 1.0
      for j in bounded {
        let slackStep = -(products[j] + point.slack[j] * c[j]) / point.lambda[j]
        violation[j] = slackStep
        if slackStep < 0 { length = min(length, -0.99 * point.slack[j] / slackStep) }
        if c[j] < 0 { length = min(length, -0.99 * point.lambda[j] / c[j]) }
      }
      for k in 0..<n { point.x[k] += length * a[k] }
      for i in 0..<e { point.nu[i] += length * d[i] }
      for j in bounded {
        point.lambda[j] += length * c[j]
        point.slack[j] += length * violation[j]
      }
    }
    return false
  }

  /// Factors the system with the inequalities eliminated.
  private func refactor() -> Bool {
    var K = Matrix(rows: n + e, columns: n + e)
    for i in 0..<n where !problem.isLinear {
      for j in 0..<n { K[i, j] = problem.Q[i * n + j] }
    }
    for j in bounded {
      let weight = point.lambda[j] / point.slack[j]
      let row = problem.G + j * n
      for i in 0..<n where row[i] != 0 {
        for k in 0..<n { K[i, k] += weight * row[i] * row[k] }
      }
    }
    for i in 0..<e {
      for j in 0..<n {
        K[n + i, j] = problem.A[i * n + j]
        K[j, n + i] = problem.A[i * n + j]
      }
    }
    factor = try? LDLT(K)
    return factor != nil
  }

  /// Solves in place and returns the relative residual.
  func solve(x: inout Vector, u: inout Vector, v: inout Vector) -> Double {
    let target = (x, u, v)
    eliminate(&x, &u, &v)
    let size = max(
      1e-300, ck_largest(n, target.0.storage.pointer), ck_largest(m, target.1.storage.pointer),
      ck_largest(e, target.2.storage.pointer))
    var error = Double.infinity
    for _ in 0..<3 {
      var (r, s, t) = remainder(x, u, v, target)
      let next =
        max(
          ck_largest(n, r.storage.pointer), ck_largest(m, s.storage.pointer),
          ck_largest(e, t.storage.pointer)) / size
      guard next < error else { break }
      error = next
      guard error > 1e-15 else { break }
      eliminate(&r, &s, &t)
      for k in 0..<n { x[k] += r[k] }
      for j in 0..<m { u[j] += s[j] }
      for i in 0..<e { v[i] += t[i] }
    }
    return error
  }

  private func eliminate(_ x: inout Vector, _ u: inout Vector, _ v: inout Vector) {
    guard let factor else { return }
    var right = Vector.zeros(n + e)
    for k in 0..<n { right[k] = x[k] }
    for i in 0..<e { right[n + i] = v[i] }
    for j in bounded {
      let weight = point.lambda[j] / point.slack[j] * u[j]
      for k in 0..<n { right[k] += weight * problem.G[j * n + k] }
    }
    let solution = factor.solve(right)
    for k in 0..<n { x[k] = solution[k] }
    for i in 0..<e { v[i] = solution[n + i] }
    for j in 0..<m {
      guard problem.isBounded(j) else {
        u[j] = 0
        continue
      }
      let product = ck_dot(n, problem.G + j * n, x.storage.pointer)
      u[j] = point.lambda[j] / point.slack[j] * (product - u[j])
    }
  }

  private func remainder(
    _ x: Vector, _ u: Vector, _ v: Vector, _ target: (Vector, Vector, Vector)
  ) -> (Vector, Vector, Vector) {
    var (r, s, t) = (Vector.zeros(n), Vector.zeros(m), target.2)
    r.withUnsafeMutableBufferPointer { r in
      guard let base = r.baseAddress else { return }
      problem.multiplyQ(x.storage.pointer, base)
      problem.addTransposed(lambda: u.storage.pointer, nu: v.storage.pointer, to: base)
      for k in 0..<n { base[k] = target.0[k] - base[k] }
    }
    for j in bounded {
      s[j] =
        target.1[j] - ck_dot(n, problem.G + j * n, x.storage.pointer)
        + point.slack[j] / point.lambda[j] * u[j]
    }
    for i in 0..<e { t[i] -= ck_dot(n, problem.A + i * n, x.storage.pointer) }
    return (r, s, t)
  }
}
