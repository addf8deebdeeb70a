import LinearAlgebra
import OptimizationCore

/// The interior point on the homogeneous embedding with a quadratic objective (Goulart and Chen 2024):
/// predictor and corrector with Nesterov-Todd scalings for symmetric cones and the primal-dual scaling
/// for the others.
///
/// A workspace for one item at a time.
final class ConicInteriorPoint {
  let layout: ConicLayout
  let system: KKTSystem
  let data: ConicEquilibration
  let point: ConicIterate
  private let best: ConicIterate
  private var bestRelative = Residuals(primal: .infinity, dual: .infinity, gap: .infinity)
  let step: ConicIterate
  private let fixed: ConicIterate
  let residuals: ConicResiduals
  private let buffer: AlignedBuffer
  let slack: Numbers
  let rhsX: Numbers
  let rhsZ: Numbers
  private let work: Numbers
  private let workX: Numbers
  let degree: Int
  let isSymmetric: Bool
  private let curvedRows: [Range<Int>]
  /// The data as given of the loaded item.
  private(set) var source: ConicSource?
  /// Slacks that exponential and power cones start from, after `rescale`.
  private var curvedStart: [Double]?
  /// Whether the item is scaled to a point.
  var isRescaled: Bool { curvedStart != nil }
  /// The proof, after a solve that ended with one.
  var ray: ConeProgramRay?
  var iterations = 0
  var relative = Residuals(primal: .nan, dual: .nan, gap: .nan)

  /// Nil if the KKT system is too large.
  init?(_ pattern: KKTPattern) {
    layout = pattern.layout
    let scalings = zip(layout.blocks, pattern.treatments).map { block, treatment in
      makeScaling(block.cone, treatment)
    }
    guard let system = KKTSystem(pattern, scalings: scalings) else { return nil }
    self.system = system
    data = ConicEquilibration(layout)
    point = ConicIterate(layout)
    best = ConicIterate(layout)
    step = ConicIterate(layout)
    fixed = ConicIterate(layout)
    residuals = ConicResiduals(layout)
    buffer = AlignedBuffer(repeating: 0, count: 3 * layout.rows + 2 * layout.variables)
    slack = buffer.pointer
    rhsZ = slack + layout.rows
    work = rhsZ + layout.rows
    rhsX = work + layout.rows
    workX = rhsX + layout.variables
    curvedRows = layout.blocks.compactMap {
      switch $0.cone {
      case .secondOrder, .semidefinite: $0.start..<$0.start + $0.count
      default: nil
      }
    }
    degree = scalings.reduce(0) { $0 + $1.degree }
    isSymmetric = scalings.allSatisfy(\.isSymmetric)
  }

  /// Takes the data of an item.
  func load(_ item: Int, of batch: ConeProgramBatch, relativeTolerance: Double = 1e-8) {
    source = ConicSource(
      batch: batch, item: item, hardness: InfeasibilityRule.hardness(relativeTolerance))
    ray = nil
    curvedStart = nil
    data.load(item, of: batch, P: system.P, A: system.A)
    system.loadMatrices()
    scaleCurvedRows()
  }

  /// Scales the loaded item to a point in the terms of the data as given, so that its variables and rows have
  /// size one; for solutions of a range so wide that scaling by the matrices alone leaves it outside of
  /// the arithmetic's reach.
  func rescale(to x: Numbers, s: Numbers) {
    guard let source else { return }
    let sizes = (0..<layout.variables).map { j in
      let usual = data.D[j]
      let size = x[j].magnitude
      return size > usual && size.isFinite ? min(size, 1e15) : usual
    }
    let rows = layout.originalRows.map { s[$0].magnitude }
    data.load(
      source.item, of: source.batch, P: system.P, A: system.A, sizes: (variables: sizes, rows: rows)
    )
    system.loadMatrices()
    scaleCurvedRows()
    curvedStart = layout.originalRows.enumerated().map { row, original in
      s[original] * data.E[row]
    }
  }

  /// Tells exponential and power cones how their rows are scaled; they take care of a scale of their own only.
  private func scaleCurvedRows() {
    for (scaling, block) in zip(system.scalings, layout.blocks) {
      guard let scaling = scaling as? NonsymmetricScaling else { continue }
      let E = data.E + block.start
      scaling.rowScale = SIMD3(1, E[1] / E[0], E[2] / E[0])
    }
  }

  // MARK: - Starting point

  func start(_ warmStart: ConicWarmPoint?) -> Bool {
    point.tau = 1
    point.kappa = 1
    if let warmStart {
      warmStart.place(point, layout, data, system.scalings)
      return true
    }
    for (scaling, block) in zip(system.scalings, layout.blocks) {
      scaling.setIdentity()
      scaling.setUnit(point.s + block.start)
      scaling.setDualUnit(point.z + block.start)
      if let curvedStart, let scaling = scaling as? NonsymmetricScaling {
        let slack = Array(curvedStart[block.start..<block.start + block.count])
        scaling.setCentered(slack, s: point.s + block.start, z: point.z + block.start)
      }
    }
    point.x.update(repeating: 0, count: layout.variables)
    if !isSymmetric { return true }
    guard system.factorize() else { return false }
    let n = layout.variables
    let m = layout.rows
    if layout.P.entries == 0 {
      // Least squares for s, then for z.
      rhsX.update(repeating: 0, count: n)
      guard system.solve(rhsX, data.b, x: point.x, z: point.s) else { return false }
      for i in 0..<m { point.s[i] = -point.s[i] }
      for j in 0..<n { rhsX[j] = -data.c[j] }
      work.update(repeating: 0, count: m)
      guard system.solve(rhsX, work, x: workX, z: point.z) else { return false }
    } else {
      for j in 0..<n { rhsX[j] = -data.c[j] }
      guard system.solve(rhsX, data.b, x: point.x, z: point.z) else { return false }
      for i in 0..<m { point.s[i] = -point.z[i] }
    }
    for (scaling, block) in zip(system.scalings, layout.blocks) {
      if case .zero = block.cone {
        point.s.advanced(by: block.start).update(repeating: 0, count: block.count)
      }
      for v in [point.s + block.start, point.z + block.start] where scaling.degree > 0 {
        let margin = scaling.margin(v)
        if margin < 1e-8 {
          scaling.shift(v, by: 1 + max(0, -margin))
        } else if margin < 1 {
          scaling.shift(v, by: 1)
        }
      }
    }
    return true
  }

  // MARK: - The iteration

  /// Solves the loaded item.
  ///
  /// - Parameter dualOnly: whether cones that are not symmetric have the scaling by the dual barrier from the
  ///   beginning, which takes short steps and seldom gets stuck.
  /// - Parameter isContinued: whether to go on from the point at hand.
  func solve(
    tolerance: Double, maximumIterations: Int, warmStart: ConicWarmPoint?, dualOnly: Bool = false,
    isContinued: Bool = false,
    shouldStop: (ConicInteriorPoint, ConicResiduals, Double, Double) -> SolveStatus?
  ) -> SolveStatus {
    // A rescaled solve is a further attempt at the same item.
    if !dualOnly && !isContinued && !isRescaled { iterations = 0 }
    guard isContinued || start(warmStart) else {
      relative = Residuals(primal: .infinity, dual: .infinity, gap: .infinity)
      return .numericalError
    }
    let first = iterations
    let limit = first + maximumIterations
    var progress = ProgressMonitor(patience: dualOnly ? 40 : 20)
    var proofProgress = ProgressMonitor(patience: 20)
    var proofs = ConicInfeasibilityProofs()
    system.restoreRegularization()
    var length = 1.0
    var dualOnly = dualOnly
    var outcome = SolveStatus.iterationLimit
    while true {
      residuals.update(point, system, data)
      let mu = (residuals.sz + point.tau * point.kappa) / Double(degree + 1)
      relative = residuals.relative
      let error = relative.largest
      if progress.improves(error) { keepBest() }
      _ = proofProgress.improves(
        min(residuals.primalInfeasibility, residuals.dualInfeasibility))
      // The point that the iteration goes on from has been shown already.
      let isKnown = isContinued && iterations == first
      if !isKnown, let stop = shouldStop(self, residuals, mu, length) {
        outcome = stop
        break
      }
      if error <= tolerance {
        outcome = .optimal
        break
      }
      if iterations >= limit { break }
      if progress.isStalled && proofProgress.isStalled || !error.isFinite || mu.isNaN {
        outcome = .numericalError
        break
      }
      guard updateScalings(mu: mu, dualOnly: dualOnly), system.factorize() else {
        outcome = .numericalError
        break
      }
      if let proof = proofs.proof(self, threshold: 1e-7) {
        ray = proof
        return proof.status
      }
      system.accuracy = max(1e-13, min(1e-9, 1e-6 * error))
      guard solveFixedPart() else {
        outcome = .numericalError
        break
      }
      length = takeStep(mu: mu, lastLength: length, dualOnly: dualOnly)
      iterations += 1
      if length < 1e-5 || (length < 0.1 && !isSymmetric && !dualOnly) {
        if !isSymmetric && !dualOnly {
          dualOnly = true
        } else if length < 1e-5 {
          outcome = .numericalError
          break
        }
      }
    }
    if outcome == .numericalError || outcome == .iterationLimit {
      // Where the iteration got no further a ray may still be corrected to a proof.
      let mu = (residuals.sz + point.tau * point.kappa) / Double(degree + 1)
      if progress.best > tolerance, proofs.isPromising(residuals, threshold: 1e-4),
        updateScalings(mu: mu, dualOnly: dualOnly), system.factorize(),
        let proof = proofs.proof(self, threshold: 1e-4)
      {
        ray = proof
        return proof.status
      }
    }
    if outcome != .optimal { returnToBest() }
    return outcome
  }

  func keepBest() {
    best.copy(from: point)
    bestRelative = relative
  }

  func returnToBest() {
    point.copy(from: best)
    relative = bestRelative
  }

  func updateScalings(mu: Double, dualOnly: Bool) -> Bool {
    for (scaling, block) in zip(system.scalings, layout.blocks) {
      if !scaling.update(
        s: point.s + block.start, z: point.z + block.start, barrier: mu, dualOnly: dualOnly)
      {
        return false
      }
    }
    return true
  }

  /// K (x₂, z₂) = (-c, b), of which every step takes Δτ times.
  private func solveFixedPart() -> Bool {
    for j in 0..<layout.variables { rhsX[j] = -data.c[j] }
    return system.solve(rhsX, data.b, x: fixed.x, z: fixed.z)
  }

  /// Solves for the step with residuals times `share`, the slack term d and dκ.
  private func solveStep(share: Double, slack: Numbers, kappaTerm: Double) -> Bool {
    let n = layout.variables
    let m = layout.rows
    for j in 0..<n { rhsX[j] = -share * residuals.x[j] }
    for i in 0..<m { rhsZ[i] = slack[i] - share * residuals.z[i] }
    guard system.solve(rhsX, rhsZ, x: step.x, z: step.z) else { return false }
    // (2Px/τ + c)'Δx + b'Δz - (x'Px/τ²) Δτ + Δκ = -share r_τ, τΔκ + κΔτ = -dκ.
    let t = 1 / point.tau
    var numerator = kappaTerm * t - share * residuals.tau
    var denominator = -residuals.xPx * t * t - point.kappa * t
    for j in 0..<n {
      let weight = 2 * residuals.Px[j] * t + data.c[j]
      numerator -= weight * step.x[j]
      denominator += weight * fixed.x[j]
    }
    for i in 0..<m {
      numerator -= data.b[i] * step.z[i]
      denominator += data.b[i] * fixed.z[i]
    }
    step.tau = numerator / denominator
    guard step.tau.isFinite else { return false }
    for j in 0..<n { step.x[j] += step.tau * fixed.x[j] }
    for i in 0..<m { step.z[i] += step.tau * fixed.z[i] }
    step.kappa = -(kappaTerm + point.kappa * step.tau) * t
    system.multiplyH(step.z, into: step.s)
    for i in 0..<m { step.s[i] = -slack[i] - step.s[i] }
    takeSlackFromRows(share: share)
    return true
  }

  /// Δs = -share r_z + bΔτ - AΔx in the rows of second-order and semidefinite cones, where HΔz would lose what
  /// little is left: near the boundary H has entries as large as 1/μ and Δz as well, and they cancel.
  private func takeSlackFromRows(share: Double) {
    guard curvedRows.contains(where: { !$0.isEmpty }) else { return }
    let image = work
    image.update(repeating: 0, count: layout.rows)
    layout.A.multiply(system.A, step.x, scale: -1, addingTo: image)
    for rows in curvedRows {
      for i in rows { step.s[i] = image[i] + data.b[i] * step.tau - share * residuals.z[i] }
    }
  }

  /// Predictor and corrector; returns the length of the step taken, 0 if there is none.
  private func takeStep(mu: Double, lastLength: Double, dualOnly: Bool) -> Double {
    let m = layout.rows
    slack.update(from: point.s, count: m)
    let accuracy = system.accuracy
    system.accuracy = max(accuracy, 1e-6)  // enough for a prediction
    let isPredicted = solveStep(share: 1, slack: slack, kappaTerm: point.tau * point.kappa)
    system.accuracy = accuracy
    guard isPredicted else { return 0 }
    let predicted = maximumStep(limit: 1, usesBarrier: false)
    var sigma = (1 - predicted) * (1 - predicted) * (1 - predicted)
    // After a short step back to the middle first: where cones are curved the next ones are shorter still.
    if !isSymmetric, lastLength < 0.6 { sigma = max(sigma, 0.3) }
    let target = sigma * mu
    for (scaling, block) in zip(system.scalings, layout.blocks) {
      let start = block.start
      scaling.correctedSlack(
        s: point.s + start, ds: step.s + start, dz: step.z + start, barrier: target,
        into: slack + start)
    }
    let kappaTerm = point.tau * point.kappa + step.tau * step.kappa - target
    guard solveStep(share: 1 - sigma, slack: slack, kappaTerm: kappaTerm) else { return 0 }
    // The primal-dual scaling needs no neighbourhood of the central path; to hold it to one ends in tiny steps.
    let length = maximumStep(limit: 1, usesBarrier: dualOnly)
    point.add(step, times: length)
    return length
  }

  /// The step to the boundary times 0.99, and for cones that are not symmetric not too far from the
  /// central path.
  func maximumStep(limit: Double, usesBarrier: Bool) -> Double {
    var length = limit
    if step.tau < 0 { length = min(length, -point.tau / step.tau) }
    if step.kappa < 0 { length = min(length, -point.kappa / step.kappa) }
    for isSymmetric in [true, false] {
      for (scaling, block) in zip(system.scalings, layout.blocks)
      where scaling.isSymmetric == isSymmetric {
        let start = block.start
        length = scaling.maximumStep(
          s: point.s + start, z: point.z + start, ds: step.s + start, dz: step.z + start,
          limit: length)
      }
      if isSymmetric { length = min(length, limit) * 0.99 + (length > limit ? 0.01 * limit : 0) }
    }
    length = min(length, limit)
    if usesBarrier {
      for _ in 0..<60 {
        if barrier(length) < 1 { break }
        length *= 0.8
      }
    }
    return length
  }

  /// Distance from the central path after a step: (ν + 1) log μ plus all barriers.
  private func barrier(_ length: Double) -> Double {
    var product = (point.tau + length * step.tau) * (point.kappa + length * step.kappa)
    let own = product
    for i in 0..<layout.rows {
      product += (point.s[i] + length * step.s[i]) * (point.z[i] + length * step.z[i])
    }
    let mu = product / Double(degree + 1)
    guard mu > 0, own > 0 else { return .infinity }
    var sum = Double(degree + 1) * logarithm(mu) - logarithm(own)
    for (scaling, block) in zip(system.scalings, layout.blocks) {
      let start = block.start
      sum += scaling.barrier(
        s: point.s + start, z: point.z + start, ds: step.s + start, dz: step.z + start, step: length
      )
      if sum == .infinity { return sum }
    }
    return sum
  }
}

// MARK: - Central path

extension ConicInteriorPoint {
  /// A point inside the cones, with τ = 1.
  func startCentering() -> Bool {
    guard start(nil) else { return false }
    point.tau = 1
    point.kappa = 0
    return true
  }

  /// The barrier parameter, and the size of the equations' defects.
  func centeringState() -> (mu: Double, infeasibility: Double) {
    residuals.update(point, system, data)
    var size = 0.0
    for j in 0..<layout.variables { size = max(size, residuals.x[j].magnitude) }
    for i in 0..<layout.rows { size = max(size, residuals.z[i].magnitude) }
    return (residuals.sz / Double(max(degree, 1)), size)
  }

  /// Whether slack or dual run away: without an inside there is no central path.
  var isCenteringUnbounded: Bool {
    (0..<layout.rows).contains { point.s[$0].magnitude > 1e15 || point.z[$0].magnitude > 1e15 }
  }

  func factorizeForCentering(mu: Double) -> Bool {
    system.accuracy = 1e-13
    return updateScalings(mu: mu, dualOnly: true) && system.factorize()
  }

  /// One Newton step towards s = -target ∇f*(z); returns its relative size, nil if it fails.
  func centeringStep(target: Double, infeasibility: Double) -> Double? {
    let m = layout.rows
    for (scaling, block) in zip(system.scalings, layout.blocks) {
      let start = block.start
      // No predictor: the corrector's term for a zero step.
      (step.s + start).update(repeating: 0, count: block.count)
      (step.z + start).update(repeating: 0, count: block.count)
      scaling.correctedSlack(
        s: point.s + start, ds: step.s + start, dz: step.z + start, barrier: target,
        into: slack + start)
    }
    for j in 0..<layout.variables { rhsX[j] = -residuals.x[j] }
    for i in 0..<m { rhsZ[i] = slack[i] - residuals.z[i] }
    guard system.solve(rhsX, rhsZ, x: step.x, z: step.z) else { return nil }
    system.multiplyH(step.z, into: step.s)
    var change = 0.0
    var size = 1.0
    for i in 0..<m {
      step.s[i] = -slack[i] - step.s[i]
      change = max(change, step.s[i].magnitude, step.z[i].magnitude)
      size = max(size, point.s[i].magnitude, point.z[i].magnitude)
    }
    step.tau = 0
    step.kappa = 0
    let length = maximumStep(limit: 1, usesBarrier: false)
    if length < 1e-8 { return nil }
    point.add(step, times: length)
    return length < 0.9 ? 1 : change / size
  }
}

/// The scaling of a cone.
func makeScaling(_ cone: Cone, _ treatment: KKTPattern.Treatment) -> any ConeScaling {
  switch cone {
  case .zero(let count), .free(let count): ZeroScaling(count: count)
  case .nonnegative(let count): NonnegativeScaling(count: count)
  case .secondOrder(let count): SecondOrderScaling(count: count)
  case .semidefinite(let order):
    if case .rows = treatment {
      SemidefiniteScaling(order: order, isEliminated: false)
    } else {
      SemidefiniteScaling(order: order, isEliminated: true)
    }
  case .exponential, .dualExponential, .power: NonsymmetricScaling(cone)
  }
}
