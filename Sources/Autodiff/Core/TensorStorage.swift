import CKernels

/// The elements of a tensor, row-major, and its shape: the only owner of tensors' memory.
///
/// Never written to after it was filled, except by a sole owner (`Tensor.withMutableStorage`).
package final class TensorStorage: @unchecked Sendable {
  package let memory: UnsafeMutableRawPointer
  package let shape: [Int]
  package let count: Int
  package let dtype: DType
  /// Whose memory this is, for another shape of the same elements.
  private let owner: TensorStorage?

  /// Room for a tensor; the caller writes every element before reading.
  package init(uninitialized shape: [Int], count: Int, dtype: DType) {
    memory = tk_allocate(count * dtype.byteCount)
    self.shape = shape
    self.count = count
    self.dtype = dtype
    owner = nil
  }

  /// The same elements in another shape of the same count.
  package init(_ other: TensorStorage, shape: [Int]) {
    memory = other.memory
    self.shape = shape
    count = other.count
    dtype = other.dtype
    owner = other.owner ?? other
  }

  /// Whether the memory is this object's own; it may then be written to by a sole owner.
  package var ownsMemory: Bool { owner == nil }

  deinit {
    if owner == nil { tk_release(memory, count * dtype.byteCount) }
  }
}
