import LinearAlgebra
import OptimizationCore

/// The residuals of the homogeneous embedding at an iterate, and what they say about the unscaled item.
final class ConicResiduals {
  private let layout: ConicLayout
  private let buffer: AlignedBuffer
  /// Px + A'z + cτ, Ax + s - bτ.
  let x: Numbers
  let z: Numbers
  /// x'Px/τ + c'x + b'z + κ.
  private(set) var tau = 0.0
  let Px: Numbers
  private let Ax: Numbers
  private let Atz: Numbers
  private(set) var xPx = 0.0
  private(set) var cx = 0.0
  private(set) var bz = 0.0
  private(set) var sz = 0.0
  /// Relative residuals in the terms of the data as given.
  private(set) var relative = Residuals(primal: .infinity, dual: .infinity, gap: .infinity)
  private(set) var primalObjective = Double.nan
  private(set) var dualObjective = Double.nan
  /// |A'z| / -b'z and max(|Px|, |Ax + s|) / -c'x: small for a proof of infeasibility; infinite if the sign
  /// is wrong.
  private(set) var primalInfeasibility = Double.infinity
  private(set) var dualInfeasibility = Double.infinity

  init(_ layout: ConicLayout) {
    self.layout = layout
    buffer = AlignedBuffer(uninitializedCount: 3 * layout.variables + 2 * layout.rows)
    x = buffer.pointer
    Px = x + layout.variables
    Atz = Px + layout.variables
    z = Atz + layout.variables
    Ax = z + layout.rows
  }

  func update(_ point: ConicIterate, _ system: KKTSystem, _ data: ConicEquilibration) {
    let n = layout.variables
    let m = layout.rows
    Px.update(repeating: 0, count: n)
    Atz.update(repeating: 0, count: n)
    Ax.update(repeating: 0, count: m)
    layout.P.multiply(system.P, point.x, scale: 1, addingTo: Px)
    layout.A.multiplyTransposed(system.A, point.z, scale: 1, addingTo: Atz)
    layout.A.multiply(system.A, point.x, scale: 1, addingTo: Ax)
    xPx = 0
    cx = 0
    bz = 0
    sz = 0
    let t = 1 / point.tau
    let k = 1 / data.costScale
    var dual = 0.0
    var dualSize = 0.0
    var sizeOfPx = 0.0
    var sizeOfAtz = 0.0
    for j in 0..<n {
      xPx += point.x[j] * Px[j]
      cx += point.x[j] * data.c[j]
      let residual = Px[j] + Atz[j] + data.c[j] * point.tau
      x[j] = residual
      let unscale = k / data.D[j]
      dual = max(dual, residual.magnitude * unscale)
      dualSize = max(dualSize, data.c[j].magnitude * unscale)
      sizeOfPx = max(sizeOfPx, Px[j].magnitude * unscale)
      sizeOfAtz = max(sizeOfAtz, Atz[j].magnitude * unscale)
    }
    var primal = 0.0
    var primalSize = 0.0
    var sizeOfAx = 0.0
    var sizeOfS = 0.0
    var sizeOfSum = 0.0
    for i in 0..<m {
      bz += data.b[i] * point.z[i]
      sz += point.s[i] * point.z[i]
      let residual = Ax[i] + point.s[i] - data.b[i] * point.tau
      z[i] = residual
      let unscale = 1 / data.E[i]
      primal = max(primal, residual.magnitude * unscale)
      primalSize = max(primalSize, data.b[i].magnitude * unscale)
      sizeOfAx = max(sizeOfAx, Ax[i].magnitude * unscale)
      sizeOfS = max(sizeOfS, point.s[i].magnitude * unscale)
      sizeOfSum = max(sizeOfSum, (Ax[i] + point.s[i]).magnitude * unscale)
    }
    tau = xPx * t + cx + bz + point.kappa
    primalObjective = (0.5 * xPx * t + cx) * t * k
    dualObjective = (-0.5 * xPx * t - bz) * t * k
    let gap = (xPx * t + cx + bz).magnitude * t * k
    relative = Residuals(
      primal: primal * t / (1 + max(primalSize, max(sizeOfAx, sizeOfS) * t)),
      dual: dual * t / (1 + max(dualSize, max(sizeOfPx, sizeOfAtz) * t)),
      gap: gap / (1 + min(primalObjective.magnitude, dualObjective.magnitude)))
    // In the unscaled data: A'z has no τ.
    primalInfeasibility = bz < 0 ? sizeOfAtz / (-bz * k) : .infinity
    dualInfeasibility = cx < 0 ? max(sizeOfPx, sizeOfSum) / (-cx * k) : .infinity
  }
}
