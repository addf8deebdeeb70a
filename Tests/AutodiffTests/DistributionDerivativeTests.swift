import Autodiff
import Testing

/// Derivatives of every order and mode against differences; draws with a fixed key, so that the
/// noise is the same on both sides of a difference.
@Suite struct DistributionDerivativeTests {
  static let key = RandomKey(seed: 21)

  /// Draw, log density at x, entropy and divergence as functions of the parameters of two
  /// distributions.
  static func check<Kind: Distribution<Tensor>>(
    _ inputs: [Tensor], x: Tensor, seed: UInt64 = 1,
    sourceLocation: SourceLocation = #_sourceLocation, _ make: @escaping (Tensor, Tensor) -> Kind
  ) {
    let check = DerivativeCheck()
    check(Array(inputs[..<2]), seed: seed, sourceLocation: sourceLocation) {
      make($0[0], $0[1]).sample(Self.key, shape: [2])
    }
    check(inputs[..<2] + [x], seed: seed, sourceLocation: sourceLocation) {
      make($0[0], $0[1]).logDensity($0[2])
    }
    check(Array(inputs[..<2]), seed: seed, sourceLocation: sourceLocation) {
      make($0[0], $0[1]).entropy()
    }
    check(inputs, seed: seed, sourceLocation: sourceLocation) {
      make($0[0], $0[1]).kullbackLeibler(to: make($0[2], $0[3]))
    }
  }

  @Test func diagonalGaussian() {
    var random = TestGenerator(seed: 1)
    let inputs = random.tensors([[2, 1, 3], [4, 3], [3], [1, 3]])
    Self.check(inputs, x: random.tensor([4, 3])) {
      DiagonalGaussian(mean: $0, logStandardDeviation: $1)
    }
  }

  @Test func fullGaussian() {
    var random = TestGenerator(seed: 2)
    for (mean, factor) in [
      ([2, 3], [3, 3]), ([3], [2, 3, 3]), ([1], [1, 1]), ([2, 0], [0, 0]),
    ] {
      let n = mean.last!
      let inputs = [
        random.tensor(mean), random.tensor(factor) + 2 * Tensor.identity(n),
        random.tensor([n]), random.tensor([n, n]) + 2 * Tensor.identity(n),
      ]
      Self.check(inputs, x: random.tensor([2, n])) { FullGaussian(mean: $0, choleskyFactor: $1) }
    }
  }

  @Test func tanhGaussian() {
    var random = TestGenerator(seed: 3)
    let inputs = random.tensors([[2, 1, 2], [3, 2], [2], [1, 2]])
    Self.check(inputs, x: random.tensor([3, 2], -0.9, 0.9)) {
      TanhGaussian(mean: $0, logStandardDeviation: $1)
    }
    DerivativeCheck()(Array(inputs[..<2])) {
      TanhGaussian(mean: $0[0], logStandardDeviation: $0[1])
        .sampleWithLogDensity(Self.key, shape: [2]).logDensity
    }
    DerivativeCheck()([random.tensor([5, 2], -6, 6)]) {
      TanhGaussian(mean: inputs[2], logStandardDeviation: inputs[3]).logDensity(preTanh: $0[0])
    }
  }

  @Test func uniformBox() {
    var random = TestGenerator(seed: 4)
    let inputs = [
      random.tensor([2, 1, 3], -1, -0.5), random.tensor([4, 3], 0.5, 1),
      random.tensor([3], -3, -2), random.tensor([3], 2, 3),
    ]
    Self.check(inputs, x: random.tensor([4, 3], -0.4, 0.4)) { UniformBox(low: $0, high: $1) }
  }

  @Test func discreteOnes() {
    var random = TestGenerator(seed: 5)
    let check = DerivativeCheck()
    // Logits of exactly 0, where networks start, as well.
    for logits in [random.tensor([2, 3]), Tensor.zeros([2, 3]), random.tensor([0, 3])] {
      let other = random.tensor([3])
      check([logits]) { BernoulliLogits(logits: $0[0]).entropy() }
      check([logits, random.tensor([3], 0.1, 0.9)]) {
        BernoulliLogits(logits: $0[0]).logDensity($0[1])
      }
      check([logits, other]) {
        BernoulliLogits(logits: $0[0]).kullbackLeibler(to: BernoulliLogits(logits: $0[1]))
      }
      check([logits]) { CategoricalLogits(logits: $0[0]).entropy() }
      check([logits]) { CategoricalLogits(logits: $0[0]).logDensity(IndexTensor([2])) }
      check([logits, other]) {
        CategoricalLogits(logits: $0[0]).kullbackLeibler(to: CategoricalLogits(logits: $0[1]))
      }
    }
  }

  @Test func gradientIsADistributionsStructure() {
    let p = DiagonalGaussian(mean: Tensor([1, 2]), logStandardDeviation: Tensor([0, 0]))
    let slope = gradient(at: p) { $0.logDensity(Tensor([2, 2])) }
    #expect(slope.mean.scalars == [1, 0])
    #expect(slope.logStandardDeviation.scalars == [0, -1])
  }
}
