/// Which elements of a tensor an operation reads: at `offset` plus an index of `shape` times
/// `strides`.
///
/// Strides may be 0 (an element is repeated), negative (a flip), larger than the tensor's own
/// (steps, a diagonal) or overlap (the windows of a convolution). Reading a view and adding up at
/// its places are the transposes of each other, so most movements of elements get all their
/// derivatives from this pair.
struct StridedView: Sendable {
  var shape: [Int]
  /// In elements of the contiguous tensor, one per axis of the view.
  var strides: [Int]
  /// Where the view's first element stands.
  var offset = 0
}

extension Tensor {
  /// A copy of the elements of a view, in the view's shape.
  func reading(_ view: StridedView) -> Tensor {
    let original = shape
    return linear(
      self, { $0.strided(view.shape, view.strides, offset: view.offset) },
      transpose: { $0.addingUp(view, in: original) })
  }

  /// Zeros of the shape `target` to which this tensor's elements, in the shape of the view, are
  /// added at the view's places.
  func addingUp(_ view: StridedView, in target: [Int]) -> Tensor {
    precondition(
      shape == view.shape, "addingUp: the shape \(shape) for a view of shape \(view.shape)")
    return linear(
      self, { $0.stridedSum(into: target, view.strides, offset: view.offset) },
      transpose: { $0.reading(view) })
  }
}
