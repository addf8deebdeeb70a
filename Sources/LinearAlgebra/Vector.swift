/// A vector of doubles with value semantics, shape `[count]`.
public struct Vector: Sendable {
  package private(set) var storage: AlignedBuffer

  package init(storage: AlignedBuffer) {
    self.storage = storage
  }

  /// A vector with every element equal to `value`.
  public init(repeating value: Double, count: Int) {
    precondition(count >= 0, "Vector: negative count \(count)")
    storage = AlignedBuffer(repeating: value, count: count)
  }

  /// A vector of the given elements.
  public init(_ elements: [Double]) {
    storage = AlignedBuffer(elements)
  }

  /// A vector of zeros.
  public static func zeros(_ count: Int) -> Vector { Vector(repeating: 0, count: count) }

  /// The elements as an array.
  public var array: [Double] {
    withUnsafeBufferPointer { Array($0) }
  }

  /// Calls `body` with the elements in memory; the pointer is not valid afterwards.
  public func withUnsafeBufferPointer<Result>(
    _ body: (UnsafeBufferPointer<Double>) throws -> Result
  ) rethrows -> Result {
    try withExtendedLifetime(storage) {
      try body(UnsafeBufferPointer(start: storage.pointer, count: storage.count))
    }
  }

  /// Calls `body` with the elements in memory, to change them; copies them first if they are shared.
  public mutating func withUnsafeMutableBufferPointer<Result>(
    _ body: (UnsafeMutableBufferPointer<Double>) throws -> Result
  ) rethrows -> Result {
    makeUnique()
    return try withExtendedLifetime(storage) {
      try body(UnsafeMutableBufferPointer(start: storage.pointer, count: storage.count))
    }
  }

  private mutating func makeUnique() {
    if !isKnownUniquelyReferenced(&storage) { storage = AlignedBuffer(copying: storage) }
  }
}

// MARK: - RandomAccessCollection

extension Vector: RandomAccessCollection, MutableCollection {
  /// Always 0.
  public var startIndex: Int { 0 }
  /// The number of elements.
  public var endIndex: Int { storage.count }

  /// The element at `index`, which must be in `0..<count`.
  public subscript(index: Int) -> Double {
    get {
      precondition(
        index >= 0 && index < storage.count, "Vector: index \(index) of \(storage.count) elements")
      return storage.pointer[index]
    }
    set {
      precondition(
        index >= 0 && index < storage.count, "Vector: index \(index) of \(storage.count) elements")
      makeUnique()
      storage.pointer[index] = newValue
    }
  }
}

// MARK: - ExpressibleByArrayLiteral, Equatable

extension Vector: ExpressibleByArrayLiteral, Equatable, CustomStringConvertible {
  /// A vector of the given elements.
  public init(arrayLiteral elements: Double...) {
    self.init(elements)
  }

  /// Whether both have equal elements; no vector with a NaN equals itself.
  public static func == (left: Vector, right: Vector) -> Bool {
    left.elementsEqual(right)
  }

  /// The elements in brackets.
  public var description: String { "\(array)" }
}
