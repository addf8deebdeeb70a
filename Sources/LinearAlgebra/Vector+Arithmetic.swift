import CKernels

// MARK: - Arithmetic

extension Vector {
  /// The sum of two vectors of one length.
  public static func + (left: Vector, right: Vector) -> Vector {
    left.combined(with: right, "+") { $0 + $1 }
  }

  /// The difference of two vectors of one length.
  public static func - (left: Vector, right: Vector) -> Vector {
    left.combined(with: right, "-") { $0 - $1 }
  }

  /// The negative of each element.
  public static prefix func - (vector: Vector) -> Vector { -1 * vector }

  /// Each element times the factor.
  public static func * (factor: Double, vector: Vector) -> Vector {
    var result = vector
    result *= factor
    return result
  }

  /// Each element times the factor.
  public static func * (vector: Vector, factor: Double) -> Vector { factor * vector }

  /// Each element divided by the divisor.
  public static func / (vector: Vector, divisor: Double) -> Vector {
    var result = vector
    result.withUnsafeMutableBufferPointer { for index in $0.indices { $0[index] /= divisor } }
    return result
  }

  /// Adds a vector of the same length in place.
  public static func += (left: inout Vector, right: Vector) {
    left.add(right, scaledBy: 1)
  }

  /// Subtracts a vector of the same length in place.
  public static func -= (left: inout Vector, right: Vector) {
    left.add(right, scaledBy: -1)
  }

  /// Multiplies each element by the factor in place.
  public static func *= (vector: inout Vector, factor: Double) {
    vector.withUnsafeMutableBufferPointer { for index in $0.indices { $0[index] *= factor } }
  }

  /// Adds `factor * other`, element by element, in place.
  public mutating func add(_ other: Vector, scaledBy factor: Double) {
    precondition(count == other.count, "Vector.add: [\(count)] and [\(other.count)]")
    withUnsafeMutableBufferPointer { target in
      other.withUnsafeBufferPointer { source in
        for index in target.indices { target[index] += factor * source[index] }
      }
    }
  }

  /// The inner product with a vector of the same length. The order of summation is fixed, but not
  /// from left to right.
  public func dot(_ other: Vector) -> Double {
    precondition(count == other.count, "Vector.dot: [\(count)] and [\(other.count)]")
    return withExtendedLifetime((storage, other.storage)) {
      ck_dot(count, storage.pointer, other.storage.pointer)
    }
  }

  private func combined(
    with other: Vector, _ name: StaticString, _ operation: (Double, Double) -> Double
  ) -> Vector {
    precondition(count == other.count, "Vector \(name): [\(count)] and [\(other.count)]")
    return Vector(storage: AlignedBuffer(combining: storage, other.storage, operation))
  }
}

// MARK: - Norms

extension Vector {
  /// Whether every element is finite.
  public var isFinite: Bool { storage.isFinite }

  /// The Euclidean norm, without overflow or underflow in between; 0 for an empty vector.
  public var twoNorm: Double {
    storage.twoNorm
  }

  /// The largest magnitude; 0 for an empty vector, NaN if any element is.
  public var infinityNorm: Double {
    storage.largestMagnitude
  }
}
