import CKernels
import Testing

@Suite("Copies with strides, gathers and scatters")
struct MovementTests {
  /// Offsets of the elements of a strided array in the order of a contiguous one.
  static func offsets(_ dims: [Int], _ strides: [Int]) -> [Int] {
    zip(dims, strides).reduce([0]) { offsets, axis in
      offsets.flatMap { first in (0..<axis.0).map { first + $0 * axis.1 } }
    }
  }

  /// The strides of a contiguous array whose axes are permuted, reversed, and repeated at random.
  static func randomShape(_ numbers: inout TestNumbers) -> (dims: [Int], strides: [Int]) {
    let rank = Int.random(in: 0...5, using: &numbers)
    let large = rank <= 2 ? 30 : rank == 3 ? 17 : 5
    let smallest = Int.random(in: 0..<12, using: &numbers) == 0 ? 0 : 1
    let dims = (0..<rank).map { _ in Int.random(in: smallest...large, using: &numbers) }
    var strides = dims, next = 1
    for axis in dims.indices.shuffled(using: &numbers) {
      strides[axis] = next
      next *= max(dims[axis], 1)
    }
    for axis in dims.indices {
      let choice = Int.random(in: 0..<8, using: &numbers)
      if choice == 0 { strides[axis] = 0 }
      if choice == 1 { strides[axis] = -strides[axis] }
      // Windows that overlap.
      if choice == 2 { strides[axis] = 1 }
    }
    return (dims, strides)
  }

  @Test("agree with naive index arithmetic", arguments: 0..<400)
  func strides(seed: Int) {
    func check<T: KernelNumber>(_: T.Type) {
      var numbers = TestNumbers(state: UInt64(seed))
      let (dims, strides) = Self.randomShape(&numbers)
      let offsets = Self.offsets(dims, strides)
      let least = offsets.min() ?? 0
      let memory = (offsets.max() ?? 0) - least + 1
      let x: [T] = numbers.multiples(of: 1, memory, below: 50)
      var out = [T](repeating: -1, count: offsets.count)
      x.withUnsafeBufferPointer {
        tk_strided_copy(
          T.code, Int32(dims.count), dims, strides, $0.baseAddress! - least, &out)
      }
      #expect(out == offsets.map { x[$0 - least] }, "\(dims) \(strides)")
      var sum = x, expected = x
      let added: [T] = numbers.multiples(of: 1, offsets.count, below: 50)
      sum.withUnsafeMutableBufferPointer {
        tk_strided_add(
          T.code, Int32(dims.count), dims, strides, added, $0.baseAddress! - least)
      }
      for (offset, value) in zip(offsets, added) { expected[offset - least] += value }
      #expect(sum == expected, "add \(dims) \(strides)")
    }
    check(Float.self)
    check(Double.self)
  }

  @Test("gather and scatter", arguments: [0, 1, 2, 7, 16, 21, 40])
  func gather(inner: Int) {
    func check<T: KernelNumber>(_: T.Type) {
      var numbers = TestNumbers(state: 17)
      for (outer, n, count) in [(1, 5, 9), (3, 4, 2), (2, 1, 3), (1, 3, 0), (0, 3, 2)] {
        let index = (0..<count).map { _ in Int64.random(in: 0..<Int64(n), using: &numbers) }
        let x: [T] = numbers.multiples(of: 1, outer * n * inner, below: 50)
        var out = [T](repeating: -1, count: outer * count * inner)
        tk_gather(T.code, outer, n, inner, count, index, x, &out)
        var sum = x, expected = x
        tk_scatter_add(T.code, outer, n, inner, count, index, out, &sum)
        for o in 0..<outer {
          for (k, row) in index.enumerated() {
            for i in 0..<inner {
              let from = (o * n + Int(row)) * inner + i, to = (o * count + k) * inner + i
              #expect(out[to] == x[from])
              expected[from] += out[to]
            }
          }
        }
        #expect(sum == expected)
      }
    }
    check(Float.self)
    check(Double.self)
  }
}
