/// How a tensor depends on the input of one derivative, and, through `lower`, of the derivatives around it.
///
/// Every call of `vjp` or `jvp` is a *level*, numbered in the order in which they begin, so that an inner
/// derivative has the larger number. An operation takes the highest level among its operands off, works on
/// what is below (which may be traced by lower levels and is then recorded there), and records itself at
/// that level. So a derivative's own computations are traced exactly as far as outer derivatives need.
package final class Trace: @unchecked Sendable {
  let level: Int64
  /// The trace of the value below this level.
  let lower: Trace?
  /// Says when the derivative's function has returned.
  let scope: TraceScope
  /// Reverse mode: where the tensor was recorded.
  let tape: Tape?
  let slot: Int
  /// Forward mode: the derivative along the direction.
  let tangent: Tensor?

  init(level: Int64, lower: Trace?, tape: Tape, slot: Int) {
    self.level = level
    self.lower = lower
    scope = tape
    self.tape = tape
    self.slot = slot
    tangent = nil
  }

  init(level: Int64, lower: Trace?, scope: TraceScope, tangent: Tensor) {
    self.scope = scope
    self.level = level
    self.lower = lower
    tape = nil
    slot = 0
    self.tangent = tangent
  }
}

/// Whether the function of a derivative has returned. A tensor that escaped from it is then a constant for
/// that derivative, and depends on those around it only.
package class TraceScope: @unchecked Sendable {
  @exclusivity(unchecked) final var isOver = false
}

extension Tensor {
  /// The same value without the traces of derivatives that are over.
  @inline(__always)
  var live: Tensor {
    guard let trace, trace.scope.isOver else { return self }
    var current = trace.lower
    while let next = current, next.scope.isOver { current = next.lower }
    return Tensor(storage: storage, trace: current)
  }

  /// The value as seen from below a level.
  @inline(__always)
  func below(_ level: Int64) -> Tensor {
    guard let trace, trace.level == level else { return self }
    return Tensor(storage: storage, trace: trace.lower)
  }

  /// The trace at a level, if the tensor depends on that level's input.
  @inline(__always)
  func trace(at level: Int64) -> Trace? {
    guard let trace, trace.level == level else { return nil }
    return trace
  }

  /// Whether the tensor depends on the input of any derivative that is being taken.
  public var isTraced: Bool { trace != nil }
}
