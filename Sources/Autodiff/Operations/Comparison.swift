import CKernels

infix operator .< : ComparisonPrecedence
infix operator .<= : ComparisonPrecedence
infix operator .> : ComparisonPrecedence
infix operator .>= : ComparisonPrecedence
infix operator .== : ComparisonPrecedence
infix operator .!= : ComparisonPrecedence

// Elementwise comparisons with broadcasting give masks: 1 where true, else 0, in the operands' type. Masks
// are constants for every derivative.

extension Tensor {
  public static func .< (a: Tensor, b: Tensor) -> Tensor { BinaryOperation.less.apply(a, b) }
  public static func .<= (a: Tensor, b: Tensor) -> Tensor {
    BinaryOperation.lessOrEqual.apply(a, b)
  }
  public static func .> (a: Tensor, b: Tensor) -> Tensor { b .< a }
  public static func .>= (a: Tensor, b: Tensor) -> Tensor { b .<= a }
  public static func .== (a: Tensor, b: Tensor) -> Tensor { BinaryOperation.equal.apply(a, b) }
  public static func .!= (a: Tensor, b: Tensor) -> Tensor { BinaryOperation.notEqual.apply(a, b) }

  public static func .< (a: Tensor, b: Double) -> Tensor { a .< Tensor(b, dtype: a.dtype) }
  public static func .<= (a: Tensor, b: Double) -> Tensor { a .<= Tensor(b, dtype: a.dtype) }
  public static func .> (a: Tensor, b: Double) -> Tensor { a .> Tensor(b, dtype: a.dtype) }
  public static func .>= (a: Tensor, b: Double) -> Tensor { a .>= Tensor(b, dtype: a.dtype) }
  public static func .== (a: Tensor, b: Double) -> Tensor { a .== Tensor(b, dtype: a.dtype) }
  public static func .!= (a: Tensor, b: Double) -> Tensor { a .!= Tensor(b, dtype: a.dtype) }
}

/// Where the condition is not zero `a`, else `b`, elementwise with broadcasting.
///
/// What is not chosen gets the derivative zero; but a NaN or infinity in an intermediate step of the branch
/// that was not chosen still spoils its own pullback (0 times infinity), so make the operand safe as well.
public func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
  requireSameType(a, b, "select")
  requireSameType(condition, a, "select")
  let condition = condition.detached
  if condition.shape != a.shape || a.shape != b.shape {
    let shape = broadcastShape(
      condition.shape, broadcastShape(a.shape, b.shape, "select"), "select")
    return select(
      condition.broadcast(to: shape), a.broadcast(to: shape), b.broadcast(to: shape))
  }
  func apply(_ a: Tensor, _ b: Tensor) -> Tensor {
    let result = Tensor(uninitializedLike: a)
    tk_select(a.typeCode, a.count, condition.memory, a.memory, b.memory, result.memory)
    return result
  }
  return primitive(
    a, b, apply,
    vjpLeft: { _, _, _ in { select(condition, $0, Tensor.zeros(like: $0)) } },
    vjpRight: { _, _, _ in { select(condition, Tensor.zeros(like: $0), $0) } },
    jvpLeft: { _, _, _, tangent in select(condition, tangent, Tensor.zeros(like: tangent)) },
    jvpRight: { _, _, _, tangent in select(condition, Tensor.zeros(like: tangent), tangent) })
}
