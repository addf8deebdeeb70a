import CKernels

extension Vector {
  /// The inner product with a vector of the same length.
  public func dot(_ other: Vector) -> Double {
    precondition(count == other.count, "dot: [\(count)] and [\(other.count)]")
    return ck_dot(count, storage.pointer, other.storage.pointer)
  }

  /// The Euclidean norm, without care for overflow beyond 1e154.
  public var norm: Double { dot(self).squareRoot() }

  /// The largest absolute value of an element; 0 for an empty vector, NaN if any is.
  public var largestElement: Double { ck_largest(count, storage.pointer) }

  public static func + (left: Vector, right: Vector) -> Vector {
    left.combined(with: right, scale: 1, operation: "+")
  }

  public static func - (left: Vector, right: Vector) -> Vector {
    left.combined(with: right, scale: -1, operation: "-")
  }

  public static func * (scale: Double, vector: Vector) -> Vector {
    var result = vector
    result.withUnsafeMutableBufferPointer { for i in $0.indices { $0[i] *= scale } }
    return result
  }

  private func combined(with other: Vector, scale: Double, operation: String) -> Vector {
    precondition(count == other.count, "\(operation): [\(count)] and [\(other.count)]")
    var result = self
    result.withUnsafeMutableBufferPointer {
      ck_add_scaled($0.count, scale, other.storage.pointer, $0.baseAddress)
    }
    return result
  }
}
