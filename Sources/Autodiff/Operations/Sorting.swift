import CKernels

// Order along one axis. Sorting is stable in both directions, and NaN comes last in both. The
// derivative of sorted elements is that of the permutation at hand; where elements are equal that
// is one of several choices, the one which leaves them in their order.

extension Tensor {
  /// The positions of the elements along an axis in increasing (or decreasing) order, of the shape
  /// of the tensor.
  ///
  /// Equal elements stay in their order and NaN comes last, in both directions; -0 equals 0.
  public func argSort(axis: Int = -1, descending: Bool = false) -> IndexTensor {
    ordered(axisIndex(axis, "argSort"), descending: descending, limit: nil)
  }

  /// The elements along an axis in increasing (or decreasing) order; see `argSort` for ties and
  /// NaN.
  public func sorted(axis: Int = -1, descending: Bool = false) -> Tensor {
    gathering(argSort(axis: axis, descending: descending), axis: axis)
  }

  /// The `count` largest (or smallest) elements along an axis, the most extreme first, and their
  /// positions. Of equal elements the first is taken; NaN is taken only if nothing else is left.
  ///
  /// - Parameter count: at most the length of the axis, which it replaces in the shape of both
  ///   results.
  public func topK(_ count: Int, axis: Int = -1, smallest: Bool = false)
    -> (values: Tensor, indices: IndexTensor)
  {
    let axis = axisIndex(axis, "topK")
    precondition(
      (0...shape[axis]).contains(count), "topK: \(count) along axis \(axis) of the shape \(shape)")
    let indices = ordered(axis, descending: !smallest, limit: count)
    return (gathering(indices, axis: axis), indices)
  }

  /// The position of the first largest element along an axis, or that of the first NaN if there is
  /// one: where the element stands that `max` returns. The axis must not be empty.
  public func argMax(axis: Int = -1) -> IndexTensor {
    extremePosition(Int32(TK_MAX), axisIndex(axis, "argMax"), "argMax")
  }

  /// The position of the first smallest element along an axis, or that of the first NaN if there is
  /// one: where the element stands that `min` returns. The axis must not be empty.
  public func argMin(axis: Int = -1) -> IndexTensor {
    extremePosition(Int32(TK_MIN), axisIndex(axis, "argMin"), "argMin")
  }

  private func extremePosition(_ code: Int32, _ axis: Int, _ operation: String) -> IndexTensor {
    let split = AxisSplit(shape, axis)
    precondition(
      split.length > 0, "\(operation): axis \(axis) of the shape \(shape) has no elements")
    let result = [Int64](unsafeUninitializedCapacity: split.outer * split.inner) {
      buffer, initialized in
      initialized = split.outer * split.inner
      if initialized == 0 { return }
      tk_arg_reduce(
        typeCode, code, split.outer, split.length, split.inner, memory, buffer.baseAddress)
    }
    return IndexTensor(result.map { Int($0) }, shape: split.reducedShape)
  }

  /// The first `limit` positions in order, of every line along the axis.
  private func ordered(_ axis: Int, descending: Bool, limit: Int?) -> IndexTensor {
    let split = AxisSplit(shape, axis)
    var result = shape
    result[axis] = limit ?? split.length
    let values: [Int]
    switch dtype {
    case .float32:
      values = sortedPositions(
        memory.assumingMemoryBound(to: Float.self), split, descending, result[axis])
    case .float64:
      values = sortedPositions(
        memory.assumingMemoryBound(to: Double.self), split, descending, result[axis])
    }
    return IndexTensor(values, shape: result)
  }
}

private func sortedPositions<Scalar: BinaryFloatingPoint>(
  _ elements: UnsafePointer<Scalar>, _ split: AxisSplit, _ descending: Bool, _ limit: Int
) -> [Int] {
  var result = [Int](repeating: 0, count: split.outer * limit * split.inner)
  var keys = [(value: Scalar, position: Int)](repeating: (0, 0), count: split.length)
  for outer in 0..<split.outer {
    for inner in 0..<split.inner {
      for position in 0..<split.length {
        keys[position] = (
          elements[(outer * split.length + position) * split.inner + inner], position
        )
      }
      // Positions decide between equals, so stability doesn't depend on the algorithm.
      keys.sort { a, b in
        if a.value < b.value { return !descending }
        if a.value > b.value { return descending }
        if a.value.isNaN != b.value.isNaN { return b.value.isNaN }
        return a.position < b.position
      }
      for rank in 0..<limit {
        result[(outer * limit + rank) * split.inner + inner] = keys[rank].position
      }
    }
  }
  return result
}
