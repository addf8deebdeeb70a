import LinearAlgebra

/// A product of many finite numbers that neither overflows nor underflows: significands are
/// multiplied and exponents added.
struct LogarithmOfProduct {
  /// Of magnitude between 1 and 2, or 0.
  private var significand = 1.0
  private var exponent = 0

  mutating func multiply(by factor: Double) {
    significand *= factor
    guard significand != 0, significand.isFinite else { return }
    exponent += Int(significand.exponent)
    significand = Double(
      signOf: significand, magnitudeOf: significand.significand)
  }

  /// 1, -1, or 0 for a product with a factor 0.
  var sign: Double { significand == 0 ? 0 : significand < 0 ? -1 : 1 }

  /// -infinity for a product with a factor 0.
  var logarithmOfMagnitude: Double {
    if significand == 0 { return -.infinity }
    return logarithm(significand.magnitude) + Double(exponent) * 0.693147180559945309417232
  }

  /// The product; infinite or zero where it is too large or small for a number.
  var value: Double {
    // Two steps: one power of two may itself be out of range.
    let half = max(-1000, min(1000, exponent / 2))
    let rest = max(-1074, min(1023, exponent - half))
    return significand * Double(sign: .plus, exponent: half, significand: 1)
      * Double(sign: .plus, exponent: rest, significand: 1)
  }
}
