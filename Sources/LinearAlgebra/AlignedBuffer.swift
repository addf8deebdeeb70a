/// Storage of doubles, from 4 kB on a 64-byte boundary (a cache line, and the widest vector register);
/// aligned allocation of small blocks costs more than it gains.
///
/// The only owner of raw memory in the package: the value types `Vector`, `Matrix`, `BatchedVector`
/// and `BatchedMatrix` are copy-on-write over it.
package final class AlignedBuffer: @unchecked Sendable {
  package let pointer: UnsafeMutablePointer<Double>
  package let count: Int

  /// Allocates `count` doubles without initializing them; the caller writes every one before reading.
  /// `isAligned` asks for the boundary whatever the size, for kernels that rely on it.
  package init(uninitializedCount count: Int, isAligned: Bool = false) {
    if count < 512, !isAligned {
      pointer = .allocate(capacity: max(count, 1))
    } else {
      let raw = UnsafeMutableRawPointer.allocate(
        byteCount: max(count, 1) * MemoryLayout<Double>.stride, alignment: 64)
      pointer = raw.bindMemory(to: Double.self, capacity: count)
    }
    self.count = count
  }

  package convenience init(repeating value: Double, count: Int) {
    self.init(uninitializedCount: count)
    pointer.update(repeating: value, count: count)
  }

  package convenience init(copying other: AlignedBuffer) {
    self.init(uninitializedCount: other.count)
    pointer.update(from: other.pointer, count: other.count)
  }

  package convenience init(_ elements: [Double]) {
    self.init(uninitializedCount: elements.count)
    elements.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { pointer.update(from: base, count: elements.count) }
    }
  }

  deinit {
    UnsafeMutableRawPointer(pointer).deallocate()
  }
}
