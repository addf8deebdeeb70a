import CKernels

/// A function's value and its derivative along a direction, `J v`, computed beside each other.
///
/// - Parameters:
///   - input: where the derivative is taken.
///   - direction: v, with the shapes of the input.
///   - function: computes with tensors only.
/// - Returns: the value and the tangent, zero where a result doesn't depend on the input.
public func jvp<Input: TensorStructure, Output: TensorStructure>(
  at input: Input, along direction: Input, of function: (Input) throws -> Output
) rethrows -> (value: Output, tangent: Output) {
  let level = trace_next_level()
  let scope = TraceScope()
  defer { scope.isOver = true }
  let traced = input.zipLeaves(direction) { leaf, tangent in
    precondition(
      leaf.shape == tangent.shape && leaf.dtype == tangent.dtype,
      "jvp: a direction of shape \(tangent.shape) \(tangent.dtype) at a point of shape "
        + "\(leaf.shape) \(leaf.dtype)")
    return Tensor(
      storage: leaf.storage,
      trace: Trace(level: level, lower: leaf.live.trace, scope: scope, tangent: tangent))
  }
  let output = try function(traced).mapLeaves(\.live)
  return (
    output.mapLeaves { $0.below(level) },
    output.mapLeaves { $0.trace(at: level)?.tangent ?? Tensor.zeros(like: $0) }
  )
}

/// The modes by which a gradient is differentiated once more.
public enum HessianProductMode: Sendable {
  /// The derivative of the gradient along the direction: the cheapest (Pearlmutter 1994).
  case forwardOverReverse
  /// The gradient of the gradient's inner product with the direction: for functions that have an operation
  /// without a forward rule.
  case reverseOverReverse
}

/// The value, the gradient and the product of the Hessian with a direction, of a function with a scalar
/// result. It costs about twice a gradient and no matrix is formed.
public func hessianVectorProduct<Input: TensorStructure>(
  at input: Input, along direction: Input, mode: HessianProductMode = .forwardOverReverse,
  of function: (Input) throws -> Tensor
) rethrows -> (value: Tensor, gradient: Input, product: Input) {
  switch mode {
  case .forwardOverReverse:
    let (point, tangent) = try jvp(at: input, along: direction) { input in
      let (value, gradient) = try valueAndGradient(at: input, of: function)
      return Pair(value, gradient)
    }
    return (point.first, point.second, tangent.second)
  case .reverseOverReverse:
    let (point, pullback) = try vjp(at: input) { input in
      let (value, gradient) = try valueAndGradient(at: input, of: function)
      return Pair(value, gradient)
    }
    return (
      point.first, point.second, pullback(Pair(Tensor.zeros(like: point.first), direction))
    )
  }
}
