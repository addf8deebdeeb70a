/// Shapes are aligned at their last axes; an axis of length 1, or one that is missing in front, is repeated
/// to the other's length.

/// The common shape of two operands of an operation.
func broadcastShape(_ a: [Int], _ b: [Int], _ operation: @autoclosure () -> String) -> [Int] {
  var result = a.count >= b.count ? a : b
  let shorter = a.count >= b.count ? b : a
  let offset = result.count - shorter.count
  for (index, length) in shorter.enumerated() {
    let other = result[offset + index]
    if other == length || length == 1 { continue }
    precondition(other == 1, "\(operation()): shapes \(a) and \(b) don't match")
    result[offset + index] = length
  }
  return result
}

/// Strides in elements of a contiguous tensor.
func contiguousStrides(_ shape: [Int]) -> [Int] {
  var strides = [Int](repeating: 1, count: shape.count)
  var step = 1
  for axis in stride(from: shape.count - 1, through: 0, by: -1) {
    strides[axis] = step
    step *= shape[axis]
  }
  return strides
}

/// Strides with which a contiguous operand is read in a common shape: 0 along repeated axes.
func broadcastStrides(_ shape: [Int], to common: [Int]) -> [Int] {
  let own = contiguousStrides(shape)
  let offset = common.count - shape.count
  return common.indices.map { axis in
    axis < offset || (shape[axis - offset] == 1 && common[axis] != 1) ? 0 : own[axis - offset]
  }
}

extension Tensor {
  /// The tensor repeated along axes of length 1 and along new axes in front.
  public func broadcast(to shape: [Int]) -> Tensor {
    if shape == self.shape { return self }
    precondition(
      broadcastShape(self.shape, shape, "broadcast") == shape,
      "broadcast: the shape \(self.shape) to \(shape)")
    let original = self.shape
    return linear(
      self, { $0.strided(shape, broadcastStrides($0.shape, to: shape)) },
      transpose: { $0.summed(to: original) })
  }

  /// The transpose of broadcasting: the sum over all axes along which `shape` would be repeated.
  public func summed(to shape: [Int]) -> Tensor {
    if shape == self.shape { return self }
    let offset = rank - shape.count
    precondition(
      offset >= 0 && broadcastShape(shape, self.shape, "summed") == self.shape,
      "summed(to:): the shape \(self.shape) to \(shape)")
    let axes = self.shape.indices.filter {
      $0 < offset || (shape[$0 - offset] == 1 && self.shape[$0] != 1)
    }
    return sum(axes: axes, keepsAxes: true).reshaped(to: shape)
  }
}
