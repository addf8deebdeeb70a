import CKernels
import Testing

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

// A block on its way from thread to thread.
private struct Block: @unchecked Sendable {
  let memory: UnsafeMutableRawPointer
  let bytes: Int
}

@Suite("Memory of tensors", .serialized)
struct MemoryTests {
  @Test("is aligned, apart, and used again")
  func blocks() {
    var blocks: [Block] = []
    for bytes in Array(0...300) + [
      4095, 4096, 4097, 1 << 20, (1 << 26) - 1, 1 << 26, (1 << 26) + 1,
    ] {
      let memory = tk_allocate(bytes)!
      #expect(UInt(bitPattern: memory) % 64 == 0)
      memset(memory, Int32(blocks.count & 255), bytes)
      blocks.append(Block(memory: memory, bytes: bytes))
    }
    for (index, block) in blocks.enumerated() where block.bytes > 0 {
      let bytes = block.memory.assumingMemoryBound(to: UInt8.self)
      #expect(bytes[0] == UInt8(index & 255) && bytes[block.bytes - 1] == UInt8(index & 255))
    }
    for block in blocks { tk_release(block.memory, block.bytes) }
    let first = tk_allocate(1000)
    tk_release(first, 1000)
    let second = tk_allocate(990)
    #expect(first == second)
    tk_release(second, 990)
  }

  /// In a process of its own, for the counters are those of the process and other tests allocate.
  @Test("is counted")
  func counters() async {
    await #expect(processExitsWith: .success) {
      let before = tk_live_bytes()
      let a = tk_allocate(1000), b = tk_allocate(5_000_000)
      precondition(tk_live_bytes() == before + 5_001_000)
      tk_release(b, 5_000_000)
      precondition(tk_live_bytes() == before + 1000)
      precondition(tk_peak_bytes() >= before + 5_001_000)
      tk_reset_peak()
      precondition(tk_peak_bytes() == before + 1000)
      let c = tk_allocate(300)
      tk_release(c, 300)
      precondition(tk_peak_bytes() == before + 1300)
      tk_release(a, 1000)
      precondition(tk_live_bytes() == before)
    }
  }

  @Test("moves between threads")
  func threads() async {
    let blocks = await withTaskGroup(of: [Block].self, returning: [Block].self) { group in
      for task in 0..<8 {
        group.addTask {
          var numbers = TestNumbers(state: UInt64(task)), kept: [Block] = []
          for _ in 0..<5000 {
            let bytes = Int.random(in: 8...20_000, using: &numbers)
            let memory = tk_allocate(bytes)!
            memory.storeBytes(of: bytes, as: Int.self)
            kept.append(Block(memory: memory, bytes: bytes))
            if kept.count > 100 {
              let block = kept.remove(at: Int.random(in: 0..<kept.count, using: &numbers))
              precondition(block.memory.load(as: Int.self) == block.bytes)
              tk_release(block.memory, block.bytes)
            }
          }
          return kept
        }
      }
      return await group.reduce(into: []) { $0 += $1 }
    }
    #expect(Set(blocks.map(\.memory)).count == blocks.count)
    #expect(blocks.allSatisfy { $0.memory.load(as: Int.self) == $0.bytes })
    for block in blocks { tk_release(block.memory, block.bytes) }
  }

  @Test("of a thread that ends is given back and its count kept")
  func endedThreads() async {
    await #expect(processExitsWith: .success) {
      let before = tk_live_bytes()
      var blocks = [UnsafeMutableRawPointer?](repeating: nil, count: 20)
      for index in blocks.indices {
        #if canImport(Darwin)
          var thread: pthread_t?
        #else
          var thread = pthread_t()
        #endif
        let created = pthread_create(
          &thread, nil,
          { _ in
            let released = tk_allocate(100)
            let kept = tk_allocate(200)
            tk_release(released, 100)
            return kept
          }, nil)
        precondition(created == 0)
        #if canImport(Darwin)
          pthread_join(thread!, &blocks[index])
        #else
          pthread_join(thread, &blocks[index])
        #endif
      }
      precondition(tk_live_bytes() == before + 20 * 200)
      for block in blocks { tk_release(block, 200) }
      precondition(tk_live_bytes() == before)
    }
  }
}
