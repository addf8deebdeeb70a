import CKernels
import LinearAlgebra
import OptimizationCore

/// Finishes a problem whose Q is not definite from a nearly optimal point, where the interior point ran
/// out of digits: proximal-point steps
///
///     x⁺ = argmin ½ xᵀQx + pᵀx + ε/2 |x - x₋|²  subject to the constraints
///
/// each a strictly convex problem for the dual active-set method (as DAQP does for semidefinite Q). On a
/// linear program they end after finitely many steps, usually two.
final class ProximalActiveSet {
  private let n: Int
  private let m: Int
  private let e: Int
  private let gram: DualGram
  private let solver: ActiveSetSolver
  private let store: ActiveSetStore
  private let scratch: OptimalityScratch
  private let buffer: AlignedBuffer
  private let Q: UnsafeMutablePointer<Double>
  private let p: UnsafeMutablePointer<Double>
  private let center: UnsafeMutablePointer<Double>
  private let guess: UnsafeMutablePointer<Double>
  private let trial: PointView

  init(_ batch: QuadraticProgramBatch) {
    n = batch.variables
    m = batch.inequalities
    e = batch.equalities
    store = ActiveSetStore(items: 1, variables: n, rows: m + e, sharesQuadraticTerm: true)
    gram = DualGram(batch, root: store.quadraticRoot(0))
    solver = ActiveSetSolver(batch, gram: gram)
    scratch = OptimalityScratch(n: n, e: e)
    buffer = AlignedBuffer(repeating: 0, count: n * n + 3 * n + 3 * m + e)
    Q = buffer.pointer
    p = Q + n * n
    center = p + n
    guess = center + n
    let base = guess + m
    trial = PointView(x: base, lambda: base + n, nu: base + n + m, slack: base + n + m + e)
  }

  /// Improves `point` as long as its residuals shrink, or finds a proof that the problem is infeasible.
  func finish(
    _ problem: ProblemView, _ point: PointView, isActive: (Int) -> Bool, outcome: inout ItemOutcome,
    tolerance: Double, iterationLimit: Int, isOverdue: () -> Bool
  ) {
    guard ck_all_finite(n, point.x) != 0 else { return }
    center.update(from: point.x, count: n)
    // An iterate that has run away says nothing of where the solution is, if there is one.
    if ck_largest(n, center) > 1e8 { center.update(repeating: 0, count: n) }
    let steepest = problem.isLinear ? 0 : ck_largest(n * n, problem.Q)
    let size =
      steepest > 0 ? steepest : ck_largest(n, problem.p) / (1 + ck_largest(n, center))
    guard size > 0 else { return }
    for j in 0..<m { guess[j] = isActive(j) ? 1 : 0 }
    var proximal = 1e-4 * size
    for attempt in 0..<12 {
      // Steps that do not settle may be too short.
      if attempt == 6 { proximal *= 1e-3 }
      let view = regularized(problem, proximal)
      guard !isOverdue(), case .positiveDefinite = gram.factorQuadraticTerm(view) else { return }
      gram.prepareConstraints(view)
      let step = solver.solve(
        item: 0, problem: view, point: trial, guess: guess, tolerance: 1e-6,
        iterationLimit: iterationLimit, store: store, isOverdue: isOverdue)
      outcome.iterations += step.iterations
      if let ray = step.ray {
        // The constraints are those of the problem, so the proof is too.
        outcome.ray = ray
        outcome.status = .primalInfeasible
        return
      }
      guard step.status == .optimal else { return }
      let evaluation = problem.evaluate(trial, scratch)
      if evaluation.residuals.largest < outcome.residuals.largest {
        point.x.update(from: trial.x, count: n)
        point.lambda.update(from: trial.lambda, count: m)
        point.nu.update(from: trial.nu, count: e)
        point.slack.update(from: trial.slack, count: m)
        outcome.record(evaluation)
        if evaluation.residuals.largest <= 0.01 * tolerance { return }
      }
      center.update(from: trial.x, count: n)
      guess.update(from: trial.lambda, count: m)
    }
  }

  /// The problem with the proximal term around the center added.
  private func regularized(_ problem: ProblemView, _ proximal: Double) -> ProblemView {
    if problem.isLinear {
      Q.update(repeating: 0, count: n * n)
    } else {
      Q.update(from: problem.Q, count: n * n)
    }
    for j in 0..<n {
      Q[j * n + j] += proximal
      p[j] = problem.p[j] - proximal * center[j]
    }
    return ProblemView(
      n: n, m: m, e: e, Q: Q, p: p, G: problem.G, h: problem.h, A: problem.A, b: problem.b,
      isLinear: false)
  }
}
