import LinearAlgebra
import OptimizationCore

/// The workspaces of one thread, and the choice of the method for an item.
final class QuadraticProgramWorker {
  private let run: QuadraticProgramRun
  private let batch: QuadraticProgramBatch
  private let gram: DualGram?
  private let activeSet: ActiveSetSolver?
  private lazy var interiorPoint = InteriorPointSolver(
    variables: batch.variables, inequalities: batch.inequalities, equalities: batch.equalities)
  private lazy var polisher = Polisher(batch)
  private lazy var proximal = ProximalActiveSet(batch)
  private let scratch: OptimalityScratch

  init(_ run: QuadraticProgramRun) {
    self.run = run
    batch = run.batch
    scratch = OptimalityScratch(n: batch.variables, e: batch.equalities)
    gram = run.sharedGram ?? run.store.map { DualGram(run.batch, root: $0.quadraticRoot(0)) }
    activeSet = gram.map { ActiveSetSolver(run.batch, gram: $0) }
  }

  /// Solves an item from the multipliers of an earlier answer, if there is one.
  func solve(item: Int, point: PointView, guess: UnsafePointer<Double>?)
    throws(IndefiniteQuadraticTerm)
    -> (ItemOutcome, QuadraticProgramSettings.Method)
  {
    let problem = run.problems[item]
    let term = run.sharedTerm ?? classify(item, problem)
    if case .indefinite(let shift) = term { throw IndefiniteQuadraticTerm(shift: shift) }
    var spent = 0
    if case .positiveDefinite = term, let gram, let activeSet, let store = run.store {
      if run.sharedGram == nil { gram.prepareConstraints(problem) }
      let outcome = activeSet.solve(
        item: item, problem: problem, point: point, guess: guess,
        tolerance: run.settings.relativeTolerance, iterationLimit: exchangeLimit, store: store,
        isOverdue: run.isOverdue)
      let isFinal =
        switch outcome.status {
        case .optimal, .primalInfeasible, .timeLimit: true
        case .iterationLimit: run.settings.maximumIterations != nil
        default: false
        }
      if isFinal { return (cleared(outcome, point), .activeSet) }
      store.forget(item: item)
      spent = outcome.iterations
    }
    var outcome = solveByInteriorPoint(problem, point, guess)
    outcome.iterations += spent
    return (cleared(outcome, point), .interiorPoint)
  }

  /// Iterations allowed to the active-set method.
  private var exchangeLimit: Int {
    run.settings.maximumIterations ?? 20 * (batch.variables + batch.inequalities) + 100
  }

  private func classify(_ item: Int, _ problem: ProblemView) -> QuadraticTerm {
    guard let gram, let store = run.store else { return problem.classifyWithoutFactor() }
    gram.R = store.quadraticRoot(item)
    return gram.factorQuadraticTerm(problem)
  }

  private func solveByInteriorPoint(
    _ problem: ProblemView, _ point: PointView, _ guess: UnsafePointer<Double>?
  ) -> ItemOutcome {
    let tolerance = run.settings.relativeTolerance
    // A solution differs from an earlier one mostly by its numbers: try its active set.
    if let guess,
      let outcome = polisher.solve(
        problem, point, activeMultipliers: guess, tolerance: tolerance, isOverdue: run.isOverdue)
    {
      return outcome
    }
    var outcome = interiorPoint.solve(
      problem, result: point, scratch: scratch, tolerance: tolerance,
      iterationLimit: run.settings.maximumIterations ?? 200, isOverdue: run.isOverdue)
    guard outcome.ray == nil else { return outcome }
    polisher.polish(
      problem, point, isActive: interiorPoint.isActive, outcome: &outcome, isOverdue: run.isOverdue)
    // A stalled or wrongly identified end is taken up by the active-set method.
    if outcome.status == .numericalError || outcome.status == .optimal,
      !(outcome.residuals.largest <= tolerance)
    {
      proximal.finish(
        problem, point, isActive: interiorPoint.isActive, outcome: &outcome, tolerance: tolerance,
        iterationLimit: exchangeLimit, isOverdue: run.isOverdue)
      if outcome.ray != nil { return outcome }
    }
    if outcome.status == .numericalError || outcome.status == .optimal,
      !(outcome.residuals.largest <= tolerance), run.settings.method == .automatic
    {
      problem.finishAsConeProgram(
        point, scratch, outcome: &outcome, tolerance: tolerance, isOverdue: run.isOverdue)
      if outcome.ray != nil { return outcome }
    }
    if outcome.residuals.largest <= tolerance {
      outcome.status = .optimal
    } else if outcome.status == .optimal {
      outcome.status = .numericalError
    }
    if outcome.status == .numericalError,
      outcome.residuals.largest <= run.settings.almostOptimalTolerance
    {
      outcome.status = .almostOptimal
    }
    return outcome
  }

  /// An infeasible item has no point: NaN, so that none is taken for one.
  private func cleared(_ outcome: ItemOutcome, _ point: PointView) -> ItemOutcome {
    guard outcome.ray != nil else { return outcome }
    point.x.update(repeating: .nan, count: batch.variables)
    point.lambda.update(repeating: .nan, count: batch.inequalities)
    point.nu.update(repeating: .nan, count: batch.equalities)
    return outcome
  }
}
