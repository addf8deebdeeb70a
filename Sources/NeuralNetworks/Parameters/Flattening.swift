import Autodiff

extension TensorStructure {
  /// All elements of all tensors as one vector `[leafScalarCount]`, in the order of the leaves.
  ///
  /// All tensors must have one type; a structure without tensors gives an empty float64 vector.
  public func flattened() -> Tensor { flattened(batchAxes: 0) }

  /// The same for tensors that have the same `batchAxes` axes in front: `[batch..., elements per item]`.
  public func flattened(batchAxes: Int) -> Tensor {
    let leaves = leaves
    guard let first = leaves.first else { return Tensor.zeros([0]) }
    let batch = Array(first.shape.prefix(batchAxes))
    return concatenate(
      leaves.map { leaf in
        precondition(
          batch.count == batchAxes && Array(leaf.shape.prefix(batchAxes)) == batch,
          "flattened: tensors of shapes \(first.shape) and \(leaf.shape), \(batchAxes) batch axes")
        return leaf.reshaped(to: batch + [leaf.shape.dropFirst(batchAxes).reduce(1, *)])
      }, axis: -1)
  }

  /// The same structure with elements from a vector; the inverse of `flattened`.
  ///
  /// - Parameter vector: `[..., leafScalarCount]`. Axes in front become axes in front of every tensor: one
  ///   set of parameters per item, such as a hypernetwork makes.
  public func unflattened(from vector: Tensor) -> Self {
    let count = leafScalarCount
    precondition(
      vector.shape.last == count, "unflattened: \(vector.shape) for \(count) elements")
    let batch = Array(vector.shape.dropLast())
    var start = 0
    return mapLeaves { leaf in
      defer { start += leaf.count }
      return vector.slice(axis: -1, start..<start + leaf.count).reshaped(to: batch + leaf.shape)
    }
  }
}
