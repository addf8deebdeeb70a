import CKernels
import LinearAlgebra

/// The rows of a problem as two-sided constraints `lower ≤ c·x ≤ upper`: an inequality and its exact
/// negation become one row, so that boxes and ranges are not doubled.
/// Row i is the i-th inequality that is not the second of a pair.
struct RowStructure {
  private let buffer: UnsafeMutablePointer<Int>
  /// For row i: the inequality that bounds it from above; its row of G is the row.
  let upper: UnsafeMutablePointer<Int>
  /// For row i: the inequality that bounds it from below, or -1.
  let lower: UnsafeMutablePointer<Int>
  private let order: UnsafeMutablePointer<Int>
  private let signature: AlignedBuffer
  private let weights: AlignedBuffer
  let inequalities: Int
  private(set) var count = 0

  init(variables: Int, inequalities: Int) {
    self.inequalities = inequalities
    buffer = .allocate(capacity: 3 * inequalities + 1)
    upper = buffer
    lower = upper + inequalities
    order = lower + inequalities
    signature = AlignedBuffer(uninitializedCount: inequalities)
    weights = AlignedBuffer((0..<variables).map { 1 + 0.618 * Double($0 % 13) })
  }

  func deallocate() { buffer.deallocate() }

  /// Finds the pairs of G, shape `[inequalities, n]`. O(mn + m log m).
  mutating func identifyPairs(G: UnsafePointer<Double>, n: Int) {
    // A sum with fixed weights is negated exactly, to the last bit, when the row is.
    ck_multiply(inequalities, n, G, n, weights.pointer, signature.pointer)
    order.update(repeating: -1, count: inequalities)
    markNegations(G: G, n: n)
    count = 0
    for i in 0..<inequalities where order[i] != -2 {
      (upper[count], lower[count]) = (i, order[i])
      count += 1
    }
  }

  /// Sets `order[i]` to the later row that is the negation of row i, and `order` of that row to -2.
  private func markNegations(G: UnsafePointer<Double>, n: Int) {
    let signature = self.signature.pointer
    func isNegation(_ i: Int, _ j: Int) -> Bool {
      guard order[j] == -1, signature[i] == -signature[j] else { return false }
      for k in 0..<n where G[i * n + k] != -G[j * n + k] { return false }
      return true
    }
    if inequalities <= 96 {
      for i in 0..<inequalities where order[i] == -1 {
        if let j = (i + 1..<max(inequalities, i + 1)).first(where: { isNegation(i, $0) }) {
          (order[i], order[j]) = (j, -2)
        }
      }
      return
    }
    var waiting: [Double: [Int]] = [:]
    for j in 0..<inequalities {
      if let candidates = waiting[-signature[j]],
        let place = candidates.firstIndex(where: { order[$0] == -1 && isNegation($0, j) })
      {
        order[candidates[place]] = j
        order[j] = -2
        waiting[-signature[j]]!.remove(at: place)
      } else {
        waiting[signature[j], default: []].append(j)
      }
    }
  }
}
