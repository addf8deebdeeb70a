import Autodiff
import Testing

@Suite struct NormTests {
  @Test(arguments: [
    ([5], [0]), ([3, 4], [1]), ([2, 3, 4], [0, 2]), ([2, 0], [1]), ([1, 1], [0]),
  ])
  func derivatives(_ shape: [Int], _ axes: [Int]) {
    var random = TestGenerator(seed: 30)
    let x = random.tensor(shape)
    for order in NormOrder.allCases {
      DerivativeCheck()([x]) { square($0[0].norm(order, axes: axes)) }
      DerivativeCheck()([x]) { $0[0] * $0[0].norm(order, axes: axes, keepsAxes: true) }
    }
  }

  @Test func values() {
    let x = Tensor([[3, -4], [0, 0]])
    #expect(x.norm(.one, axis: 1).scalars == [7, 0])
    #expect(x.norm(.two, axis: 1).scalars == [5, 0])
    #expect(x.norm(.infinity, axis: 1).scalars == [4, 0])
    for order in NormOrder.allCases {
      #expect(gradient(at: x) { $0.norm(order, axis: 1).sum() }[1].scalars == [0, 0])
      #expect(Tensor.zeros([0]).norm(order).item == 0)
      #expect(Tensor([1, .nan]).norm(order).item.isNaN)
    }
    #expect(gradient(at: Tensor([2.0, -2, 1])) { $0.norm(.infinity) }.scalars == [0.5, -0.5, 0])
  }

  /// There is no second derivative of the Euclidean norm at 0, and none is made up; that of other rows is theirs.
  @Test func secondDerivativesAtZero() {
    let v = Tensor([1, 2])
    let squared = hessianVectorProduct(at: Tensor.zeros([2]), along: v) { square($0.norm()) }
    #expect(squared.gradient.scalars == [0, 0] && squared.product.scalars.allSatisfy(\.isNaN))
    let right = hessianVectorProduct(at: Tensor.zeros([2]), along: v) { square($0).sum() }
    #expect(right.product.scalars == [2, 4])
    let rows = Tensor([[3, 4], [0, 0], [0, 0]])
    for mode in [HessianProductMode.forwardOverReverse, .reverseOverReverse] {
      let product = hessianVectorProduct(
        at: rows, along: Tensor([[5, 0], [0, 0], [1, 0]]), mode: mode
      ) { $0.norm(axis: 1).sum() }.product.scalars
      // (v - d dᵀv) / |x| with d = (0.6, 0.8)
      #expect(abs(product[0] - 0.64) < 1e-15 && abs(product[1] + 0.48) < 1e-15)
      #expect(product[2] == 0 && product[3] == 0)
      #expect(product[4].isNaN)
    }
  }

  @Test func masks() {
    let x = Tensor([[0, 2, .nan], [0, 0, -0.0]])
    #expect(x.any(axis: 1).scalars == [1, 0])
    #expect(x.all(axis: 0).scalars == [0, 0, 0])
    #expect(x.any(axis: 0).scalars == [0, 1, 1])
    #expect(x[0, 1...].all().item == 1)
    #expect(x.any(axes: [0, 1], keepsAxes: true).shape == [1, 1])
    #expect(Tensor.zeros([2, 0]).any(axis: 1).scalars == [0, 0])
    #expect(Tensor.zeros([2, 0]).all(axis: 1).scalars == [1, 1])
    #expect(gradient(at: Tensor(2)) { $0 * $0.any() }.item == 1)
  }

  @Test func interpolation() {
    var random = TestGenerator(seed: 31)
    let (a, b) = (random.tensor([2, 3]), random.tensor([3]))
    let check = DerivativeCheck()
    check([a, b, random.tensor([2, 1])]) { lerp($0[0], $0[1], $0[2]) }
    check([a, b]) { lerp($0[0], $0[1], 0.3) }
    #expect(lerp(a, b, 0).hasSameElements(as: a))
    #expect(lerp(a, b, Tensor(1)).hasSameElements(as: b.broadcast(to: [2, 3])))
    check([a * 3]) { huber($0[0], threshold: 0.7) }
    #expect(huber(Tensor([0.5, -3, 1])).scalars == [0.125, 2.5, 0.5])
  }
}
