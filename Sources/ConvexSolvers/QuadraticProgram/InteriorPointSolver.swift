import CKernels
import LinearAlgebra
import OptimizationCore

/// A primal-dual interior-point method for one item at a time: Mehrotra's predictor-corrector on the
/// homogeneous embedding with quadratic objective (Goulart and Chen 2024, Clarabel), with proximal
/// regularization of the Newton system. It ends at a solution or at a proof that there is none,
/// whatever the (convex) problem; it makes no use of a starting point.
final class InteriorPointSolver {
  private let n: Int
  private let m: Int
  private let e: Int
  private let problem: EquilibratedProblem
  private let system: InteriorPointSystem
  private let buffer: AlignedBuffer

  private typealias Step = InteriorPointSystem.Step
  /// Iterate: x, z, y, and the slacks s.
  private let point: Step
  private let s: UnsafeMutablePointer<Double>
  private var tau = 1.0
  private var kappa = 1.0
  /// Residuals of the embedding.
  private let residual: Step
  private var tauResidual = 0.0
  private let constant: Step
  private let direction: Step
  private let directionS: UnsafeMutablePointer<Double>
  private let rightHandSide: Step
  /// W² and the right-hand side of the linearized complementarity.
  private let squares: UnsafeMutablePointer<Double>
  private let complementarity: UnsafeMutablePointer<Double>
  private let curvature: UnsafeMutablePointer<Double>
  private let work: UnsafeMutablePointer<Double>
  /// The best iterate so far, for when the arithmetic gives out.
  private let best: Step
  private let bestS: UnsafeMutablePointer<Double>
  private var active: [Bool]

  init(variables n: Int, inequalities m: Int, equalities e: Int) {
    self.n = n
    self.m = m
    self.e = e
    problem = EquilibratedProblem(variables: n, inequalities: m, equalities: e)
    system = InteriorPointSystem(problem, inequalities: m)
    active = [Bool](repeating: false, count: m)
    let total = n + m + e
    buffer = AlignedBuffer(repeating: 0, count: 6 * total + 5 * m + 2 * n)
    var next = buffer.pointer
    func step() -> Step {
      defer { next += total }
      return Step(next, n: n, m: m)
    }
    func part(_ count: Int) -> UnsafeMutablePointer<Double> {
      defer { next += count }
      return next
    }
    point = step()
    residual = step()
    constant = step()
    direction = step()
    rightHandSide = step()
    best = step()
    s = part(m)
    directionS = part(m)
    squares = part(m)
    complementarity = part(m)
    bestS = part(m)
    curvature = part(n)
    work = part(n)
  }

  private var inequalities: Int { problem.inequalities }

  /// Solves an item; x, lambda and nu of `result` receive the unscaled solution, or the last iterate.
  func solve(
    _ view: ProblemView, result: PointView, scratch: OptimalityScratch, tolerance: Double,
    iterationLimit: Int, isOverdue: () -> Bool
  ) -> ItemOutcome {
    problem.load(view)
    if let ray = problem.contradiction(view) {
      return ItemOutcome(status: .primalInfeasible, ray: ray)
    }
    var outcome = ItemOutcome(status: .iterationLimit)
    guard start() else {
      outcome.status = .numericalError
      return outcome
    }
    var bestMerit = Double.infinity
    var stalled = 0
    while true {
      computeResiduals()
      let merit = largestResidual()
      if merit < bestMerit {
        if merit < 0.9 * bestMerit { stalled = 0 }
        bestMerit = merit
        keepBest()
      }
      stalled += 1
      if merit <= 0.01 * tolerance || (merit <= 0.3 * tolerance && stalled > 2) {
        outcome.status = .optimal
        break
      }
      if let ray = infeasibilityRay(view, result) {
        outcome.ray = ray
        if case .primalInfeasible = ray {
          outcome.status = .primalInfeasible
        } else {
          outcome.status = .dualInfeasible
        }
        return outcome
      }
      if outcome.iterations >= iterationLimit { break }
      if isOverdue() {
        outcome.status = .timeLimit
        break
      }
      outcome.iterations += 1
      guard iterate(), stalled < 30 else {
        outcome.status = bestMerit <= tolerance ? .optimal : .numericalError
        break
      }
    }
    computeResiduals()
    if bestMerit < .infinity, !(largestResidual() <= bestMerit) { restoreBest() }
    readOut(view, result)
    outcome.record(view.evaluate(result, scratch))
    return outcome
  }

  /// Keeps the iterate, divided by tau, so that iterates of different scales can be compared.
  private func keepBest() {
    for j in 0..<n { best.x[j] = point.x[j] / tau }
    for j in 0..<inequalities {
      best.z[j] = point.z[j] / tau
      bestS[j] = s[j] / tau
    }
    for i in 0..<e { best.y[i] = point.y[i] / tau }
  }

  private func restoreBest() {
    point.x.update(from: best.x, count: n)
    point.z.update(from: best.z, count: inequalities)
    point.y.update(from: best.y, count: e)
    s.update(from: bestS, count: inequalities)
    tau = 1
  }

  // MARK: - Start

  /// The solution for W = 1, shifted into the cone.
  private func start() -> Bool {
    tau = 1
    kappa = 1
    squares.update(repeating: 1, count: m)
    guard system.factor(squares: squares) else { return false }
    for j in 0..<n { point.x[j] = -problem.p[j] }
    for j in 0..<inequalities { point.z[j] = problem.bound[j] }
    for i in 0..<e { point.y[i] = problem.b[i] }
    system.solve(point, rightHandSide: rightHandSide, squares: squares)
    var shiftS = 0.0
    var shiftZ = 0.0
    for j in 0..<inequalities {
      s[j] = -point.z[j]
      shiftS = max(shiftS, -s[j])
      shiftZ = max(shiftZ, -point.z[j])
    }
    for j in 0..<inequalities {
      if shiftS > 0 || s[j] <= 1e-8 { s[j] += 1 + shiftS }
      if shiftZ > 0 || point.z[j] <= 1e-8 { point.z[j] += 1 + shiftZ }
    }
    return ck_all_finite(n, point.x) != 0 && ck_all_finite(m, s) != 0
  }

  // MARK: - Residuals

  private func computeResiduals() {
    system.multiplyQ(point.x, curvature)
    for j in 0..<n { residual.x[j] = curvature[j] + tau * problem.p[j] }
    system.addConstraintsTransposed(z: point.z, y: point.y, scale: 1, to: residual.x)
    system.multiplyC(point.x, residual.z)
    var linear = ck_dot(n, problem.p, point.x)
    for j in 0..<inequalities {
      residual.z[j] += s[j] - tau * problem.bound[j]
      linear += problem.bound[j] * point.z[j]
    }
    ck_multiply(e, n, problem.A, n, point.x, residual.y)
    for i in 0..<e {
      residual.y[i] -= tau * problem.b[i]
      linear += problem.b[i] * point.y[i]
    }
    tauResidual = linear + kappa + ck_dot(n, point.x, curvature) / tau
  }

  /// The largest of the relative residuals.
  private func largestResidual() -> Double {
    let c = problem.costScale
    var primal = 0.0
    var primalSize = 0.0
    for j in 0..<inequalities {
      let scale = problem.rowScale[problem.row[j]] * tau
      primal = maximum(primal, abs(residual.z[j]) / scale)
      primalSize = maximum(primalSize, abs(problem.bound[j]) * tau / scale)
    }
    for i in 0..<e {
      let scale = problem.equalityScale[i] * tau
      primal = maximum(primal, abs(residual.y[i]) / scale)
      primalSize = maximum(primalSize, abs(problem.b[i]) * tau / scale)
    }
    var dual = 0.0
    var dualSize = 0.0
    for j in 0..<n {
      let scale = problem.columnScale[j] * c * tau
      dual = maximum(dual, abs(residual.x[j]) / scale)
      dualSize = maximum(dualSize, max(abs(problem.p[j]) * tau, abs(curvature[j])) / scale)
    }
    let quadratic = ck_dot(n, point.x, curvature) / (tau * tau)
    let linear = ck_dot(n, problem.p, point.x) / tau
    let gap = (tauResidual - kappa) / tau
    // In the scaling in which the objective is of size one too, lest a tiny one count as solved.
    let scale = max(c, 1)
    let objective = abs(0.5 * quadratic + linear) / c
    return maximum(
      maximum(primal / (1 + primalSize), scale * dual / (1 + scale * dualSize)),
      scale * abs(gap) / c / (1 + scale * objective))
  }

  // MARK: - One iteration

  /// Predictor and corrector; false if the arithmetic gave out.
  private func iterate() -> Bool {
    for j in 0..<inequalities {
      squares[j] = min(max(s[j] / point.z[j], 1e-16), 1e16)
    }
    guard system.factor(squares: squares) else { return false }
    for j in 0..<n { constant.x[j] = -problem.p[j] }
    for j in 0..<inequalities { constant.z[j] = problem.bound[j] }
    for i in 0..<e { constant.y[i] = problem.b[i] }
    system.solve(constant, rightHandSide: rightHandSide, squares: squares)

    var product = tau * kappa
    for j in 0..<inequalities { product += s[j] * point.z[j] }
    let mu = product / Double(inequalities + 1)

    for j in 0..<inequalities { complementarity[j] = s[j] * point.z[j] }
    let (tauStep, kappaStep) = solveDirection(residualWeight: 1, kappaRight: tau * kappa)
    var length = stepLength(tauStep, kappaStep, fraction: 1)
    let sigma = (1 - length) * (1 - length) * (1 - length)

    for j in 0..<inequalities {
      complementarity[j] =
        s[j] * point.z[j] + directionS[j] * direction.z[j] - sigma * mu
    }
    let corrected = solveDirection(
      residualWeight: 1 - sigma, kappaRight: tau * kappa + tauStep * kappaStep - sigma * mu)
    length = stepLength(corrected.tau, corrected.kappa, fraction: 0.99)
    guard length > 1e-10, length.isFinite else { return false }

    ck_add_scaled(n, length, direction.x, point.x)
    ck_add_scaled(e, length, direction.y, point.y)
    for j in 0..<inequalities {
      point.z[j] += length * direction.z[j]
      s[j] += length * directionS[j]
    }
    tau += length * corrected.tau
    kappa += length * corrected.kappa
    rescale()
    return ck_all_finite(n, point.x) != 0 && tau > 0 && tau.isFinite
  }

  /// Keeps the homogeneous iterate near one.
  private func rescale() {
    let size = max(tau, kappa)
    guard size > 1e6 || size < 1e-6 else { return }
    let factor = 1 / size
    for j in 0..<n { point.x[j] *= factor }
    for j in 0..<inequalities {
      point.z[j] *= factor
      s[j] *= factor
    }
    for i in 0..<e { point.y[i] *= factor }
    tau *= factor
    kappa *= factor
  }

  /// The direction that reduces the residuals by `residualWeight` and aims at the complementarity
  /// right-hand sides; `constant` holds the solution for the constant part.
  private func solveDirection(residualWeight weight: Double, kappaRight: Double)
    -> (tau: Double, kappa: Double)
  {
    for j in 0..<n { direction.x[j] = -weight * residual.x[j] }
    for j in 0..<inequalities {
      direction.z[j] = -weight * residual.z[j] + complementarity[j] / point.z[j]
    }
    for i in 0..<e { direction.y[i] = -weight * residual.y[i] }
    system.solve(direction, rightHandSide: rightHandSide, squares: squares)

    // Eliminating tau: (p + 2Qx/tau)'x + bounds'z + b'y on both parts.
    var numerator = -weight * tauResidual + kappaRight / tau
    var denominator = -kappa / tau - ck_dot(n, point.x, curvature) / (tau * tau)
    for j in 0..<n {
      let gradient = problem.p[j] + 2 * curvature[j] / tau
      numerator -= gradient * direction.x[j]
      denominator += gradient * constant.x[j]
    }
    for j in 0..<inequalities {
      numerator -= problem.bound[j] * direction.z[j]
      denominator += problem.bound[j] * constant.z[j]
    }
    for i in 0..<e {
      numerator -= problem.b[i] * direction.y[i]
      denominator += problem.b[i] * constant.y[i]
    }
    let tauStep = numerator / denominator
    ck_add_scaled(n, tauStep, constant.x, direction.x)
    ck_add_scaled(inequalities, tauStep, constant.z, direction.z)
    ck_add_scaled(e, tauStep, constant.y, direction.y)
    for j in 0..<inequalities {
      directionS[j] = -complementarity[j] / point.z[j] - squares[j] * direction.z[j]
    }
    return (tauStep, -(kappaRight + kappa * tauStep) / tau)
  }

  private func stepLength(_ tauStep: Double, _ kappaStep: Double, fraction: Double) -> Double {
    var length = 1 / fraction
    for j in 0..<inequalities {
      if direction.z[j] < 0 { length = min(length, -point.z[j] / direction.z[j]) }
      if directionS[j] < 0 { length = min(length, -s[j] / directionS[j]) }
    }
    if tauStep < 0 { length = min(length, -tau / tauStep) }
    if kappaStep < 0 { length = min(length, -kappa / kappaStep) }
    return fraction * length
  }

  // MARK: - Answers

  /// Whether the solve ended with an inequality closer to its bound than its multiplier to zero.
  func isActive(_ inequality: Int) -> Bool { active[inequality] }

  private func readOut(_ view: ProblemView, _ result: PointView) {
    let c = problem.costScale
    for j in 0..<n { result.x[j] = problem.columnScale[j] * point.x[j] / tau }
    result.lambda.update(repeating: 0, count: m)
    for j in 0..<m { active[j] = false }
    for j in 0..<inequalities {
      let scale = problem.rowScale[problem.row[j]] / (c * tau)
      result.lambda[problem.canonical[j]] = scale * point.z[j]
      active[problem.canonical[j]] = point.z[j] > s[j]
    }
    for i in 0..<e { result.nu[i] = problem.equalityScale[i] * point.y[i] / (c * tau) }
  }

  /// A verified, unscaled proof of infeasibility, if the iterate contains one.
  private func infeasibilityRay(_ view: ProblemView, _ result: PointView) -> QuadraticProgramRay? {
    guard kappa > 1e-3 * tau else { return nil }
    readOut(view, result)
    if let ray = view.primalRay(lambda: result.lambda, nu: result.nu) { return ray }
    // A direction must be flat in the equilibrated problem too, where bad scaling cannot hide a slope.
    system.multiplyQ(point.x, work)
    guard ck_largest(n, work) <= 1e-8 * ck_largest(n, point.x) else { return nil }
    return view.dualRay(x: result.x)
  }
}
