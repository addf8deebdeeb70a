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
