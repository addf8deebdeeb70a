import Autodiff
import Foundation
import Testing

@Suite struct RandomKeyTests {
  @Test func keysAreValues() {
    #expect(RandomKey(seed: 4) == RandomKey(seed: 4))
    #expect(RandomKey(seed: 4).split() == RandomKey(seed: 4).split())
    let children = RandomKey(seed: 4).split(into: 5)
    #expect(RandomKey(seed: 4).split(into: 2) == Array(children[..<2]))
    let (first, second) = RandomKey(seed: 4).split()
    #expect([first, second] == Array(children[..<2]))
    #expect(RandomKey(seed: 4).split(into: 0).isEmpty)
  }

  /// The same bits on every processor and in every version: what a seed gives is part of results.
  @Test func numbersOfASeedStay() {
    func expect(_ tensor: Tensor, _ values: [Double], _ sourceLocation: SourceLocation) {
      let all = tensor.scalars
      #expect([all[0], all[1], all[39]] == values, sourceLocation: sourceLocation)
    }
    let key = RandomKey(seed: 7)
    expect(
      key.uniform([40]),
      [0x1.3dd4700c74624p-2, 0x1.de0fb5b2f453p-1, 0x1.a24f0563a23fp-4], #_sourceLocation)
    expect(
      key.normal([40]),
      [0x1.9c44a00a14e1ap-8, -0x1.1db593ef7728bp-6, 0x1.4d61a5f7992a5p-1], #_sourceLocation)
    expect(
      key.gumbel([40]),
      [0x1.c9512c78f52a6p-1, 0x1.c45b420b96416p+0, -0x1.a0e0f45b5ad3bp+0], #_sourceLocation)
    #expect(key.normal([2], dtype: .float32).scalars == [-0x1.9832bep-1, -0x1.b7278ap-1])
  }

  @Test func derivedKeysAreDifferent() {
    var seen = Set<RandomKey>()
    var count = 0
    for seed: UInt64 in [0, 1, 2, .max] {
      let key = RandomKey(seed: seed)
      let first = [key] + (-250..<250).map { key.folded(in: $0) } + key.split(into: 500)
      let second = first[..<100].flatMap { [$0.folded(in: 0), $0.folded(in: 1), $0.split().1] }
      // The second generation of the key itself is in the first one.
      for derived in first + second.dropFirst(3) {
        seen.insert(derived)
        count += 1
      }
    }
    #expect(seen.count == count)
  }

  @Test func streamsAreUncorrelated() {
    let count = 20_000
    let key = RandomKey(seed: 0)
    let (a, b) = key.split()
    let streams = [
      key, a, b, key.folded(in: 0), key.folded(in: 1), a.folded(in: 0), RandomKey(seed: 1),
    ].map { $0.normal([count]) }
    // Other kinds of numbers from the same key are unrelated as well.
    let uniform = (key.uniform([count]) - 0.5) * 12.0.squareRoot()
    let truncated = key.truncatedNormal([count]) / 0.7737413.squareRoot()
    let gumbel = (key.gumbel([count]) - 0.5772156649) / 1.6449340668.squareRoot()
    let all = streams + [uniform, truncated, gumbel]
    let limit = 5 / Double(count).squareRoot()
    for (index, first) in all.enumerated() {
      for second in all[..<index] {
        #expect(Swift.abs((first * second).mean().item) < limit)
      }
    }
  }

  @Test func neighbouringSeedsDifferInHalfOfTheBits() {
    var differences = 0
    for seed: UInt64 in 0..<1000 {
      let (a, b) = (RandomKey(seed: seed), RandomKey(seed: seed + 1))
      // 52 bits of a number.
      let x = UInt64(a.uniform([]).item * 0x1p52) ^ UInt64(b.uniform([]).item * 0x1p52)
      differences += x.nonzeroBitCount
    }
    #expect(Swift.abs(Double(differences) - 26_000) < 5 * (52_000 * 0.25).squareRoot())
  }
}

@Suite struct RandomTensorTests {
  /// The largest distance between the distribution function of a sample and the expected one, times
  /// the root of the count (Kolmogorov and Smirnov): above 2.2 with a probability of 1e-4.
  private func distance(_ sample: Tensor, _ distribution: (Double) -> Double) -> Double {
    let values = sample.scalars.sorted()
    let count = Double(values.count)
    var largest = 0.0
    for (index, value) in values.enumerated() {
      let expected = distribution(value)
      largest = max(
        largest, abs(expected - Double(index) / count), abs(expected - Double(index + 1) / count))
    }
    return largest * count.squareRoot()
  }

  private static func normalBelow(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

  @Test(arguments: DType.allCases) func distributionFunctions(_ dtype: DType) {
    let key = RandomKey(seed: 3)
    let shape = [50, 1001]
    let uniform = key.uniform(shape, low: -1, high: 3, dtype: dtype)
    #expect(uniform.shape == shape && uniform.dtype == dtype)
    #expect(distance(uniform) { ($0 + 1) / 4 } < 2.2)
    let normal = key.normal(shape, mean: 2, standardDeviation: 3, dtype: dtype)
    #expect(distance(normal) { Self.normalBelow(($0 - 2) / 3) } < 2.2)
    #expect(distance(key.gumbel(shape, dtype: dtype)) { exp(-exp(-$0)) } < 2.2)
    let mean = key.bernoulli(shape, probability: 0.3, dtype: dtype).mean().item
    #expect(Swift.abs(mean - 0.3) < 5 * (0.21 / 50_050).squareRoot())
  }

  @Test(arguments: [
    (-2.0, 2.0), (-1, 0.5), (0.5, 1), (-.infinity, .infinity), (-.infinity, -3), (2, 3), (-9, -7),
    (9, 9.5), (7.5, .infinity), (-0.001, 0.001),
  ])
  func truncatedNormal(_ low: Double, _ high: Double) {
    let sample = RandomKey(seed: 2).truncatedNormal([20_000], low: low, high: high)
    #expect(sample.min().item >= low && sample.max().item <= high)
    // On the side on which probabilities are small.
    let sign = low > 0 ? -1.0 : 1.0
    let (left, right) = low > 0 ? (-high, -low) : (low, high)
    let below = Self.normalBelow(left)
    let mass = Self.normalBelow(right) - below
    #expect(distance(sample * sign) { (Self.normalBelow($0) - below) / mass } < 2.2)
    let single = RandomKey(seed: 2).truncatedNormal([1000], low: low, high: high, dtype: .float32)
    #expect(single.min().item >= low - 1e-6 && single.max().item <= high + 1e-6)
  }

  /// Where probabilities underflow: mean and variance from the asymptotic series.
  @Test(arguments: [30.0, 40, 100, 1e4]) func farTail(_ low: Double) {
    let count = 20_000
    let sample = RandomKey(seed: 5).truncatedNormal([count], low: low, high: .infinity) - low
    let mean = 1 / low - 2 / pow(low, 3) + 10 / pow(low, 5)
    #expect(sample.min().item >= 0)
    #expect(Swift.abs(sample.mean().item - mean) < 5 * mean / Double(count).squareRoot())
    // A tail far out falls off like an exponential.
    #expect(distance(sample) { 1 - exp(-low * $0 - $0 * $0 / 2) } < 3)
    let mirrored = RandomKey(seed: 5).truncatedNormal([count], low: -.infinity, high: -low)
    #expect((mirrored + sample + low).max().item == 0)
    let narrow = RandomKey(seed: 5).truncatedNormal([count], low: low, high: low + 1 / low)
    #expect(narrow.min().item >= low && narrow.max().item <= low + 1 / low)
    #expect(distance((narrow - low) * low) { (1 - exp(-$0)) / (1 - exp(-1)) } < 3)
  }

  @Test func uniformExcludesItsUpperEnd() {
    let key = RandomKey(seed: 1)
    let high = 1 + 0x1p-51
    let narrow = key.uniform([1000], low: 1, high: high).scalars
    #expect(Set(narrow) == [1, 1 + 0x1p-52])
    let single = key.uniform([1000], low: 1, high: 1 + 0x1p-22, dtype: .float32).scalars
    #expect(Set(single) == [1, 1 + 0x1p-23])
    #expect(key.uniform([3], low: 2, high: 2).scalars == [2, 2, 2])
  }

  @Test func emptyAndScalarShapes() {
    let key = RandomKey(seed: 1)
    for dtype in DType.allCases {
      #expect(key.normal([0], dtype: dtype).shape == [0])
      #expect(key.truncatedNormal([3, 0], dtype: dtype).shape == [3, 0])
      #expect(key.gumbel([], dtype: dtype).shape == [])
      #expect(key.uniform([], dtype: dtype).item == key.uniform([5], dtype: dtype).read(0))
    }
    #expect(key.bernoulli([1000], probability: 0).sum().item == 0)
    #expect(key.bernoulli([1000], probability: 1).sum().item == 1000)
    #expect(key.bernoulli(probability: Tensor([0, 1, .nan])).scalars == [0, 1, 0])
  }

  @Test(arguments: DType.allCases) func categorical(_ dtype: DType) {
    let key = RandomKey(seed: 6)
    let none = -Double.infinity
    let logits = Tensor(
      [[0, log(2), none, log(5)], [none, 3, none, none], [1e4, 0, -1e4, 1e4 - 40]], dtype: dtype)
    let draws = key.categorical(logits, shape: [20_000])
    #expect(draws.shape == [20_000, 3])
    var counts = [[Int]](repeating: [0, 0, 0, 0], count: 3)
    for (index, category) in draws.values.enumerated() { counts[index % 3][category] += 1 }
    for (category, probability) in [1.0 / 8, 2.0 / 8, 0, 5.0 / 8].enumerated() {
      let error = 5 * (20_000 * probability * (1 - probability)).squareRoot()
      #expect(Swift.abs(Double(counts[0][category]) - 20_000 * probability) <= error)
    }
    #expect(counts[1] == [0, 20_000, 0, 0])
    #expect(counts[2] == [20_000, 0, 0, 0])
    #expect(key.categorical(Tensor([none, none], dtype: dtype)).item == 0)
    #expect(key.categorical(Tensor([7], dtype: dtype)).item == 0)
    #expect(key.categorical(Tensor.zeros([0, 3], dtype: dtype)).shape == [0])
    #expect(key.categorical(Tensor([0, .nan, 0], dtype: dtype)).item == 1)
  }

  @Test func permutations() {
    let key = RandomKey(seed: 9)
    #expect(key.permutation(0).isEmpty && key.permutation(1) == [0])
    #expect(key.permutation(100).sorted() == Array(0..<100))
    var counts = [[Int]: Int]()
    for index in 0..<6000 { counts[key.folded(in: index).permutation(3), default: 0] += 1 }
    #expect(counts.count == 6 && counts.values.allSatisfy { Swift.abs($0 - 1000) < 150 })
    var pairs = [[Int]: Int]()
    for index in 0..<6000 { pairs[key.folded(in: index).choice(2, of: 4), default: 0] += 1 }
    #expect(pairs.count == 12 && pairs.values.allSatisfy { Swift.abs($0 - 500) < 110 })
    #expect(key.choice(0, of: 0).isEmpty)
    let dice = key.integers(6000, below: 6)
    for face in 0..<6 { #expect(Swift.abs(dice.filter { $0 == face }.count - 1000) < 150) }
  }
}

extension Tensor {
  fileprivate func read(_ index: Int) -> Double { scalars[index] }
}
