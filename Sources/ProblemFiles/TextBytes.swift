/// The bytes of a text file, followed by zeros, so that a reader may look a few bytes past the end
/// and needs no test for it: no text format has a zero byte.
final class TextBytes: @unchecked Sendable {
  /// The number of zero bytes after the end.
  static let padding = 32

  /// The name of the file in messages.
  let name: String
  let start: UnsafePointer<UInt8>
  let count: Int

  var end: UnsafePointer<UInt8> { start + count }

  /// Takes over `memory`, which holds `count` bytes and room for `padding` more.
  init(name: String, adopting memory: UnsafeMutablePointer<UInt8>, count: Int) {
    (memory + count).update(repeating: 0, count: Self.padding)
    self.name = name
    self.count = count
    start = UnsafePointer(memory)
  }

  convenience init(name: String, copying bytes: some Collection<UInt8>) {
    let count = bytes.count
    let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: count + Self.padding)
    _ = UnsafeMutableBufferPointer(start: memory, count: count).update(fromContentsOf: bytes)
    self.init(name: name, adopting: memory, count: count)
  }

  deinit {
    start.deallocate()
  }

  /// The line, from 1, of a position.
  func line(of position: UnsafePointer<UInt8>) -> Int {
    let before = UnsafeBufferPointer(start: start, count: min(max(position - start, 0), count))
    return before.reduce(into: 1) { lines, byte in lines += byte == UInt8(ascii: "\n") ? 1 : 0 }
  }
}

/// Bytes that are collected without knowing how many will come.
struct GrowingBytes: ~Copyable {
  private(set) var memory: UnsafeMutablePointer<UInt8>
  private(set) var capacity: Int
  var count = 0

  init(capacity: Int) {
    self.capacity = max(capacity, 1024)
    memory = .allocate(capacity: self.capacity + TextBytes.padding)
  }

  deinit {
    memory.deallocate()
  }

  /// Makes room for more bytes after the first `count`.
  mutating func grow() {
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: 2 * capacity + TextBytes.padding)
    larger.update(from: memory, count: count)
    memory.deallocate()
    memory = larger
    capacity *= 2
  }

  /// The bytes as text; what was collected is handed over.
  consuming func text(name: String) -> TextBytes {
    let result = TextBytes(name: name, adopting: memory, count: count)
    discard self
    return result
  }
}
