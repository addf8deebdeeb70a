import LinearAlgebra
import OptimizationCore

/// One solve of a batch of cone programs.
struct ConeProgramRun {
  private let batch: ConeProgramBatch
  private let settings: ConeProgramSettings
  private let warmStart: ConeProgramWarmStart?
  private let pattern: KKTPattern
  private let seeksProofs: Bool

  /// - Parameter seeksProofs: whether an item that ends in a numerical error is searched for a proof that it has no
  ///   solution.
  init(
    _ batch: ConeProgramBatch, settings: ConeProgramSettings, warmStart: ConeProgramWarmStart?,
    seeksProofs: Bool = true
  ) throws {
    self.batch = batch
    self.settings = settings
    self.warmStart = warmStart
    self.seeksProofs = seeksProofs
    try batch.checkConvexity()
    pattern = try batch.structure.kktPattern()
  }

  func solve() throws -> ConeProgramBatchSolution {
    let items = batch.items
    let n = batch.variables
    let m = batch.rows
    let x = AlignedBuffer(repeating: .nan, count: items * n)
    let y = AlignedBuffer(repeating: .nan, count: items * m)
    let s = AlignedBuffer(repeating: .nan, count: items * m)
    let outcomes = UnsafeMutableBufferPointer<ConeProgramOutcome>.allocate(capacity: items)
    outcomes.initialize(repeating: ConeProgramOutcome(status: .cancelled))
    defer { outcomes.deinitialize().deallocate() }
    let results = ResultPointers(outcomes: outcomes, x: x.pointer, y: y.pointer, s: s.pointer)
    let start = ContinuousClock.now
    let deadline = settings.timeLimit.map { start + $0 }
    let work = pattern.analysis.multiplications * 20 / 1000 + 50
    BatchSchedule(
      items: items, threads: settings.threads, microsecondsPerItem: work,
      progress: settings.progress
    ).run { _ in
      ConicInteriorPoint(pattern)
    } body: { solver, item in
      let begin = ContinuousClock.now
      var outcome: ConeProgramOutcome
      if let solver {
        outcome = solveItem(item, solver, deadline: deadline, results: results)
      } else {
        outcome = ConeProgramOutcome(status: .numericalError)
      }
      let duration = ContinuousClock.now - begin
      outcome.seconds = duration / .seconds(1)
      results.outcomes[item] = outcome
    }
    return ConeProgramBatchSolution(
      record: ConeProgramBatchRecord(
        problem: batch, outcomes: Array(outcomes),
        x: BatchedVector(items: items, count: n, storage: x),
        y: BatchedVector(items: items, count: m, storage: y),
        s: BatchedVector(items: items, count: m, storage: s)))
  }

  private func solveItem(
    _ item: Int, _ solver: ConicInteriorPoint, deadline: ContinuousClock.Instant?,
    results: ResultPointers, startsWarm: Bool = true
  ) -> ConeProgramOutcome {
    var outcome = ConeProgramOutcome(status: .cancelled)
    solver.load(item, of: batch, relativeTolerance: settings.relativeTolerance)
    let warmPoint = (startsWarm ? warmStart : nil).map {
      ConicWarmPoint(x: $0.x.pointer(item), y: $0.y.pointer(item), s: $0.s.pointer(item))
    }
    var isGuessBad = false
    func shouldStop(
      _ solver: ConicInteriorPoint, _ residuals: ConicResiduals, mu: Double, length: Double
    ) -> SolveStatus? {
      if let log = settings.iterationLog {
        let line = ConeProgramIteration(
          item: item, iteration: solver.iterations, primalObjective: residuals.primalObjective,
          dualObjective: residuals.dualObjective, residuals: residuals.relative, barrier: mu,
          kappaOverTau: solver.point.kappa / solver.point.tau, stepLength: length)
        if !log(line) { return .cancelled }
      }
      if settings.isCancelled?() == true { return .cancelled }
      if let deadline, ContinuousClock.now >= deadline { return .timeLimit }
      // The first steps from a guess that is far from the central path are short.
      if warmPoint != nil, (1...3).contains(solver.iterations), length < 0.2 {
        isGuessBad = true
        return .numericalError
      }
      return nil
    }
    let tolerance = 0.3 * settings.relativeTolerance
    let point = ItemPoint(
      batch, item, x: results.x + item * batch.variables, y: results.y + item * batch.rows,
      s: results.s + item * batch.rows)
    let end = ItemFinish(
      batch: batch, item: item, solver: solver, point: point, settings: settings)
    let early = end.earlyTolerance(tolerance)
    func run(from warmPoint: ConicWarmPoint?) -> SolveStatus {
      solver.solve(
        tolerance: early ?? tolerance, maximumIterations: settings.maximumIterations,
        warmStart: warmPoint, shouldStop: shouldStop)
    }
    /// A bad guess must cost neither the answer nor much time.
    func startCold() -> ConeProgramOutcome {
      var cold = solveItem(
        item, solver, deadline: deadline, results: results, startsWarm: false)
      cold.iterations += outcome.iterations
      return cold
    }
    outcome.status = run(from: warmPoint)
    if isGuessBad || (warmPoint != nil && outcome.status == .numericalError) {
      outcome.iterations = solver.iterations
      return startCold()
    }
    if early != nil, outcome.status == .optimal {
      if let residuals = end.finishEarly() {
        outcome.residuals = residuals
        outcome.iterations += solver.iterations
        outcome.objective = point.objective()
        return outcome
      }
      outcome.status = solver.solve(
        tolerance: tolerance, maximumIterations: settings.maximumIterations - solver.iterations,
        warmStart: nil, isContinued: true, shouldStop: shouldStop)
    }
    outcome.iterations += solver.iterations
    if outcome.status != .primalInfeasible && outcome.status != .dualInfeasible {
      let before = solver.iterations
      outcome.residuals = end.finish(&outcome.status, shouldStop: shouldStop)
      if outcome.status == .numericalError {
        end.solveAgain(
          &outcome.status, &outcome.residuals, tolerance: tolerance, shouldStop: shouldStop)
      }
      outcome.iterations += solver.iterations - before
    }
    var ray = solver.ray
    if seeksProofs, warmPoint == nil, outcome.status == .numericalError,
      !(outcome.residuals.largest <= settings.almostOptimalTolerance)
    {
      let search = InfeasibilitySearch(
        program: batch[item], settings: settings, deadline: deadline)
      let found = search.run()
      outcome.iterations += found.iterations
      if let proof = found.ray {
        ray = proof
        outcome.status = proof.status
      }
    }
    switch outcome.status {
    case .primalInfeasible, .dualInfeasible:
      outcome.residuals = Residuals(primal: .nan, dual: .nan, gap: .nan)
      outcome.ray = ray
      point.fill(.nan)
    default:
      if outcome.status == .numericalError {
        let own = point.residuals(ignoresRounding: true)
        if own.largest <= settings.relativeTolerance { outcome.status = .optimal }
        outcome.residuals = own.largest < outcome.residuals.largest ? own : outcome.residuals
      }
      if outcome.status == .optimal, !(outcome.residuals.largest <= settings.relativeTolerance) {
        outcome.status = .numericalError
      }
      if outcome.status == .numericalError,
        outcome.residuals.largest <= settings.almostOptimalTolerance
      {
        outcome.status = .almostOptimal
      }
      outcome.objective = point.objective()
      if warmPoint != nil, [.numericalError, .almostOptimal].contains(outcome.status) {
        return startCold()
      }
    }
    return outcome
  }
}

/// Where the results of all items are written; the items are disjoint.
private struct ResultPointers: @unchecked Sendable {
  let outcomes: UnsafeMutableBufferPointer<ConeProgramOutcome>
  let x: Numbers
  let y: Numbers
  let s: Numbers
}

extension ConeProgramBatch {
  /// Solves every item.
  ///
  /// - Parameters:
  ///   - settings: tolerances and limits.
  ///   - warmStart: guesses of the solutions, shape `[B, ...]` or shared; they pay where they are good
  ///     and the problem takes many iterations.
  /// - Throws: `ProblemError.notPositiveSemidefinite` if P has a negative eigenvalue, `.shape` or
  ///   `.batchSize` for a warm start that does not fit, `.tooLarge`; `SettingsError`.
  /// - Complexity: 10 to 40 sparse LDLᵀ factorizations per item; the analysis of the pattern once.
  public func solve(
    settings: ConeProgramSettings = ConeProgramSettings(), warmStart: ConeProgramWarmStart? = nil
  ) throws -> ConeProgramBatchSolution {
    try settings.validate()
    if let warmStart { try check(warmStart) }
    return try ConeProgramRun(self, settings: settings, warmStart: warmStart).solve()
  }

  /// Solves every item on threads outside of Swift's concurrency pool, so that other tasks run on meanwhile.
  ///
  /// Where the task is cancelled the solve ends within an iteration: items not finished by then have the
  /// status `cancelled`, the others keep their answers. `settings.progress` reports from those threads.
  public func solve(
    settings: ConeProgramSettings = ConeProgramSettings(), warmStart: ConeProgramWarmStart? = nil
  ) async throws -> ConeProgramBatchSolution {
    try await BackgroundSolve.run(isCancelled: settings.isCancelled) { isCancelled in
      var settings = settings
      settings.isCancelled = isCancelled
      return try self.solve(settings: settings, warmStart: warmStart)
    }
  }

  private func check(_ warmStart: ConeProgramWarmStart) throws(ProblemError) {
    let parts = [
      ("warmStart.x", warmStart.x, variables), ("warmStart.y", warmStart.y, rows),
      ("warmStart.s", warmStart.s, rows),
    ]
    for (argument, vector, count) in parts {
      guard vector.count == count else {
        throw .shape(argument: argument, item: nil, expected: [count], actual: [vector.count])
      }
      if let given = vector.items, given != items {
        throw .batchSize(argument: argument, expected: items, actual: given)
      }
      for (place, value) in vector.array.enumerated() where !value.isFinite {
        throw .notFinite(
          argument: argument, item: vector.items.map { _ in place / max(count, 1) },
          index: [place % max(count, 1)], value: value)
      }
    }
  }
}

extension ConeProgram {
  /// Solves the program; see `ConeProgramBatch.solve`.
  public func solve(
    settings: ConeProgramSettings = ConeProgramSettings(), warmStart: ConeProgramWarmStart? = nil
  ) throws -> ConeProgramSolution {
    ConeProgramSolution(batch: try batch.solve(settings: settings, warmStart: warmStart), item: 0)
  }

  /// Solves the program on a thread outside of Swift's concurrency pool; see `ConeProgramBatch.solve`.
  public func solve(
    settings: ConeProgramSettings = ConeProgramSettings(), warmStart: ConeProgramWarmStart? = nil
  ) async throws -> ConeProgramSolution {
    ConeProgramSolution(
      batch: try await batch.solve(settings: settings, warmStart: warmStart), item: 0)
  }
}
