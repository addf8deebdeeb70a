import Autodiff
import CKernels
import Testing

@Suite struct RandomTests {
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

  /// Mean and variance within five standard errors.
  private func expectMoments(
    _ sample: Tensor, mean: Double, variance: Double, kurtosis: Double = 3
  ) {
    let values = sample.scalars
    let count = Double(values.count)
    let m = values.reduce(0, +) / count
    let v = values.reduce(0) { $0 + ($1 - m) * ($1 - m) } / count
    #expect(Swift.abs(m - mean) < 5 * (variance / count).squareRoot())
    #expect(Swift.abs(v - variance) < 5 * variance * ((kurtosis - 1) / count).squareRoot())
  }

  @Test(arguments: DType.allCases) func moments(_ dtype: DType) {
    let key = RandomKey(seed: 3)
    let shape = [50_001]
    let uniform = key.uniform(shape, low: -1, high: 3, dtype: dtype)
    #expect(uniform.min().item >= -1 && uniform.max().item <= 3)
    expectMoments(uniform, mean: 1, variance: 16.0 / 12, kurtosis: 1.8)
    expectMoments(
      key.normal(shape, mean: 2, standardDeviation: 3, dtype: dtype), mean: 2, variance: 9)
    expectMoments(
      key.gumbel(shape, dtype: dtype), mean: 0.5772156649, variance: 1.6449340668, kurtosis: 5.4)
    expectMoments(
      key.bernoulli(shape, probability: 0.3, dtype: dtype), mean: 0.3, variance: 0.21)
    // Between -2 and 2: variance 1 - 2 * 2 phi(2) / (Phi(2) - Phi(-2)).
    expectMoments(key.truncatedNormal(shape, dtype: dtype), mean: 0, variance: 0.7737413)
    let tail = key.truncatedNormal([1000], low: 9, high: .infinity, dtype: dtype)
    #expect(tail.min().item >= 9 && tail.max().item < 11)
    let narrow = key.truncatedNormal([1000], low: -9.5, high: -9, dtype: dtype)
    #expect(narrow.min().item >= -9.5 && narrow.max().item <= -9)
    #expect(uniform.dtype == dtype && uniform.shape == shape)
  }

  @Test func streamsDoNotDependOnTheLength() {
    let key = RandomKey(seed: 5)
    for count in 0..<20 {
      #expect(key.uniform([count]).scalars == Array(key.uniform([20]).scalars[..<count]))
      #expect(key.normal([count]).scalars == Array(key.normal([20]).scalars[..<count]))
    }
    #expect(key.split(into: 2)[1] == key.split(into: 5)[1])
  }

  @Test func derivedKeysAreDifferent() {
    let key = RandomKey(seed: 0)
    var seen: Set<RandomKey> = [key, RandomKey(seed: 1)]
    var count = 2
    for index in 0..<500 {
      seen.insert(key.folded(in: index))
      count += 1
    }
    for child in key.split(into: 500) {
      seen.insert(child)
      count += 1
    }
    #expect(seen.count == count)
    // Streams of neighbouring keys are uncorrelated.
    let (a, b) = key.split()
    let product = a.normal([20_000]) * b.normal([20_000])
    #expect(Swift.abs(product.mean().item) < 5 / 20_000.0.squareRoot())
  }

  @Test func permutations() {
    let key = RandomKey(seed: 9)
    #expect(key.permutation(0).isEmpty)
    #expect(key.permutation(100).sorted() == Array(0..<100))
    var counts = [[Int]: Int]()
    for index in 0..<6000 { counts[key.folded(in: index).permutation(3), default: 0] += 1 }
    #expect(counts.count == 6 && counts.values.allSatisfy { Swift.abs($0 - 1000) < 150 })
    #expect(Set(key.choice(5, of: 10)).count == 5)
    let dice = key.integers(6000, below: 6)
    for face in 0..<6 { #expect(Swift.abs(dice.filter { $0 == face }.count - 1000) < 150) }
  }
}
