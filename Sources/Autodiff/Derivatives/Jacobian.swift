/// The mode by which a Jacobian is computed.
public enum JacobianMode: Sendable {
  /// One pass per element of the input: for few inputs.
  case forward
  /// One pass per element of the result: for few results.
  case reverse
  /// Whichever of the two needs fewer passes.
  case automatic
}

/// All first derivatives of a function of one tensor: `[result's shape..., input's shape...]`.
///
/// It takes min(inputs, results) passes in automatic mode and that many times the memory of a derivative's
/// result.
public func jacobian(
  at input: Tensor, mode: JacobianMode = .automatic, of function: (Tensor) throws -> Tensor
) rethrows -> Tensor {
  switch mode {
  case .reverse: return reverseJacobian(at: input, of: try vjp(at: input, of: function))
  case .forward: return try forwardJacobian(at: input, of: function)
  case .automatic:
    let recording = try vjp(at: input, of: function)
    if recording.value.count <= input.count { return reverseJacobian(at: input, of: recording) }
    return try forwardJacobian(at: input, of: function)
  }
}

/// All second derivatives of a function with a scalar result: `[input's shape..., input's shape...]`,
/// forward over reverse.
public func hessian(at input: Tensor, of function: (Tensor) throws -> Tensor) rethrows -> Tensor {
  try jacobian(at: input, mode: .forward) { try gradient(at: $0, of: function) }
}

private func reverseJacobian(
  at input: Tensor, of recording: (value: Tensor, pullback: @Sendable (Tensor) -> Tensor)
) -> Tensor {
  let value = recording.value
  let rows = (0..<value.count).map { index in
    recording.pullback(unit(index, like: value)).reshaped(to: [1, input.count])
  }
  return joined(rows, width: input.count, dtype: input.dtype)
    .reshaped(to: value.shape + input.shape)
}

private func forwardJacobian(
  at input: Tensor, of function: (Tensor) throws -> Tensor
) rethrows -> Tensor {
  var shape: [Int]?
  let columns = try (0..<input.count).map { index in
    let tangent = try jvp(at: input, along: unit(index, like: input), of: function).tangent
    shape = tangent.shape
    return tangent.reshaped(to: [1, tangent.count])
  }
  let resultShape = try shape ?? function(input).shape
  return joined(columns, width: resultShape.reduce(1, *), dtype: input.dtype)
    .transposed().reshaped(to: resultShape + input.shape)
}

private func unit(_ index: Int, like other: Tensor) -> Tensor {
  let result = Tensor.zeros(like: other)
  result.write(1, at: index)
  return result
}

/// Rows one under another, also if there is none.
private func joined(_ rows: [Tensor], width: Int, dtype: DType) -> Tensor {
  rows.isEmpty ? Tensor.zeros([0, width], dtype: dtype) : concatenate(rows, axis: 0)
}
