import CKernels

/// From the cotangent of an operation's result to that of one operand.
package typealias Pullback = @Sendable (Tensor) -> Tensor

/// The operations of one reverse-mode derivative, in the order in which they were done.
///
/// Operations refer to each other by position, so a tape of any length is freed without recursion. A tape
/// belongs to one call of `vjp`; nothing is shared between derivatives.
final class Tape: TraceScope, @unchecked Sendable {
  /// A recorded value: at most two operands with a pullback each, or an operation with several results.
  struct Entry {
    var left = -1
    var leftPullback: Pullback?
    var right = -1
    var rightPullback: Pullback?
    /// Set at the first of an operation's results.
    var joint: JointOperation?
  }

  /// An operation with any number of operands and results, which stand at consecutive positions.
  final class JointOperation: @unchecked Sendable {
    /// The operands' positions, nil for those that are constants.
    let operands: [Int?]
    let resultCount: Int
    /// From cotangents of the results (nil for zero) to those of the operands.
    let pullback: @Sendable ([Tensor?]) -> [Tensor?]

    init(
      operands: [Int?], resultCount: Int, pullback: @escaping @Sendable ([Tensor?]) -> [Tensor?]
    ) {
      self.operands = operands
      self.resultCount = resultCount
      self.pullback = pullback
    }
  }

  @exclusivity(unchecked) private var entries: [Entry] = []
  @exclusivity(unchecked) private var lock = trace_lock()

  override init() {
    super.init()
    entries.reserveCapacity(64)
  }

  /// Appends an entry and returns its position.
  @inline(__always)
  func append(_ entry: Entry) -> Int {
    trace_lock_acquire(&lock)
    entries.append(entry)
    let slot = entries.count - 1
    trace_lock_release(&lock)
    return slot
  }

  /// Appends an operation with several results and returns the position of the first.
  func append(_ operation: JointOperation) -> Int {
    trace_lock_acquire(&lock)
    entries.append(Entry(joint: operation))
    for _ in 1..<max(operation.resultCount, 1) { entries.append(Entry()) }
    let slot = entries.count - max(operation.resultCount, 1)
    trace_lock_release(&lock)
    return slot
  }

  /// Carries cotangents from recorded values back to the first `leafCount` entries.
  ///
  /// - Parameters:
  ///   - seeds: positions and their cotangents.
  ///   - isLast: whether the tape is not needed again; what is done is then freed on the way.
  /// - Returns: the cotangents of the leaves, nil for zero.
  func pullBack(_ seeds: [(slot: Int, cotangent: Tensor)], leafCount: Int, isLast: Bool)
    -> [Tensor?]
  {
    trace_lock_acquire(&lock)
    var entries = self.entries
    if isLast { self.entries = [] }
    trace_lock_release(&lock)

    let top = seeds.reduce(leafCount - 1) { max($0, $1.slot) }
    var cotangents = [Tensor?](repeating: nil, count: top + 1)
    for seed in seeds { accumulate(seed.cotangent, into: &cotangents[seed.slot]) }
    var slot = top
    while slot >= leafCount {
      if let joint = entries[slot].joint {
        let range = slot..<slot + joint.resultCount
        let upper = min(range.upperBound, top + 1)
        var results = [Tensor?](repeating: nil, count: joint.resultCount)
        var isNeeded = false
        for index in slot..<max(upper, slot) {
          results[index - slot] = cotangents[index]
          if cotangents[index] != nil { isNeeded = true }
          cotangents[index] = nil
        }
        if isNeeded {
          let operands = joint.pullback(results)
          precondition(
            operands.count == joint.operands.count,
            "vjp: \(operands.count) cotangents for \(joint.operands.count) operands")
          for (operand, cotangent) in zip(joint.operands, operands) {
            if let operand, let cotangent { accumulate(cotangent, into: &cotangents[operand]) }
          }
        }
      } else if let leftPullback = entries[slot].leftPullback {
        if let cotangent = cotangents[slot].take() {
          accumulate(leftPullback(cotangent), into: &cotangents[entries[slot].left])
          if let rightPullback = entries[slot].rightPullback {
            accumulate(rightPullback(cotangent), into: &cotangents[entries[slot].right])
          }
        }
      }
      if isLast { entries[slot] = Entry() }
      slot -= 1
    }
    cotangents.removeLast(cotangents.count - leafCount)
    return cotangents
  }

  private func accumulate(_ cotangent: Tensor, into sum: inout Tensor?) {
    guard var current = sum.take() else {
      sum = cotangent
      return
    }
    current += cotangent
    sum = current
  }
}
