import CKernels
import LinearAlgebra
import OptimizationCore

/// What a method says of one item.
struct ItemOutcome {
  var status: SolveStatus
  var objective = Double.nan
  var residuals = Residuals(primal: .nan, dual: .nan, gap: .nan)
  var gradientSize = Double.nan
  var iterations = 0
  var ray: QuadraticProgramRay?

  /// Takes over what is known of the point.
  mutating func record(_ evaluation: Evaluation) {
    objective = evaluation.objective
    residuals = evaluation.residuals
    gradientSize = evaluation.gradientSize
  }
}

/// The dual active-set method for one item at a time: one per worker, its workspace allocated once.
///
/// The minimizer subject to the equalities alone, the multipliers of the inequalities from `DualActiveSet`, the point they give, and up to
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
  /// The minimizer subject to the equalities, and F⁻ᵀ times the scaled distance of the unconstrained one.
  private let center: UnsafeMutablePointer<Double>
  private let equalityGap: UnsafeMutablePointer<Double>
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
    dual = DualActiveSet(rows: m, dimension: n - e)
    scratch = OptimalityScratch(n: n, e: e)
    let total = m + e
    buffer = AlignedBuffer(uninitializedCount: 3 * n + 4 * total + e)
    center = buffer.pointer
    correction = center + n
    work = correction + n
    centerProducts = work + n
    correctionMultipliers = centerProducts + total
    products = correctionMultipliers + total
    scales = products + total
    equalityGap = scales + total
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
    guard gram.isRegular else { return ItemOutcome(status: .numericalError) }
    findCenter(problem)
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
      readOutMultipliers(dual.multiplier, gap: equalityGap, problem, point)
      recoverPrimal(problem, point)
      var result = ItemOutcome(
        status: outcome == .timeLimit ? .timeLimit : .iterationLimit, iterations: dual.iterations)
      result.record(problem.evaluate(point, scratch))
      return result
    }
    readOutMultipliers(dual.multiplier, gap: equalityGap, problem, point)
    collectWorkingSet(point)
    store.keep(
      item: item, count: e + dual.count, rows: rows, scales: scales, gram: gram,
      working: dual.working,
      root: dual.root, ld: dual.ldw, inverseDiagonal: dual.rootInverseDiagonal)
    recoverPrimal(problem, point)
    let system = store.system(item, problem)!
    var result = ItemOutcome(status: .optimal, iterations: dual.iterations)
    result.record(refine(problem, point, system))
    if !(result.residuals.largest <= tolerance) { result.status = .numericalError }
    return result
  }

  /// The minimizer subject to the equalities alone.
  private func findCenter(_ problem: ProblemView) {
    center.update(from: problem.p, count: n)
    gram.solveNegated(center)
    guard e > 0 else { return }
    ck_multiply(e, n, problem.A, n, center, equalityGap)
    for i in 0..<e { equalityGap[i] = gram.equalityScale[i] * (problem.b[i] - equalityGap[i]) }
    ck_solve_transposed(e, gram.F, gram.lde, gram.inverseDiagonalF, equalityGap)
    products.update(from: equalityGap, count: e)
    ck_solve(e, gram.F, gram.lde, gram.inverseDiagonalF, products)
    center.update(from: problem.p, count: n)
    for i in 0..<e {
      ck_add_scaled(n, -gram.equalityScale[i] * products[i], problem.A + i * n, center)
    }
    gram.solveNegated(center)
  }

  /// The bounds of the scaled dual, relative to the center. False where bounds contradict each other or a
  /// row that cannot move: the method with certificates says whether that is a proof.
  private func setBounds(_ problem: ProblemView) -> Bool {
    ck_multiply(structure.count, n, gram.C, n, center, centerProducts)
    for i in 0..<structure.count {
      let scale = gram.rowScale[i]
      let product = centerProducts[i]
      let up = structure.upper[i]
      let low = structure.lower[i]
      var size = abs(product)
      var upper = Double.infinity
      var lower = -Double.infinity
      if problem.isBounded(up) {
        upper = problem.h[up] - product
        size += abs(problem.h[up])
      }
      if low >= 0, problem.isBounded(low) {
        lower = -problem.h[low] - product
        size += abs(problem.h[low])
      }
      let tolerance = 1e-12 * size
      if lower > upper {
        guard lower <= upper + tolerance else { return false }
        lower = upper
      }
      if scale == 0 {
        guard upper >= -tolerance, lower <= tolerance else { return false }
        (dual.upper[i], dual.lower[i]) = (.infinity, -.infinity)
      } else {
        (dual.upper[i], dual.lower[i]) = (scale * upper, scale * lower)
      }
      dual.tolerance[i] = scale * tolerance
    }
    return true
  }

  /// The first working set: that of the warm start, or what the center violates.
  private func setGuess(_ lambda: UnsafePointer<Double>?) {
    for i in 0..<structure.count {
      dual.multiplier[i] = 0
      let low = structure.lower[i]
      if let lambda, gram.rowScale[i] > 0 {
        let isAtUpper = lambda[structure.upper[i]] > 0
        dual.side[i] = isAtUpper ? 1 : low >= 0 && lambda[low] > 0 ? -1 : 0
      } else {
        let isOver = dual.upper[i] < -dual.tolerance[i]
        dual.side[i] = isOver ? 1 : dual.lower[i] > dual.tolerance[i] ? -1 : 0
      }
    }
  }

  // MARK: - Reading out

  /// The canonical multipliers for scaled ones of the rows; those of the equalities follow from
  /// `-F⁻¹ (gap + Z scaled)`.
  private func readOutMultipliers(
    _ scaled: UnsafePointer<Double>, gap: UnsafePointer<Double>?, _ problem: ProblemView,
    _ point: PointView
  ) {
    point.lambda.update(repeating: 0, count: m)
    for i in 0..<structure.count {
      let value = gram.rowScale[i] * scaled[i]
      // A wrong sign by rounding belongs to the other bound, if there is one.
      let row = value > 0 ? structure.upper[i] : structure.lower[i]
      if row >= 0, problem.isBounded(row) { point.lambda[row] = abs(value) }
    }
    guard e > 0 else { return }
    ck_multiply(e, structure.count, gram.Z, gram.ldh, scaled, point.nu)
    if let gap { ck_add_scaled(e, 1, gap, point.nu) }
    ck_solve(e, gram.F, gram.lde, gram.inverseDiagonalF, point.nu)
    for i in 0..<e { point.nu[i] *= -gram.equalityScale[i] }
  }

  /// The equalities, and for each member of the working set the canonical row that holds it.
  private func collectWorkingSet(_ point: PointView) {
    for i in 0..<e { (rows[i], scales[i]) = (Int32(i), gram.equalityScale[i]) }
    for a in 0..<dual.count {
      let i = dual.working[a]
      let scale = gram.rowScale[i]
      if dual.lower[i] < dual.upper[i] ? dual.side[i] > 0 : dual.multiplier[i] >= 0 {
        (rows[e + a], scales[e + a]) = (Int32(e + structure.upper[i]), scale)
      } else {
        (rows[e + a], scales[e + a]) = (Int32(e + structure.lower[i]), -scale)
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
  ) -> Evaluation {
    var result = problem.evaluate(point, scratch)
    var error = max(holdingError(problem, point, system), result.residuals.dual)
    for _ in 0..<3 where !(error <= 1e-14) {
      system.fillRowPointers(rowPointers)
      for j in 0..<n { correction[j] = -scratch.stationarity[j] }
      for a in 0..<system.count {
        let row = Int(system.rows[a])
        correctionMultipliers[a] = row < e ? -scratch.equality[row] : point.slack[row - e]
      }
      system.solve(
        x: correction, u: correctionMultipliers, rowPointers: rowPointers, scratch: work,
        products: products)
      apply(1, point, system)
      result = problem.evaluate(point, scratch)
      let before = error
      error = max(holdingError(problem, point, system), result.residuals.dual)
      if !(error < before) {
        apply(-1, point, system)
        result = problem.evaluate(point, scratch)
        break
      }
      if error > 0.1 * before { break }
    }
    // Negative by rounding only: the sign was checked where it was decided.
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

  /// The proof in canonical rows; nil if it does not hold.
  private func infeasibilityRay(_ problem: ProblemView, point: PointView) -> QuadraticProgramRay? {
    readOutMultipliers(dual.ray, gap: nil, problem, point)
    return problem.primalRay(lambda: point.lambda, nu: point.nu)
  }
}
