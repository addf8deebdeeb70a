import CKernels
import LinearAlgebra
import OptimizationCore

/// One call of `vjp` or `jvp` on the items of a batch.
final class QuadraticProgramDerivativeRun: @unchecked Sendable {
  private let solution: QuadraticProgramBatchSolution
  private let batch: QuadraticProgramBatch
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
    self.solution = solution
    batch = solution.problem
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
    let gradient = GradientAccumulator(batch, items: items.count)
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
      let system = try DerivativeSystem(
        solution, item: items.lowerBound + index, policy: policy)
      rightHandSide?(system)
      let (error, estimate) = system.solve(
        x: unknowns.x, u: unknowns.lambda, v: unknowns.nu, workspace: workspace)
      certificates[index] = system.certificate
      certificates[index][keyPath: residual] = error
      certificates[index].errorEstimate = estimate
      return system
    } catch {
      failures[index] = error
      return nil
    }
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

/// Collects the gradients of the data: written per item, summed in the order of the items where a datum
/// is shared, so that the sum is the same for any number of threads.
private final class GradientAccumulator: @unchecked Sendable {
  private let batch: QuadraticProgramBatch
  private let items: Int
  private let n: Int
  private let m: Int
  private let e: Int
  private let Q: AlignedBuffer
  private let p: AlignedBuffer
  private let G: AlignedBuffer
  private let h: AlignedBuffer
  private let A: AlignedBuffer
  private let b: AlignedBuffer
  /// The factors of the outer products of shared matrices, as rows of padded matrices with two rows per
  /// item: `[direction; point]` of x, lambda and nu, and x with its halves exchanged.
  private let stackX: AlignedBuffer
  private let stackXExchanged: AlignedBuffer
  private let stackLambda: AlignedBuffer
  private let stackNu: AlignedBuffer
  private let paddedX: Int
  private let paddedLambda: Int
  private let paddedNu: Int

  init(_ batch: QuadraticProgramBatch, items: Int) {
    self.batch = batch
    self.items = items
    n = batch.variables
    m = batch.inequalities
    e = batch.equalities
    func padded(_ count: Int) -> Int { (count + 7) / 8 * 8 }
    paddedX = padded(n)
    paddedLambda = padded(m)
    paddedNu = padded(e)
    func storage(_ isShared: Bool, _ rows: Int, _ columns: Int, paddedRow: Int? = nil)
      -> AlignedBuffer
    {
      isShared && items > 0
        ? AlignedBuffer(repeating: 0, count: (rows + 3) / 4 * 4 * (paddedRow ?? columns))
        : AlignedBuffer(uninitializedCount: items * rows * columns)
    }
    Q = storage(batch.Q.items == nil, n, n, paddedRow: paddedX)
    G = storage(batch.G.items == nil, m, n, paddedRow: paddedX)
    A = storage(batch.A.items == nil, e, n, paddedRow: paddedX)
    p = AlignedBuffer(uninitializedCount: items * n)
    h = AlignedBuffer(uninitializedCount: items * m)
    b = AlignedBuffer(uninitializedCount: items * e)
    func stack(_ isNeeded: Bool, _ width: Int) -> AlignedBuffer {
      AlignedBuffer(repeating: 0, count: isNeeded ? 2 * items * width : 0)
    }
    let sharesAny = batch.Q.items == nil || batch.G.items == nil || batch.A.items == nil
    stackX = stack(sharesAny, paddedX)
    stackXExchanged = stack(sharesAny, paddedX)
    stackLambda = stack(batch.G.items == nil, paddedLambda)
    stackNu = stack(batch.A.items == nil, paddedNu)
  }

  /// Adds an item: dQ = (dx xᵀ + x dxᵀ)/2, dp = dx, dG = u xᵀ + lambda dxᵀ, dh = -u, and likewise A, b.
  func add(_ index: Int, direction: PointView, point: PointView, isZero: Bool) {
    // An unsolved item contributes its zeros or NaNs without a point.
    let x = isZero ? direction.x : point.x
    let lambda = isZero ? direction.lambda : point.lambda
    let nu = isZero ? direction.nu : point.nu
    (p.pointer + index * n).update(from: direction.x, count: n)
    for j in 0..<m { h.pointer[index * m + j] = -direction.lambda[j] }
    for i in 0..<e { b.pointer[index * e + i] = -direction.nu[i] }
    if stackX.count > 0 {
      store(direction.x, x, n, stackX, paddedX, index)
      store(x, direction.x, n, stackXExchanged, paddedX, index)
    }
    if batch.Q.items != nil {
      ck_symmetric_outer(n, direction.x, x, Q.pointer + index * n * n)
    }
    if batch.G.items == nil {
      if stackLambda.count > 0 { store(direction.lambda, lambda, m, stackLambda, paddedLambda, index) }
    } else {
      ck_two_outer(m, n, direction.lambda, x, lambda, direction.x, G.pointer + index * m * n)
    }
    if batch.A.items == nil {
      if stackNu.count > 0 { store(direction.nu, nu, e, stackNu, paddedNu, index) }
    } else {
      ck_two_outer(e, n, direction.nu, x, nu, direction.x, A.pointer + index * e * n)
    }
  }

  private func store(
    _ first: UnsafePointer<Double>, _ second: UnsafePointer<Double>, _ count: Int,
    _ stack: AlignedBuffer, _ width: Int, _ index: Int
  ) {
    let target = stack.pointer + 2 * index * width
    target.update(from: first, count: count)
    (target + width).update(from: second, count: count)
  }

  func finish(certificates: [DerivativeCertificate]) -> QuadraticProgramBatchGradient {
    QuadraticProgramBatchGradient(
      Q: matrix(Q, batch.Q, rows: n, stack: stackX, width: paddedX, factor: 0.5),
      p: vector(p, batch.p),
      G: matrix(G, batch.G, rows: m, stack: stackLambda, width: paddedLambda, factor: 1),
      h: vector(h, batch.h),
      A: matrix(A, batch.A, rows: e, stack: stackNu, width: paddedNu, factor: 1),
      b: vector(b, batch.b),
      certificates: certificates)
  }

  private func vector(_ storage: AlignedBuffer, _ datum: BatchedVector) -> BatchedVector {
    guard datum.items == nil else {
      return BatchedVector(items: items, count: datum.count, storage: storage)
    }
    let sum = AlignedBuffer(repeating: 0, count: datum.count)
    for index in 0..<items {
      ck_add_scaled(datum.count, 1, storage.pointer + index * datum.count, sum.pointer)
    }
    return BatchedVector(items: nil, count: datum.count, storage: sum)
  }

  private func matrix(
    _ storage: AlignedBuffer, _ datum: BatchedMatrix, rows: Int, stack: AlignedBuffer, width: Int,
    factor: Double
  ) -> BatchedMatrix {
    guard datum.items == nil else {
      return BatchedMatrix(items: items, rows: rows, columns: n, storage: storage)
    }
    let sum = AlignedBuffer(repeating: 0, count: rows * n)
    guard items > 0, rows > 0 else {
      return BatchedMatrix(items: nil, rows: rows, columns: n, storage: sum)
    }
    ck_transposed_product(
      2 * items, rows, n, stack.pointer, width, stackXExchanged.pointer, paddedX, storage.pointer,
      paddedX)
    for i in 0..<rows {
      for j in 0..<n { sum.pointer[i * n + j] = factor * storage.pointer[i * paddedX + j] }
    }
    return BatchedMatrix(items: nil, rows: rows, columns: n, storage: sum)
  }
}
