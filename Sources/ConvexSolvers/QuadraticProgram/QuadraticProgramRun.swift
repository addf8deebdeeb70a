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
  let batch: QuadraticProgramBatch
  let problems: ProblemViews
  let settings: QuadraticProgramSettings
  let store: ActiveSetStore?
  /// What is known of a Q shared by the batch.
  private(set) var sharedTerm: QuadraticTerm?
  /// The constraints of the dual, where Q, G and A are all shared.
  private(set) var sharedGram: DualGram?

  private let warmStart: QuadraticProgramBatchSolution?
  private let deadline: DispatchTime?
  private let x: AlignedBuffer
  private let lambda: AlignedBuffer
  private let nu: AlignedBuffer
  private let slack: AlignedBuffer
  private let outcomes: UnsafeMutablePointer<ItemOutcome>
  private let seconds: UnsafeMutablePointer<Double>
  private let methods: UnsafeMutablePointer<QuadraticProgramSettings.Method>
  /// The shift of an indefinite Q, NaN otherwise.
  private let indefiniteShift: AlignedBuffer

  init(
    _ batch: QuadraticProgramBatch, settings: QuadraticProgramSettings,
    warmStart: QuadraticProgramBatchSolution?
  ) {
    self.batch = batch
    problems = ProblemViews(batch)
    self.settings = settings
    self.warmStart = warmStart
    let items = batch.items
    store =
      batch.isLinear || settings.method == .interiorPoint
      ? nil
      : ActiveSetStore(
        items: items, variables: batch.variables, rows: batch.inequalities + batch.equalities,
        sharesQuadraticTerm: batch.Q.items == nil)
    deadline = settings.timeLimit.map { limit in
      let (seconds, attoseconds) = limit.components
      let nanoseconds = min(Double(seconds) * 1e9 + Double(attoseconds) * 1e-9, 1e18)
      return DispatchTime.now() + .nanoseconds(Int(nanoseconds))
    }
    x = AlignedBuffer(repeating: .nan, count: items * batch.variables)
    lambda = AlignedBuffer(repeating: .nan, count: items * batch.inequalities)
    nu = AlignedBuffer(repeating: .nan, count: items * batch.equalities)
    slack = AlignedBuffer(repeating: .nan, count: items * batch.inequalities)
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
    guard batch.Q.items == nil else { return }
    let view = problems[0]
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
      outcomes[item].status = .timeLimit
      return
    }
    let start = DispatchTime.now().uptimeNanoseconds
    let point = PointView(
      x: x.pointer, lambda: lambda.pointer, nu: nu.pointer, slack: slack.pointer
    )
    .advanced(
      by: item, n: batch.variables, m: batch.inequalities, e: batch.equalities)
    let guess = warmStart.flatMap { $0.status[item] == .optimal ? $0.lambda.pointer(item) : nil }
    do throws(IndefiniteQuadraticTerm) {
      (outcomes[item], methods[item]) = try worker.solve(item: item, point: point, guess: guess)
    } catch {
      indefiniteShift.pointer[item] = error.shift
    }
    seconds[item] = Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
  }

  func isOverdue() -> Bool {
    guard let deadline else { return false }
    return DispatchTime.now() >= deadline
  }

  /// A rough cost of one item, from measurements on one core.
  private var microsecondsPerItem: Double {
    let n = Double(batch.variables)
    let rows = Double(batch.inequalities + batch.equalities)
    return 0.5 + (n + rows) * (n + rows) * 0.002
  }

  private func solution() -> QuadraticProgramBatchSolution {
    let range = 0..<batch.items
    return QuadraticProgramBatchSolution(
      problem: batch,
      status: range.map { outcomes[$0].status },
      objective: range.map { outcomes[$0].objective },
      x: BatchedVector(items: batch.items, count: batch.variables, storage: x),
      lambda: BatchedVector(items: batch.items, count: batch.inequalities, storage: lambda),
      nu: BatchedVector(items: batch.items, count: batch.equalities, storage: nu),
      rays: range.map { outcomes[$0].ray },
      residuals: range.map { outcomes[$0].residuals },
      iterations: range.map { outcomes[$0].iterations },
      seconds: range.map { seconds[$0] },
      methods: range.map { methods[$0] },
      slack: slack,
      store: store)
  }
}

/// Found while an item is solved; becomes a `ProblemError` of the batch.
struct IndefiniteQuadraticTerm: Error {
  let shift: Double
}
