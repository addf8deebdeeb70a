import CKernels
import LinearAlgebra
import OptimizationCore

/// Turns an approximate solution with a guess of its active constraints into an accurate one: Newton
/// steps on the optimality system of the guessed set, which is mended where signs or bounds are violated.
final class Polisher {
  private let n: Int
  private let m: Int
  private let e: Int
  private let scratch: OptimalityScratch
  private let buffer: AlignedBuffer
  private let trial: PointView

  init(_ batch: QuadraticProgramBatch) {
    n = batch.variables
    m = batch.inequalities
    e = batch.equalities
    scratch = OptimalityScratch(n: n, e: e)
    buffer = AlignedBuffer(repeating: 0, count: n + 2 * m + e)
    let base = buffer.pointer
    trial = PointView(x: base, lambda: base + n, nu: base + n + m, slack: base + n + m + e)
  }

  /// Improves `point` as long as its residuals shrink.
  func polish(
    _ problem: ProblemView, _ point: PointView, isActive: (Int) -> Bool, outcome: inout ItemOutcome,
    isOverdue: () -> Bool
  ) {
    var active = (0..<m).filter(isActive)
    for _ in 0..<4 where !isOverdue() {
      copy(point, to: trial)
      let members = Set(active)
      for j in 0..<m where !members.contains(j) { trial.lambda[j] = 0 }
      guard newtonSteps(problem, active: active) else { return }
      let size = ck_largest(m, trial.lambda)
      let wrong = active.filter { trial.lambda[$0] < -1e-9 * size }
      for j in 0..<m where trial.lambda[j] < 0 { trial.lambda[j] = 0 }
      let evaluation = problem.evaluate(trial, scratch)
      let residuals = evaluation.residuals
      // Rounding in one residual must not hide progress in another.
      if residuals.largest <= max(outcome.residuals.largest, 1e-15) {
        copy(trial, to: point)
        point.slack.update(from: trial.slack, count: m)
        outcome.record(evaluation)
        if residuals.largest < 1e-12 { return }
      }
      let violated = (0..<m).filter {
        problem.isBounded($0) && trial.slack[$0] < -1e-10 * (1 + abs(problem.h[$0]))
          && !members.contains($0)
      }
      guard !wrong.isEmpty || !violated.isEmpty else { return }
      active = members.subtracting(wrong).union(violated).sorted()
    }
  }

  /// Solves from the active set of an earlier answer alone; nil if that is not the active set here.
  func solve(
    _ problem: ProblemView, _ point: PointView, activeMultipliers: UnsafePointer<Double>,
    tolerance: Double, isOverdue: () -> Bool
  ) -> ItemOutcome? {
    point.x.update(repeating: 0, count: n)
    point.lambda.update(repeating: 0, count: m)
    point.nu.update(repeating: 0, count: e)
    var outcome = ItemOutcome(status: .optimal, iterations: 1)
    outcome.record(problem.evaluate(point, scratch))
    polish(
      problem, point, isActive: { problem.isBounded($0) && activeMultipliers[$0] > 0 },
      outcome: &outcome, isOverdue: isOverdue)
    return outcome.residuals.largest <= min(tolerance, 1e-10) ? outcome : nil
  }

  private func copy(_ source: PointView, to target: PointView) {
    target.x.update(from: source.x, count: n)
    target.lambda.update(from: source.lambda, count: m)
    target.nu.update(from: source.nu, count: e)
  }

  /// A factorization of this size takes about a second, during which no deadline is looked at.
  private static let mostUnknowns = 1500

  /// Two corrections of `trial` by the least-norm solution of the linearized conditions.
  private func newtonSteps(_ problem: ProblemView, active: [Int]) -> Bool {
    let rows = Array(0..<e) + active.map { e + $0 }
    guard n + rows.count <= Self.mostUnknowns else { return false }
    guard let system = GeneralActiveSystem(problem, rows: rows) else { return false }
    for _ in 0..<2 {
      _ = problem.evaluate(trial, scratch)
      var target = Vector.zeros(n + rows.count)
      for j in 0..<n { target[j] = -scratch.stationarity[j] }
      for (a, row) in rows.enumerated() {
        target[n + a] = row < e ? -scratch.equality[row] : trial.slack[row - e]
      }
      let step = system.solve(target).solution
      for j in 0..<n { trial.x[j] += step[j] }
      for (a, row) in rows.enumerated() {
        if row < e { trial.nu[row] += step[n + a] } else { trial.lambda[row - e] += step[n + a] }
      }
    }
    return ck_all_finite(n, trial.x) != 0 && ck_all_finite(m, trial.lambda) != 0
  }
}
