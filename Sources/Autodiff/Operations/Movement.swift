import CKernels

// Other arrangements of the same elements.

extension Tensor {
  /// A copy in another arrangement: the element at an index of `shape` is read at `offset` plus the index
  /// times `strides`. No derivative: operations built on it say their own.
  func strided(_ shape: [Int], _ strides: [Int], offset: Int = 0) -> Tensor {
    let result = Tensor(uninitialized: shape, dtype: dtype)
    if result.count == 0 { return result }
    tk_strided_copy(
      typeCode, Int32(shape.count), shape, strides, memory + offset * dtype.byteCount,
      result.memory)
    return result
  }

  /// The transpose of `strided`: zeros of `target`, to which this tensor's elements are added at those
  /// places.
  func stridedSum(into target: [Int], _ strides: [Int], offset: Int = 0) -> Tensor {
    let result = Tensor.zeros(target, dtype: dtype)
    if count == 0 { return result }
    tk_strided_add(
      typeCode, Int32(rank), shape, strides, memory, result.memory + offset * dtype.byteCount)
    return result
  }

  /// The elements in another shape of the same number of elements, in the same order; nothing is copied.
  /// One length may be -1: it follows from the others.
  public func reshaped(to shape: [Int]) -> Tensor {
    var shape = shape
    if let free = shape.firstIndex(of: -1) {
      shape[free] = 1
      let others = shape.reduce(1, *)
      precondition(
        others != 0 && count % others == 0,
        "reshaped: \(self.shape) to \(shape) with axis \(free) free")
      shape[free] = count / others
    }
    if shape == self.shape { return self }
    precondition(elementCount(shape) == count, "reshaped: \(self.shape) to \(shape)")
    let original = self.shape
    return linear(
      self, { Tensor(storage: TensorStorage($0.storage, shape: shape)) },
      transpose: { $0.reshaped(to: original) })
  }

  /// The last two axes exchanged: the transposes of a batch of matrices.
  public func transposed() -> Tensor {
    precondition(rank >= 2, "transposed: the shape \(shape) has less than two axes")
    var order = Array(0..<rank)
    order.swapAt(rank - 2, rank - 1)
    return permutingAxes(order)
  }

  /// The axes in another order: axis i of the result is axis `order[i]` of this tensor.
  public func permutingAxes(_ order: [Int]) -> Tensor {
    let order = order.map { axisIndex($0, "permutingAxes") }
    precondition(
      order.sorted() == Array(0..<rank), "permutingAxes: order \(order) for the shape \(shape)")
    var inverse = order
    for (index, axis) in order.enumerated() { inverse[axis] = index }
    return linear(
      self,
      { x in
        let strides = contiguousStrides(x.shape)
        return x.strided(order.map { x.shape[$0] }, order.map { strides[$0] })
      },
      transpose: { [inverse] in $0.permutingAxes(inverse) })
  }

  /// A part along one axis: the elements at the positions in `range`.
  public func slice(axis: Int, _ range: Range<Int>) -> Tensor {
    let axis = axisIndex(axis, "slice")
    precondition(
      range.lowerBound >= 0 && range.upperBound <= shape[axis],
      "slice: \(range) of axis \(axis) in the shape \(shape)")
    if range.count == shape[axis] { return self }
    var part = shape
    part[axis] = range.count
    let strides = contiguousStrides(shape)
    return reading(
      StridedView(shape: part, strides: strides, offset: range.lowerBound * strides[axis]))
  }

  /// A new axis of length 1 at a position.
  public func expandingAxis(_ axis: Int) -> Tensor {
    var shape = shape
    let position = axis < 0 ? axis + rank + 1 : axis
    precondition(
      (0...rank).contains(position), "expandingAxis: axis \(axis) for the shape \(shape)")
    shape.insert(1, at: position)
    return reshaped(to: shape)
  }

  /// Without an axis of length 1.
  public func squeezingAxis(_ axis: Int) -> Tensor {
    var shape = shape
    let position = axisIndex(axis, "squeezingAxis")
    precondition(shape[position] == 1, "squeezingAxis: axis \(axis) of the shape \(shape)")
    shape.remove(at: position)
    return reshaped(to: shape)
  }

  /// The same elements in the other type.
  public func asType(_ dtype: DType) -> Tensor {
    if dtype == self.dtype { return self }
    let original = self.dtype
    return linear(
      self,
      { x in
        let result = Tensor(uninitialized: x.shape, dtype: dtype)
        tk_convert(x.typeCode, dtype.rawValue, x.count, x.memory, result.memory)
        return result
      },
      transpose: { $0.asType(original) })
  }

  /// The value as a constant: every derivative through it is zero.
  public func stoppingGradient() -> Tensor { detached }

  /// The position of an axis, which may be counted from the end: -1 is the last.
  func axisIndex(_ axis: Int, _ operation: @autoclosure () -> String) -> Int {
    let position = axis < 0 ? axis + rank : axis
    precondition(
      (0..<rank).contains(position), "\(operation()): axis \(axis) of the shape \(shape)")
    return position
  }
}

extension TensorStructure {
  /// The same structure as a constant: every derivative through it is zero.
  public func stoppingGradient() -> Self { mapLeaves(\.detached) }
}

/// Tensors one after another along an axis; all other axes must agree, and there must be at least one.
public func concatenate(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
  precondition(!tensors.isEmpty, "concatenate: no tensors")
  if tensors.count == 1 { return tensors[0] }
  let first = tensors[0]
  let axis = first.axisIndex(axis, "concatenate")
  var shape = first.shape
  shape[axis] = 0
  for tensor in tensors {
    requireSameType(first, tensor, "concatenate")
    var other = tensor.shape
    if tensor.rank == first.rank { other[axis] = first.shape[axis] }
    precondition(
      other == first.shape,
      "concatenate: shapes \(first.shape) and \(tensor.shape) along axis \(axis)")
    shape[axis] += tensor.shape[axis]
  }
  let lengths = tensors.map { $0.shape[axis] }
  return primitive(
    named: "concatenate", tensors,
    { parts in [joinedAlongAxis(parts, axis, shape)] },
    vjp: { _, _, cotangents, isWanted in
      guard let cotangent = cotangents[0] else { return isWanted.map { _ in nil } }
      var start = 0
      return zip(lengths, isWanted).map { length, isWanted in
        defer { start += length }
        return isWanted ? cotangent.slice(axis: axis, start..<start + length) : nil
      }
    },
    jvp: { operands, _, tangents in
      [
        concatenate(
          zip(operands, tangents).map { $1 ?? Tensor.zeros(like: $0) }, axis: axis)
      ]
    })[0]
}

/// Tensors of one shape along a new axis.
public func stack(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
  precondition(!tensors.isEmpty, "stack: no tensors")
  let position = axis < 0 ? axis + tensors[0].rank + 1 : axis
  return concatenate(tensors.map { $0.expandingAxis(position) }, axis: position)
}

private func joinedAlongAxis(_ parts: [Tensor], _ axis: Int, _ shape: [Int]) -> Tensor {
  let result = Tensor(uninitialized: shape, dtype: parts[0].dtype)
  let size = result.dtype.byteCount
  let outer = shape[..<axis].reduce(1, *)
  let inner = shape[(axis + 1)...].reduce(1, *)
  let rowBytes = shape[axis] * inner * size
  var offset = 0
  for part in parts {
    let bytes = part.shape[axis] * inner * size
    if bytes == 0 { continue }
    for row in 0..<outer {
      (result.memory + row * rowBytes + offset).copyMemory(
        from: part.memory + row * bytes, byteCount: bytes)
    }
    offset += bytes
  }
  return result
}
