import CKernels
import LinearAlgebra
import OptimizationCore

/// One call of `vjp` or `jvp` on the items of a batch.
final class QuadraticProgramDerivativeRun: @unchecked Sendable {
  private let solution: QuadraticProgramBatchRecord
  private var batch: QuadraticProgramBatch { solution.problem }
  private let problems: ProblemViews
  /// The solutions of all items.
  private let points: PointView
  private let sharesRows: Bool
  private let items: Range<Int>
  private let policy: DegeneratePolicy
  private let threads: Int?
  private let n: Int
  private let m: Int
  private let e: Int
  /// The unknowns of each item's system: `[items, n]`, `[items, m]`, `[items, e]`.
  private let dx: AlignedBuffer
  private let dlambda: AlignedBuffer
  private let dnu: AlignedBuffer
  private let certificates: UnsafeMutablePointer<DerivativeCertificate>
  private let failures: UnsafeMutablePointer<DerivativeError?>

  init(
    _ solution: QuadraticProgramBatchSolution, items: Range<Int>, policy: DegeneratePolicy,
    threads: Int?
  ) throws(DerivativeError) {
    if case .smoothed(let barrier) = policy, !(barrier > 0 && barrier.isFinite) {
      throw .invalidBarrier(barrier)
    }
    let batch = solution.problem
    self.solution = solution.record
    problems = ProblemViews(batch)
    points = PointView(
      x: solution.x.storage.pointer, lambda: solution.lambda.storage.pointer,
      nu: solution.nu.storage.pointer, slack: solution.record.slack.pointer)
    sharesRows = batch.G.items == nil
    self.items = items
    self.policy = policy
    self.threads = threads
    n = batch.variables
    m = batch.inequalities
    e = batch.equalities
    dx = AlignedBuffer(uninitializedCount: items.count * n)
    dlambda = AlignedBuffer(uninitializedCount: items.count * m)
    dnu = AlignedBuffer(uninitializedCount: items.count * e)
    certificates = .allocate(capacity: items.count + 1)
    failures = .allocate(capacity: items.count + 1)
    certificates.initialize(
      repeating: DerivativeCertificate(kind: .undefined, errorEstimate: .nan), count: items.count)
    failures.initialize(repeating: nil, count: items.count)
  }

  deinit {
    certificates.deinitialize(count: items.count)
    certificates.deallocate()
    failures.deinitialize(count: items.count)
    failures.deallocate()
  }

  private func schedule(costPerElement: Double) -> BatchSchedule {
    let elements = Double(n * n + (m + e) * n)
    return BatchSchedule(
      items: items.count, threads: threads,
      microsecondsPerItem: 0.5 + elements * costPerElement)
  }

  private func unknowns(_ index: Int) -> PointView {
    PointView(
      x: dx.pointer + index * n, lambda: dlambda.pointer + index * m, nu: dnu.pointer + index * e,
      slack: dlambda.pointer)
  }

  private func throwFirstFailure() throws(DerivativeError) {
    for index in 0..<items.count {
      if let failure = failures[index] { throw failure }
    }
  }

  // MARK: - Reverse mode

  func vjp(x: BatchedVector?, lambda: BatchedVector?, nu: BatchedVector?) throws
    -> QuadraticProgramBatchGradient
  {
    try check(x, "x", count: n)
    try check(lambda, "lambda", count: m)
    try check(nu, "nu", count: e)
    let gradient = GradientAccumulator(
      batch, items: items.count, dx: dx, dlambda: dlambda, dnu: dnu)
    schedule(costPerElement: 0.001).run { _ in
      DerivativeWorkspace(self.batch)
    } body: { workspace, index in
      let unknowns = self.unknowns(index)
      let item = self.items.lowerBound + index
      Self.negate(x, item, self.n, unknowns.x)
      Self.negate(lambda, item, self.m, unknowns.lambda)
      Self.negate(nu, item, self.e, unknowns.nu)
      guard
        let system = self.solveSystem(index, unknowns, workspace, residual: \.adjointResidual)
      else { return }
      gradient.add(index, direction: unknowns, point: system.point, isZero: system.isUndefined)
    }
    try throwFirstFailure()
    return gradient.finish(
      certificates: Array(UnsafeBufferPointer(start: certificates, count: items.count)))
  }

  private static func negate(
    _ upstream: BatchedVector?, _ item: Int, _ count: Int, _ target: UnsafeMutablePointer<Double>
  ) {
    guard let upstream else {
      target.update(repeating: 0, count: count)
      return
    }
    let source = upstream.pointer(item)
    for k in 0..<count { target[k] = -source[k] }
  }

  /// Prepares and solves the system of an item; records its certificate or failure.
  private func solveSystem(
    _ index: Int, _ unknowns: PointView, _ workspace: DerivativeWorkspace,
    residual: WritableKeyPath<DerivativeCertificate, Double?>,
    rightHandSide: ((DerivativeSystem) -> Void)? = nil
  ) -> DerivativeSystem? {
    do throws(DerivativeError) {
      let item = items.lowerBound + index
      let system = try DerivativeSystem(
        item: item, solvedItem(item), status: solution.status[item],
        solutionError: solution.residuals[item].largest, store: solution.store, policy: policy)
      rightHandSide?(system)
      let (error, estimate) = system.solve(
        x: unknowns.x, u: unknowns.lambda, v: unknowns.nu, workspace: workspace)
      certificates[index] = system.certificate
      certificates[index][keyPath: residual] = error
      certificates[index].errorEstimate = estimate
      let isUndefined = certificates[index].kind == .undefined
      certificates[index] = certificates[index].limitedByResidual
      if certificates[index].kind == .undefined, !isUndefined {
        unknowns.x.update(repeating: .nan, count: n)
        unknowns.lambda.update(repeating: .nan, count: m)
        unknowns.nu.update(repeating: .nan, count: e)
      }
      return system
    } catch {
      failures[index] = error
      return nil
    }
  }

  private func solvedItem(_ item: Int) -> ActivityReport.Item {
    ActivityReport.Item(
      problem: problems[item], point: points.advanced(by: item, n: n, m: m, e: e),
      rowLengths: solution.rowLengths.pointer + (sharesRows ? 0 : item * m),
      gradientSize: solution.gradientSizes[item])
  }

  // MARK: - Forward mode

  func jvp(_ perturbation: QuadraticProgramPerturbation) throws -> QuadraticProgramBatchTangent {
    try check(perturbation.Q, "Q", rows: n)
    try check(perturbation.p, "p", count: n)
    try check(perturbation.G, "G", rows: m)
    try check(perturbation.h, "h", count: m)
    try check(perturbation.A, "A", rows: e)
    try check(perturbation.b, "b", count: e)
    try checkSymmetric(perturbation.Q)
    schedule(costPerElement: 0.001).run { _ in
      DerivativeWorkspace(self.batch)
    } body: { workspace, index in
      let unknowns = self.unknowns(index)
      _ = self.solveSystem(index, unknowns, workspace, residual: \.forwardResidual) { system in
        self.fillTangent(perturbation, self.items.lowerBound + index, system.point, unknowns)
      }
    }
    try throwFirstFailure()
    return QuadraticProgramBatchTangent(
      x: BatchedVector(items: items.count, count: n, storage: dx),
      lambda: BatchedVector(items: items.count, count: m, storage: dlambda),
      nu: BatchedVector(items: items.count, count: e, storage: dnu),
      certificates: Array(UnsafeBufferPointer(start: certificates, count: items.count)))
  }

  /// The change of the optimality conditions at a point: `-(dQ x + dp + dGᵀlambda + dAᵀnu)`, `dh - dG x`
  /// and `db - dA x`.
  private func fillTangent(
    _ change: QuadraticProgramPerturbation, _ item: Int, _ point: PointView, _ target: PointView
  ) {
    if let Q = change.Q {
      ck_multiply(n, n, Q.pointer(item), n, point.x, target.x)
    } else {
      target.x.update(repeating: 0, count: n)
    }
    if let p = change.p { ck_add_scaled(n, 1, p.pointer(item), target.x) }
    Self.fillRows(change.G, change.h, item, point.x, point.lambda, m, n, target.lambda, target.x)
    Self.fillRows(change.A, change.b, item, point.x, point.nu, e, n, target.nu, target.x)
    for k in 0..<n { target.x[k] = -target.x[k] }
  }

  private static func fillRows(
    _ matrix: BatchedMatrix?, _ values: BatchedVector?, _ item: Int, _ x: UnsafePointer<Double>,
    _ multipliers: UnsafePointer<Double>, _ rows: Int, _ n: Int,
    _ target: UnsafeMutablePointer<Double>, _ stationarity: UnsafeMutablePointer<Double>
  ) {
    if let matrix {
      let base = matrix.pointer(item)
      ck_multiply(rows, n, base, n, x, target)
      for i in 0..<rows {
        target[i] = -target[i]
        if multipliers[i] != 0 { ck_add_scaled(n, multipliers[i], base + i * n, stationarity) }
      }
    } else {
      target.update(repeating: 0, count: rows)
    }
    if let values { ck_add_scaled(rows, 1, values.pointer(item), target) }
  }

  // MARK: - Arguments

  private func check(_ vector: BatchedVector?, _ name: String, count: Int) throws(ProblemError) {
    guard let vector else { return }
    guard vector.count == count else {
      throw .shape(argument: name, item: nil, expected: [count], actual: [vector.count])
    }
    try checkItems(vector.items, name)
    try checkFinite(vector.storage, name, shape: [count], batched: vector.items != nil)
  }

  private func check(_ matrix: BatchedMatrix?, _ name: String, rows: Int) throws(ProblemError) {
    guard let matrix else { return }
    guard matrix.rows == rows, matrix.columns == n else {
      throw .shape(
        argument: name, item: nil, expected: [rows, n], actual: [matrix.rows, matrix.columns])
    }
    try checkItems(matrix.items, name)
    try checkFinite(matrix.storage, name, shape: [rows, n], batched: matrix.items != nil)
  }

  private func checkItems(_ count: Int?, _ name: String) throws(ProblemError) {
    if let count, count != batch.items {
      throw .batchSize(argument: name, expected: batch.items, actual: count)
    }
  }

  private func checkSymmetric(_ Q: BatchedMatrix?) throws(ProblemError) {
    guard let Q else { return }
    for item in 0..<(Q.items ?? 1) {
      try requireSymmetric(Q.pointer(item), n, argument: "Q", item: Q.items == nil ? nil : item)
    }
  }
}
