import LinearAlgebra

/// The point of the central path of one item at a barrier parameter μ of the data as given: s = -μ∇f*(y),
/// Px + Aᵀy + c = 0, Ax + s = b. Its derivative is a smooth stand-in for that of the solution.
final class ConeCentralPath {
  private let batch: ConeProgramBatch
  private let item: Int
  private let solver: ConicInteriorPoint
  private let buffer: AlignedBuffer
  /// In the terms of the data as given.
  let x: Numbers
  let y: Numbers

  /// Finds the point; nil if the iteration does not get there.
  static func of(_ item: Int, in batch: ConeProgramBatch, barrier: Double) -> ConeCentralPath? {
    guard let pattern = try? batch.structure.kktPattern(),
      let solver = ConicInteriorPoint(pattern)
    else { return nil }
    solver.load(item, of: batch)
    guard solver.center(barrier: barrier * solver.data.costScale) else { return nil }
    return ConeCentralPath(batch, item, solver)
  }

  private init(_ batch: ConeProgramBatch, _ item: Int, _ solver: ConicInteriorPoint) {
    self.batch = batch
    self.item = item
    self.solver = solver
    let n = batch.variables
    let m = batch.rows
    buffer = AlignedBuffer(repeating: 0, count: n + m)
    x = buffer.pointer
    y = x + n
    let data = solver.data
    for j in 0..<n { x[j] = solver.point.x[j] * data.D[j] }
    for (row, original) in solver.layout.originalRows.enumerated() {
      y[original] = solver.point.z[row] * data.E[row] / data.costScale
    }
    for row in data.absentRows { y[solver.layout.originalRows[row]] = 0 }
  }

  /// Solves P dx + Aᵀdy = r₁, A dx - H dy = r₂ with ds = -H dy; returns the relative residual, nil if the
  /// arithmetic breaks down.
  func differentiate(
    r1: Numbers, r2: Numbers, dx: Numbers, dy: Numbers, ds: Numbers
  ) -> Double? {
    let n = batch.variables
    let m = batch.rows
    let layout = solver.layout
    let data = solver.data
    let work = AlignedBuffer(repeating: 0, count: 2 * n + 3 * layout.rows)
    let scaledR1 = work.pointer
    let scaledX = scaledR1 + n
    let scaledR2 = scaledX + n
    let scaledY = scaledR2 + layout.rows
    let scaledS = scaledY + layout.rows
    for j in 0..<n { scaledR1[j] = data.costScale * data.D[j] * r1[j] }
    for (row, original) in layout.originalRows.enumerated() {
      scaledR2[row] = data.E[row] * r2[original]
    }
    for row in data.absentRows { scaledR2[row] = 0 }
    guard solver.system.solve(scaledR1, scaledR2, x: scaledX, z: scaledY) else { return nil }
    solver.system.multiplyH(scaledY, into: scaledS)
    for j in 0..<n { dx[j] = data.D[j] * scaledX[j] }
    ds.update(from: r2, count: m)
    batch.A.pattern.multiply(batch.A.values.pointer(item), dx, scale: -1, addingTo: ds)
    dy.update(repeating: 0, count: m)
    for (row, original) in layout.originalRows.enumerated() {
      dy[original] = data.E[row] / data.costScale * scaledY[row]
      ds[original] = -scaledS[row] / data.E[row]
    }
    return solver.system.solveResidual
  }
}

extension ConicInteriorPoint {
  /// Goes to the point of the central path at this barrier parameter (of the scaled item), with τ = 1;
  /// false if that fails. The scalings are those of the point afterwards, and the system is factorized.
  func center(barrier: Double) -> Bool {
    guard startCentering() else { return false }
    for _ in 0..<150 {
      let (mu, infeasibility) = centeringState()
      let target = max(barrier, 0.1 * mu)
      guard factorizeForCentering(mu: max(mu, barrier)) else { return false }
      let change = centeringStep(target: target, infeasibility: infeasibility)
      guard let change, !isCenteringUnbounded else { return false }
      if change < 1e-13, target == barrier {
        return factorizeForCentering(mu: barrier)
      }
    }
    // The last steps may be limited by rounding.
    let (mu, infeasibility) = centeringState()
    return (mu - barrier).magnitude < 1e-6 * barrier && infeasibility < 1e-8
      && factorizeForCentering(mu: barrier)
  }
}
