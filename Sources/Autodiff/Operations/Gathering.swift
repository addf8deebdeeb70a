import CKernels

// Elements at positions that are listed, and the transpose: sums over elements with the same
// position. Positions are counted from 0 and must be in range; none is counted from the end.

extension Tensor {
  /// The parts of one axis at the listed positions, in that order; a position may occur any number
  /// of times.
  ///
  /// - Parameters:
  ///   - indices: positions along `axis`, at least 0 and less than its length.
  ///   - axis: the axis whose length becomes `indices.count`.
  /// - Returns: `[..., indices.count, ...]`. The derivative adds up over equal positions.
  public func gathering(_ indices: [Int], axis: Int) -> Tensor {
    picking(Selection(indices, axis: axisIndex(axis, "gathering"), of: shape, "gathering"))
  }

  /// For every line along one axis its own positions: `result[i, k, j] = self[i, indices[i, k, j],
  /// j]`.
  ///
  /// With the indices that `argSort` or `topK` return this gives the sorted elements, and it
  /// evaluates another tensor in the same order (it is NumPy's `take_along_axis`).
  ///
  /// - Parameter indices: the shape of this tensor but for the length of `axis`.
  /// - Returns: the shape of `indices`.
  public func gathering(_ indices: IndexTensor, axis: Int) -> Tensor {
    picking(Selection(indices, axis: axisIndex(axis, "gathering"), of: shape, "gathering"))
  }

  /// This tensor plus the parts of `updates` at the listed positions along one axis; parts with the
  /// same position add up.
  ///
  /// - Parameter updates: the shape of this tensor but for the length of `axis`, which is
  ///   `indices.count`.
  public func scatterAdding(_ updates: Tensor, at indices: [Int], axis: Int) -> Tensor {
    let axis = axisIndex(axis, "scatterAdding")
    return scatterAdding(
      updates, Selection(indices, axis: axis, of: shape, "scatterAdding"))
  }

  /// This tensor plus the elements of `updates` at the positions given for every line along one
  /// axis; elements with the same position add up. It is the transpose of `gathering` with such
  /// positions.
  ///
  /// - Parameter updates: the shape of `indices`, which is this tensor's but for the length of
  ///   `axis`.
  public func scatterAdding(_ updates: Tensor, at indices: IndexTensor, axis: Int) -> Tensor {
    let axis = axisIndex(axis, "scatterAdding")
    return scatterAdding(
      updates, Selection(indices, axis: axis, of: shape, "scatterAdding"))
  }

  private func scatterAdding(_ updates: Tensor, _ selection: Selection) -> Tensor {
    precondition(
      updates.shape == selection.resultShape,
      "scatterAdding: updates of shape \(updates.shape) into \(shape), expected "
        + "\(selection.resultShape)")
    requireSameType(self, updates, "scatterAdding")
    return self + updates.spreading(selection)
  }

  /// The rows of a table `[count, width...]` at the positions: `[indices' shape..., width...]`,
  /// such as the embeddings of words.
  public func lookup(_ indices: IndexTensor) -> Tensor {
    precondition(rank >= 1, "lookup: the shape \(shape) has no rows")
    return gathering(indices.values, axis: 0).reshaped(to: indices.shape + shape.dropFirst())
  }

  /// Vectors that are 1 at the given position and 0 elsewhere: `[indices' shape..., count]`.
  public static func oneHot(
    _ indices: IndexTensor, count: Int, dtype: DType = .float64
  ) -> Tensor {
    let result = zeros(indices.shape + [count], dtype: dtype)
    for (row, index) in indices.values.enumerated() {
      precondition(
        (0..<count).contains(index), "oneHot: position \(index) among \(count) positions")
      result.write(1, at: row * count + index)
    }
    return result
  }
}

/// What a gather reads: from `[outer, length, inner]` the positions `index` of the middle axis.
private struct Selection: Sendable {
  let index: [Int]
  let outer: Int, length: Int, inner: Int
  let sourceShape: [Int]
  let resultShape: [Int]

  /// The same positions for every line.
  init(_ index: [Int], axis: Int, of shape: [Int], _ operation: String) {
    let split = AxisSplit(shape, axis)
    for position in index {
      precondition(
        (0..<split.length).contains(position),
        "\(operation): position \(position) of axis \(axis) in the shape \(shape)")
    }
    self.index = index
    (outer, length, inner) = (split.outer, split.length, split.inner)
    sourceShape = shape
    var result = shape
    result[axis] = index.count
    resultShape = result
  }

  /// Positions for every line, as positions among all elements.
  init(_ indices: IndexTensor, axis: Int, of shape: [Int], _ operation: String) {
    var expected = shape
    if indices.rank == shape.count { expected[axis] = indices.shape[axis] }
    precondition(
      indices.shape == expected,
      "\(operation): indices of shape \(indices.shape) along axis \(axis) of the shape \(shape)")
    let split = AxisSplit(shape, axis)
    let rowCount = indices.shape[axis] * split.inner
    index = indices.values.enumerated().map { place, position in
      precondition(
        (0..<split.length).contains(position),
        "\(operation): position \(position) of axis \(axis) in the shape \(shape)")
      return (place / rowCount * split.length + position) * split.inner + place % split.inner
    }
    (outer, length, inner) = (1, split.outer * split.length * split.inner, 1)
    sourceShape = shape
    resultShape = indices.shape
  }
}

extension Tensor {
  fileprivate func picking(_ selection: Selection) -> Tensor {
    linear(
      self,
      { x in
        let result = Tensor(uninitialized: selection.resultShape, dtype: x.dtype)
        if result.count == 0 { return result }
        selection.index.withKernelPointer {
          tk_gather(
            x.typeCode, selection.outer, selection.length, selection.inner, selection.index.count,
            $0, x.memory, result.memory)
        }
        return result
      },
      transpose: { $0.spreading(selection) })
  }

  /// The transpose of `picking`.
  fileprivate func spreading(_ selection: Selection) -> Tensor {
    linear(
      self,
      { x in
        let result = Tensor.zeros(selection.sourceShape, dtype: x.dtype)
        if x.count == 0 { return result }
        selection.index.withKernelPointer {
          tk_scatter_add(
            x.typeCode, selection.outer, selection.length, selection.inner, selection.index.count,
            $0, x.memory, result.memory)
        }
        return result
      },
      transpose: { $0.picking(selection) })
  }
}

extension [Int] {
  /// The numbers as the kernels read them; `Int` has 64 bits on all platforms of this package.
  fileprivate func withKernelPointer(_ body: (UnsafePointer<Int64>) -> Void) {
    withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      base.withMemoryRebound(to: Int64.self, capacity: count) { body($0) }
    }
  }
}
