import CKernels
import Dispatch
import LinearAlgebra
import OptimizationCore

/// How Q can be used.
enum QuadraticTerm {
  case positiveDefinite
  case semidefinite
  /// An eigenvalue lies below `-shift`.
  case indefinite(shift: Double)
}

/// One call of `solve` on a batch: the results, and what the threads share.
final class QuadraticProgramRun: @unchecked Sendable {
  /// The batch that is solved: as it was given, but without rows of rounding noise.
  let batch: QuadraticProgramBatch
  private let original: QuadraticProgramBatch
  let problems: ProblemViews
  let settings: QuadraticProgramSettings
  let store: ActiveSetStore?
  /// What is known of a Q shared by the batch.
  private(set) var sharedTerm: QuadraticTerm?
  /// The constraints of the dual, where Q, G and A are all shared.
  private(set) var sharedGram: DualGram?

  private let warmStart: QuadraticProgramWarmStart?
  private let deadline: DispatchTime?
  private let x: AlignedBuffer
  private let lambda: AlignedBuffer
  private let nu: AlignedBuffer
  private let slack: AlignedBuffer
  /// Euclidean lengths of the rows of G, `[B, m]`, or `[m]` where G is shared.
  private let rowLengths: AlignedBuffer
  private let outcomes: UnsafeMutablePointer<ItemOutcome>
  private let seconds: UnsafeMutablePointer<Double>
  private let methods: UnsafeMutablePointer<QuadraticProgramSettings.Method>
  /// The shift of an indefinite Q, NaN otherwise.
  private let indefiniteShift: AlignedBuffer

  /// Problems with more rows go to the interior point: the Gram matrix would take over half a gigabyte.
  private static let mostDualRows = 8000

  init(
    _ original: QuadraticProgramBatch, settings: QuadraticProgramSettings,
    warmStart: QuadraticProgramWarmStart?
  ) {
    self.original = original
    let batch = original.withoutNoiseRows()
    self.batch = batch
    problems = ProblemViews(batch)
    self.settings = settings
    self.warmStart = warmStart
    let items = batch.items
    // The dual works on the Gram matrix of the rows.
    let rows = batch.inequalities + batch.equalities
    store =
      batch.isLinear || settings.method == .interiorPoint || rows > Self.mostDualRows
      ? nil
      : ActiveSetStore(
        items: items, variables: batch.variables, rows: rows,
        sharesQuadraticTerm: batch.sharesQuadraticTerm)
    deadline = settings.timeLimit.map { limit in
      let (seconds, attoseconds) = limit.components
      let nanoseconds = min(Double(seconds) * 1e9 + Double(attoseconds) * 1e-9, 1e18)
      return DispatchTime.now() + .nanoseconds(Int(nanoseconds))
    }
    x = AlignedBuffer(repeating: .nan, count: items * batch.variables)
    lambda = AlignedBuffer(repeating: .nan, count: items * batch.inequalities)
    nu = AlignedBuffer(repeating: .nan, count: items * batch.equalities)
    slack = AlignedBuffer(repeating: .nan, count: items * batch.inequalities)
    rowLengths = AlignedBuffer(uninitializedCount: batch.G.storage.count / batch.variables)
    indefiniteShift = AlignedBuffer(repeating: .nan, count: items)
    outcomes = .allocate(capacity: items + 1)
    seconds = .allocate(capacity: items + 1)
    methods = .allocate(capacity: items + 1)
    outcomes.initialize(repeating: ItemOutcome(status: .cancelled), count: items)
    seconds.initialize(repeating: 0, count: items)
    methods.initialize(repeating: settings.method, count: items)
  }

  deinit {
    outcomes.deinitialize(count: batch.items)
    outcomes.deallocate()
    seconds.deallocate()
    methods.deallocate()
  }

  func solve() throws(ProblemError) -> QuadraticProgramBatchSolution {
    if batch.items > 0 { try prepareShared() }
    BatchSchedule(
      items: batch.items, threads: settings.threads,
      microsecondsPerItem: microsecondsPerItem, progress: settings.progress
    ).run { _ in
      QuadraticProgramWorker(self)
    } body: { worker, item in
      self.solve(item: item, worker)
    }
    for item in 0..<batch.items where !indefiniteShift.pointer[item].isNaN {
      throw .notPositiveSemidefinite(
        argument: "Q", item: item, shift: indefiniteShift.pointer[item])
    }
    return solution()
  }

  /// Work that is the same for every item.
  private func prepareShared() throws(ProblemError) {
    let view = problems[0]
    if batch.G.items == nil { view.measureRows(rowLengths.pointer) }
    guard batch.sharesQuadraticTerm else { return }
    guard let store else {
      sharedTerm = view.classifyWithoutFactor()
      if case .indefinite(let shift) = sharedTerm {
        throw .notPositiveSemidefinite(argument: "Q", item: nil, shift: shift)
      }
      return
    }
    let gram = DualGram(batch, root: store.quadraticRoot(0))
    let term = gram.factorQuadraticTerm(view)
    if case .indefinite(let shift) = term {
      throw .notPositiveSemidefinite(argument: "Q", item: nil, shift: shift)
    }
    sharedTerm = term
    if case .positiveDefinite = term, batch.G.items == nil, batch.A.items == nil {
      gram.prepareConstraints(view)
      sharedGram = gram
    }
  }

  private func solve(item: Int, _ worker: QuadraticProgramWorker) {
    guard !isOverdue() else {
      outcomes[item].status = isCancelled ? .cancelled : .timeLimit
      return
    }
    let start = DispatchTime.now().uptimeNanoseconds
    let point = PointView(
      x: x.pointer, lambda: lambda.pointer, nu: nu.pointer, slack: slack.pointer
    )
    .advanced(
      by: item, n: batch.variables, m: batch.inequalities, e: batch.equalities)
    if batch.G.items != nil {
      problems[item].measureRows(rowLengths.pointer + item * batch.inequalities)
    }
    let guess = warmStart?.activeMultipliers(item, problems[item])
    do throws(IndefiniteQuadraticTerm) {
      (outcomes[item], methods[item]) = try worker.solve(item: item, point: point, guess: guess)
      if outcomes[item].status == .timeLimit, isCancelled { outcomes[item].status = .cancelled }
    } catch {
      indefiniteShift.pointer[item] = error.shift
    }
    seconds[item] = Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
  }

  /// Whether to stop, at the time limit or because the solve was cancelled.
  func isOverdue() -> Bool {
    if isCancelled { return true }
    guard let deadline else { return false }
    return DispatchTime.now() >= deadline
  }

  private var isCancelled: Bool { settings.isCancelled?() ?? false }

  /// A rough cost of one item, from measurements on one core.
  private var microsecondsPerItem: Double {
    let n = Double(batch.variables)
    let rows = Double(batch.inequalities + batch.equalities)
    return 0.5 + (n + rows) * (n + rows) * 0.002
  }

  private func solution() -> QuadraticProgramBatchSolution {
    let items = batch.items
    return QuadraticProgramBatchSolution(
      record: QuadraticProgramBatchRecord(
        problem: original, outcomes: UnsafeBufferPointer(start: outcomes, count: items),
        x: BatchedVector(items: items, count: batch.variables, storage: x),
        lambda: BatchedVector(items: items, count: batch.inequalities, storage: lambda),
        nu: BatchedVector(items: items, count: batch.equalities, storage: nu),
        seconds: Array(UnsafeBufferPointer(start: seconds, count: items)),
        methods: Array(UnsafeBufferPointer(start: methods, count: items)), slack: slack,
        rowLengths: rowLengths, store: store))
  }
}

/// Found while an item is solved; becomes a `ProblemError` of the batch.
struct IndefiniteQuadraticTerm: Error {
  let shift: Double
}
