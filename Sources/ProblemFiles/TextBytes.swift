#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The bytes of a text file, followed by zeros, so that a reader may look a few bytes past the end
/// and needs no test for it: no text format has a zero byte.
final class TextBytes: @unchecked Sendable {
  /// The number of zero bytes after the end.
  static let padding = 32

  /// The name of the file in messages.
  let name: String
  let start: UnsafePointer<UInt8>
  let count: Int
  /// Where the memory begins, which is freed: before `start` if a byte-order mark stands there.
  private let memory: UnsafeMutablePointer<UInt8>

  var end: UnsafePointer<UInt8> { start + count }

  /// Takes over `memory`, which was made by `malloc` and holds `count` bytes and room for `padding` more. A byte-order mark at its start
  /// is stepped over: no format has it.
  init(name: String, adopting memory: UnsafeMutablePointer<UInt8>, count: Int) {
    (memory + count).update(repeating: 0, count: Self.padding)
    self.name = name
    self.memory = memory
    let mark = count >= 3 && memory[0] == 0xEF && memory[1] == 0xBB && memory[2] == 0xBF ? 3 : 0
    self.count = count - mark
    start = UnsafePointer(memory + mark)
  }

  convenience init(name: String, copying bytes: some Collection<UInt8>) {
    let count = bytes.count
    let memory = malloc(count + Self.padding)!.assumingMemoryBound(to: UInt8.self)
    _ = UnsafeMutableBufferPointer(start: memory, count: count).update(fromContentsOf: bytes)
    self.init(name: name, adopting: memory, count: count)
  }

  deinit {
    free(memory)
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
    memory = malloc(self.capacity + TextBytes.padding)!.assumingMemoryBound(to: UInt8.self)
  }

  deinit {
    free(memory)
  }

  /// Makes room for more bytes after the first `count`.
  mutating func grow() {
    capacity *= 2
    let moved = realloc(memory, capacity + TextBytes.padding)!
    memory = moved.assumingMemoryBound(to: UInt8.self)
  }

  /// The bytes as text; what was collected is handed over.
  consuming func text(name: String) -> TextBytes {
    let result = TextBytes(name: name, adopting: memory, count: count)
    discard self
    return result
  }
}
