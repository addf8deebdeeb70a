// The same elements in another order or several times.

extension Tensor {
  /// The elements in the opposite order along axes; without axes along all of them.
  public func flipped(axes: [Int]? = nil) -> Tensor {
    let axes = axisSet(axes ?? Array(0..<rank), "flipped")
    if axes.isEmpty { return self }
    var view = StridedView(shape: shape, strides: contiguousStrides(shape))
    for axis in axes {
      view.offset += (shape[axis] - 1) * view.strides[axis]
      view.strides[axis].negate()
    }
    return reading(view)
  }

  /// The elements in the opposite order along one axis.
  public func flipped(axis: Int) -> Tensor { flipped(axes: [axis]) }

  /// The whole tensor several times along every axis, like tiles on a floor: axis i of the result
  /// has the length `counts[i] * shape[i]`. With more counts than axes, new axes are put in front.
  public func tiled(_ counts: [Int]) -> Tensor {
    precondition(
      counts.count >= rank && counts.allSatisfy { $0 >= 0 },
      "tiled: counts \(counts) for the shape \(shape)")
    let own = [Int](repeating: 1, count: counts.count - rank) + shape
    let strides = contiguousStrides(own)
    let view = StridedView(
      shape: zip(counts, own).flatMap { [$0, $1] }, strides: strides.flatMap { [0, $0] })
    return reading(view).reshaped(to: zip(counts, own).map { $0 * $1 })
  }

  /// Every element of one axis several times in a row.
  public func repeated(_ count: Int, axis: Int) -> Tensor {
    let axis = axisIndex(axis, "repeated")
    precondition(count >= 0, "repeated: \(count) times axis \(axis) of the shape \(shape)")
    var view = StridedView(shape: shape, strides: contiguousStrides(shape))
    view.shape.insert(count, at: axis + 1)
    view.strides.insert(0, at: axis + 1)
    var result = shape
    result[axis] *= count
    return reading(view).reshaped(to: result)
  }

  /// The elements moved on along one axis by `distance` places; what passes the end comes in again
  /// at the front, and the other way round for a negative distance.
  public func rolled(by distance: Int, axis: Int) -> Tensor {
    let axis = axisIndex(axis, "rolled")
    let length = shape[axis]
    if length == 0 { return self }
    let first = ((-distance) % length + length) % length
    if first == 0 { return self }
    return concatenate(
      [slice(axis: axis, first..<length), slice(axis: axis, 0..<first)], axis: axis)
  }
}
