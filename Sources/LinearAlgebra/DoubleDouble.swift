/// A number as the unevaluated sum of two doubles, about 32 decimal digits (Dekker 1971; Joldes, Muller and
/// Popescu 2017): for sums whose terms cancel to less than the rounding of one double.
public struct DoubleDouble: Sendable, Equatable {
  public var high: Double
  public var low: Double

  @inline(__always)
  public init(_ high: Double, _ low: Double = 0) {
    self.high = high
    self.low = low
  }

  /// The nearest double.
  @inline(__always)
  public var value: Double { high + low }

  /// Returns a + b without loss (Knuth's two-sum).
  @inline(__always)
  public static func sum(_ a: Double, _ b: Double) -> DoubleDouble {
    let total = a + b
    let part = total - a
    return DoubleDouble(total, (a - (total - part)) + (b - part))
  }

  /// Returns ab without loss, but for underflow.
  @inline(__always)
  public static func product(_ a: Double, _ b: Double) -> DoubleDouble {
    let result = a * b
    return DoubleDouble(result, (-result).addingProduct(a, b))
  }

  @inline(__always)
  private static func normalized(_ high: Double, _ low: Double) -> DoubleDouble {
    let total = high + low
    return DoubleDouble(total, low - (total - high))
  }

  @inline(__always)
  public static func + (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble {
    let high = sum(a.high, b.high)
    let low = sum(a.low, b.low)
    let middle = normalized(high.high, high.low + low.high)
    return normalized(middle.high, middle.low + low.low)
  }

  @inline(__always)
  public static func += (a: inout DoubleDouble, b: DoubleDouble) { a = a + b }

  @inline(__always)
  public static prefix func - (a: DoubleDouble) -> DoubleDouble { DoubleDouble(-a.high, -a.low) }

  /// Returns a times a double.
  @inline(__always)
  public static func * (a: DoubleDouble, b: Double) -> DoubleDouble {
    let product = product(a.high, b)
    return normalized(product.high, product.low.addingProduct(a.low, b))
  }
}
