import LinearAlgebra
import OptimizationCore

/// One derivative of the solutions of a batch.
struct ConeProgramDerivativeRun {
  private let solution: ConeProgramBatchSolution
  private let items: Range<Int>
  private let policy: DegeneratePolicy
  private let threads: Int?

  private var batch: ConeProgramBatch { solution.problem }

  init(
    _ solution: ConeProgramBatchSolution, items: Range<Int>, policy: DegeneratePolicy, threads: Int?
  ) throws {
    if case .smoothed(let barrier) = policy, !(barrier > 0 && barrier.isFinite) {
      throw DerivativeError.invalidBarrier(barrier)
    }
    self.solution = solution
    self.items = items
    self.policy = policy
    self.threads = threads
  }

  // MARK: - Reverse mode

  func vjp(
    x: BatchedVector?, y: BatchedVector?, s: BatchedVector?
  ) throws -> ConeProgramBatchGradient {
    let n = batch.variables
    let m = batch.rows
    try check(x, "x", n)
    try check(y, "y", m)
    try check(s, "s", m)
    let count = items.count
    let entriesP = batch.P?.pattern.entries ?? 0
    let entriesA = batch.A.pattern.entries
    let gradients = Gradients(
      P: AlignedBuffer(repeating: 0, count: count * entriesP),
      c: AlignedBuffer(repeating: 0, count: count * n),
      A: AlignedBuffer(repeating: 0, count: count * entriesA),
      b: AlignedBuffer(repeating: 0, count: count * m))
    let certificates = try run { item, index in
      let work = AlignedBuffer(repeating: 0, count: 2 * n + 4 * m)
      let r1 = work.pointer
      let dx = r1 + n
      let r2 = dx + n
      let dy = r2 + m
      let ds = dy + m
      let slack = ds + m
      // (dx, dy) = T (x̄ - AᵀFs̄, ȳ), and the slack's own part Fs̄ goes to b.
      var size = 0.0
      if let x { add(x.pointer(index), to: r1, n, &size) }
      if let y { add(y.pointer(index), to: r2, m, &size) }
      if let s { add(s.pointer(index), to: slack, m, &size) }
      let (certificate, quality) = try differentiate(
        item, isReverse: true, isZero: size == 0, r1: r1, r2: r2, slack: s == nil ? nil : slack,
        dx: dx, dy: dy, ds: ds)
      let target = gradients.of(index, n, m, entriesP, entriesA)
      if certificate.kind == .undefined {
        if size != 0 { target.fill(.nan, n, m, entriesP, entriesA) }
      } else if size != 0 {
        for i in 0..<m { dy[i] += slack[i] }
        write(item, dx: dx, dy: dy, into: target, quality: quality)
      }
      return certificate
    }
    return ConeProgramBatchGradient(
      P: batch.P.map { given in
        BatchedSparseMatrix(
          pattern: given.pattern, values: gather(gradients.P, count, entriesP, given.items))
      },
      c: gather(gradients.c, count, n, batch.c.items),
      A: BatchedSparseMatrix(
        pattern: batch.A.pattern, values: gather(gradients.A, count, entriesA, batch.A.items)),
      b: gather(gradients.b, count, m, batch.b.items), certificates: certificates)
  }

  private func add(_ source: Numbers, to target: Numbers, _ count: Int, _ size: inout Double) {
    for i in 0..<count {
      target[i] = source[i]
      size = max(size, source[i].magnitude)
    }
  }

  /// dc = -u, db = w, dP = -sym(u x'), dA = -(y u' + w x') on the patterns.
  private func write(
    _ item: Int, dx u: Numbers, dy w: Numbers, into target: ItemGradient, quality: SolvePoint
  ) {
    for j in 0..<batch.variables { target.c[j] = -u[j] }
    for i in 0..<batch.rows { target.b[i] = w[i] }
    for i in 0..<batch.rows where batch.b.pointer(item)[i] >= 1e20 { target.b[i] = 0 }
    if let P = batch.P {
      P.pattern.visit { row, column, entry in
        target.P[entry] = -0.5 * (u[row] * quality.x[column] + u[column] * quality.x[row])
      }
    }
    batch.A.pattern.visit { row, column, entry in
      target.A[entry] = -(quality.y[row] * u[column] + target.b[row] * quality.x[column])
    }
  }

  // MARK: - Forward mode

  func jvp(_ perturbation: ConeProgramPerturbation) throws -> ConeProgramBatchTangent {
    let n = batch.variables
    let m = batch.rows
    try check(perturbation.P, "P", batch.P?.pattern.entries ?? 0)
    try check(perturbation.c, "c", n)
    try check(perturbation.A, "A", batch.A.pattern.entries)
    try check(perturbation.b, "b", m)
    let count = items.count
    let x = AlignedBuffer(repeating: 0, count: count * n)
    let y = AlignedBuffer(repeating: 0, count: count * m)
    let s = AlignedBuffer(repeating: 0, count: count * m)
    let tangents = ItemTangents(x: x.pointer, y: y.pointer, s: s.pointer)
    let certificates = try run { item, index in
      let work = AlignedBuffer(repeating: 0, count: n + m)
      let r1 = work.pointer
      let r2 = r1 + n
      let dx = tangents.x + index * n
      let dy = tangents.y + index * m
      let ds = tangents.s + index * m
      let point = try point(item)
      // r₁ = -(dP x + dAᵀ y + dc), r₂ = db - dA x.
      if let dc = perturbation.c {
        for j in 0..<n { r1[j] = -dc.pointer(index)[j] }
      }
      if let db = perturbation.b { r2.update(from: db.pointer(index), count: m) }
      if let dP = perturbation.P, let pattern = batch.P?.pattern {
        pattern.multiply(dP.pointer(index), point.x, scale: -1, addingTo: r1)
      }
      if let dA = perturbation.A {
        batch.A.pattern.multiplyTransposed(dA.pointer(index), point.y, scale: -1, addingTo: r1)
        batch.A.pattern.multiply(dA.pointer(index), point.x, scale: -1, addingTo: r2)
      }
      for i in 0..<m where batch.b.pointer(item)[i] >= 1e20 { r2[i] = 0 }
      var size = 0.0
      for j in 0..<n { size = max(size, r1[j].magnitude) }
      for i in 0..<m { size = max(size, r2[i].magnitude) }
      let (certificate, _) = try differentiate(
        item, isReverse: false, isZero: size == 0, r1: r1, r2: r2, slack: nil, dx: dx, dy: dy,
        ds: ds)
      if certificate.kind == .undefined {
        let value = size == 0 ? 0 : Double.nan
        dx.update(repeating: value, count: n)
        dy.update(repeating: value, count: m)
        ds.update(repeating: value, count: m)
      }
      return certificate
    }
    return ConeProgramBatchTangent(
      x: BatchedVector(items: count, count: n, storage: x),
      y: BatchedVector(items: count, count: m, storage: y),
      s: BatchedVector(items: count, count: m, storage: s), certificates: certificates)
  }

  // MARK: - One item

  /// The point that the derivative is taken at.
  private func point(_ item: Int) throws -> SolvePoint {
    if case .smoothed(let barrier) = policy, solution.status[item].hasSolution,
      let central = ConeCentralPath.of(item, in: batch, barrier: barrier)
    {
      return SolvePoint(
        x: central.x, y: central.y, owner: central)
    }
    return SolvePoint(
      x: solution.x.pointer(item), y: solution.y.pointer(item), owner: solution.record)
  }

  /// `differentiateScaled` with right-hand sides brought to a size whose square is a number, by a power of two.
  private func differentiate(
    _ item: Int, isReverse: Bool, isZero: Bool, r1: Numbers, r2: Numbers, slack: Numbers?,
    dx: Numbers, dy: Numbers, ds: Numbers
  ) throws -> (DerivativeCertificate, SolvePoint) {
    let n = batch.variables
    let m = batch.rows
    var size = 0.0
    for j in 0..<n { size = max(size, r1[j].magnitude) }
    for i in 0..<m { size = max(size, r2[i].magnitude, slack?[i].magnitude ?? 0) }
    let exponent = size > 0 && size.isFinite ? max(-1000, min(1000, Int(size.exponent))) : 0
    guard exponent.magnitude > 100 else {
      return try differentiateScaled(
        item, isReverse: isReverse, isZero: isZero, r1: r1, r2: r2, slack: slack, dx: dx, dy: dy,
        ds: ds)
    }
    func scale(_ v: Numbers?, _ count: Int, by exponent: Int) {
      guard let v else { return }
      let factor = Double(sign: .plus, exponent: exponent, significand: 1)
      for i in 0..<count { v[i] *= factor }
    }
    scale(r1, n, by: -exponent)
    scale(r2, m, by: -exponent)
    scale(slack, m, by: -exponent)
    let result = try differentiateScaled(
      item, isReverse: isReverse, isZero: isZero, r1: r1, r2: r2, slack: slack, dx: dx, dy: dy,
      ds: ds)
    scale(slack, m, by: exponent)
    scale(dx, n, by: exponent)
    scale(dy, m, by: exponent)
    scale(ds, m, by: exponent)
    return result
  }

  private func differentiateScaled(
    _ item: Int, isReverse: Bool, isZero: Bool, r1: Numbers, r2: Numbers, slack: Numbers?,
    dx: Numbers, dy: Numbers, ds: Numbers
  ) throws -> (DerivativeCertificate, SolvePoint) {
    let solved = SolvePoint(
      x: solution.x.pointer(item), y: solution.y.pointer(item), owner: solution.record)
    let undefined = DerivativeCertificate(kind: .undefined, errorEstimate: .nan)
    guard solution.status[item].hasSolution else {
      if policy == .throwing {
        throw DerivativeError.unsolved(item: item, status: solution.status[item])
      }
      return (undefined, solved)
    }
    if case .smoothed(let barrier) = policy {
      if let slack { subtractTransposed(item, slack, from: r1) }
      guard let central = ConeCentralPath.of(item, in: batch, barrier: barrier),
        let residual = central.differentiate(r1: r1, r2: r2, dx: dx, dy: dy, ds: ds)
      else { return (undefined, solved) }
      let certificate = DerivativeCertificate(
        kind: .smoothed, adjointResidual: isReverse ? residual : nil,
        forwardResidual: isReverse ? nil : residual, errorEstimate: residual
      ).limitedByResidual
      return (certificate, SolvePoint(x: central.x, y: central.y, owner: central))
    }
    guard let system = system(item) else { return (undefined, solved) }
    defer { solution.record.systems.put(system, item) }
    if let slack {
      system.projectSlack(slack)
      subtractTransposed(item, slack, from: r1)
    }
    let quality =
      isZero
      ? (residual: 0, correction: 0)
      : system.solve(r1: r1, r2: r2, x: dx, y: dy, s: ds, batch: batch, item: item)
    var certificate = DerivativeCertificate(
      kind: solution.status[item] == .optimal ? .exact : .approximate,
      weaklyActive: system.activity.weaklyActive.map { system.layout.originalRows[$0] },
      rankDeficiency: system.dependentConstraints.count,
      freeDirections: system.freeDirections.count,
      adjointResidual: isReverse ? quality.residual : nil,
      forwardResidual: isReverse ? nil : quality.residual,
      errorEstimate: max(
        quality.correction, quality.residual, pointError(solution.residuals[item].largest), 2e-16))
    if certificate.isDegenerate {
      certificate.kind = .leastNorm
      // A residual larger than the error of the null space's basis belongs to directions only just outside of
      // it, in which it is multiplied by the inverse of the regularization.
      if quality.residual > 1e-8, quality.correction > 1e-6 {
        certificate.errorEstimate = max(
          certificate.errorEstimate, min(1, quality.residual / system.system.regularization))
      }
      if policy == .throwing {
        throw DerivativeError.degenerate(item: item, certificate: certificate)
      }
      if policy == .nan { certificate.kind = .undefined }
    }
    return (certificate.limitedByResidual, solved)
  }

  /// What the residuals of a point say about its error: as much after the polish, the square root before it,
  /// for an interior point of residual ε may be √ε from its faces.
  private func pointError(_ residual: Double) -> Double {
    residual > 1e-13 ? residual.squareRoot() : 10 * residual
  }

  private func subtractTransposed(_ item: Int, _ slack: Numbers, from r1: Numbers) {
    batch.A.pattern.multiplyTransposed(
      batch.A.values.pointer(item), slack, scale: -1, addingTo: r1)
  }

  private func system(_ item: Int) -> ItemFaceSystem? {
    if let system = solution.record.systems.take(item) { return system }
    let point = ItemPoint(
      batch, item, x: solution.x.pointer(item), y: solution.y.pointer(item),
      s: solution.s.pointer(item))
    let residual = solution.residuals[item].largest
    let accuracy = max(1e-10, min(1e-3, 1e3 * residual))
    // A point on the central path may be the square root of its residual from its faces.
    let unpolished = max(1e-8, accuracy, min(1e-3, 10 * residual.squareRoot()))
    return ItemFaceSystem(
      batch, item, point: point, tolerance: accuracy, ambiguity: unpolished / accuracy,
      findsNullSpace: true)
  }

  // MARK: - Batches

  /// Runs `body` for every item; the first error in the order of the items is thrown.
  private func run(
    _ body: @escaping (_ item: Int, _ index: Int) throws -> DerivativeCertificate
  ) throws -> [DerivativeCertificate] {
    let results = UnsafeMutableBufferPointer<Result<DerivativeCertificate, any Error>?>.allocate(
      capacity: items.count)
    results.initialize(repeating: nil)
    defer { results.deinitialize().deallocate() }
    // Items write to places of their own.
    nonisolated(unsafe) let shared = results
    nonisolated(unsafe) let work = body
    let first = items.lowerBound
    BatchSchedule(items: items.count, threads: threads, microsecondsPerItem: 100).run { _ in
    } body: { _, index in
      shared[index] = Result { try work(first + index, index) }
    }
    return try results.map { result in
      guard let result else {
        return DerivativeCertificate(kind: .undefined, errorEstimate: .nan)
      }
      return try result.get()
    }
  }

  private func check(_ vector: BatchedVector?, _ argument: String, _ count: Int)
    throws(ProblemError)
  {
    guard let vector else { return }
    guard vector.count == count else {
      throw .shape(argument: argument, item: nil, expected: [count], actual: [vector.count])
    }
    if let given = vector.items, given != items.count {
      throw .batchSize(argument: argument, expected: items.count, actual: given)
    }
  }

  /// Per item where the datum is per item, else the sum.
  private func gather(
    _ buffer: AlignedBuffer, _ count: Int, _ length: Int, _ given: Int?
  ) -> BatchedVector {
    if given != nil { return BatchedVector(items: count, count: length, storage: buffer) }
    let sum = AlignedBuffer(repeating: 0, count: length)
    for item in 0..<count {
      for i in 0..<length { sum.pointer[i] += buffer.pointer[item * length + i] }
    }
    return BatchedVector(items: nil, count: length, storage: sum)
  }
}

/// A point in the terms of the data as given, and what keeps it alive.
struct SolvePoint {
  let x: Numbers
  let y: Numbers
  let owner: AnyObject
}

private struct ItemTangents: @unchecked Sendable {
  let x: Numbers
  let y: Numbers
  let s: Numbers
}

/// The gradients of all items before shared ones are summed.
private struct Gradients {
  let P: AlignedBuffer
  let c: AlignedBuffer
  let A: AlignedBuffer
  let b: AlignedBuffer

  func of(_ index: Int, _ n: Int, _ m: Int, _ entriesP: Int, _ entriesA: Int) -> ItemGradient {
    ItemGradient(
      P: P.pointer + index * entriesP, c: c.pointer + index * n, A: A.pointer + index * entriesA,
      b: b.pointer + index * m)
  }
}

private struct ItemGradient {
  let P: Numbers
  let c: Numbers
  let A: Numbers
  let b: Numbers

  func fill(_ value: Double, _ n: Int, _ m: Int, _ entriesP: Int, _ entriesA: Int) {
    P.update(repeating: value, count: entriesP)
    c.update(repeating: value, count: n)
    A.update(repeating: value, count: entriesA)
    b.update(repeating: value, count: m)
  }
}
