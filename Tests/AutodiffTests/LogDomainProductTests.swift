import Autodiff
import Testing

@Suite struct LogDomainProductTests {
  @Test(
    arguments: [[3, 4], [2, 3, 5], [1, 1], [0, 3], [3, 0], [0, 2, 2], [40, 37]], [false, true])
  func agreesWithLogSumExp(_ shape: [Int], _ transposed: Bool) {
    var random = TestGenerator(seed: 8)
    let K = random.tensor(shape, -3, 3)
    let v = random.tensor(shape.dropLast(2) + [shape[shape.count - (transposed ? 2 : 1)]])
    func composed(_ inputs: [Tensor]) -> Tensor {
      (inputs[0] + inputs[1].expandingAxis(transposed ? -1 : -2))
        .logSumExp(axis: transposed ? -2 : -1)
    }
    let product = logDomainProduct(K, v, transposed: transposed)
    let expected = composed([K, v])
    #expect(product.shape == expected.shape)
    for (a, b) in zip(product.scalars, expected.scalars) {
      #expect(a == b || Swift.abs(a - b) < 1e-14)
    }
    let single = logDomainProduct(
      K.asType(.float32), v.asType(.float32), transposed: transposed)
    for (a, b) in zip(single.scalars, expected.scalars) {
      #expect(a == b || Swift.abs(a - b) < 2e-6 * (1 + Swift.abs(b)))
    }
    guard K.count < 100, product.isFinite else { return }
    DerivativeCheck()([K, v]) { logDomainProduct($0[0], $0[1], transposed: transposed) }
  }

  /// Large enough to be cut into parts for threads.
  @Test(arguments: [false, true]) func partsOfLargeMatrices(_ transposed: Bool) {
    var random = TestGenerator(seed: 8)
    let K = random.tensor([600, 259], -30, 30)
    let v = random.tensor([transposed ? 600 : 259], -30, 30)
    func composed(_ K: Tensor, _ v: Tensor) -> Tensor {
      (K + v.expandingAxis(transposed ? -1 : -2)).logSumExp(axis: transposed ? -2 : -1)
    }
    let fused = valueAndGradient(at: K, v) {
      square(logDomainProduct($0, $1, transposed: transposed)).sum()
    }
    let expected = valueAndGradient(at: K, v) { square(composed($0, $1)).sum() }
    #expect(Swift.abs(fused.value.item / expected.value.item - 1) < 1e-13)
    for (a, b) in zip(fused.gradient.0.scalars, expected.gradient.0.scalars) {
      #expect(Swift.abs(a - b) < 1e-11)
    }
    for (a, b) in zip(fused.gradient.1.scalars, expected.gradient.1.scalars) {
      #expect(Swift.abs(a - b) < 1e-11)
    }
  }

  @Test func withoutMass() {
    let K = Tensor([[-Double.infinity, -.infinity], [0, 1]])
    let v = Tensor([0.0, 0])
    let (value, gradient) = valueAndGradient(at: K, v) {
      select(Tensor([0.0, 1]), logDomainProduct($0, $1), Tensor([0.0, 0])).sum()
    }
    #expect(logDomainProduct(K, v).scalars[0] == -.infinity)
    #expect(value.isFinite && gradient.0.isFinite && gradient.1.isFinite)
    #expect(Array(gradient.0.scalars[..<2]) == [0, 0])
  }
}
