import CKernels

// Elementwise arithmetic with broadcasting (see `Tensor.broadcast(to:)`): shapes are aligned at their last
// axes, axes of length 1 are repeated.

extension Tensor {
  public static func + (a: Tensor, b: Tensor) -> Tensor {
    primitive(
      a, b, { BinaryOperation.add.apply($0, $1) },
      vjpLeft: { a, _, _ in
        let shape = a.shape
        return { $0.summed(to: shape) }
      },
      vjpRight: { _, b, _ in
        let shape = b.shape
        return { $0.summed(to: shape) }
      },
      jvpLeft: { _, _, y, tangent in tangent.broadcast(to: y.shape) },
      jvpRight: { _, _, y, tangent in tangent.broadcast(to: y.shape) })
  }

  public static func - (a: Tensor, b: Tensor) -> Tensor {
    primitive(
      a, b, { BinaryOperation.subtract.apply($0, $1) },
      vjpLeft: { a, _, _ in
        let shape = a.shape
        return { $0.summed(to: shape) }
      },
      vjpRight: { _, b, _ in
        let shape = b.shape
        return { -$0.summed(to: shape) }
      },
      jvpLeft: { _, _, y, tangent in tangent.broadcast(to: y.shape) },
      jvpRight: { _, _, y, tangent in (-tangent).broadcast(to: y.shape) })
  }

  public static func * (a: Tensor, b: Tensor) -> Tensor {
    primitive(
      a, b, { BinaryOperation.multiply.apply($0, $1) },
      vjpLeft: { a, b, _ in
        let shape = a.shape
        return { ($0 * b).summed(to: shape) }
      },
      vjpRight: { a, b, _ in
        let shape = b.shape
        return { ($0 * a).summed(to: shape) }
      },
      jvpLeft: { _, b, _, tangent in tangent * b },
      jvpRight: { a, _, _, tangent in a * tangent })
  }

  public static func / (a: Tensor, b: Tensor) -> Tensor {
    primitive(
      a, b, { BinaryOperation.divide.apply($0, $1) },
      vjpLeft: { a, b, _ in
        let shape = a.shape
        return { ($0 / b).summed(to: shape) }
      },
      vjpRight: { _, b, y in
        let shape = b.shape
        return { -($0 * y / b).summed(to: shape) }
      },
      jvpLeft: { _, b, _, tangent in tangent / b },
      jvpRight: { _, b, y, tangent in -(y * tangent / b) })
  }

  public static prefix func - (x: Tensor) -> Tensor { UnaryOperation.negate(x) }

  public static func += (a: inout Tensor, b: Tensor) {
    if a.trace == nil, b.trace == nil, a.shape == b.shape, a.dtype == b.dtype {
      let (type, count, source) = (a.typeCode, a.count, b)
      a.withMutableStorage { tk_add_scaled(type, count, 1, source.memory, $0) }
    } else {
      a = a + b
    }
  }

  public static func -= (a: inout Tensor, b: Tensor) { a = a - b }
  public static func *= (a: inout Tensor, b: Tensor) { a = a * b }
  public static func /= (a: inout Tensor, b: Tensor) { a = a / b }
}

// MARK: - With a number

extension Tensor {
  /// `scale * x + shift` for numbers.
  func affine(scale: Double, shift: Double) -> Tensor {
    primitive(
      self,
      { x in
        let result = Tensor(uninitializedLike: x)
        tk_affine(x.typeCode, x.count, scale, shift, x.memory, result.memory)
        return result
      },
      vjp: { _, _ in
        if scale == 1 { return { $0 } }
        return { $0.affine(scale: scale, shift: 0) }
      },
      jvp: { _, _, tangent in scale == 1 ? tangent : tangent.affine(scale: scale, shift: 0) })
  }

  public static func + (a: Tensor, b: Double) -> Tensor { a.affine(scale: 1, shift: b) }
  public static func + (a: Double, b: Tensor) -> Tensor { b.affine(scale: 1, shift: a) }
  public static func - (a: Tensor, b: Double) -> Tensor { a.affine(scale: 1, shift: -b) }
  public static func - (a: Double, b: Tensor) -> Tensor { b.affine(scale: -1, shift: a) }
  public static func * (a: Tensor, b: Double) -> Tensor { a.affine(scale: b, shift: 0) }
  public static func * (a: Double, b: Tensor) -> Tensor { b.affine(scale: a, shift: 0) }
  public static func / (a: Tensor, b: Double) -> Tensor { a / Tensor(b, dtype: a.dtype) }
  public static func / (a: Double, b: Tensor) -> Tensor { Tensor(a, dtype: b.dtype) / b }

  public static func += (a: inout Tensor, b: Double) { a = a + b }
  public static func -= (a: inout Tensor, b: Double) { a = a - b }
  public static func *= (a: inout Tensor, b: Double) { a = a * b }
  public static func /= (a: inout Tensor, b: Double) { a = a / b }
}

// MARK: - Powers, larger and smaller

/// `x` to the power `exponent`, elementwise with broadcasting.
///
/// The derivative with respect to the exponent is `y log(x)`, taken as 0 where x <= 0. Derivatives of any order
/// with respect to x are those of the polynomial at x = 0 where the exponent is a whole number from 0 on.
public func pow(_ x: Tensor, _ exponent: Tensor) -> Tensor {
  primitive(
    x, exponent, { BinaryOperation.power.apply($0, $1) },
    vjpLeft: { x, p, _ in { ($0 * slopeOfPower(x, p)).summed(to: x.shape) } },
    vjpRight: { x, p, y in { ($0 * y * safeLog(x)).summed(to: p.shape) } },
    jvpLeft: { x, p, _, tangent in tangent * slopeOfPower(x, p) },
    jvpRight: { x, _, y, tangent in tangent * y * safeLog(x) })
}

/// `x` to a fixed power; for exponents that are whole numbers also of negative x.
public func pow(_ x: Tensor, _ exponent: Double) -> Tensor {
  switch exponent {
  case 0: return Tensor.ones(like: x)
  case 1: return x
  case 2: return square(x)
  case 0.5: return sqrt(x)
  default:
    return primitive(
      x, { BinaryOperation.power.apply($0, Tensor(exponent, dtype: $0.dtype)) },
      vjp: { x, _ in { $0 * pow(x, exponent - 1) * exponent } },
      jvp: { x, _, tangent in tangent * pow(x, exponent - 1) * exponent })
  }
}

/// `p x^(p - 1)`, 0 where p and x are zero: the constant 1 has the slope 0 also where 1 / x is infinite.
private func slopeOfPower(_ x: Tensor, _ p: Tensor) -> Tensor {
  let isFlat = (p .== 0) * (x .== 0)
  return p * pow(select(isFlat, Tensor.ones(like: x), x), p - 1)
}

/// log(x) where x > 0, else 0.
private func safeLog(_ x: Tensor) -> Tensor {
  let isPositive = x .> 0
  return select(isPositive, log(select(isPositive, x, Tensor.ones(like: x))), Tensor.zeros(like: x))
}

/// The larger of two, elementwise with broadcasting; of equal ones each gets half of the derivative.
/// NaN is passed on.
public func maximum(_ a: Tensor, _ b: Tensor) -> Tensor {
  primitive(
    a, b, { BinaryOperation.maximum.apply($0, $1) },
    vjpLeft: { a, b, _ in { ($0 * share(b, below: a)).summed(to: a.shape) } },
    vjpRight: { a, b, _ in { ($0 * share(a, below: b)).summed(to: b.shape) } },
    jvpLeft: { a, b, _, tangent in tangent * share(b, below: a) },
    jvpRight: { a, b, _, tangent in tangent * share(a, below: b) })
}

/// The smaller of two, elementwise with broadcasting; of equal ones each gets half of the derivative.
/// NaN is passed on.
public func minimum(_ a: Tensor, _ b: Tensor) -> Tensor {
  primitive(
    a, b, { BinaryOperation.minimum.apply($0, $1) },
    vjpLeft: { a, b, _ in { ($0 * share(a, below: b)).summed(to: a.shape) } },
    vjpRight: { a, b, _ in { ($0 * share(b, below: a)).summed(to: b.shape) } },
    jvpLeft: { a, b, _, tangent in tangent * share(a, below: b) },
    jvpRight: { a, b, _, tangent in tangent * share(b, below: a) })
}

/// The larger of a tensor's element and a number.
public func maximum(_ x: Tensor, _ bound: Double) -> Tensor {
  maximum(x, Tensor(bound, dtype: x.dtype))
}

/// The smaller of a tensor's element and a number.
public func minimum(_ x: Tensor, _ bound: Double) -> Tensor {
  minimum(x, Tensor(bound, dtype: x.dtype))
}

/// 1 where a < b, 1/2 where they are equal, else 0.
private func share(_ a: Tensor, below b: Tensor) -> Tensor {
  ((a .< b) + (a .<= b)) * 0.5
}

/// The angle in radians, between -pi and pi, of the points (x, y).
public func atan2(_ y: Tensor, _ x: Tensor) -> Tensor {
  primitive(
    y, x, { BinaryOperation.atan2.apply($0, $1) },
    vjpLeft: { y, x, _ in { ($0 * x / (square(x) + square(y))).summed(to: y.shape) } },
    vjpRight: { y, x, _ in { -($0 * y / (square(x) + square(y))).summed(to: x.shape) } },
    jvpLeft: { y, x, _, tangent in tangent * x / (square(x) + square(y)) },
    jvpRight: { y, x, _, tangent in -(tangent * y / (square(x) + square(y))) })
}

/// The element limited to `low ... high`; the derivative is 1 inside and at the bounds, 0 outside.
public func clip(_ x: Tensor, _ low: Double, _ high: Double) -> Tensor {
  precondition(low <= high, "clip: bounds \(low) and \(high)")
  return primitive(
    x,
    { x in
      let result = Tensor(uninitializedLike: x)
      tk_clip(x.typeCode, x.count, low, high, x.memory, result.memory)
      return result
    },
    vjp: { x, _ in
      let x = x.detached
      return { $0 * ((x .>= low) * (x .<= high)) }
    },
    jvp: { x, _, tangent in tangent * ((x .>= low) * (x .<= high)) })
}
