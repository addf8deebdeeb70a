import CKernels

/// Where random numbers come from: a value, of which every use gives the same numbers.
///
/// Numbers are a function of the key and of their position (Threefry 2x64 with 20 rounds; Salmon,
/// Moraes, Dror and Shaw 2011), so they don't depend on threads, and a step that is computed again
/// sees the same ones; uniform, normal and Gumbel numbers have the same bits on every processor.
/// Using a key twice for the same thing gives the same numbers, so what needs several streams
/// splits it:
///
/// ```swift
/// let (forWeights, forData) = RandomKey(seed: 1).split()
/// let weights = forWeights.normal([3, 4])
/// let batch = forData.folded(in: step).uniform([8])  // another one in every step
/// ```
public struct RandomKey: Sendable, Hashable {
  private let words: (UInt64, UInt64)

  private init(_ words: (UInt64, UInt64)) { self.words = words }

  /// The key of a seed; any two seeds give unrelated numbers.
  ///
  /// ```swift
  /// RandomKey(seed: 7).normal([2]).hasSameElements(as: RandomKey(seed: 7).normal([2]))  // true
  /// ```
  public init(seed: UInt64) { words = (seed, 0x6172_676D_696E) }

  public static func == (a: RandomKey, b: RandomKey) -> Bool { a.words == b.words }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(words.0)
    hasher.combine(words.1)
  }

  /// Two unrelated keys in place of this one.
  public func split() -> (RandomKey, RandomKey) {
    (derived(RANDOM_SPLITTING, 0), derived(RANDOM_SPLITTING, 1))
  }

  /// `count` unrelated keys in place of this one; the first ones don't depend on `count`.
  public func split(into count: Int) -> [RandomKey] {
    precondition(count >= 0, "split: into \(count) keys")
    return (0..<count).map { derived(RANDOM_SPLITTING, UInt64($0)) }
  }

  /// The key of one step, epoch or item; any two indices give unrelated numbers.
  public func folded(in index: Int) -> RandomKey {
    derived(RANDOM_FOLDING, UInt64(bitPattern: Int64(index)))
  }

  private func derived(_ purpose: some BinaryInteger, _ index: UInt64) -> RandomKey {
    var block = (UInt64(0), UInt64(0))
    withWords { key in
      withUnsafeMutableBytes(of: &block) {
        random_block(
          key, [index, UInt64(purpose)], $0.baseAddress!.assumingMemoryBound(to: UInt64.self))
      }
    }
    return RandomKey(block)
  }

  func withWords<Result>(_ body: (UnsafePointer<UInt64>) -> Result) -> Result {
    withUnsafeBytes(of: words) { body($0.baseAddress!.assumingMemoryBound(to: UInt64.self)) }
  }
}
