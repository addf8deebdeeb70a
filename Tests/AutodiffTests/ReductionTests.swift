import Autodiff
import Foundation
import Testing

@Suite struct ReductionTests {
  static let shapesAndAxes: [([Int], [Int])] = [
    ([5], [0]), ([3, 4], [0]), ([3, 4], [1]), ([3, 4], [-1]), ([2, 3, 4], [1]),
    ([2, 3, 4], [0, 2]), ([2, 3, 4], [0, 1, 2]), ([1, 1], [0]), ([2, 0, 3], [0]), ([40, 3], [0]),
  ]

  @Test(arguments: shapesAndAxes)
  func derivatives(_ shape: [Int], _ axes: [Int]) {
    var random = TestGenerator(seed: 11)
    let x = random.tensor(shape)
    let check = DerivativeCheck()
    check([x]) { $0[0].sum(axes: axes) }
    check([x]) { $0[0].mean(axes: axes, keepsAxes: true) }
    check([x]) { square($0[0]).max(axes: axes) }
    check([x]) { exp($0[0]).min(axes: axes, keepsAxes: true) }
    check([x]) { $0[0].norm(axes: axes) }
    check([x]) { $0[0].variance(axes: axes) }
    check([x]) { $0[0].logSumExp(axis: axes[0]) }
    check([x]) { $0[0].logSumExp(axis: axes[0], keepsAxis: true) * $0[0] }
    check([x]) { $0[0].softmax(axis: axes[0]) }
    check([x]) { $0[0].logSoftmax(axis: axes[0]) }
  }

  @Test func values() {
    let x = Tensor([[1, 2, 3], [4, 5, 6]])
    #expect(x.sum().item == 21)
    #expect(x.sum(axis: 0).scalars == [5, 7, 9])
    #expect(x.sum(axis: 1, keepsAxis: true).shape == [2, 1])
    #expect(x.mean(axis: -1).scalars == [2, 5])
    #expect(x.max(axis: 0).scalars == [4, 5, 6])
    #expect(x.min().item == 1)
    #expect(Tensor.zeros([0, 3]).sum(axis: 0).scalars == [0, 0, 0])
    #expect(Tensor.zeros([0]).max().item == -.infinity)
    #expect(Tensor.zeros([0]).mean().item.isNaN)
    #expect(Swift.abs(x.logSumExp(axis: 1).scalars[0] - 3.4076059644443806) < 1e-14)
  }

  @Test func specialValues() {
    let nothing = Tensor([-Double.infinity, -.infinity])
    #expect(nothing.logSumExp().item == -.infinity)
    #expect(gradient(at: nothing) { $0.logSumExp() }.scalars == [0, 0])
    #expect(
      hessianVectorProduct(at: nothing, along: Tensor([1.0, 2])) { $0.logSumExp() }
        .product.scalars == [0, 0])
    #expect(Tensor([-Double.infinity, 0]).logSumExp().item == 0)
    #expect(gradient(at: Tensor([0.0, 0])) { $0.norm() }.scalars == [0, 0])
    #expect(gradient(at: Tensor([2.0, 2, 1])) { $0.max() }.scalars == [0.5, 0.5, 0])
    #expect(Tensor([1e4, -1e4]).softmax().scalars == [1, 0])
  }
}
