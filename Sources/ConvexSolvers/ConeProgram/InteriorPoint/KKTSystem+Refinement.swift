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
    // Krylov steps, twice: the second time from better rounded residuals. A residual that stays large altogether tells of a
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

  /// Corrects (x, z), whose residual is at hand, by a few Krylov steps.
  ///
  /// - Returns: the size of the residual; nil if the point is as it was.
  private func minimizeResidual(
    _ r1: Numbers, _ r2: Numbers, x: Numbers, z: Numbers
  ) -> Double? {
    let n = layout.variables
    let m = layout.rows
    let kept = krylovWork.pointer
    let weighted = kept + n + m
    let correction = weighted + n + m
    kept.update(from: x, count: n)
    (kept + n).update(from: z, count: m)
    let before = max(maximum(residualX, n), weightedMaximum(residualZ))
    loadWeightedResidual(into: weighted)
    let isFound = krylov.correct(weighted, into: correction) { v, direction in
      residualX.update(from: v, count: n)
      for i in 0..<m { residualZ[i] = v[n + i] / weights[i] }
      solveOnce(residualX, residualZ, x: direction, z: direction + n)
    } multiply: { direction, product in
      // The residual for a right-hand side of zero is minus the matrix times the direction.
      stepX.update(repeating: 0, count: n)
      stepZ.update(repeating: 0, count: m)
      residual(stepX, stepZ, x: direction, z: direction + n, into: residualX, residualZ)
      loadWeightedResidual(into: product)
      for i in 0..<n + m { product[i] = -product[i] }
    }
    if isFound {
      stepX.update(from: correction, count: n)
      stepZ.update(from: correction + n, count: m)
      let error = correct(r1, r2, x: x, z: z)
      // In a system without a solution nothing is gained, and a long step would only be noise.
      if error < 0.5 * before { return error }
    }
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
