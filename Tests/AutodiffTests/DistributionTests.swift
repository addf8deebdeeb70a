import Autodiff
import Foundation
import Testing

/// What every distribution promises, for parameters of which some are batches and some are shared.
@Suite struct DistributionTests {
  /// Mean of a function under a distribution of vectors with one element, on a fine grid.
  static func expectation<Kind: Distribution<Tensor>>(
    under distribution: Kind, from low: Double, to high: Double, count: Int = 20_001,
    _ function: (Tensor) -> Tensor
  ) -> Double {
    // Midpoints, so that densities may end at the bounds.
    let width = (high - low) / Double(count)
    let x = Tensor.linearSpace(from: low + width / 2, to: high - width / 2, count: count)
      .reshaped(to: [count, 1])
    return (exp(distribution.logDensity(x)) * function(x)).sum().item * width
  }

  /// Total mass, entropy and divergence against integrals.
  static func checkIntegrals<Kind: Distribution<Tensor>>(
    _ p: Kind, _ q: Kind, from low: Double, to high: Double, tolerance: Double = 1e-6,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let mass = expectation(under: p, from: low, to: high) { Tensor.ones([$0.count]) }
    let entropy = expectation(under: p, from: low, to: high) { -p.logDensity($0) }
    let divergence = expectation(under: p, from: low, to: high) {
      p.logDensity($0) - q.logDensity($0)
    }
    #expect(abs(mass - 1) < tolerance, sourceLocation: sourceLocation)
    #expect(abs(entropy - p.entropy().item) < tolerance, sourceLocation: sourceLocation)
    #expect(
      abs(divergence - p.kullbackLeibler(to: q).item) < tolerance, sourceLocation: sourceLocation)
    #expect(p.kullbackLeibler(to: p).item < 1e-14, sourceLocation: sourceLocation)
  }

  /// Entropy and divergence against means over draws, within five standard errors, for every item.
  static func checkSamples<Kind: Distribution>(
    _ p: Kind, _ q: Kind, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let count = 20_000
    let x = p.sample(RandomKey(seed: 77), shape: [count])
    let logDensity = p.logDensity(x)
    #expect(logDensity.shape == [count] + p.batchShape, sourceLocation: sourceLocation)
    for (values, expected) in [
      (-logDensity, p.entropy()), (logDensity - q.logDensity(x), p.kullbackLeibler(to: q)),
    ] {
      let mean = values.mean(axis: 0)
      let error = sqrt(values.variance(axes: [0]) * (1 / Double(count)))
      let expected = expected.broadcast(to: mean.shape)
      for (index, mean) in mean.scalars.enumerated() {
        #expect(
          abs(mean - expected.scalars[index]) <= 5 * error.scalars[index] + 1e-10,
          "item \(index): \(mean), expected \(expected.scalars[index])",
          sourceLocation: sourceLocation)
      }
    }
  }

  @Test func diagonalGaussian() {
    func gaussian(_ mean: Double, _ logDeviation: Double) -> DiagonalGaussian {
      DiagonalGaussian(mean: Tensor([mean]), logStandardDeviation: Tensor([logDeviation]))
    }
    let p = gaussian(0.5, 0.3)
    Self.checkIntegrals(p, gaussian(-0.2, 0.6), from: -15, to: 15)
    // N(0.5, exp(0.3)^2) at 1.7, from the formula.
    let z = 1.2 / exp(0.3)
    let expected = -z * z / 2 - 0.3 - log(2 * .pi) / 2
    #expect(abs(p.logDensity(Tensor([1.7])).item - expected) < 1e-15)

    var random = TestGenerator(seed: 1)
    let batch = DiagonalGaussian(
      mean: random.tensor([2, 1, 3]), logStandardDeviation: random.tensor([4, 3]))
    #expect(batch.batchShape == [2, 4])
    #expect(batch.leafNames == ["mean", "logStandardDeviation"])
    Self.checkSamples(
      batch,
      DiagonalGaussian(mean: random.tensor([3]), logStandardDeviation: random.tensor([1, 3])))
    let sample = batch.sample(RandomKey(seed: 3), shape: [20_000])
    let error = (sample.mean(axis: 0) - batch.mean) / exp(batch.logStandardDeviation)
    #expect(abs(error).max().item < 5 / 20_000.0.squareRoot())
    // A shared deviation counts for every element of the event.
    let shared = DiagonalGaussian(mean: Tensor([1, 2]), logStandardDeviation: Tensor(0.5))
    #expect(abs(shared.entropy().item - 2 * (0.5 + 0.5 * log(2 * .pi * exp(1)))) < 1e-14)
  }

  @Test func fullGaussian() throws {
    func gaussian(_ mean: Double, _ deviation: Double) -> FullGaussian {
      FullGaussian(mean: Tensor([mean]), choleskyFactor: Tensor([[deviation]]))
    }
    Self.checkIntegrals(gaussian(0.5, 1.3), gaussian(-0.2, -0.8), from: -15, to: 15)
    var random = TestGenerator(seed: 2)
    let p = FullGaussian(
      mean: random.tensor([2, 1, 3]), choleskyFactor: random.tensor([4, 3, 3]) + Tensor.identity(3))
    let q = FullGaussian(
      mean: random.tensor([3]), choleskyFactor: random.tensor([3, 3]) + 2 * Tensor.identity(3))
    #expect(p.batchShape == [2, 4] && q.batchShape == [])
    Self.checkSamples(p, q)
    Self.checkSamples(q, q)
    #expect(q.kullbackLeibler(to: q).item < 1e-14)
    #expect(q.kullbackLeibler(to: p).shape == [2, 4])

    // A diagonal factor is a diagonal Gaussian.
    let logDeviation = random.tensor([3])
    let diagonal = DiagonalGaussian(mean: q.mean, logStandardDeviation: logDeviation)
    let full = FullGaussian(
      mean: q.mean, choleskyFactor: exp(logDeviation) * Tensor.identity(3))
    let x = random.tensor([5, 3])
    #expect(abs(diagonal.logDensity(x) - full.logDensity(x)).max().item < 1e-13)
    #expect(abs(diagonal.entropy().item - full.entropy().item) < 1e-14)
    let key = RandomKey(seed: 1)
    #expect(
      abs(diagonal.sample(key, shape: [4]) - full.sample(key, shape: [4])).max().item < 1e-15)

    // The covariance of draws, and from a covariance.
    let centred = q.sample(key, shape: [40_000]) - q.mean
    let covariance = matmul(centred, centred, transposeA: true) / 40_000
    #expect(abs(covariance - q.covariance).max().item < 0.2)
    let again = try FullGaussian(mean: q.mean, covariance: q.covariance)
    #expect(abs(again.covariance - q.covariance).max().item < 1e-13)
    #expect(throws: TensorLinearAlgebraError.self) {
      try FullGaussian(mean: Tensor([0, 0]), covariance: Tensor([[1, 2], [2, 1]]))
    }
    // What stands above the diagonal is of no account.
    let upper = FullGaussian(mean: Tensor([0, 0]), choleskyFactor: Tensor([[2, 9], [1, 3]]))
    #expect(upper.covariance.scalars == [4, 2, 2, 10])
    #expect(
      gradient(at: upper) { $0.sample(key).sum() + $0.entropy() }.choleskyFactor
        .scalar(at: 0, 1) == 0)
  }

  @Test func tanhGaussian() {
    func squashed(_ mean: Double, _ logDeviation: Double) -> TanhGaussian {
      TanhGaussian(mean: Tensor([mean]), logStandardDeviation: Tensor([logDeviation]))
    }
    let p = squashed(0.3, -0.7)
    Self.checkIntegrals(p, squashed(-0.1, -0.5), from: -1, to: 1, tolerance: 1e-6)
    var random = TestGenerator(seed: 3)
    let batch = TanhGaussian(
      mean: random.tensor([2, 1, 3]), logStandardDeviation: random.tensor([4, 3], -1.5, 0.5))
    Self.checkSamples(
      batch, TanhGaussian(mean: random.tensor([3]), logStandardDeviation: random.tensor([3])))
    #expect(batch.leafNames == ["mean", "logStandardDeviation"])
    #expect(batch.median.hasSameBits(as: tanh(batch.base.mean)))

    // Both ways to the density agree; the one from u is exact far out, where y is 1.
    let u = random.tensor([20, 1], -4, 4)
    #expect(abs(p.logDensity(preTanh: u) - p.logDensity(tanh(u))).max().item < 1e-8)
    let (sample, logDensity) = batch.sampleWithLogDensity(RandomKey(seed: 1), shape: [5])
    #expect(sample.hasSameBits(as: batch.sample(RandomKey(seed: 1), shape: [5])))
    #expect(abs(logDensity - batch.logDensity(sample)).max().item < 1e-6)
    for far in [-1e4, -50, 50, 1e4] {
      // log(1 - tanh(u)^2) = 2 log 2 - 2 |u| up to exp(-2 |u|).
      let expected =
        p.base.logDensity(Tensor([far])).item - (2 * log(2) - 2 * Swift.abs(far))
      let actual = p.logDensity(preTanh: Tensor([far])).item
      #expect(abs(actual - expected) <= 1e-14 * abs(expected))
    }
    for edge in [-1.0, 1] {
      for dtype in DType.allCases {
        let point = Tensor([edge], dtype: dtype)
        let distribution = p.mapLeaves { $0.asType(dtype) }
        let (value, slope) = valueAndGradient(at: point) { distribution.logDensity($0) }
        #expect(value.item.isFinite && slope.item == 0)
      }
    }
    #expect(p.logDensity(Tensor([1.5])).item == -.infinity)
  }

  /// The trapezoidal rule against a fine integral, up to the deviations of its documentation.
  @Test(arguments: [(-8.0, 1e-12), (0, 1e-12), (1.6, 1e-12), (2.3, 1e-8), (4.6, 1e-3)])
  func tanhGaussianEntropy(_ logDeviation: Double, _ tolerance: Double) {
    let mean = 0.37
    let p = TanhGaussian(mean: Tensor([mean]), logStandardDeviation: Tensor([logDeviation]))
    let count = 2_000_000
    let deviation = exp(logDeviation)
    var sum = 0.0
    for index in 0..<count {
      let z = -12 + 24 * (Double(index) + 0.5) / Double(count)
      let u = Swift.abs(mean + deviation * z)
      sum += exp(-z * z / 2) * 2 * (log(2) - u - log1p(exp(-2 * u)))
    }
    let expected = sum * 24 / Double(count) / (2 * .pi).squareRoot() + p.base.entropy().item
    #expect(abs(p.entropy().item - expected) < tolerance * (1 + abs(expected)))
  }

  @Test func uniformBox() {
    let p = UniformBox(low: Tensor([-1]), high: Tensor([2]))
    Self.checkIntegrals(p, UniformBox(low: Tensor([-2]), high: Tensor([3])), from: -1, to: 2)
    #expect(
      p.kullbackLeibler(to: UniformBox(low: Tensor([0]), high: Tensor([3]))).item == .infinity)
    for (x, isInside) in [(-1.0, true), (2, true), (-1.1, false), (2.1, false)] {
      let density = p.logDensity(Tensor([x])).item
      #expect(isInside ? abs(density + log(3)) < 1e-15 : density == -.infinity)
    }
    var random = TestGenerator(seed: 4)
    let batch = UniformBox(low: random.tensor([2, 1, 3]), high: random.tensor([4, 3], 1, 2))
    #expect(batch.batchShape == [2, 4])
    Self.checkSamples(batch, UniformBox(low: Tensor([-2, -2, -2]), high: Tensor([3, 3, 3])))
    // Outside in one element is outside.
    let square = UniformBox(low: Tensor([0, 0]), high: Tensor([1, 2]))
    let densities = square.logDensity(Tensor([[0.5, 1], [0.5, 3]])).scalars
    #expect(abs(densities[0] + log(2)) < 1e-15 && densities[1] == -.infinity)
  }

  /// Parameters in single precision give results in single precision, near those in double.
  @Test func singlePrecision() {
    func check<Kind: Distribution<Tensor>>(
      _ p: Kind, _ q: Kind, sourceLocation: SourceLocation = #_sourceLocation
    ) {
      let single = p.mapLeaves { $0.asType(.float32) }
      let other = q.mapLeaves { $0.asType(.float32) }
      let x = single.sample(RandomKey(seed: 4), shape: [50])
      let pairs = [
        (single.logDensity(x), p.logDensity(x.asType(.float64))),
        (single.entropy(), p.entropy()),
        (single.kullbackLeibler(to: other), p.kullbackLeibler(to: q)),
      ]
      for (actual, expected) in pairs {
        #expect(actual.dtype == .float32, sourceLocation: sourceLocation)
        let error = abs(actual.asType(.float64) - expected) / (1 + abs(expected))
        #expect(error.max().item < 1e-4, sourceLocation: sourceLocation)
      }
    }
    var random = TestGenerator(seed: 9)
    func vectors() -> Tensor { random.tensor([3, 2]) }
    check(
      DiagonalGaussian(mean: vectors(), logStandardDeviation: vectors()),
      DiagonalGaussian(mean: vectors(), logStandardDeviation: vectors()))
    check(
      TanhGaussian(mean: vectors(), logStandardDeviation: vectors() - 1),
      TanhGaussian(mean: vectors(), logStandardDeviation: vectors()))
    check(
      FullGaussian(mean: vectors(), choleskyFactor: random.tensor([2, 2]) + Tensor.identity(2)),
      FullGaussian(
        mean: vectors(), choleskyFactor: random.tensor([3, 2, 2]) + Tensor.identity(2) * 2))
    check(BernoulliLogits(logits: vectors()), BernoulliLogits(logits: vectors()))
    check(
      UniformBox(low: vectors() - 2, high: vectors() + 2),
      UniformBox(low: vectors() - 5, high: vectors() + 5))
  }
}
