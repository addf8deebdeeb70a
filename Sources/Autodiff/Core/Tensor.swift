import CKernels

/// An array of numbers of any rank: contiguous, row-major, with value semantics; batch axes lead.
///
/// All elements are `float32` or all `float64` (`dtype`); operations on two tensors want the same type
/// and trap with a message otherwise, conversion is explicit (`asType`). A mistake in a tensor expression,
/// such as shapes that don't match, is a bug in the calling code: it traps and names both shapes.
///
/// Tensors can be passed between tasks freely. Inside a function that is being differentiated (see
/// `gradient(at:of:)`) a tensor also knows how it was computed; nothing needs to be done for that.
public struct Tensor: Sendable {
  package var storage: TensorStorage
  /// How the value depends on the inputs of the derivatives that are being taken; nil for a constant.
  package var trace: Trace?

  @inline(__always)
  package init(storage: TensorStorage, trace: Trace? = nil) {
    self.storage = storage
    self.trace = trace
  }

  /// Room for a result; the caller writes every element.
  @inline(__always)
  package init(uninitialized shape: [Int], dtype: DType) {
    self.init(
      storage: TensorStorage(uninitialized: shape, count: elementCount(shape), dtype: dtype))
  }

  /// Room for a result of the shape and type of another tensor.
  @inline(__always)
  package init(uninitializedLike other: Tensor) {
    self.init(
      storage: TensorStorage(
        uninitialized: other.storage.shape, count: other.storage.count,
        dtype: other.storage.dtype))
  }

  /// The length of every axis; empty for a scalar.
  public var shape: [Int] { storage.shape }
  /// The number of axes.
  public var rank: Int { storage.shape.count }
  /// The number of elements.
  public var count: Int { storage.count }
  /// The type of the elements.
  public var dtype: DType { storage.dtype }

  package var memory: UnsafeMutableRawPointer { storage.memory }
  package var typeCode: Int32 { storage.dtype.rawValue }

  /// The same value without its history: a constant for every derivative.
  package var detached: Tensor { Tensor(storage: storage) }
}

/// The product of the lengths of all axes.
@inline(__always)
package func elementCount(_ shape: [Int]) -> Int {
  var count = 1
  for length in shape {
    precondition(length >= 0, "shape \(shape): negative length")
    count *= length
  }
  return count
}

// MARK: - Making tensors

extension Tensor {
  /// A scalar.
  public init(_ value: Double, dtype: DType = .float64) {
    self.init(repeating: value, shape: [], dtype: dtype)
  }

  /// A vector `[count]`.
  public init(_ values: [Double], dtype: DType = .float64) {
    self.init(values, shape: [values.count], dtype: dtype)
  }

  /// Elements in row-major order; their number must be that of the shape.
  public init(_ values: [Double], shape: [Int], dtype: DType = .float64) {
    self.init(uninitialized: shape, dtype: dtype)
    precondition(
      values.count == count, "Tensor: \(values.count) values for the shape \(shape)")
    values.withUnsafeBufferPointer { source in
      tk_convert(DType.float64.rawValue, dtype.rawValue, count, source.baseAddress, memory)
    }
  }

  /// Elements in row-major order, in single precision unless another type is asked for.
  public init(_ values: [Float], shape: [Int], dtype: DType = .float32) {
    self.init(uninitialized: shape, dtype: dtype)
    precondition(
      values.count == count, "Tensor: \(values.count) values for the shape \(shape)")
    values.withUnsafeBufferPointer { source in
      tk_convert(DType.float32.rawValue, dtype.rawValue, count, source.baseAddress, memory)
    }
  }

  /// A matrix `[rows, columns]` from a list of rows of one length.
  public init(_ rows: [[Double]], dtype: DType = .float64) {
    let columns = rows.first?.count ?? 0
    for (index, row) in rows.enumerated() {
      precondition(
        row.count == columns, "Tensor: row \(index) has \(row.count) values, row 0 has \(columns)")
    }
    self.init(rows.flatMap { $0 }, shape: [rows.count, columns], dtype: dtype)
  }

  /// One value everywhere.
  public init(repeating value: Double, shape: [Int], dtype: DType = .float64) {
    self.init(uninitialized: shape, dtype: dtype)
    tk_fill(typeCode, count, value, memory)
  }

  /// Zero everywhere.
  public static func zeros(_ shape: [Int], dtype: DType = .float64) -> Tensor {
    Tensor(repeating: 0, shape: shape, dtype: dtype)
  }

  /// One everywhere.
  public static func ones(_ shape: [Int], dtype: DType = .float64) -> Tensor {
    Tensor(repeating: 1, shape: shape, dtype: dtype)
  }

  /// Zeros of the shape and type of another tensor.
  public static func zeros(like other: Tensor) -> Tensor {
    zeros(other.shape, dtype: other.dtype)
  }

  /// Ones of the shape and type of another tensor.
  public static func ones(like other: Tensor) -> Tensor {
    ones(other.shape, dtype: other.dtype)
  }

  /// The identity matrix `[size, size]`.
  public static func identity(_ size: Int, dtype: DType = .float64) -> Tensor {
    let result = zeros([size, size], dtype: dtype)
    for index in 0..<size { result.write(1, at: index * (size + 1)) }
    return result
  }

  /// `0, 1, ..., count - 1`.
  public static func range(_ count: Int, dtype: DType = .float64) -> Tensor {
    Tensor((0..<count).map(Double.init), dtype: dtype)
  }

  /// `count` numbers with equal distances, `low` first and `high` last.
  public static func linearSpace(
    from low: Double, to high: Double, count: Int, dtype: DType = .float64
  ) -> Tensor {
    let step = count > 1 ? (high - low) / Double(count - 1) : 0
    return Tensor(
      (0..<count).map { $0 == count - 1 && count > 1 ? high : low + step * Double($0) },
      dtype: dtype)
  }
}

// MARK: - Reading

extension Tensor {
  /// The elements in row-major order. They are plain numbers: what is computed from them is a constant
  /// for every derivative.
  public var scalars: [Double] {
    [Double](unsafeUninitializedCapacity: count) { buffer, initialized in
      tk_convert(typeCode, DType.float64.rawValue, count, memory, buffer.baseAddress)
      initialized = count
    }
  }

  /// The only element of a tensor with one element.
  public var item: Double {
    precondition(count == 1, "item: the shape \(shape) has \(count) elements")
    return read(at: 0)
  }

  /// The element at an index, one number per axis.
  public func scalar(at index: Int...) -> Double {
    precondition(
      index.count == rank && zip(index, shape).allSatisfy { $0 >= 0 && $0 < $1 },
      "scalar(at:): index \(index) in the shape \(shape)")
    return read(at: zip(index, shape).reduce(0) { $0 * $1.1 + $1.0 })
  }

  package func read(at offset: Int) -> Double {
    switch dtype {
    case .float32: Double(memory.assumingMemoryBound(to: Float.self)[offset])
    case .float64: memory.assumingMemoryBound(to: Double.self)[offset]
    }
  }

  /// Only for a tensor that was just made and that no one else has seen.
  package func write(_ value: Double, at offset: Int) {
    switch dtype {
    case .float32: memory.assumingMemoryBound(to: Float.self)[offset] = Float(value)
    case .float64: memory.assumingMemoryBound(to: Double.self)[offset] = value
    }
  }

  /// Runs `body` on memory that is this tensor's alone, copied before if it was shared.
  package mutating func withMutableStorage(_ body: (UnsafeMutableRawPointer) -> Void) {
    if !storage.ownsMemory || !isKnownUniquelyReferenced(&storage) {
      let copy = TensorStorage(uninitialized: shape, count: count, dtype: dtype)
      copy.memory.copyMemory(from: memory, byteCount: count * dtype.byteCount)
      storage = copy
    }
    body(storage.memory)
  }

  /// Whether the two have the same shape, type and elements (NaN is unequal to itself).
  public func hasSameElements(as other: Tensor) -> Bool {
    shape == other.shape && dtype == other.dtype && scalars == other.scalars
  }

  /// Whether no element is NaN or infinite.
  public var isFinite: Bool { scalars.allSatisfy(\.isFinite) }
}

extension Tensor: CustomStringConvertible {
  /// The elements in nested brackets, then shape and type; only the ends of long axes.
  public var description: String {
    var offset = 0
    let values = scalars
    func text(_ axis: Int) -> String {
      if axis == rank {
        offset += 1
        return "\(values[offset - 1])"
      }
      let inner = shape[(axis + 1)...].reduce(1, *)
      var parts: [String] = []
      for index in 0..<shape[axis] {
        if shape[axis] > 8, index >= 3, index < shape[axis] - 3 {
          if index == 3 { parts.append("...") }
          offset += inner
          continue
        }
        parts.append(text(axis + 1))
      }
      return "[" + parts.joined(separator: ", ") + "]"
    }
    return text(0) + " (\(dtype), shape \(shape))"
  }
}
