import LinearAlgebra
import OptimizationCore

/// Corrections of a point that is close to a solution but whose equations are not met accurately enough.
///
/// Near the boundary the scaled systems of the iteration lose digits: HΔz is a small difference of large
/// numbers. The nearest point that meets Px + Aᵀz + c = 0 and Ax + s = b needs no scaling at all, and where the
/// residuals are small, it leaves the cones by as little; projections bring it back. A few rounds of both are
/// alternating projections (von Neumann), started next to where they lead.
extension ConicInteriorPoint {
  /// Improves the point at hand; the residuals of `target`, which takes the best point, do not increase.
  ///
  /// - Returns: the residuals of `target`.
  func correctByProjections(_ target: ItemPoint, from start: Residuals, tolerance: Double)
    -> Residuals
  {
    let m = layout.rows
    let scale = 1 / point.tau
    for j in 0..<layout.variables { point.x[j] *= scale }
    for i in 0..<m {
      point.s[i] *= scale
      point.z[i] *= scale
    }
    point.tau = 1
    point.kappa = 0
    for scaling in system.scalings { scaling.setIdentity() }
    system.restoreRegularization()
    system.accuracy = 1e-13
    guard system.factorize() else { return start }
    var best = start
    var kept: AlignedBuffer?
    let before = target.copy()
    for _ in 0..<8 {
      residuals.update(point, system, data)
      for j in 0..<layout.variables { rhsX[j] = -residuals.x[j] }
      for i in 0..<m { rhsZ[i] = -residuals.z[i] }
      guard system.solve(rhsX, rhsZ, x: step.x, z: step.z) else { break }
      system.multiplyH(step.z, into: step.s)
      for i in 0..<m { step.s[i] = -step.s[i] }
      step.tau = 0
      step.kappa = 0
      point.add(step, times: 1)
      for block in layout.blocks {
        block.cone.project(point.s + block.start, point.s + block.start)
        block.cone.dual.project(point.z + block.start, point.z + block.start)
      }
      target.extract(self)
      let found = target.residuals()
      guard found.largest < best.largest else { break }
      best = found
      kept = target.copy()
      if found.largest <= tolerance { break }
    }
    target.restore(kept ?? before)
    return best
  }
}
