import CKernels
import LinearAlgebra
import OptimizationCore

extension ProblemView {
  /// A proof that the constraints contradict each other from approximate multipliers: projected onto
  /// `Gᵀlambda + Aᵀnu = 0`, scaled to `hᵀlambda + bᵀnu = -1`, and checked. Nil if it does not hold to
  /// 1e-8 of the size of the terms, or if its value is zero but for rounding: the constraints may just
  /// touch.
  func primalRay(lambda: UnsafePointer<Double>, nu: UnsafePointer<Double>) -> QuadraticProgramRay? {
    var ray = (lambda: Vector(lambda, m), nu: Vector(nu, e))
    for j in 0..<m where !(ray.lambda[j] > 0) || !isBounded(j) { ray.lambda[j] = 0 }
    // The projection is only worth its price near a proof.
    guard normalizedPrimalRay(ray, relativeTolerance: 1e-6, absoluteTolerance: .infinity) != nil
    else { return nil }
    let candidates = [projectedPrimalRay(ray), ray].compactMap { $0 }
    for candidate in candidates {
      // A proof for all x up to a size of 1e5 or more.
      if let proof = normalizedPrimalRay(
        candidate, relativeTolerance: 1e-8, absoluteTolerance: 1e-5)
      {
        return .primalInfeasible(lambda: proof.lambda, nu: proof.nu)
      }
    }
    return nil
  }

  /// The multipliers scaled to value -1, if the rows cancel to the tolerances.
  private func normalizedPrimalRay(
    _ ray: (lambda: Vector, nu: Vector), relativeTolerance: Double, absoluteTolerance: Double
  ) -> (lambda: Vector, nu: Vector)? {
    var (lambda, nu) = ray
    var value = 0.0
    var terms = 0.0
    for j in 0..<m where lambda[j] > 0 {
      value += h[j] * lambda[j]
      terms += abs(h[j] * lambda[j])
    }
    for i in 0..<e {
      value += b[i] * nu[i]
      terms += abs(b[i] * nu[i])
    }
    guard value < -1e-10 * terms, value.isFinite else { return nil }
    for j in 0..<m { lambda[j] /= -value }
    for i in 0..<e { nu[i] /= -value }
    var pull = Vector.zeros(n)
    pull.withUnsafeMutableBufferPointer {
      addTransposed(lambda: lambda.storage.pointer, nu: nu.storage.pointer, to: $0.baseAddress!)
    }
    var size = 0.0
    for j in 0..<m where lambda[j] > 0 { size = max(size, lambda[j] * ck_largest(n, G + j * n)) }
    for i in 0..<e { size = max(size, abs(nu[i]) * ck_largest(n, A + i * n)) }
    guard pull.infinityNorm <= min(relativeTolerance * size, absoluteTolerance) else { return nil }
    return (lambda, nu)
  }

  /// The nearest multipliers with the same support for which the rows cancel exactly; rows whose
  /// multiplier would become negative leave the support.
  private func projectedPrimalRay(_ ray: (lambda: Vector, nu: Vector)) -> (
    lambda: Vector, nu: Vector
  )? {
    let largest = max(ray.lambda.infinityNorm, 1e-300)
    var support = (0..<m).filter { ray.lambda[$0] > 1e-6 * largest }
    for _ in 0..<20 {
      guard let projected = projectedPrimalRay(ray, support: support) else { return nil }
      let kept = support.filter { projected.lambda[$0] > 0 }
      if kept.count == support.count { return projected }
      support = kept
    }
    return nil
  }

  private func projectedPrimalRay(_ ray: (lambda: Vector, nu: Vector), support: [Int]) -> (
    lambda: Vector, nu: Vector
  )? {
    let rows = Array(0..<e) + support.map { e + $0 }
    guard n + rows.count <= GeneralActiveSystem.mostUnknowns else { return nil }
    var columns = Matrix(rows: n, columns: rows.count)
    var norms = [Double](repeating: 1, count: rows.count)
    for (a, index) in rows.enumerated() {
      let source = row(index)
      norms[a] = max(ck_dot(n, source, source).squareRoot(), 1e-300)
      for j in 0..<n { columns[j, a] = source[j] / norms[a] }
    }
    guard let basis = GeneralActiveSystem.nullSpace(of: columns) else { return nil }
    let weights = Vector(
      rows.enumerated().map { a, index in
        norms[a] * (index < e ? ray.nu[index] : ray.lambda[index - e])
      })
    var result = (lambda: Vector.zeros(m), nu: Vector.zeros(e))
    for d in 0..<basis.columns {
      var product = 0.0
      for a in 0..<rows.count { product += basis[a, d] * weights[a] }
      for (a, index) in rows.enumerated() {
        let part = product * basis[a, d] / norms[a]
        if index < e { result.nu[index] += part } else { result.lambda[index - e] += part }
      }
    }
    return result
  }

  /// A proof that the objective is unbounded below on any feasible set, from an approximate direction:
  /// projected onto the rows that it leaves unchanged, scaled to `pᵀx = -1`, and checked. Nil if `Qx = 0`,
  /// `Gx ≤ 0` and `Ax = 0` do not hold to 1e-8 of the size of the terms.
  func dualRay(x: UnsafePointer<Double>) -> QuadraticProgramRay? {
    guard let normalized = normalizedDualRay(Vector(x, n)) else { return nil }
    let projected = projectedDualRay(normalized).flatMap(normalizedDualRay)
    return .dualInfeasible(x: projected ?? normalized)
  }

  private func normalizedDualRay(_ direction: Vector) -> Vector? {
    var x = direction
    let descent = ck_dot(n, p, x.storage.pointer)
    guard descent < -1e-12 * ck_largest(n, p) * ck_largest(n, x.storage.pointer),
      descent.isFinite
    else { return nil }
    for j in 0..<n { x[j] /= -descent }
    let size = ck_largest(n, x.storage.pointer)
    var curvature = Vector.zeros(n)
    curvature.withUnsafeMutableBufferPointer { multiplyQ(x.storage.pointer, $0.baseAddress!) }
    let steepest = isLinear ? 0 : ck_largest(n * n, Q)
    guard ck_largest(n, curvature.storage.pointer) <= 1e-8 * steepest * size else { return nil }
    for j in 0..<m where isBounded(j) {
      let row = G + j * n
      guard ck_dot(n, row, x.storage.pointer) <= 1e-8 * ck_largest(n, row) * size else {
        return nil
      }
    }
    for i in 0..<e {
      let row = A + i * n
      guard abs(ck_dot(n, row, x.storage.pointer)) <= 1e-8 * ck_largest(n, row) * size else {
        return nil
      }
    }
    return x
  }

  /// The nearest direction that Q, the equalities and the inequalities it runs along leave unchanged.
  private func projectedDualRay(_ x: Vector) -> Vector? {
    let size = ck_largest(n, x.storage.pointer)
    let along = (0..<m).filter { j in
      isBounded(j)
        && abs(ck_dot(n, G + j * n, x.storage.pointer)) <= 1e-7 * ck_largest(n, G + j * n) * size
    }
    var stacked: [[Double]] = []
    func append(_ source: UnsafePointer<Double>, _ scale: Double) {
      guard scale > 0 else { return }
      stacked.append((0..<n).map { source[$0] / scale })
    }
    if !isLinear {
      let steepest = ck_largest(n * n, Q)
      for i in 0..<n { append(Q + i * n, steepest) }
    }
    for i in 0..<e { append(A + i * n, ck_largest(n, A + i * n)) }
    for j in along { append(G + j * n, ck_largest(n, G + j * n)) }
    guard !stacked.isEmpty else { return x }
    guard let basis = GeneralActiveSystem.nullSpace(of: Matrix(stacked)) else { return nil }
    var result = Vector.zeros(n)
    for d in 0..<basis.columns {
      var product = 0.0
      for j in 0..<n { product += basis[j, d] * x[j] }
      for j in 0..<n { result[j] += product * basis[j, d] }
    }
    return result
  }
}
