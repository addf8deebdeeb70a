import Autodiff
import CKernels
import Foundation
import Testing

/// The kernels' bits and numbers.
@Suite struct RandomKernelTests {
  static let key: [UInt64] = [0x0123_4567_89ab_cdef, 42]

  /// The known answers of the authors' library Random123 for Threefry 2x64 with 20 rounds.
  @Test(arguments: [
    ([UInt64(0), 0], [UInt64(0), 0], [UInt64(0xc2b6_e3a8_c2c6_9865), 0x6f81_ed42_f350_084d]),
    ([.max, .max], [.max, .max], [0xe02c_b7c4_d95d_277a, 0xd066_33d0_893b_8b68]),
    (
      [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344],
      [0xa409_3822_299f_31d0, 0x082e_fa98_ec4e_6c89],
      [0x263c_7d30_bb0f_0af1, 0x56be_8361_d331_1526]
    ),
  ])
  func knownAnswers(_ counter: [UInt64], _ key: [UInt64], _ expected: [UInt64]) {
    var block = [UInt64](repeating: 0, count: 2)
    random_block(key, counter, &block)
    #expect(block == expected)
  }

  static func doubles(_ kind: Int, first: Int, count: Int) -> [Double] {
    var result = [Double](repeating: .nan, count: count)
    random_fill(Int32(kind), Int32(TK_F64), key, Int64(first), count, &result)
    return result
  }

  static func singles(_ kind: Int, first: Int, count: Int) -> [Float] {
    var result = [Float](repeating: .nan, count: count)
    random_fill(Int32(kind), Int32(TK_F32), key, Int64(first), count, &result)
    return result
  }

  /// Numbers of 64 are made from 32 blocks, their first words in front; the vectors' logarithm,
  /// sine and cosine against those of the system.
  @Test func numbersComeFromTheBlocks() {
    func block(_ index: Int, _ kind: Int) -> [UInt64] {
      var block = [UInt64](repeating: 0, count: 2)
      random_block(Self.key, [UInt64(index), UInt64(kind)], &block)
      return block
    }
    func open(_ word: UInt64) -> Double { Double(word >> 12) * 0x1p-52 + 0x1p-53 }
    let count = 6400
    var words = [UInt64](repeating: 0, count: count)
    random_words(Self.key, count, &words)
    let uniform = Self.doubles(RANDOM_UNIFORM, first: 0, count: count)
    let openUniform = Self.doubles(RANDOM_OPEN_UNIFORM, first: 0, count: count)
    let normal = Self.doubles(RANDOM_NORMAL, first: 0, count: count)
    let gumbel = Self.doubles(RANDOM_GUMBEL, first: 0, count: count)
    for index in 0..<count where index % 64 < 32 {
      let (number, second) = (index / 64 * 32 + index % 64, index + 32)
      for (position, word) in [(index, 0), (second, 1)] {
        #expect(words[position] == block(number, RANDOM_WORDS)[word])
        #expect(
          uniform[position] == Double(block(number, RANDOM_UNIFORM)[word] >> 12) * 0x1p-52)
        #expect(openUniform[position] == open(block(number, RANDOM_OPEN_UNIFORM)[word]))
        let expected = -log(-log(open(block(number, RANDOM_GUMBEL)[word])))
        #expect(abs(gumbel[position] - expected) < 1e-15 * (1 + abs(expected)))
      }
      let bits = block(number, RANDOM_NORMAL)
      let radius = (-2 * log(open(bits[0]))).squareRoot()
      let angle = 0.5 * .pi * (Double(bits[1] >> 62) + open(bits[1] << 2) - 0.5)
      #expect(abs(normal[index] - radius * cos(angle)) < 2e-15 * radius)
      #expect(abs(normal[second] - radius * sin(angle)) < 2e-15 * radius)
    }
  }

  @Test func anyPartOfAStreamIsTheSame() {
    var random = TestGenerator(seed: 3)
    var truncated = [Double](repeating: 0, count: 1000)
    random_truncated_normal(Int32(TK_F64), Self.key, -1, 2, 0, 1000, &truncated)
    for kind in [RANDOM_UNIFORM, RANDOM_OPEN_UNIFORM, RANDOM_NORMAL, RANDOM_GUMBEL] {
      let doubles = Self.doubles(kind, first: 0, count: 1000)
      let singles = Self.singles(kind, first: 0, count: 1000)
      for _ in 0..<100 {
        let first = Int(random.uniform(0, 1000))
        let count = Int(random.uniform(0, Double(1001 - first)))
        let range = first..<first + count
        #expect(Self.doubles(kind, first: first, count: count) == Array(doubles[range]))
        #expect(Self.singles(kind, first: first, count: count) == Array(singles[range]))
        var part = [Double](repeating: 0, count: count)
        random_truncated_normal(Int32(TK_F64), Self.key, -1, 2, Int64(first), count, &part)
        #expect(part == Array(truncated[range]))
      }
    }
  }

  /// Large tensors are made by several threads.
  @Test func threadsDoNotMatter() {
    let key = RandomKey(seed: 8)
    let count = 300_001
    for dtype in DType.allCases {
      let large = key.normal([count], dtype: dtype).scalars
      #expect(key.normal([1000], dtype: dtype).scalars == Array(large[..<1000]))
      #expect(key.normal([count], dtype: dtype).scalars == large)
      let truncated = key.truncatedNormal([10_000], dtype: dtype).scalars
      #expect(key.truncatedNormal([999], dtype: dtype).scalars == Array(truncated[..<999]))
    }
  }

  @Test func everyBitIsFair() {
    let count = 50_000
    var words = [UInt64](repeating: 0, count: count)
    random_words(Self.key, count, &words)
    let limit = 5 * Double(count).squareRoot() / 2
    for bit in 0..<64 {
      let ones = words.reduce(0) { $0 + Int($1 >> UInt64(bit) & 1) }
      #expect(Swift.abs(Double(ones) - Double(count) / 2) < limit)
      // Beside the word's neighbours in the stream, the tile and the vector.
      for lag in [1, 2, 8, 32, 64] {
        let equal = (0..<count - lag).reduce(0) {
          $0 + Int(~(words[$1] ^ words[$1 + lag]) >> UInt64(bit) & 1)
        }
        #expect(Swift.abs(Double(equal) - Double(count - lag) / 2) < limit)
      }
    }
  }

  @Test func openIntervals() {
    for kind in [RANDOM_UNIFORM, RANDOM_OPEN_UNIFORM] {
      let doubles = Self.doubles(kind, first: 0, count: 100_000)
      let singles = Self.singles(kind, first: 0, count: 100_000)
      let lowest = kind == RANDOM_OPEN_UNIFORM ? 0x1p-53 : 0
      #expect(doubles.allSatisfy { $0 >= lowest && $0 < 1 })
      #expect(singles.allSatisfy { $0 >= Float(lowest) && $0 < 1 })
    }
    // A single-precision number has exactly the bits that it can hold: the extreme ones as well.
    let open = Self.singles(RANDOM_OPEN_UNIFORM, first: 0, count: 100_000)
    #expect(open.allSatisfy { ($0 * 0x1p24).truncatingRemainder(dividingBy: 2) == 1 })
  }
}
