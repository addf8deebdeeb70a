import LinearAlgebra
import OptimizationCore

extension HomogeneousSplitting {
  /// The answer to a cone program with the state behind it.
  public struct Outcome: Sendable {
    /// The answer, with its derivatives and certificates as from any other solver.
    public let solution: ConeProgramSolution
    /// The last state, from which a solve may go on or start again with other data.
    public let state: State
  }

  /// Takes steps, accelerated ones in between, until the residuals are within the tolerance, a certificate
  /// of infeasibility is found, or a limit is reached.
  ///
  /// - Parameter start: where to begin: an earlier state or one that was predicted; `initialState` by
  ///   default.
  public func solve(from start: State? = nil) -> Outcome {
    var run = HomogeneousSplittingRun(self, start: start ?? initialState)
    run.solve()
    return Outcome(solution: run.finish(), state: run.state)
  }
}

/// One solve.
private struct HomogeneousSplittingRun {
  let method: HomogeneousSplitting
  var state: HomogeneousSplitting.State
  private var record: HomogeneousSplittingStep.Record
  private var acceleration: AndersonAcceleration
  private var balance = PenaltyBalance()
  private var status = SolveStatus.iterationLimit
  private var ray: ConeProgramRay?
  private var looksForRays = true
  private var steps = 0
  private let begin = ContinuousClock.now

  private var settings: HomogeneousSplittingSettings { method.settings }
  private var program: ConeProgram { method.program }

  init(_ method: HomogeneousSplitting, start: HomogeneousSplitting.State) {
    self.method = method
    state = start
    record = method.prepared(scale: start.scale)
    acceleration = AndersonAcceleration(memory: method.settings.accelerationMemory)
  }

  mutating func solve() {
    let deadline = settings.timeLimit.map { begin + $0 }
    while true {
      let iterate = method.iterate(state)
      let (x, y, s) = method.solution(state)
      let residuals = method.residuals(x, y, s)
      if residuals.largest <= settings.relativeTolerance {
        status = .optimal
        return
      }
      if looksForRays, suspectsRay(iterate) {
        looksForRays = false
        ray = SuspectedRay.proof(of: program, deadline: deadline)
      }
      if let found = ray {
        status = if case .primalInfeasible = found { .primalInfeasible } else { .dualInfeasible }
        return
      }
      let log = SplittingIteration(iteration: steps, residuals: residuals, penalty: state.scale)
      if let callback = settings.iterationLog, !callback(log) {
        status = .cancelled
        return
      }
      if let deadline, ContinuousClock.now >= deadline {
        status = .timeLimit
        return
      }
      if steps >= settings.maximumIterations { return }
      if settings.adaptsScale && steps > 0 && steps % (4 * settings.checkInterval) == 0 {
        adaptScale(residuals, iterate)
      }
      let previous = state
      for _ in 0..<min(settings.checkInterval, settings.maximumIterations - steps) { advance() }
      guard state.w.isFinite else {
        state = previous
        status = .numericalError
        return
      }
    }
  }

  private mutating func advance() {
    let next = method.taken(state, wantsDerivatives: false, prepared: record).next
    let residual = next.w - state.w
    steps += 1
    guard settings.accelerationMemory > 0 else {
      state = next
      return
    }
    acceleration.record(value: next.w, residual: residual)
    state = next
    if steps % settings.accelerationInterval == 0, let w = acceleration.accelerated() {
      let candidate = HomogeneousSplitting.State(w: w, scale: state.scale)
      let value = method.taken(candidate, wantsDerivatives: false, prepared: record).next
      // Steps never lengthen the residual: neither may an accelerated one.
      if (value.w - w).twoNorm <= residual.twoNorm { state = candidate }
    }
  }

  /// Balances the residuals; x, y and s stay, w and the weights change.
  private mutating func adaptScale(
    _ residuals: Residuals, _ iterate: HomogeneousSplitting.Iterate
  ) {
    guard iterate.tau > 1e-8, residuals.primal.isFinite, residuals.dual.isFinite,
      let scale = balance.adapted(state.scale, primal: residuals.primal, dual: residuals.dual),
      method.core.factor(scale: scale) != nil
    else { return }
    let weights = method.core.weights(scale: scale)
    let n = program.variables
    var w = Vector(iterate.x.array + iterate.y.array + [iterate.tau])
    for row in 0..<program.rows { w[n + row] += iterate.s[row] / weights[n + row] }
    w[w.count - 1] += iterate.kappa / method.core.weightOfTau
    state = HomogeneousSplitting.State(w: w, scale: scale)
    record = method.prepared(scale: scale)
    acceleration.reset()
  }

  /// Whether the iterate is nearly a ray.
  private func suspectsRay(_ iterate: HomogeneousSplitting.Iterate) -> Bool {
    let tolerance = settings.relativeTolerance
    var product = 0.0
    for row in 0..<program.rows where program.b[row] < 1e20 {
      product += program.b[row] * iterate.y[row]
    }
    if product < 0 {
      var y = iterate.y / -product
      for row in method.core.absentRows { y[row] = 0 }
      if y.isFinite, method.core.A.transposeTimes(y).infinityNorm <= tolerance { return true }
    }
    let slope = program.c.dot(iterate.x)
    guard slope < 0 else { return false }
    let x = iterate.x / -slope
    let s = iterate.s / -slope
    guard x.isFinite, s.isFinite else { return false }
    let Ax = method.core.A * x
    var violation = 0.0
    for row in 0..<s.count { violation = max(violation, (Ax[row] + s[row]).magnitude) }
    if let P = method.core.P { violation = max(violation, (P * x).infinityNorm) }
    return violation <= tolerance
  }

  /// The answer as those of `ConeProgram.solve`.
  func finish() -> ConeProgramSolution {
    let batch = program.batch
    var outcome = ConeProgramOutcome(status: status)
    outcome.ray = ray
    outcome.iterations = steps
    let none = Vector(repeating: .nan, count: program.variables)
    let noRows = Vector(repeating: .nan, count: program.rows)
    let (x, y, s) = ray == nil ? method.solution(state) : (none, noRows, noRows)
    if ray == nil {
      let point = ItemPoint(
        batch, 0, x: x.storage.pointer, y: y.storage.pointer, s: s.storage.pointer)
      outcome.residuals = point.residuals()
      if settings.polishes, outcome.residuals.largest < 1e-4 {
        outcome.residuals = FacePolisher(
          batch: batch, item: 0, point: point, scaled: ScaledItem(0, of: batch)
        )
        .polish(from: outcome.residuals)
        if status == .iterationLimit, outcome.residuals.largest <= settings.relativeTolerance {
          outcome.status = .optimal
        }
      }
      outcome.objective = point.objective()
    }
    outcome.seconds = (ContinuousClock.now - begin) / .seconds(1)
    let record = ConeProgramBatchRecord(
      problem: batch, outcomes: [outcome],
      x: BatchedVector(items: 1, count: x.count, storage: x.storage),
      y: BatchedVector(items: 1, count: y.count, storage: y.storage),
      s: BatchedVector(items: 1, count: s.count, storage: s.storage))
    return ConeProgramSolution(batch: ConeProgramBatchSolution(record: record), item: 0)
  }
}
