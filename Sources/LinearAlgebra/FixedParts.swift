import Dispatch

/// Runs `body` on consecutive parts of `0 ..< count`, on several threads.
///
/// The parts depend on the counts only, so that results are the same on any machine and for any number of
/// threads. A part should take at least 20 microseconds: handing one to another thread costs about 5.
///
/// - Parameters:
///   - partCount: how many parts to make, at least one.
///   - multiple: every part but the last has a multiple of this length.
@inline(__always)
package func forEachFixedPart(
  of count: Int, partCount: Int, multiple: Int = 1, _ body: (Range<Int>) -> Void
) {
  if partCount <= 1 || count <= multiple { return body(0..<count) }
  let units = (count + multiple - 1) / multiple
  let length = (units + partCount - 1) / partCount * multiple
  withoutActuallyEscaping(body) { body in
    // The parts are disjoint, and all are done before this returns.
    nonisolated(unsafe) let body = body
    DispatchQueue.concurrentPerform(iterations: (count + length - 1) / length) { part in
      body(part * length..<min((part + 1) * length, count))
    }
  }
}
