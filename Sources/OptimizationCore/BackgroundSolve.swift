import Dispatch
import Foundation

/// Runs a blocking solve from an `async` function.
package enum BackgroundSolve {
  /// Runs `body` on a thread that Swift's concurrency pool does not count on.
  ///
  /// - Parameters:
  ///   - isCancelled: a condition that cancels the solve besides the task's own cancellation.
  ///   - body: the solve, with the question that it has to ask often.
  package static func run<Value: Sendable>(
    isCancelled: (@Sendable () -> Bool)?,
    _ body: @escaping @Sendable (_ isCancelled: @escaping @Sendable () -> Bool) throws -> Value
  ) async throws -> Value {
    let flag = CancellationFlag()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async {
          continuation.resume(
            with: Result { try body { flag.isSet || isCancelled?() == true } })
        }
      }
    } onCancel: {
      flag.set()
    }
  }
}

/// A flag that is set once, from any thread.
private final class CancellationFlag: @unchecked Sendable {
  private let lock = NSLock()
  private var value = false

  var isSet: Bool { lock.withLock { value } }

  func set() { lock.withLock { value = true } }
}
