import CKernels

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

// The wider type in which expected values are computed.
#if arch(x86_64)
  typealias Wide = Float80
#else
  typealias Wide = Double
#endif

/// A type that the kernels know.
protocol KernelNumber: BinaryFloatingPoint, BitwiseCopyable, Sendable {
  static var code: Int32 { get }
  var wide: Wide { get }
  init(wide: Wide)
}

extension Float: KernelNumber {
  static var code: Int32 { Int32(TK_F32) }
  var wide: Wide { Wide(self) }
  init(wide: Wide) { self.init(wide) }
}

extension Double: KernelNumber {
  static var code: Int32 { Int32(TK_F64) }
  var wide: Wide { Wide(self) }
  init(wide: Wide) { self.init(wide) }
}

extension KernelNumber {
  /// The distance to `expected` in units in the last place of `expected` rounded; 0 if both are NaN
  /// or the same infinity, 1 if one is infinite and the other the largest number.
  func distance(from expected: Wide) -> Double {
    if isNaN || expected.isNaN { return isNaN && expected.isNaN ? 0 : .infinity }
    let rounded = Self(wide: expected)
    if self == rounded {
      return rounded.isInfinite ? 0 : Double(abs(wide - expected) / rounded.ulp.wide)
    }
    if isInfinite || rounded.isInfinite {
      let largest = Self.greatestFiniteMagnitude.wide
      return abs(wide) >= largest && abs(rounded.wide) >= largest
        && (self > 0) == (rounded > 0) ? 1 : .infinity
    }
    return Double(abs(wide - expected) / rounded.ulp.wide)
  }
}

/// Numbers that repeat from run to run (SplitMix64).
struct TestNumbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func reals<T: KernelNumber>(_ count: Int, in range: ClosedRange<Double> = -2...2) -> [T]
  {
    (0..<count).map { _ in T(Double.random(in: range, using: &self)) }
  }

  /// Multiples of `step`: sums of them are exact in any order, and some are equal.
  mutating func multiples<T: KernelNumber>(of step: Double, _ count: Int, below: Int) -> [T] {
    (0..<count).map { _ in T(step * Double(Int.random(in: -below...below, using: &self))) }
  }
}

func unary<T: KernelNumber>(_ operation: Int, _ x: [T]) -> [T] {
  var y = [T](repeating: 0, count: x.count)
  tk_unary(T.code, Int32(operation), x.count, x, &y)
  return y
}

func unaryPullback<T: KernelNumber>(_ operation: Int, _ x: [T], _ y: [T], _ g: [T]) -> [T] {
  var result = [T](repeating: 0, count: x.count)
  tk_unary_vjp(T.code, Int32(operation), x.count, x, y, g, &result)
  return result
}

/// An operation on pairs of the same count.
func binary<T: KernelNumber>(_ operation: Int, _ a: [T], _ b: [T]) -> [T] {
  var result = [T](repeating: 0, count: a.count)
  tk_binary(T.code, Int32(operation), 1, a.count, a, 0, 1, b, 0, 1, &result)
  return result
}
