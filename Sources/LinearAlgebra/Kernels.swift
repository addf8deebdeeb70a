/// Loops over plain memory, eight doubles at a time, in an order that depends on nothing but the
/// count.
package enum Kernels {
  package typealias Doubles = UnsafePointer<Double>

  /// The inner product of `count` elements.
  package static func dot(_ x: Doubles, _ y: Doubles, count: Int) -> Double {
    var sums = SIMD8<Double>.zero
    var index = 0
    while index &+ 8 <= count {
      sums += load(x + index) * load(y + index)
      index &+= 8
    }
    var sum = sums.sum()
    while index < count {
      sum += x[index] * y[index]
      index &+= 1
    }
    return sum
  }

  /// The largest magnitude; NaN if any element is.
  package static func largestMagnitude(_ x: Doubles, count: Int) -> Double {
    var largest = 0.0
    var hasNaN = false
    for index in 0..<count {
      let magnitude = x[index].magnitude
      largest = magnitude > largest ? magnitude : largest
      hasNaN = hasNaN || magnitude.isNaN
    }
    return hasNaN ? .nan : largest
  }

  /// The Euclidean norm, without overflow or underflow in between.
  package static func twoNorm(_ x: Doubles, count: Int) -> Double {
    let sum = dot(x, x, count: count)
    if sum.isFinite && sum > 0x1p-960 { return sum.squareRoot() }
    let scale = largestMagnitude(x, count: count)
    if scale == 0 || !scale.isFinite { return scale }
    var scaled = 0.0
    for index in 0..<count { scaled += (x[index] / scale) * (x[index] / scale) }
    return scale * scaled.squareRoot()
  }

  /// Writes `operation` of each pair of elements.
  @inline(__always)
  static func combine(
    _ left: AlignedBuffer, _ right: AlignedBuffer, into result: AlignedBuffer,
    _ operation: (Double, Double) -> Double
  ) {
    withExtendedLifetime((left, right)) {
      let (x, y, z) = (left.pointer, right.pointer, result.pointer)
      for index in 0..<result.count { z[index] = operation(x[index], y[index]) }
    }
  }

  @inline(__always)
  private static func load(_ x: Doubles) -> SIMD8<Double> {
    UnsafeRawPointer(x).loadUnaligned(as: SIMD8<Double>.self)
  }
}
