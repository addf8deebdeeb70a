import CKernels

/// Where random numbers come from: a value, of which every use gives the same numbers.
///
/// Numbers are a function of the key and of their position (Threefry 2x64 with 20 rounds; Salmon, Moraes,
/// Dror and Shaw 2011), so they don't depend on threads, and a step that is computed again sees the same
/// ones. A key is used for one thing; what needs several streams splits it:
///
/// ```swift
/// let (forWeights, forData) = RandomKey(seed: 1).split()
/// let weights = forWeights.normal([3, 4])
/// let batch = forData.folded(in: step).uniform([8])  // another one in every step
/// ```
public struct RandomKey: Sendable, Hashable {
  private let words: (UInt64, UInt64)

  /// What the counter's second word says a block of bits is for.
  private enum Purpose: UInt64 {
    case numbers = 0
    case splitting = 1
    case folding = 2
  }

  private init(_ words: (UInt64, UInt64)) { self.words = words }

  /// The key of a seed; any two seeds give unrelated numbers.
  public init(seed: UInt64) { words = (seed, 0x6172_676D_696E) }

  public static func == (a: RandomKey, b: RandomKey) -> Bool { a.words == b.words }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(words.0)
    hasher.combine(words.1)
  }

  /// Two unrelated keys in place of this one.
  public func split() -> (RandomKey, RandomKey) {
    (derived(.splitting, 0), derived(.splitting, 1))
  }

  /// `count` unrelated keys in place of this one; the first ones don't depend on `count`.
  public func split(into count: Int) -> [RandomKey] {
    (0..<count).map { derived(.splitting, UInt64($0)) }
  }

  /// The key of one step, epoch or item.
  public func folded(in index: Int) -> RandomKey {
    derived(.folding, UInt64(bitPattern: Int64(index)))
  }

  private func derived(_ purpose: Purpose, _ index: UInt64) -> RandomKey {
    withWords { key in
      var block = (UInt64(0), UInt64(0))
      withUnsafeMutableBytes(of: &block) {
        random_block(
          key, [index, purpose.rawValue], $0.baseAddress!.assumingMemoryBound(to: UInt64.self))
      }
      return RandomKey(block)
    }
  }

  func withWords<Result>(_ body: (UnsafePointer<UInt64>) -> Result) -> Result {
    withUnsafeBytes(of: words) { body($0.baseAddress!.assumingMemoryBound(to: UInt64.self)) }
  }
}
