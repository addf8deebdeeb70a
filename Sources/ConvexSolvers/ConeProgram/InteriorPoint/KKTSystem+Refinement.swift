import CKernels
import LinearAlgebra

/// Solving with the regularized factor and with refinement that takes the regularization out again.
extension KKTSystem {
  /// Solves PΔx + AᵀΔz = r₁, AΔx - HΔz = r₂ with refinement; false if the result is not finite.
  func solve(_ r1: Numbers, _ r2: Numbers, x: Numbers, z: Numbers) -> Bool {
    let n = layout.variables
    let m = layout.rows
    x.update(repeating: 0, count: n)
    z.update(repeating: 0, count: m)
    residualX.update(from: r1, count: n)
    residualZ.update(from: r2, count: m)
    let size = max(maximum(r1, n), weightedMaximum(r2))
    if size == 0 { return true }
    var best = size
    for iteration in 0..<15 {
      solveOnce(residualX, residualZ, x: stepX, z: stepZ)
      let error = correct(r1, r2, x: x, z: z)
      if !error.isFinite { return false }
      if iteration > 0 && error > best {
        undoCorrection(r1, r2, x: x, z: z)
        break
      }
      let improvement = best / error
      best = error
      if error <= accuracy * size || (iteration > 0 && improvement < 4) { break }
    }
    // Twice: the second time from better rounded residuals. A residual that stays large altogether tells of a
    // system without a solution, on the way to a proof of infeasibility; the regularized one serves there.
    for _ in 0..<2 where best > 1e-9 * size && best < 1e-3 * size {
      guard let error = minimizeResidual(r1, r2, x: x, z: z), error < best else { break }
      best = error
    }
    solveResidual = max(solveResidual, best / size)
    return true
  }

  /// Solves the equations with the regularization in them, which needs no more than the factor's own rounding
  /// removed; false if the result is not finite.
  func solveRegularized(_ r1: Numbers, _ r2: Numbers, x: Numbers, z: Numbers) -> Bool {
    let n = layout.variables
    let m = layout.rows
    solveOnce(r1, r2, x: x, z: z)
    for _ in 0..<2 {
      residual(r1, r2, x: x, z: z, into: residualX, residualZ)
      for j in 0..<n where pattern.unknownOfVariable[j] >= 0 {
        residualX[j] -= variableRegularization * x[j]
      }
      for i in 0..<m where pattern.unknownOfRow[i] >= 0 {
        residualZ[i] += rowRegularization * z[i]
      }
      solveOnce(residualX, residualZ, x: stepX, z: stepZ)
      addScaled(n, 1, stepX, x)
      addScaled(m, 1, stepZ, z)
    }
    return maximum(x, n).isFinite && maximum(z, m).isFinite
  }

  /// Adds the step at hand; returns the size of the residual, which is written where the next step starts.
  private func correct(_ r1: Numbers, _ r2: Numbers, x: Numbers, z: Numbers) -> Double {
    addScaled(layout.variables, 1, stepX, x)
    addScaled(layout.rows, 1, stepZ, z)
    residual(r1, r2, x: x, z: z, into: residualX, residualZ)
    return max(maximum(residualX, layout.variables), weightedMaximum(residualZ))
  }

  private func undoCorrection(_ r1: Numbers, _ r2: Numbers, x: Numbers, z: Numbers) {
    addScaled(layout.variables, -1, stepX, x)
    addScaled(layout.rows, -1, stepZ, z)
    residual(r1, r2, x: x, z: z, into: residualX, residualZ)
  }

  /// Corrects (x, z), whose residual is at hand, by the combination of up to eight preconditioned Krylov
  /// vectors that leaves the least residual (GMRES preconditioned from the right, Saad 2003, section 9.3).
  /// Where a few directions are drowned by the regularization, plain refinement hardly converges, and this
  /// finds them one by one.
  ///
  /// - Returns: the size of the residual; nil if the point is as it was.
  private func minimizeResidual(
    _ r1: Numbers, _ r2: Numbers, x: Numbers, z: Numbers
  ) -> Double? {
    let n = layout.variables
    let m = layout.rows
    let size = n + m
    let steps = Self.krylovSteps
    let basis = krylovVectors.pointer
    let directions = basis + (steps + 1) * size
    let kept = directions + steps * size
    kept.update(from: x, count: n)
    (kept + n).update(from: z, count: m)
    let before = max(maximum(residualX, n), weightedMaximum(residualZ))

    loadWeightedResidual(into: basis)
    let start = ck_dot(size, basis, basis).squareRoot()
    guard start > 0 else { return nil }
    for i in 0..<size { basis[i] /= start }
    var problem = HessenbergLeastSquares(size: start)
    for step in 0..<steps {
      let v = basis + step * size
      residualX.update(from: v, count: n)
      for i in 0..<m { residualZ[i] = v[n + i] / weights[i] }
      let direction = directions + step * size
      solveOnce(residualX, residualZ, x: direction, z: direction + n)
      // The residual for a right-hand side of zero: minus the matrix times the direction.
      stepX.update(repeating: 0, count: n)
      stepZ.update(repeating: 0, count: m)
      residual(stepX, stepZ, x: direction, z: direction + n, into: residualX, residualZ)
      let next = basis + (step + 1) * size
      loadWeightedResidual(into: next)
      for i in 0..<size { next[i] = -next[i] }
      var column = [Double](repeating: 0, count: step + 2)
      for _ in 0..<2 {
        for k in 0...step {
          let product = ck_dot(size, basis + k * size, next)
          column[k] += product
          addScaled(size, -product, basis + k * size, next)
        }
      }
      column[step + 1] = ck_dot(size, next, next).squareRoot()
      guard problem.append(column) else { break }
      if problem.residual < 1e-4 * start || column[step + 1] == 0 { break }
      for i in 0..<size { next[i] /= column[step + 1] }
    }
    stepX.update(repeating: 0, count: n)
    stepZ.update(repeating: 0, count: m)
    for (step, factor) in problem.solution().enumerated() {
      addScaled(n, factor, directions + step * size, stepX)
      addScaled(m, factor, directions + step * size + n, stepZ)
    }
    let error = correct(r1, r2, x: x, z: z)
    // In a system without a solution nothing is gained, and a long step would only be noise.
    if error < 0.5 * before { return error }
    x.update(from: kept, count: n)
    z.update(from: kept + n, count: m)
    residual(r1, r2, x: x, z: z, into: residualX, residualZ)
    return nil
  }

  private func loadWeightedResidual(into v: Numbers) {
    v.update(from: residualX, count: layout.variables)
    for i in 0..<layout.rows { v[layout.variables + i] = residualZ[i] * weights[i] }
  }
}

/// min |H y - size e₁| for an upper Hessenberg matrix that grows by columns, by Givens rotations.
private struct HessenbergLeastSquares {
  private var columns: [[Double]] = []
  private var rotations: [(cosine: Double, sine: Double)] = []
  private var rightSide: [Double]

  init(size: Double) { rightSide = [size] }

  /// What the best y leaves.
  var residual: Double { rightSide[columns.count].magnitude }

  /// Adds a column; false, with nothing added, if it does not help or is not finite.
  mutating func append(_ given: [Double]) -> Bool {
    var column = given
    let last = columns.count
    for (k, rotation) in rotations.enumerated() {
      let upper = column[k]
      column[k] = rotation.cosine * upper + rotation.sine * column[k + 1]
      column[k + 1] = rotation.cosine * column[k + 1] - rotation.sine * upper
    }
    let radius = (column[last] * column[last] + column[last + 1] * column[last + 1]).squareRoot()
    guard radius > 0, radius.isFinite else { return false }
    let rotation = (cosine: column[last] / radius, sine: column[last + 1] / radius)
    column[last] = radius
    rightSide.append(-rotation.sine * rightSide[last])
    rightSide[last] *= rotation.cosine
    rotations.append(rotation)
    columns.append(column)
    return true
  }

  func solution() -> [Double] {
    var y = [Double](repeating: 0, count: columns.count)
    for k in columns.indices.reversed() {
      var value = rightSide[k]
      for l in columns.indices where l > k { value -= columns[l][k] * y[l] }
      y[k] = value / columns[k][k]
    }
    return y
  }
}

/// y += a x.
private func addScaled(_ count: Int, _ a: Double, _ x: Numbers, _ y: Numbers) {
  for i in 0..<count { y[i] += a * x[i] }
}
