import LinearAlgebra
import OptimizationCore

/// The proximal method of multipliers around an interior point (Pougkakiotis and Gondzio 2021; Schwan et al.
/// 2023): no embedding, and the regularization of the KKT system stays in it.
///
/// What the homogeneous embedding leaves inaccurate it often solves: with multipliers that are large or not
/// bounded τ tends to zero, and what is divided by τ loses its digits. Without a solution multipliers or variables grow along a ray, which is then the proof.
extension ConicInteriorPoint {
  /// Solves the loaded item from a point of its own.
  func solveByProximalSteps(
    tolerance: Double, maximumIterations: Int,
    shouldStop: (ConicInteriorPoint, ConicResiduals, Double, Double) -> SolveStatus?
  ) -> SolveStatus {
    guard isSymmetric, degree > 0, start(nil) else { return .numericalError }
    point.tau = 1
    point.kappa = 0
    let limit = iterations + maximumIterations
    var regularization = 1e-6
    var progress = ProgressMonitor(patience: 20)
    var proofs = ConicInfeasibilityProofs()
    var length = 1.0
    var outcome = SolveStatus.iterationLimit
    while true {
      residuals.update(point, system, data)
      let mu = residuals.sz / Double(degree)
      relative = residuals.relative
      let error = relative.largest
      if progress.improves(error) { keepBest() }
      if let stop = shouldStop(self, residuals, mu, length) {
        outcome = stop
        break
      }
      if error <= tolerance { return .optimal }
      if iterations >= limit { break }
      if progress.isStalled || !error.isFinite || !mu.isFinite {
        outcome = .numericalError
        break
      }
      system.regularize(rows: regularization, variables: regularization)
      guard updateScalings(mu: mu, dualOnly: false), system.factorize() else {
        outcome = .numericalError
        break
      }
      if let proof = proofs.proof(self, threshold: 1e-4) {
        ray = proof
        return proof.status
      }
      length = takeProximalStep(mu: mu, lastLength: length)
      iterations += 1
      if !(length > 1e-8) {
        outcome = .numericalError
        break
      }
      regularization = max(1e-10, regularization * max(0.1, 1 - length))
    }
    returnToBest()
    return outcome
  }

  /// Predictor and corrector; returns the length of the step.
  private func takeProximalStep(mu: Double, lastLength: Double) -> Double {
    let m = layout.rows
    slack.update(from: point.s, count: m)
    guard solveProximalStep() else { return 0 }
    let predicted = maximumStep(limit: 1, usesBarrier: false)
    var product = 0.0
    for i in 0..<m {
      product +=
        (point.s[i] + predicted * step.s[i]) * (point.z[i] + predicted * step.z[i])
    }
    let ratio = min(1, max(0, product / (mu * Double(degree))))
    // After a short step the point is brought back to the middle first.
    let target = (lastLength < 0.1 ? max(0.5, ratio) : ratio * ratio * ratio) * mu
    for (scaling, block) in zip(system.scalings, layout.blocks) {
      let start = block.start
      scaling.correctedSlack(
        s: point.s + start, ds: step.s + start, dz: step.z + start, barrier: target,
        into: slack + start)
    }
    guard solveProximalStep() else { return 0 }
    let length = maximumStep(limit: 1, usesBarrier: false)
    point.add(step, times: length)
    return length
  }

  /// The step for the residuals as they are and the slack term.
  private func solveProximalStep() -> Bool {
    let m = layout.rows
    for j in 0..<layout.variables { rhsX[j] = -residuals.x[j] }
    for i in 0..<m { rhsZ[i] = slack[i] - residuals.z[i] }
    guard system.solveRegularized(rhsX, rhsZ, x: step.x, z: step.z) else { return false }
    system.multiplyH(step.z, into: step.s)
    for i in 0..<m { step.s[i] = -slack[i] - step.s[i] }
    step.tau = 0
    step.kappa = 0
    return true
  }
}

/// Tells whether an iteration still gets somewhere: its error halves now and then.
struct ProgressMonitor {
  /// The iterations allowed without that.
  let patience: Int
  private(set) var best = Double.infinity
  private var reference = Double.infinity
  private var sinceHalved = 0

  init(patience: Int) { self.patience = patience }

  /// Takes note of the error; whether it is the least so far.
  mutating func improves(_ error: Double) -> Bool {
    sinceHalved += 1
    if error < 0.5 * reference {
      reference = error
      sinceHalved = 0
    }
    guard error < best else { return false }
    best = error
    return true
  }

  var isStalled: Bool { sinceHalved >= patience }
}
