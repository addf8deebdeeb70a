import Autodiff
import Testing

@Suite struct MovementTests {
  @Test func derivatives() {
    var random = TestGenerator(seed: 5)
    let check = DerivativeCheck()
    for shape in [[2, 3, 4], [1, 3, 1], [0, 3, 2]] {
      let x = random.tensor(shape)
      let flat = shape.reduce(1, *)
      check([x]) { square($0[0]).reshaped(to: [flat]) }
      check([x]) { square($0[0]).transposed() }
      check([x]) { square($0[0]).permutingAxes([2, 0, 1]) }
      check([x]) { square($0[0]).slice(axis: 1, 1..<3) }
      check([x]) { square($0[0]).broadcast(to: [2] + shape) }
      check([x]) { square($0[0]).summed(to: [1, 3, 1]) }
      check([x, x]) { concatenate([square($0[0]), $0[1]], axis: 1) }
      check([x, x]) { stack([square($0[0]), $0[1]], axis: -1) }
    }
  }

  @Test func values() {
    let x = Tensor([[1, 2, 3], [4, 5, 6]])
    #expect(x.transposed().scalars == [1, 4, 2, 5, 3, 6])
    #expect(x.reshaped(to: [3, -1]).shape == [3, 2])
    #expect(x.slice(axis: -1, 1..<3).scalars == [2, 3, 5, 6])
    #expect(concatenate([x, x], axis: 1).scalars == [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6])
    #expect(stack([x, x]).shape == [2, 2, 3])
    #expect(x.asType(.float32).dtype == .float32)
    #expect(gradient(at: x) { $0.asType(.float32).sum() }.dtype == .float64)
  }

  @Test(arguments: [
    ([3, 4], [4, 2]), ([5, 3, 4], [4, 2]), ([5, 3, 4], [5, 4, 2]), ([3, 4], [5, 4, 2]),
    ([2, 1, 3, 4], [5, 4, 2]), ([1, 1], [1, 1]), ([0, 4], [4, 2]), ([3, 0], [0, 2]),
    ([0, 3, 4], [0, 4, 2]),
  ])
  func matrixProducts(_ shapeA: [Int], _ shapeB: [Int]) {
    var random = TestGenerator(seed: 9)
    let a = random.tensor(shapeA)
    let b = random.tensor(shapeB)
    let product = matmul(a, b)
    // The same by broadcasting and summing.
    let reference = (a.expandingAxis(-1) * b.expandingAxis(-3)).sum(axis: -2)
    #expect(product.shape == reference.shape)
    for (x, y) in zip(product.scalars, reference.scalars) { #expect(Swift.abs(x - y) < 1e-13) }
    let check = DerivativeCheck()
    check([a, b]) { matmul($0[0], $0[1]) }
    check([a.transposed(), b]) { matmul($0[0], $0[1], transposeA: true) }
    check([a, b.transposed()]) { matmul($0[0], $0[1], transposeB: true) }
    check([a.transposed(), b.transposed()]) {
      matmul($0[0], $0[1], transposeA: true, transposeB: true)
    }
  }
}
