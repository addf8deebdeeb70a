/// The type of a tensor's elements.
public enum DType: Int32, Sendable, Hashable, CaseIterable {
  /// IEEE single precision, usual for networks.
  case float32 = 0
  /// IEEE double precision, usual for optimization.
  case float64 = 1

  /// Bytes of one element.
  public var byteCount: Int { self == .float32 ? 4 : 8 }
}
