extension Tensor {
  /// The tensor with a margin of a constant around it.
  ///
  /// - Parameters:
  ///   - widths: for every axis how many elements are put before and after, at least 0.
  ///   - value: the elements of the margin.
  public func padded(_ widths: [(before: Int, after: Int)], value: Double = 0) -> Tensor {
    precondition(
      widths.count == rank && widths.allSatisfy { $0.before >= 0 && $0.after >= 0 },
      "padded: widths \(widths) for the shape \(shape)")
    if widths.allSatisfy({ $0 == (0, 0) }) { return self }
    let target = zip(shape, widths).map { $0 + $1.before + $1.after }
    let strides = contiguousStrides(target)
    let offset = zip(widths, strides).reduce(0) { $0 + $1.0.before * $1.1 }
    let view = StridedView(shape: shape, strides: strides, offset: offset)
    return primitive(
      self, { $0.copied(to: view, of: target, margin: value) },
      vjp: { _, _ in { $0.reading(view) } },
      jvp: { _, _, tangent in tangent.addingUp(view, in: target) })
  }

  /// The tensor with a margin of a constant at both ends of one axis.
  public func padded(axis: Int, before: Int = 0, after: Int = 0, value: Double = 0) -> Tensor {
    var widths = [(before: Int, after: Int)](repeating: (0, 0), count: rank)
    widths[axisIndex(axis, "padded")] = (before, after)
    return padded(widths, value: value)
  }

  /// A tensor of the shape `target` with this one's elements at the places of a view and `margin`
  /// elsewhere; row by row, so that infinities and NaN are possible everywhere.
  private func copied(to view: StridedView, of target: [Int], margin: Double) -> Tensor {
    let result = Tensor(repeating: margin, shape: target, dtype: dtype)
    if count == 0 { return result }
    let size = dtype.byteCount
    let rowLength = shape[rank - 1]
    for row in 0..<count / rowLength {
      var rest = row
      var place = view.offset
      for axis in stride(from: rank - 2, through: 0, by: -1) {
        place += rest % shape[axis] * view.strides[axis]
        rest /= shape[axis]
      }
      (result.memory + place * size).copyMemory(
        from: memory + row * rowLength * size, byteCount: rowLength * size)
    }
    return result
  }
}
