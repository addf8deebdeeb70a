import CKernels
import LinearAlgebra
import OptimizationCore

/// The linear system behind the derivatives of one item, in whichever form suits the item.
struct DerivativeSystem {
  private enum Form {
    /// Regular: the factorizations that the active-set solve ended with.
    case regular(ActiveSetSystem)
    case general(GeneralActiveSystem)
    case smoothed(CentralPathPoint)
    case undefined
  }

  private let form: Form
  private let problem: ProblemView
  /// The point at which the derivative is taken.
  let point: PointView
  private(set) var certificate: DerivativeCertificate
  private let solutionError: Double

  /// Looks at the solution of an item and prepares its system.
  init(
    item: Int, _ solved: ActivityReport.Item, status: SolveStatus, solutionError: Double,
    store: ActiveSetStore?, policy: DegeneratePolicy
  ) throws(DerivativeError) {
    let (problem, point) = (solved.problem, solved.point)
    self.problem = problem
    self.solutionError = solutionError
    guard status.hasSolution else {
      if policy == .throwing { throw .unsolved(item: item, status: status) }
      self.point = point
      form = .undefined
      certificate = DerivativeCertificate(kind: .undefined, errorEstimate: .nan)
      return
    }
    let kind = status == .optimal ? DerivativeCertificate.Kind.exact : .approximate
    if let system = store?.system(item, problem),
      ActivityReport.isRegular(solved, count: system.count - problem.e)
    {
      self.point = point
      form = .regular(system)
      certificate = DerivativeCertificate(kind: kind, errorEstimate: .nan)
      return
    }
    let activity = ActivityReport(solved)
    let rows = Array(0..<problem.e) + activity.active.map { problem.e + $0 }
    let general = GeneralActiveSystem(problem, rows: rows)
    var certificate = DerivativeCertificate(
      kind: general == nil ? .undefined : kind, weaklyActive: activity.weaklyActive,
      rankDeficiency: general?.rankDeficiency ?? 0, freeDirections: general?.freeDirections ?? 0,
      errorEstimate: .nan)
    guard certificate.isDegenerate, let general else {
      self.point = point
      form = general.map(Form.general) ?? .undefined
      self.certificate = certificate
      return
    }
    switch policy {
    case .leastNorm:
      certificate.kind = .leastNorm
      self.point = point
      form = .general(general)
    case .throwing:
      throw .degenerate(item: item, certificate: certificate)
    case .nan:
      certificate.kind = .undefined
      self.point = point
      form = .undefined
    case .smoothed(let barrier):
      if let central = CentralPathPoint(problem, near: point, barrier: barrier) {
        certificate.kind = .smoothed
        self.point = central.point
        form = .smoothed(central)
      } else {
        certificate.kind = .undefined
        self.point = point
        form = .undefined
      }
    }
    self.certificate = certificate
  }

  /// Solves in place: x `[n]`, u `[m]` and v `[e]` hold the right-hand side on entry; on exit the
  /// solution, zero for inactive inequalities. Returns the relative residual and the error estimate.
  func solve(
    x: UnsafeMutablePointer<Double>, u: UnsafeMutablePointer<Double>,
    v: UnsafeMutablePointer<Double>, workspace: DerivativeWorkspace
  ) -> (residual: Double, errorEstimate: Double) {
    switch form {
    case .regular(let system):
      return solveRegular(system, x, u, v, workspace)
    case .general(let system):
      var right = Vector.zeros(problem.n + system.rows.count)
      for j in 0..<problem.n { right[j] = x[j] }
      for (a, row) in system.rows.enumerated() {
        right[problem.n + a] = row < problem.e ? v[row] : u[row - problem.e]
      }
      let (solution, residual, error) = system.solve(right)
      for j in 0..<problem.n { x[j] = solution[j] }
      u.update(repeating: 0, count: problem.m)
      for (a, row) in system.rows.enumerated() {
        let value = solution[problem.n + a]
        if row < problem.e { v[row] = value } else { u[row - problem.e] = value }
      }
      return (residual, min(1, error + solutionError))
    case .smoothed(let central):
      var (a, c, d) = (Vector(x, problem.n), Vector(u, problem.m), Vector(v, problem.e))
      let residual = central.solve(x: &a, u: &c, v: &d)
      for j in 0..<problem.n { x[j] = a[j] }
      for j in 0..<problem.m { u[j] = c[j] }
      for i in 0..<problem.e { v[i] = d[i] }
      return (residual, errorEstimate(residual, condition: 1))
    case .undefined:
      let isZero =
        ck_largest(problem.n, x) == 0 && ck_largest(problem.m, u) == 0
        && ck_largest(problem.e, v) == 0
      let value = isZero ? 0 : Double.nan
      x.update(repeating: value, count: problem.n)
      u.update(repeating: value, count: problem.m)
      v.update(repeating: value, count: problem.e)
      return (.nan, .nan)
    }
  }

  var isUndefined: Bool { if case .undefined = form { true } else { false } }

  /// What the residual of the system and the error of the solution can amount to.
  private func errorEstimate(_ residual: Double, condition: Double) -> Double {
    min(1, condition * max(residual, 1e-16) + solutionError)
  }

  private func solveRegular(
    _ system: ActiveSetSystem, _ x: UnsafeMutablePointer<Double>,
    _ u: UnsafeMutablePointer<Double>, _ v: UnsafeMutablePointer<Double>,
    _ workspace: DerivativeWorkspace
  ) -> (residual: Double, errorEstimate: Double) {
    let n = problem.n
    let e = problem.e
    let count = system.count
    let w = workspace
    system.fillRowPointers(w.rowPointers)
    for a in 0..<count {
      let row = Int(system.rows[a])
      w.targetRows[a] = row < e ? v[row] : u[row - e]
    }
    w.targetX.update(from: x, count: n)
    w.solutionRows.update(from: w.targetRows, count: count)
    system.solve(
      x: x, u: w.solutionRows, rowPointers: w.rowPointers, scratch: w.scratch, products: w.products)

    let size = max(ck_largest(n, w.targetX), ck_largest(count, w.targetRows))
    var residual = 0.0
    if size > 0 {
      for step in 0..<3 {
        residual = remainder(system, x, w) / size
        guard step < 2, residual > 1e-13 else { break }
        system.solve(
          x: w.residualX, u: w.residualRows, rowPointers: w.rowPointers, scratch: w.scratch,
          products: w.products)
        ck_add_scaled(n, 1, w.residualX, x)
        ck_add_scaled(count, 1, w.residualRows, w.solutionRows)
      }
    }
    u.update(repeating: 0, count: problem.m)
    for a in 0..<count {
      let row = Int(system.rows[a])
      if row < e { v[row] = w.solutionRows[a] } else { u[row - e] = w.solutionRows[a] }
    }
    return (residual, errorEstimate(residual, condition: system.conditionEstimate))
  }

  /// residual := target - K solution, of the unregularized matrix; returns its largest element.
  private func remainder(
    _ system: ActiveSetSystem, _ x: UnsafePointer<Double>, _ w: DerivativeWorkspace
  ) -> Double {
    let n = problem.n
    ck_multiply(n, n, problem.Q, n, x, w.residualX)
    ck_add_rows(system.count, w.rowPointers, n, w.solutionRows, w.residualX)
    for j in 0..<n { w.residualX[j] = w.targetX[j] - w.residualX[j] }
    ck_row_products(system.count, w.rowPointers, n, x, w.residualRows)
    for a in 0..<system.count { w.residualRows[a] = w.targetRows[a] - w.residualRows[a] }
    return maximum(ck_largest(n, w.residualX), ck_largest(system.count, w.residualRows))
  }
}

/// Scratch of one thread for `DerivativeSystem`.
final class DerivativeWorkspace {
  private let buffer: AlignedBuffer
  let targetX: UnsafeMutablePointer<Double>
  let residualX: UnsafeMutablePointer<Double>
  let scratch: UnsafeMutablePointer<Double>
  let targetRows: UnsafeMutablePointer<Double>
  let solutionRows: UnsafeMutablePointer<Double>
  let residualRows: UnsafeMutablePointer<Double>
  let products: UnsafeMutablePointer<Double>
  let rowPointers: UnsafeMutablePointer<UnsafePointer<Double>?>

  init(_ batch: QuadraticProgramBatch) {
    let n = batch.variables
    let rows = batch.inequalities + batch.equalities
    buffer = AlignedBuffer(uninitializedCount: 3 * n + 4 * rows)
    targetX = buffer.pointer
    residualX = targetX + n
    scratch = residualX + n
    targetRows = scratch + n
    solutionRows = targetRows + rows
    residualRows = solutionRows + rows
    products = residualRows + rows
    rowPointers = .allocate(capacity: rows + 1)
  }

  deinit { rowPointers.deallocate() }
}

extension Vector {
  /// Copies `count` elements.
  init(_ source: UnsafePointer<Double>, _ count: Int) {
    self.init(Array(UnsafeBufferPointer(start: source, count: count)))
  }
}
