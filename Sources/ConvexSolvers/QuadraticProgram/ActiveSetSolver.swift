import CKernels
import LinearAlgebra
import OptimizationCore

/// What a method says of one item.
struct ItemOutcome {
  var status: SolveStatus
  var objective = Double.nan
  var residuals = Residuals(primal: .nan, dual: .nan, gap: .nan)
  var iterations = 0
  var ray: QuadraticProgramRay?
}

/// The dual active-set method for one item at a time: one per worker, its workspace allocated once.
///
/// The unconstrained minimizer, the multipliers from `DualActiveSet`, the point they give, and up to
/// three steps of iterative refinement of the optimality system of the working set.
final class ActiveSetSolver {
  private let n: Int
  private let m: Int
  private let e: Int
  private let gram: DualGram
  private var structure: RowStructure { gram.structure }
  private var dual: DualActiveSet
  private let scratch: OptimalityScratch
  private let buffer: AlignedBuffer
  private let center: UnsafeMutablePointer<Double>
  private let centerProducts: UnsafeMutablePointer<Double>
  private let correction: UnsafeMutablePointer<Double>
  private let work: UnsafeMutablePointer<Double>
  private let correctionMultipliers: UnsafeMutablePointer<Double>
  private let products: UnsafeMutablePointer<Double>
  private let scales: UnsafeMutablePointer<Double>
  private let rows: UnsafeMutablePointer<Int32>
  private let rowPointers: UnsafeMutablePointer<UnsafePointer<Double>?>

  init(_ batch: QuadraticProgramBatch, gram: DualGram) {
    n = batch.variables
    m = batch.inequalities
    e = batch.equalities
    self.gram = gram
    dual = DualActiveSet(rows: m + e, equalities: e, variables: n)
    scratch = OptimalityScratch(n: n, e: e)
    let total = m + e
    buffer = AlignedBuffer(uninitializedCount: 3 * n + 4 * total)
    center = buffer.pointer
    correction = center + n
    work = correction + n
    centerProducts = work + n
    correctionMultipliers = centerProducts + total
    products = correctionMultipliers + total
    scales = products + total
    rows = .allocate(capacity: total + 1)
    rowPointers = .allocate(capacity: total + 1)
  }

  deinit {
    rows.deallocate()
    rowPointers.deallocate()
  }

  // MARK: - One item

  /// Solves an item whose Q is factored and whose constraints are prepared in `gram`.
  /// `.numericalError` asks the caller to try another method.
  func solve(
    item: Int, problem: ProblemView, point: PointView, guess: UnsafePointer<Double>?,
    tolerance: Double, iterationLimit: Int, store: ActiveSetStore, isOverdue: () -> Bool
  ) -> ItemOutcome {
    center.update(from: problem.p, count: n)
    gram.solveNegated(center)
    guard setBounds(problem) else { return ItemOutcome(status: .numericalError) }
    setGuess(guess)
    let outcome = dual.solve(
      H: gram.H, ldh: gram.ldh, activeRows: structure.count, iterationLimit: iterationLimit,
      isOverdue: isOverdue)
    switch outcome {
    case .optimal: break
    case .infeasible:
      let ray = infeasibilityRay(problem, point: point)
      return ItemOutcome(
        status: ray == nil ? .numericalError : .primalInfeasible, iterations: dual.iterations,
        ray: ray)
    case .iterationLimit, .timeLimit:
      readOutMultipliers(point)
      recoverPrimal(problem, point)
      let (objective, residuals) = problem.evaluate(point, scratch)
      return ItemOutcome(
        status: outcome == .timeLimit ? .timeLimit : .iterationLimit, objective: objective, residuals: residuals,
        iterations: dual.iterations)
    }
    readOutMultipliers(point)
    collectWorkingSet(point)
    store.keep(
      item: item, count: dual.count, rows: rows, scales: scales, root: dual.root, ld: dual.ldw,
      inverseDiagonal: dual.rootInverseDiagonal)
    recoverPrimal(problem, point)
    let system = store.system(item, problem)!
    let (objective, residuals) = refine(problem, point, system)
    let solved = residuals.largest <= tolerance
    return ItemOutcome(
      status: solved ? .optimal : .numericalError, objective: objective, residuals: residuals,
      iterations: dual.iterations)
  }

  /// The bounds of the scaled dual. False where a row is zero, which the scaling cannot represent.
  private func setBounds(_ problem: ProblemView) -> Bool {
    ck_multiply(structure.count, n, gram.C, n, center, centerProducts)
    for i in 0..<structure.count {
      let scale = gram.rowScale[i]
      guard scale > 0, scale.isFinite else { return false }
      let product = centerProducts[i]
      if i < e {
        dual.upper[i] = scale * (problem.b[i] - product)
        dual.lower[i] = dual.upper[i]
        dual.tolerance[i] = 1e-11 * scale * (abs(problem.b[i]) + abs(product))
        continue
      }
      let up = structure.upper[i]
      let low = structure.lower[i]
      var size = abs(product)
      if problem.isBounded(up) {
        dual.upper[i] = scale * (problem.h[up] - product)
        size += abs(problem.h[up])
      } else {
        dual.upper[i] = .infinity
      }
      if low >= 0, problem.isBounded(low) {
        dual.lower[i] = scale * (-problem.h[low] - product)
        size += abs(problem.h[low])
      } else {
        dual.lower[i] = -.infinity
      }
      dual.tolerance[i] = 1e-12 * scale * size
      // Bounds that cross, by more than rounding, are left to the method with certificates.
      if dual.lower[i] > dual.upper[i] {
        if dual.lower[i] > dual.upper[i] + dual.tolerance[i] { return false }
        dual.lower[i] = dual.upper[i]
      }
    }
    return true
  }

  /// The first working set: that of the warm start, or what the unconstrained minimizer violates.
  private func setGuess(_ lambda: UnsafePointer<Double>?) {
    for i in 0..<e { dual.side[i] = 1 }
    for i in e..<structure.count {
      dual.multiplier[i] = 0
      if let lambda {
        let low = structure.lower[i]
        if lambda[structure.upper[i]] > 0 {
          dual.side[i] = 1
        } else {
          dual.side[i] = low >= 0 && lambda[low] > 0 ? -1 : 0
        }
      } else {
        dual.side[i] =
          dual.upper[i] < -dual.tolerance[i] ? 1 : dual.lower[i] > dual.tolerance[i] ? -1 : 0
      }
    }
  }

  // MARK: - Reading out

  private func readOutMultipliers(_ point: PointView) {
    point.lambda.update(repeating: 0, count: m)
    for i in 0..<e { point.nu[i] = gram.rowScale[i] * dual.multiplier[i] }
    for i in e..<structure.count {
      let value = gram.rowScale[i] * dual.multiplier[i]
      if value > 0 { point.lambda[structure.upper[i]] = value }
      if value < 0, structure.lower[i] >= 0 { point.lambda[structure.lower[i]] = -value }
    }
  }

  /// Turns each member of the working set into the canonical row that holds it.
  private func collectWorkingSet(_ point: PointView) {
    for a in 0..<dual.count {
      let i = dual.working[a]
      let scale = gram.rowScale[i]
      if i < e {
        (rows[a], scales[a]) = (Int32(i), scale)
      } else if dual.lower[i] < dual.upper[i] ? dual.side[i] > 0 : dual.multiplier[i] >= 0 {
        (rows[a], scales[a]) = (Int32(e + structure.upper[i]), scale)
      } else {
        (rows[a], scales[a]) = (Int32(e + structure.lower[i]), -scale)
      }
    }
  }

  /// x := -Q⁻¹ (p + Gᵀlambda + Aᵀnu).
  private func recoverPrimal(_ problem: ProblemView, _ point: PointView) {
    point.x.update(from: problem.p, count: n)
    problem.addTransposed(lambda: point.lambda, nu: point.nu, to: point.x)
    gram.solveNegated(point.x)
  }

  /// Newton steps on the optimality system of the working set while they help.
  private func refine(
    _ problem: ProblemView, _ point: PointView, _ system: ActiveSetSystem
  ) -> (Double, Residuals) {
    var result = problem.evaluate(point, scratch)
    var step = 0
    while step < 3, !(max(holdingError(problem, point, system), result.1.dual) <= 1e-14) {
      system.fillRowPointers(rowPointers)
      for j in 0..<n { correction[j] = -scratch.stationarity[j] }
      for a in 0..<system.count {
        let row = Int(system.rows[a])
        correctionMultipliers[a] = row < e ? -scratch.equality[row] : point.slack[row - e]
      }
      let before = result
      let errorBefore = max(holdingError(problem, point, system), before.1.dual)
      system.solve(
        x: correction, u: correctionMultipliers, rowPointers: rowPointers, scratch: work,
        products: products)
      apply(1, point, system)
      result = problem.evaluate(point, scratch)
      let error = max(holdingError(problem, point, system), result.1.dual)
      if !(error < errorBefore) {
        apply(-1, point, system)
        result = problem.evaluate(point, scratch)
        break
      }
      if error > 0.1 * errorBefore { break }
      step += 1
    }
    for j in 0..<m where point.lambda[j] < 0 { point.lambda[j] = 0 }
    return result
  }

  private func apply(_ sign: Double, _ point: PointView, _ system: ActiveSetSystem) {
    ck_add_scaled(n, sign, correction, point.x)
    for a in 0..<system.count {
      let row = Int(system.rows[a])
      if row < e {
        point.nu[row] += sign * correctionMultipliers[a]
      } else {
        point.lambda[row - e] += sign * correctionMultipliers[a]
      }
    }
  }

  /// How far the rows of the working set are from their bounds, relative as the primal residual.
  private func holdingError(
    _ problem: ProblemView, _ point: PointView, _ system: ActiveSetSystem
  ) -> Double {
    var error = 0.0
    var size = 0.0
    for a in 0..<system.count {
      let row = Int(system.rows[a])
      error = maximum(error, abs(row < e ? scratch.equality[row] : point.slack[row - e]))
      size = maximum(size, abs(row < e ? problem.b[row] : problem.h[row - e]))
    }
    return error / (1 + size)
  }

  // MARK: - Infeasibility

  /// The proof in canonical rows, normalized; nil if it does not hold to 1e-8.
  private func infeasibilityRay(_ problem: ProblemView, point: PointView) -> QuadraticProgramRay? {
    let lambda = point.lambda
    let nu = point.nu
    lambda.update(repeating: 0, count: m)
    for i in 0..<e { nu[i] = gram.rowScale[i] * dual.ray[i] }
    for i in e..<structure.count {
      let value = gram.rowScale[i] * dual.ray[i]
      if value > 0 { lambda[structure.upper[i]] = value }
      if value < 0, structure.lower[i] >= 0 { lambda[structure.lower[i]] = -value }
    }
    return problem.normalizedPrimalRay(lambda: lambda, nu: nu, work: work)
  }
}

extension ProblemView {
  /// Scales multipliers to `hᵀlambda + bᵀnu = -1` and returns them if `Gᵀlambda + Aᵀnu` vanishes to
  /// 1e-8 of their size: a proof that the constraints contradict each other.
  func normalizedPrimalRay(
    lambda: UnsafeMutablePointer<Double>, nu: UnsafeMutablePointer<Double>,
    work: UnsafeMutablePointer<Double>
  ) -> QuadraticProgramRay? {
    var value = 0.0
    for j in 0..<m {
      if lambda[j] < 0 || !isBounded(j) { lambda[j] = 0 }
      if lambda[j] > 0 { value += h[j] * lambda[j] }
    }
    for i in 0..<e { value += b[i] * nu[i] }
    guard value < 0, value.isFinite else { return nil }
    for j in 0..<m { lambda[j] /= -value }
    for i in 0..<e { nu[i] /= -value }
    work.update(repeating: 0, count: n)
    addTransposed(lambda: lambda, nu: nu, to: work)
    var size = 0.0
    for j in 0..<m where lambda[j] > 0 { size = max(size, lambda[j] * ck_largest(n, G + j * n)) }
    for i in 0..<e { size = max(size, abs(nu[i]) * ck_largest(n, A + i * n)) }
    guard ck_largest(n, work) <= 1e-8 * max(size, 1e-300) else { return nil }
    return .primalInfeasible(
      lambda: Vector(Array(UnsafeBufferPointer(start: lambda, count: m))),
      nu: Vector(Array(UnsafeBufferPointer(start: nu, count: e))))
  }
}
