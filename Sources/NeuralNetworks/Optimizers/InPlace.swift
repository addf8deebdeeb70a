import Autodiff
import CKernels

// Arithmetic on memory that is a tensor's alone, for updates that nothing traces.

extension Tensor {
  /// `self = scale * self`.
  mutating func scaleInPlace(by scale: Double) {
    if scale == 1 { return }
    let (type, count) = (typeCode, count)
    withMutableStorage { tk_affine(type, count, scale, 0, $0, $0) }
  }

  /// Memory that is this tensor's alone, copied before if it was shared; valid until the tensor is next
  /// changed or freed.
  mutating func ownMemory() -> UnsafeMutableRawPointer {
    withMutableStorage { _ in }
    return memory
  }

  /// `self = self + scale * other`, for the same shape and type.
  mutating func addInPlace(_ other: Tensor, scale: Double) {
    let (type, count) = (typeCode, count)
    withMutableStorage { tk_add_scaled(type, count, scale, other.memory, $0) }
  }
}
