import CKernels
import LinearAlgebra
import OptimizationCore

extension ProblemView {
  /// A proof that the constraints contradict each other from approximate multipliers: corrected until the rows of
  /// the support cancel, scaled to `hᵀlambda + bᵀnu = -1`, and judged by `InfeasibilityRule`. Nil if it
  /// isn't one.
  func primalRay(
    lambda: UnsafePointer<Double>, nu: UnsafePointer<Double>, relativeTolerance: Double = 1e-9
  ) -> QuadraticProgramRay? {
    var ray = Vector(repeating: 0, count: e + m)
    for i in 0..<e { ray[i] = nu[i] }
    for j in 0..<m where lambda[j] > 0 && isBounded(j) { ray[e + j] = lambda[j] }
    guard ray.isFinite else { return nil }
    // Twice the precision is only worth its price near a proof; most iterates are far from one.
    guard isNearRay(ray) else { return nil }
    let first = CandidateRay(self, ray)
    let hardness = InfeasibilityRule.hardness(relativeTolerance)
    if let proof = proof(first, hardness) { return proof }
    // Rows whose multiplier would become negative leave the support.
    let largest = ray.infinityNorm
    for row in e..<e + m where ray[row] <= 1e-6 * largest { ray[row] = 0 }
    var support = (0..<e + m).filter { $0 < e || ray[$0] > 0 }
    for _ in 0..<20 {
      guard let corrected = corrected(ray, support: support) else { return nil }
      let kept = support.filter { $0 < e || corrected[$0].value > 0 }
      for row in support where row >= e && !(corrected[row].value > 0) { ray[row] = 0 }
      if kept.count == support.count { return proof(CandidateRay(self, corrected), hardness) }
      support = kept
    }
    return nil
  }

  /// Whether multipliers come near to a proof, in the precision of doubles.
  private func isNearRay(_ ray: Vector) -> Bool {
    var pull = Vector.zeros(n)
    pull.withUnsafeMutableBufferPointer {
      let multipliers = ray.storage.pointer
      addTransposed(lambda: multipliers + e, nu: multipliers, to: $0.baseAddress!)
    }
    var value = 0.0
    var terms = 0.0
    for index in 0..<e + m where ray[index] != 0 {
      value -= bound(index) * ray[index]
      terms = max(terms, ray[index].magnitude * ck_largest(n, row(index)))
    }
    return value > 0 && pull.reduce(0) { $0 + $1.magnitude } <= 1e-6 * max(terms, value)
  }

  private func proof(_ candidate: CandidateRay, _ hardness: Double) -> QuadraticProgramRay? {
    guard
      InfeasibilityRule.acceptsPrimal(
        value: candidate.value.value, pull: candidate.size, weight: candidate.weight,
        hardness: hardness)
    else { return nil }
    let value = candidate.value.value
    return .primalInfeasible(
      lambda: Vector((0..<m).map { candidate.y[e + $0].value / value }),
      nu: Vector((0..<e).map { candidate.y[$0].value / value }))
  }

  /// The right-hand side of a canonical row.
  fileprivate func bound(_ row: Int) -> Double { row < e ? b[row] : h[row - e] }

  /// Corrects the multipliers of the support, relative to their sizes, until the rows cancel to rounding.
  private func corrected(_ ray: Vector, support: [Int]) -> DoubleDoubleVector? {
    var y = DoubleDoubleVector(count: e + m)
    for row in 0..<e + m { y[row] = DoubleDouble(ray[row]) }
    let largest = max(ray.infinityNorm, 1e-300)
    // δ = -W²C (CᵀW²C)⁻¹ r with the rows C of the support and W the sizes of their multipliers.
    let sizes = support.map { max(ray[$0].magnitude, 1e-6 * largest) }
    var gram = Matrix(rows: n, columns: n)
    for (place, index) in support.enumerated() {
      let source = row(index)
      let weight = sizes[place] * sizes[place]
      for i in 0..<n where source[i] != 0 {
        for j in 0..<n { gram[i, j] += weight * source[i] * source[j] }
      }
    }
    var trace = 0.0
    for j in 0..<n { trace = max(trace, gram[j, j]) }
    guard trace > 0, trace.isFinite else { return y }
    for j in 0..<n { gram[j, j] += 1e-13 * trace + (gram[j, j] == 0 ? trace : 0) }
    guard let factor = try? Cholesky(gram) else { return nil }
    var last = Double.infinity
    for _ in 0..<20 {
      let candidate = CandidateRay(self, y)
      if candidate.size <= 1e-30 * candidate.terms || candidate.size >= 0.9 * last { break }
      last = candidate.size
      let shift = factor.solve(Vector((0..<n).map { candidate.pull[$0].value }))
      for (place, index) in support.enumerated() {
        let step = -sizes[place] * sizes[place] * ck_dot(n, row(index), shift.storage.pointer)
        y[index] += DoubleDouble(step)
      }
    }
    return y
  }

  /// A proof that the objective is unbounded below on any feasible set, from an approximate direction: corrected
  /// until Q, the equalities and the inequalities that it runs along leave it unchanged, scaled to
  /// `pᵀx = -1`, and judged by `InfeasibilityRule`. Nil if it isn't one.
  func dualRay(x direction: UnsafePointer<Double>) -> QuadraticProgramRay? {
    let x = Vector(direction, n)
    let descent = -ck_dot(n, p, direction)
    let size = x.infinityNorm
    guard descent > 1e-12 * ck_largest(n, p) * size, descent.isFinite else { return nil }
    // Rows of Q, then the canonical rows; those that the direction runs along must be met exactly.
    var rows: [UnsafePointer<Double>] = isLinear ? [] : (0..<n).map { Q + $0 * n }
    rows += (0..<e).map { A + $0 * n }
    for row in rows where abs(ck_dot(n, row, direction)) > 1e-6 * ck_largest(n, row) * size {
      // A row of Q is small beside the others, or there is curvature.
      if isLinear || abs(ck_dot(n, row, direction)) > 1e-6 * ck_largest(n * n, Q) * size {
        return nil
      }
    }
    for j in 0..<m where isBounded(j) {
      let row = G + j * n
      let product = ck_dot(n, row, direction)
      let scale = ck_largest(n, row) * size
      if product > 1e-6 * scale { return nil }
      if product > -1e-7 * scale { rows.append(row) }
    }
    var corrected = DoubleDoubleVector(count: n)
    for j in 0..<n { corrected[j] = DoubleDouble(x[j]) }
    if let proof = proof(direction: corrected) { return proof }
    correct(&corrected, along: rows)
    return proof(direction: corrected)
  }

  private func proof(direction x: DoubleDoubleVector) -> QuadraticProgramRay? {
    let descent = -x.dot(p).value
    var violation = 0.0
    if !isLinear { for i in 0..<n { violation += x.dot(Q + i * n).value.magnitude } }
    for i in 0..<e { violation += x.dot(A + i * n).value.magnitude }
    for j in 0..<m where isBounded(j) { violation += max(0, x.dot(G + j * n).value) }
    var terms = 0.0
    for j in 0..<n { terms += (p[j] * x[j].value).magnitude }
    guard
      InfeasibilityRule.acceptsDual(descent: descent, terms: terms, violation: violation)
    else { return nil }
    return .dualInfeasible(x: Vector((0..<n).map { x[$0].value / descent }))
  }

  /// Takes the part of a direction away that rows see, each row weighted alike.
  private func correct(_ x: inout DoubleDoubleVector, along rows: [UnsafePointer<Double>]) {
    var gram = Matrix(rows: n, columns: n)
    let scales = rows.map { 1 / max(ck_largest(n, $0), 1e-300) }
    for (row, scale) in zip(rows, scales) {
      for i in 0..<n where row[i] != 0 {
        let factor = scale * scale * row[i]
        for j in 0..<n { gram[i, j] += factor * row[j] }
      }
    }
    // x - (I - (I + K/ε)⁻¹) x: a proximal step towards the null space of K, repeated.
    var trace = 0.0
    for j in 0..<n { trace = max(trace, gram[j, j]) }
    guard trace > 0, trace.isFinite else { return }
    let regularization = 1e-10 * trace
    for j in 0..<n { gram[j, j] += regularization }
    guard let factor = try? Cholesky(gram) else { return }
    for _ in 0..<12 {
      var right = Vector.zeros(n)
      var largest = 0.0
      for (row, scale) in zip(rows, scales) {
        let value = x.dot(row).value * scale
        largest = max(largest, value.magnitude)
        for j in 0..<n { right[j] += value * scale * row[j] }
      }
      if largest == 0 { return }
      let step = factor.solve(right)
      for j in 0..<n { x[j] += DoubleDouble(-step[j]) }
    }
  }
}

/// Multipliers of the canonical rows with what they are judged by.
private struct CandidateRay {
  let y: DoubleDoubleVector
  let pull: DoubleDoubleVector
  /// -bᵀy.
  let value: DoubleDouble
  /// Σ |y_i| (1 + |b_i|).
  let weight: Double
  /// The largest term of the sums in `pull`.
  let terms: Double
  /// |Cᵀy|₁.
  let size: Double

  init(_ problem: ProblemView, _ y: Vector) {
    var values = DoubleDoubleVector(count: y.count)
    for row in 0..<y.count { values[row] = DoubleDouble(y[row]) }
    self.init(problem, values)
  }

  init(_ problem: ProblemView, _ y: DoubleDoubleVector) {
    var pull = DoubleDoubleVector(count: problem.n)
    var value = DoubleDouble(0)
    var weight = 0.0
    var terms = 0.0
    for row in 0..<problem.e + problem.m where y[row].high != 0 {
      let source = problem.row(row)
      for j in 0..<problem.n where source[j] != 0 { pull[j] += y[row] * source[j] }
      let bound = problem.bound(row)
      value += y[row] * -bound
      weight += y[row].value.magnitude * (1 + bound.magnitude)
      terms = max(terms, y[row].value.magnitude * ck_largest(problem.n, source))
    }
    self.y = y
    self.pull = pull
    self.value = value
    self.weight = weight
    self.terms = terms
    size = pull.oneNorm
  }
}
