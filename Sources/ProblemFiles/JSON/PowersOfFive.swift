/// The leading 128 bits of 5^q for every q that a double can need, for correctly rounded conversion
/// of decimal text (Lemire, "Number parsing at a gigabyte per second", 2021, section 6).
///
/// They are computed exactly, once, in a fraction of a millisecond, rather than kept as a table of
/// 1302 constants.
struct PowersOfFive: Sendable {
  static let smallest = -342
  static let largest = 308
  static let shared = PowersOfFive()

  /// High and low words alternate, from the smallest power on.
  private let words: [UInt64]

  private init() {
    var words = [UInt64](repeating: 0, count: 2 * (Self.largest - Self.smallest + 1))
    func set(_ power: Int, _ value: (high: UInt64, low: UInt64)) {
      words[2 * (power - Self.smallest)] = value.high
      words[2 * (power - Self.smallest) + 1] = value.low
    }
    var positive = WideInteger(words: 14, value: 1)
    for power in 0...Self.largest {
      set(power, positive.leadingBits)
      positive.multiply(by: 5)
    }
    // Reciprocals round up while they fit 128 bits exactly up to the rounding, and down afterwards.
    var reciprocal = WideInteger(powerOfTwo: 1023)
    for power in (Self.smallest...(-1)).reversed() {
      reciprocal.divide(by: 5)
      var bits = reciprocal.leadingBits
      if power >= -27 {
        let (low, overflow) = bits.low.addingReportingOverflow(1)
        bits = (overflow ? bits.high &+ 1 : bits.high, low)
      }
      set(power, bits)
    }
    self.words = words
  }

  @inline(__always)
  subscript(power: Int) -> (high: UInt64, low: UInt64) {
    words.withUnsafeBufferPointer { words in
      let index = 2 * (power - Self.smallest)
      return (words[index], words[index + 1])
    }
  }
}

/// A nonnegative integer of a fixed number of words, the least significant first.
private struct WideInteger {
  var words: [UInt64]

  init(words count: Int, value: UInt64) {
    words = [UInt64](repeating: 0, count: count)
    words[0] = value
  }

  init(powerOfTwo exponent: Int) {
    words = [UInt64](repeating: 0, count: exponent / 64 + 1)
    words[exponent / 64] = 1 << UInt64(exponent % 64)
  }

  mutating func multiply(by factor: UInt64) {
    var carry: UInt64 = 0
    for index in words.indices {
      let (high, low) = words[index].multipliedFullWidth(by: factor)
      let (sum, overflow) = low.addingReportingOverflow(carry)
      words[index] = sum
      carry = high + (overflow ? 1 : 0)
    }
  }

  mutating func divide(by divisor: UInt64) {
    var remainder: UInt64 = 0
    for index in words.indices.reversed() {
      let (quotient, rest) = divisor.dividingFullWidth((remainder, words[index]))
      words[index] = quotient
      remainder = rest
    }
  }

  /// The 128 bits from the most significant set bit on.
  var leadingBits: (high: UInt64, low: UInt64) {
    let top = words.lastIndex { $0 != 0 } ?? 0
    func word(_ index: Int) -> UInt64 { index >= 0 ? words[index] : 0 }
    let shift = UInt64(word(top).leadingZeroBitCount)
    guard shift > 0 else { return (word(top), word(top - 1)) }
    return (
      word(top) << shift | word(top - 1) >> (64 - shift),
      word(top - 1) << shift | word(top - 2) >> (64 - shift)
    )
  }
}
