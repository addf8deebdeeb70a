import ConvexSolvers
import Dispatch
import Foundation
import LinearAlgebra
import OptimizationCore
import Testing
import _TestSupport

/// The `async` forms of `solve`: other tasks run meanwhile, and a cancelled task ends its solve.
@Suite(.timeLimit(.minutes(2))) struct BackgroundSolveTests {
  /// A gate that threads wait at until a task opens it.
  private final class Gate: @unchecked Sendable {
    private let condition = NSCondition()
    private var isOpen = false

    func open() {
      condition.withLock {
        isOpen = true
        condition.broadcast()
      }
    }

    func wait() {
      condition.withLock { while !isOpen { condition.wait() } }
    }
  }

  private var quadratic: QuadraticProgram {
    get throws {
      // Linear, so that the interior point, which looks at its limits every iteration, solves it.
      try QuadraticProgram(
        Q: Matrix(rows: 2, columns: 2), p: [1, 2], G: [[-1, 0], [0, -1], [-1, -1]],
        h: [0, 0, -1])
    }
  }

  private var cone: ConeProgram {
    get throws {
      try ConeProgram(
        c: [1, 2], A: SparseMatrix([[-1, 0], [0, -1], [-1, -1]]), b: [0, 0, -1],
        cones: ConeProduct(nonnegative: 3))
    }
  }

  @Test func answersAreThoseOfTheBlockingForm() async throws {
    let quadratic = try self.quadratic
    let cone = try self.cone
    let inBackground = try await quadratic.solve()
    #expect(inBackground.status == .optimal && inBackground.x == [1, 0])
    let answer = try await cone.solve()
    #expect(answer.status == .optimal)
    #expect(isClose(answer.x, [1, 0], relativeTolerance: 1e-9, absoluteTolerance: 1e-9).holds)
  }

  @Test func errorsAreThrown() async throws {
    let program = try quadratic
    await #expect(throws: SettingsError.self) {
      var settings = QuadraticProgramSettings()
      settings.relativeTolerance = 2
      _ = try await program.solve(settings: settings)
    }
  }

  /// As many solves as would fill Swift's pool wait for a task that needs a place in it.
  @Test func poolIsNotBlocked() async throws {
    let gate = Gate()
    let program = try quadratic
    var settings = QuadraticProgramSettings()
    settings.isCancelled = {
      gate.wait()
      return false
    }
    let waiting = settings
    try await withThrowingTaskGroup(of: SolveStatus.self) { group in
      for _ in 0..<ProcessInfo.processInfo.activeProcessorCount + 2 {
        group.addTask { try await program.solve(settings: waiting).status }
      }
      group.addTask {
        gate.open()
        return .optimal
      }
      for try await status in group { #expect(status == .optimal) }
    }
  }

  @Test func cancelledTaskEndsItsSolve() async throws {
    let begun = Gate()
    let cancelled = Gate()
    let ask: @Sendable () -> Bool = {
      begun.open()
      cancelled.wait()
      return false
    }
    var settings = QuadraticProgramSettings()
    settings.isCancelled = ask
    var coneSettings = ConeProgramSettings()
    coneSettings.iterationLog = { _ in !ask() }
    let (quadratic, cone) = (try self.quadratic, try self.cone)
    let first = Task { [settings] in try await quadratic.solve(settings: settings).status }
    let second = Task { [coneSettings] in try await cone.solve(settings: coneSettings).status }
    await Task.detached { begun.wait() }.value
    first.cancel()
    second.cancel()
    cancelled.open()
    #expect(try await first.value == .cancelled)
    #expect(try await second.value == .cancelled)
  }

  @Test func finishedItemsKeepTheirAnswers() throws {
    let items = 6
    let batch = try ConeProgramBatch(
      P: nil, c: BatchedVector(items: items, count: 1, elements: [1, 2, 3, 4, 5, 6]),
      A: BatchedSparseMatrix(shared: SparseMatrix([[-1]])), b: BatchedVector(shared: [-1]),
      cones: ConeProduct(nonnegative: 1))
    let calls = Counter()
    var settings = ConeProgramSettings()
    settings.threads = 1
    settings.isCancelled = { calls.next() > 15 }
    let answer = try batch.solve(settings: settings)
    #expect(answer.status.first == .optimal)
    #expect(answer.status.last == .cancelled)
    #expect(answer.status.allSatisfy { $0 == .optimal || $0 == .cancelled })
  }

  private final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var count = 0

    func next() -> Int {
      lock.withLock {
        count += 1
        return count
      }
    }
  }
}
