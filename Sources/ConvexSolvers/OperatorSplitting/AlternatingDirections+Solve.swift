import LinearAlgebra
import OptimizationCore

extension AlternatingDirections {
  /// Takes steps until the residuals are within the tolerance, a certificate of infeasibility is found, or
  /// a limit is reached.
  ///
  /// - Parameter start: where to begin: an earlier state or one that was predicted; zero by default.
  public func solve(from start: State? = nil) -> SparseQuadraticProgramSolution {
    let clock = ContinuousClock()
    let deadline = settings.timeLimit.map { clock.now + $0 }
    var state = start ?? initialState
    var steps = 0
    var balance = PenaltyBalance()
    var status = SolveStatus.iterationLimit
    var ray: SparseQuadraticProgramRay?
    var looksForRays = true
    var terms = OptimalityTerms(program, x: state.x, y: state.y)
    while true {
      if terms.residuals.largest <= settings.relativeTolerance {
        status = .optimal
        break
      }
      let log = SplittingIteration(
        iteration: steps, residuals: terms.residuals, penalty: state.penalty)
      if let callback = settings.iterationLog, !callback(log) {
        status = .cancelled
        break
      }
      if let deadline, clock.now >= deadline {
        status = .timeLimit
        break
      }
      if steps >= settings.maximumIterations { break }
      if settings.adaptsPenalty && steps > 0 && steps % (2 * settings.checkInterval) == 0 {
        adaptPenalty(of: &state, &balance)
      }
      var previous = state
      for _ in 0..<min(settings.checkInterval, settings.maximumIterations - steps) {
        previous = state
        state = step(state)
        steps += 1
      }
      guard state.x.isFinite && state.y.isFinite else {
        status = .numericalError
        state = previous
        break
      }
      if looksForRays,
        InfeasibilityTest(program, tolerance: settings.relativeTolerance)
          .suspects(x: state.x - previous.x, y: state.y - previous.y)
      {
        looksForRays = false
        ray = SuspectedRay.proof(of: program, deadline: deadline)
      }
      if let ray {
        status = if case .primalInfeasible = ray { .primalInfeasible } else { .dualInfeasible }
        break
      }
      terms = OptimalityTerms(program, x: state.x, y: state.y)
    }
    return finish(state, status: status, ray: ray, steps: steps)
  }

  private func finish(
    _ state: State, status: SolveStatus, ray: SparseQuadraticProgramRay?, steps: Int
  ) -> SparseQuadraticProgramSolution {
    var x = state.x
    var y = state.y
    var terms = OptimalityTerms(program, x: x, y: y)
    var status = status
    var isPolished = false
    if ray != nil {
      x = Vector(repeating: .nan, count: x.count)
      y = Vector(repeating: .nan, count: y.count)
      terms = OptimalityTerms(program, x: x, y: y)
    } else if settings.polishes, status == .optimal || status == .iterationLimit,
      let polished = ActiveRowPolish(program)?.polished(state)
    {
      let better = OptimalityTerms(program, x: polished.x, y: polished.y)
      if better.residuals.largest < terms.residuals.largest {
        (x, y, terms, isPolished) = (polished.x, polished.y, better, true)
        if better.residuals.largest <= settings.relativeTolerance { status = .optimal }
      }
    }
    return SparseQuadraticProgramSolution(
      status: status, objective: terms.objective, x: x, y: y, ray: ray,
      residuals: terms.residuals, iterations: steps, isPolished: isPolished, state: state)
  }

  /// The penalty that would balance the residuals (section 5.2 of the paper), if it can be factorized.
  private func adaptPenalty(of state: inout State, _ balance: inout PenaltyBalance) {
    let Ax = program.A * state.x
    let Px = program.P * state.x
    let Ay = program.A.transposeTimes(state.y)
    let primal =
      (Ax - state.z).infinityNorm / max(Ax.infinityNorm, state.z.infinityNorm, 1e-10)
    let dual =
      (Px + program.q + Ay).infinityNorm
      / max(Px.infinityNorm, Ay.infinityNorm, program.q.infinityNorm, 1e-10)
    if let penalty = balance.adapted(state.penalty, primal: primal, dual: dual),
      core.factor(penalty: penalty) != nil
    {
      state.penalty = penalty
    }
  }
}

/// Looks for signs of infeasibility in the difference of two states (section 3.4 of the paper).
private struct InfeasibilityTest {
  let program: SparseQuadraticProgram
  let tolerance: Double

  init(_ program: SparseQuadraticProgram, tolerance: Double) {
    self.program = program
    self.tolerance = tolerance
  }

  func suspects(x: Vector, y: Vector) -> Bool { suspectsPrimal(y) || suspectsDual(x) }

  private func suspectsPrimal(_ difference: Vector) -> Bool {
    let size = difference.infinityNorm
    guard size > 1e-30, size.isFinite else { return false }
    var y = difference / size
    for row in 0..<y.count {
      // What points to an absent bound must be rounding.
      let bound = y[row] > 0 ? program.upper[row] : program.lower[row]
      if bound.isInfinite {
        if y[row].magnitude > tolerance { return false }
        y[row] = 0
      }
    }
    var support = 0.0
    for row in 0..<y.count where y[row] != 0 {
      support += y[row] * (y[row] > 0 ? program.upper[row] : program.lower[row])
    }
    guard support < 0 else { return false }
    y = y / -support
    let scale = max(program.A.values.infinityNorm, 1) * y.infinityNorm
    return program.A.transposeTimes(y).infinityNorm <= tolerance * min(scale, 1)
  }

  private func suspectsDual(_ difference: Vector) -> Bool {
    let slope = program.q.dot(difference)
    guard slope < 0, difference.infinityNorm > 1e-30 else { return false }
    let x = difference / -slope
    guard x.isFinite, (program.P * x).infinityNorm <= tolerance else { return false }
    let Ax = program.A * x
    for row in 0..<Ax.count {
      if program.upper[row].isFinite && Ax[row] > tolerance { return false }
      if program.lower[row].isFinite && Ax[row] < -tolerance { return false }
    }
    return true
  }
}
