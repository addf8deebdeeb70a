import Dispatch

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Spreads the items of a batch over threads in fixed, interleaved chunks: which thread does an item
/// depends on nothing but the counts, and the items are independent, so the results are the same for
/// any number of threads.
package struct BatchSchedule {
  private let items: Int
  private let threads: Int
  private let chunk: Int
  private let progress: ProgressCallback?

  /// - Parameters:
  ///   - items: the size of the batch.
  ///   - threads: the most threads to use, nil for one per core.
  ///   - microsecondsPerItem: an estimate, so that small batches are not spread thin: waking a second
  ///     thread costs about ten microseconds.
  package init(
    items: Int, threads: Int?, microsecondsPerItem: Double, progress: ProgressCallback? = nil
  ) {
    self.items = items
    self.progress = progress
    let cores = threads ?? coreCount
    let worthwhile = Int((Double(items) * microsecondsPerItem / 40).rounded(.up))
    self.threads = max(1, min(cores, items, worthwhile))
    chunk = max(1, min(64, items / (8 * self.threads)))
  }

  /// Runs `body` for every item, with one worker per thread.
  package func run<Worker>(
    makeWorker: @Sendable (_ thread: Int) -> Worker,
    body: @Sendable (Worker, _ item: Int) -> Void
  ) {
    guard items > 0 else { return }
    let reporter = progress.map { Reporter($0, items: items) }
    @Sendable func perform(_ thread: Int) {
      let worker = makeWorker(thread)
      var start = thread * chunk
      while start < items {
        let end = min(start + chunk, items)
        for item in start..<end { body(worker, item) }
        if let reporter, !reporter.advance(by: end - start) { return }
        start += threads * chunk
      }
    }
    if threads == 1 {
      perform(0)
    } else {
      DispatchQueue.concurrentPerform(iterations: threads, execute: perform)
    }
  }
}

/// The number of active cores.
private let coreCount = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))

/// Calls the progress callback from one thread at a time and remembers that it asked to stop.
private final class Reporter: @unchecked Sendable {
  private let lock = DispatchSemaphore(value: 1)
  private let callback: ProgressCallback
  private let items: Int
  private var finished = 0
  private var isCancelled = false

  init(_ callback: @escaping ProgressCallback, items: Int) {
    self.callback = callback
    self.items = items
  }

  /// Reports more finished items; false if the work is to stop.
  func advance(by count: Int) -> Bool {
    lock.wait()
    defer { lock.signal() }
    finished += count
    if !isCancelled { isCancelled = !callback(SolveProgress(finished, of: items)) }
    return !isCancelled
  }
}
