import CKernels

/// The linear recurrence `h_k = a_k h_{k-1} + b_k` along one axis, with `h_0 = b_0` (`a_0` is not
/// used).
///
/// Cumulative sums (a = 1) and products, exponential averages and discounted returns (`reversed`)
/// are such recurrences. The derivative is again one, in the opposite direction, so that nothing is
/// ever divided by: it is exact where elements of a are zero.
///
/// - Parameters:
///   - a, b: one shape, or broadcast to a common one.
///   - reversed: from the last to the first, `h_k = a_k h_{k+1} + b_k`.
/// - Returns: h, of the common shape. It takes one pass, not parallel along the axis.
public func linearRecurrence(
  _ a: Tensor, _ b: Tensor, axis: Int = -1, reversed: Bool = false
) -> Tensor {
  requireSameType(a, b, "linearRecurrence")
  let shape = broadcastShape(a.shape, b.shape, "linearRecurrence")
  let a = a.broadcast(to: shape)
  let b = b.broadcast(to: shape)
  let axis = b.axisIndex(axis, "linearRecurrence")
  // The step from a place to that from which the recurrence comes there.
  let step = reversed ? -1 : 1
  return primitive(
    named: "linearRecurrence", [a, b],
    { [recurrenceKernel($0[0], $0[1], axis, reversed)] },
    vjp: { operands, results, cotangents, isWanted in
      guard let g = cotangents[0] else { return [nil, nil] }
      let w = linearRecurrence(
        operands[0].shifted(by: -step, axis: axis), g, axis: axis, reversed: !reversed)
      return [
        isWanted[0] ? w * results[0].shifted(by: step, axis: axis) : nil, isWanted[1] ? w : nil,
      ]
    },
    jvp: { operands, results, tangents in
      var input = tangents[1]
      if let tangent = tangents[0] {
        let part = tangent * results[0].shifted(by: step, axis: axis)
        input = input.map { $0 + part } ?? part
      }
      return [input.map { linearRecurrence(operands[0], $0, axis: axis, reversed: reversed) }]
    })[0]
}

private func recurrenceKernel(_ a: Tensor, _ b: Tensor, _ axis: Int, _ reversed: Bool) -> Tensor {
  let split = AxisSplit(b.shape, axis)
  let result = Tensor(uninitializedLike: b)
  tk_linear_recurrence(
    b.typeCode, reversed ? 1 : 0, split.outer, split.length, split.inner, a.memory, b.memory,
    result.memory)
  return result
}

extension Tensor {
  /// The elements one place further along an axis (`step` 1) or one place back (-1); what leaves
  /// the tensor is lost, and `filling` comes in at the other end.
  func shifted(by step: Int, axis: Int, filling: Double = 0) -> Tensor {
    let length = shape[axis]
    if length == 0 { return self }
    return step > 0
      ? slice(axis: axis, 0..<length - 1).padded(axis: axis, before: 1, value: filling)
      : slice(axis: axis, 1..<length).padded(axis: axis, after: 1, value: filling)
  }
}
