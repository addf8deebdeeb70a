import Autodiff
import Foundation
import Testing

@Suite struct DistributionDiscreteTests {
  static let infinity = Double.infinity

  @Test func bernoulli() {
    var random = TestGenerator(seed: 5)
    let p = BernoulliLogits(logits: random.tensor([2, 4, 3], -3, 3))
    DistributionTests.checkSamples(p, BernoulliLogits(logits: random.tensor([3], -3, 3)))
    // Single elements against the definitions.
    for logit in [-30.0, -2, 0, 0.7, 5] {
      let probability = 1 / (1 + exp(-logit))
      let complement = 1 / (1 + exp(logit))
      let one = BernoulliLogits(logits: Tensor([logit]))
      #expect(abs(one.logDensity(Tensor([1])).item - log(probability)) < 1e-14)
      #expect(abs(one.logDensity(Tensor([0])).item - log(complement)) < 1e-14)
      let entropy = -probability * log(probability) - complement * log(complement)
      #expect(abs(one.entropy().item - entropy) <= 1e-15 + 1e-13 * entropy)
      let other = BernoulliLogits(logits: Tensor([-0.4]))
      let divergence =
        probability * (log(probability) + log1p(exp(0.4)))
        + complement * (log(complement) + log1p(exp(-0.4)))
      #expect(abs(one.kullbackLeibler(to: other).item - divergence) < 1e-14)
    }
    #expect(p.leafNames == ["logits"])
  }

  @Test(arguments: DType.allCases) func extremeBernoulli(_ dtype: DType) {
    let p = BernoulliLogits(
      logits: Tensor([[1e4], [-1e4], [Self.infinity], [-Self.infinity]], dtype: dtype))
    let tolerance = dtype == .float64 ? 1e-15 : 1e-6
    func expect(
      _ function: (BernoulliLogits) -> Tensor, _ values: [Double], _ slopes: [Double],
      sourceLocation: SourceLocation = #_sourceLocation
    ) {
      let (value, slope) = vjp(at: p, of: function)
      for (actual, expected) in zip(value.scalars, values) {
        #expect(
          actual == expected || abs(actual - expected) < tolerance, sourceLocation: sourceLocation)
      }
      #expect(
        slope(Tensor.ones(like: value)).logits.scalars == slopes, sourceLocation: sourceLocation)
      // Forward mode has defined results as well.
      let tangent = jvp(at: p, along: p.mapLeaves { Tensor.ones(like: $0) }, of: function).tangent
      #expect(tangent.scalars == slopes, sourceLocation: sourceLocation)
    }
    let (one, zero) = (Tensor([1], dtype: dtype), Tensor([0], dtype: dtype))
    expect({ $0.logDensity(one) }, [0, -1e4, 0, -Self.infinity], [0, 1, 0, 1])
    expect({ $0.logDensity(zero) }, [-1e4, 0, -Self.infinity, 0], [-1, 0, -1, 0])
    expect({ $0.entropy() }, [0, 0, 0, 0], [0, 0, 0, 0])
    let fair = BernoulliLogits(logits: zero)
    let logTwo = log(2.0)
    expect({ $0.kullbackLeibler(to: fair) }, [logTwo, logTwo, logTwo, logTwo], [0, 0, 0, 0])
    #expect(p.kullbackLeibler(to: p).scalars == [0, 0, 0, 0])
    let opposite = BernoulliLogits(logits: -p.logits)
    #expect(
      p.kullbackLeibler(to: opposite).scalars == [1e4, 1e4, Self.infinity, Self.infinity])
    #expect(p.sample(RandomKey(seed: 1), shape: [50]).mean(axis: 0).scalars == [1, 0, 1, 0])
  }

  @Test func categorical() {
    var random = TestGenerator(seed: 6)
    let p = CategoricalLogits(logits: random.tensor([2, 3, 4], -2, 2))
    let q = CategoricalLogits(logits: random.tensor([4], -2, 2))
    DistributionTests.checkSamples(p, q)
    #expect(p.batchShape == [2, 3] && q.batchShape == [] && p.categoryCount == 4)
    let probabilities = q.probabilities.scalars
    #expect(abs(probabilities.reduce(0, +) - 1) < 1e-15)
    let densities = q.logDensity(IndexTensor([0, 1, 2, 3])).scalars
    for (density, probability) in zip(densities, probabilities) {
      #expect(abs(density - log(probability)) < 1e-14)
    }
    // Two categories are a Bernoulli variable.
    let logits = random.tensor([5, 2], -3, 3)
    let two = CategoricalLogits(logits: logits)
    let bernoulli = BernoulliLogits(
      logits: logits.slice(axis: 1, 1..<2) - logits.slice(axis: 1, 0..<1))
    #expect(abs(two.entropy() - bernoulli.entropy()).max().item < 1e-14)
    #expect(
      abs(two.logDensity(IndexTensor([1])) - bernoulli.logDensity(Tensor([1]))).max().item < 1e-14)
    let one = CategoricalLogits(logits: Tensor([3]))
    #expect(one.entropy().item == 0 && one.logDensity(IndexTensor([0], shape: [])).item == 0)
  }

  @Test(arguments: DType.allCases) func impossibleCategories(_ dtype: DType) {
    let p = CategoricalLogits(
      logits: Tensor(
        [[0, -Self.infinity, 0, -1e4], [-Self.infinity, 5, -Self.infinity, -Self.infinity]],
        dtype: dtype))
    let logTwo = log(2.0)
    let tolerance = dtype == .float64 ? 1e-15 : 1e-6
    func expect(
      _ function: (CategoricalLogits) -> Tensor, _ values: [Double], _ slopes: [[Double]],
      sourceLocation: SourceLocation = #_sourceLocation
    ) {
      let (value, pullback) = vjp(at: p, of: function)
      for (actual, expected) in zip(value.scalars, values) {
        #expect(
          actual == expected || abs(actual - expected) < tolerance, sourceLocation: sourceLocation)
      }
      let slope = pullback(Tensor.ones(like: value)).logits.scalars
      for (actual, expected) in zip(slope, slopes.joined()) {
        #expect(abs(actual - expected) < tolerance, sourceLocation: sourceLocation)
      }
      let direction = p.mapLeaves { Tensor.range($0.count, dtype: dtype).reshaped(to: $0.shape) }
      let tangent = jvp(at: p, along: direction, of: function).tangent
      let expected = slopes.enumerated().map { row, slopes in
        slopes.enumerated().reduce(0) { $0 + $1.element * Double(4 * row + $1.offset) }
      }
      for (actual, expected) in zip(tangent.scalars, expected) {
        #expect(abs(actual - expected) < 4 * tolerance, sourceLocation: sourceLocation)
      }
    }
    expect({ $0.entropy() }, [logTwo, 0], [[0, 0, 0, 0], [0, 0, 0, 0]])
    let fair = CategoricalLogits(logits: Tensor([0, 0, 0, 0], dtype: dtype))
    expect(
      { $0.kullbackLeibler(to: fair) }, [logTwo, 2 * logTwo], [[0, 0, 0, 0], [0, 0, 0, 0]])
    expect(
      { $0.logDensity(IndexTensor([0, 1])) }, [-logTwo, 0],
      [[0.5, 0, -0.5, 0], [0, 0, 0, 0]])
    #expect(p.logDensity(IndexTensor([1, 0])).scalars == [-Self.infinity, -Self.infinity])
    #expect(p.kullbackLeibler(to: p).scalars == [0, 0])
    #expect(fair.kullbackLeibler(to: p).scalars == [Self.infinity, Self.infinity])
    let nothing = CategoricalLogits(logits: Tensor(repeating: -Self.infinity, shape: [3]))
    #expect(nothing.entropy().item.isNaN)
    #expect(nothing.logDensity(IndexTensor([0], shape: [])).item.isNaN)
  }

  @Test func categoryOutOfRangeTraps() async {
    await #expect(processExitsWith: .failure) {
      _ = CategoricalLogits(logits: Tensor([0, 0])).logDensity(IndexTensor([2], shape: []))
    }
  }

  @Test func drawsAreConstants() {
    let key = RandomKey(seed: 2)
    let slope = gradient(at: Tensor([0.3, -0.2])) { logits in
      (BernoulliLogits(logits: logits).sample(key) * logits).sum()
    }
    #expect(slope.hasSameBits(as: BernoulliLogits(logits: Tensor([0.3, -0.2])).sample(key)))
  }
}
