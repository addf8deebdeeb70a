extension Tensor {
  /// A part of the tensor, one selection per axis from the first; axes that are not mentioned are
  /// whole.
  ///
  /// ```swift
  /// let row = x[2]  // axis 0 disappears
  /// let block = x[0, .all, 1..<4]
  /// let last = x[.rest, -1]
  /// let backwards = x[.stride(by: -1)]
  /// let column = x[.all, .newAxis]
  /// ```
  ///
  /// Positions and bounds out of range are mistakes and trap. The part is a copy. Assigning to a
  /// part makes a new tensor (see `replacing`), so loops that assign element by element are slow.
  public subscript(_ indices: any AxisIndex...) -> Tensor {
    get { reading(view(indices, "subscript")) }
    set { self = replacing(view(indices, "subscript"), newValue) }
  }

  /// The part at one position of the first axis.
  public subscript(_ position: Int) -> Tensor {
    get { reading(view([position], "subscript")) }
    set { self = replacing(view([position], "subscript"), newValue) }
  }

  /// The same tensor with other elements in a part of it, which is described as in a subscript.
  ///
  /// - Parameter value: broadcasts to the shape of the part.
  /// - Complexity: proportional to the whole tensor.
  public func replacing(_ indices: any AxisIndex..., with value: Tensor) -> Tensor {
    replacing(view(indices, "replacing"), value)
  }

  private func replacing(_ view: StridedView, _ value: Tensor) -> Tensor {
    requireSameType(self, value, "replacing")
    precondition(
      broadcastShape(value.shape, view.shape, "replacing") == view.shape,
      "replacing: a value of shape \(value.shape) for a part of shape \(view.shape)")
    let isReplaced = Tensor.ones(view.shape, dtype: dtype).addingUp(view, in: shape)
    return select(isReplaced, value.broadcast(to: view.shape).addingUp(view, in: shape), self)
  }

  private func view(_ indices: [any AxisIndex], _ operation: String) -> StridedView {
    let selections = indices.map(\.selection.kind)
    let named = selections.reduce(0) { $0 + ($1 == .newAxis || $1 == .rest ? 0 : 1) }
    precondition(
      named <= rank, "\(operation): \(named) indices for the shape \(shape)")
    precondition(
      selections.count { $0 == .rest } <= 1, "\(operation): .rest occurs more than once")
    let strides = contiguousStrides(shape)
    var view = StridedView(shape: [], strides: [])
    var axis = 0
    func appendWholeAxes(_ count: Int) {
      view.shape += shape[axis..<axis + count]
      view.strides += strides[axis..<axis + count]
      axis += count
    }
    for selection in selections {
      switch selection {
      case .newAxis:
        view.shape.append(1)
        view.strides.append(0)
      case .rest:
        appendWholeAxes(rank - named)
      case .position(let position):
        let place = position < 0 ? position + shape[axis] : position
        precondition(
          (0..<shape[axis]).contains(place),
          "\(operation): position \(position) of axis \(axis) in the shape \(shape)")
        view.offset += place * strides[axis]
        axis += 1
      case .span(let lower, let upper, let step):
        let (start, count) = span(lower, upper, step, axis: axis, operation)
        view.offset += start * strides[axis]
        view.shape.append(count)
        view.strides.append(step * strides[axis])
        axis += 1
      }
    }
    appendWholeAxes(rank - axis)
    return view
  }

  /// The first position and the number of positions of a span.
  private func span(_ lower: Int?, _ upper: Int?, _ step: Int, axis: Int, _ operation: String)
    -> (start: Int, count: Int)
  {
    let length = shape[axis]
    func bound(_ position: Int) -> Int { position < 0 ? position + length : position }
    let start = lower.map(bound) ?? (step > 0 ? 0 : length - 1)
    let end = upper.map(bound) ?? (step > 0 ? length : -1)
    let distance = step > 0 ? end - start : start - end
    let isInside =
      step > 0
      ? start >= 0 && end <= length : start < length && end >= -1
    precondition(
      isInside && distance >= 0,
      "\(operation): from \(lower ?? start) to \(upper ?? end) by \(step) of axis \(axis) in the "
        + "shape \(shape)")
    return (start, (distance + Swift.abs(step) - 1) / Swift.abs(step))
  }
}
