import CKernels

extension AlignedBuffer {
  /// Writes `operation` of each pair of elements of two buffers of one length.
  @inline(__always)
  convenience init(
    combining left: AlignedBuffer, _ right: AlignedBuffer,
    _ operation: (Double, Double) -> Double
  ) {
    self.init(uninitializedCount: left.count)
    withExtendedLifetime((left, right)) {
      let (x, y, z) = (left.pointer, right.pointer, pointer)
      for index in 0..<count { z[index] = operation(x[index], y[index]) }
    }
  }

  /// Whether every element is finite.
  var isFinite: Bool { ck_all_finite(count, pointer) != 0 }

  /// The largest magnitude; NaN if any element is.
  var largestMagnitude: Double { ck_largest(count, pointer) }

  /// The Euclidean norm, without overflow or underflow in between.
  var twoNorm: Double {
    let sum = ck_dot(count, pointer, pointer)
    if sum.isFinite && sum > 0x1p-960 { return sum.squareRoot() }
    let scale = largestMagnitude
    if scale == 0 || !scale.isFinite { return scale }
    var scaled = 0.0
    for index in 0..<count { scaled += (pointer[index] / scale) * (pointer[index] / scale) }
    return scale * scaled.squareRoot()
  }
}
