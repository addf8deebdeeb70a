import Autodiff
import Foundation
import Testing

@Suite struct CumulativeTests {
  static let shapesAndAxes: [([Int], Int)] = [
    ([5], 0), ([3, 4], 0), ([3, 4], 1), ([2, 3, 2], 1), ([2, 0, 3], 1), ([0, 3], 1), ([1, 1], 0),
  ]

  @Test(arguments: shapesAndAxes, [false, true])
  func derivatives(_ shapeAndAxis: ([Int], Int), _ reversed: Bool) {
    let (shape, axis) = shapeAndAxis
    var random = TestGenerator(seed: 26)
    let x = random.tensor(shape)
    // Every third element is zero: products are differentiated there too.
    let holes = x * Tensor((0..<x.count).map { $0 % 3 == 1 ? 0.0 : 1.0 }, shape: shape)
    let check = DerivativeCheck()
    check([x]) { square($0[0]).cumulativeSum(axis: axis, reversed: reversed) * $0[0] }
    check([x, random.tensor(shape)]) {
      linearRecurrence($0[0], square($0[1]), axis: axis, reversed: reversed)
    }
    check([x]) { $0[0].cumulativeLogSumExp(axis: axis, reversed: reversed) }
    for values in [x, holes, Tensor.zeros(shape)] {
      check([values]) { $0[0].cumulativeProduct(axis: axis, reversed: reversed) }
    }
  }

  @Test(arguments: [
    ([5], [0]), ([3, 4], [1]), ([2, 3, 2], [0, 2]), ([0, 3], [0]), ([2, 1], [1]),
  ])
  func products(_ shape: [Int], _ axes: [Int]) {
    var random = TestGenerator(seed: 27)
    let x = random.tensor(shape)
    let check = DerivativeCheck()
    for values in [x, x * Tensor((0..<x.count).map { $0 % 4 == 1 ? 0.0 : 1.0 }, shape: shape)] {
      check([values]) { $0[0].product(axes: axes) }
      check([values]) { $0[0].product() * $0[0].product(axes: axes, keepsAxes: true) }
    }
  }

  @Test func values() {
    let x = Tensor([[1, 2, 3], [4, 5, 6]])
    #expect(x.cumulativeSum().scalars == [1, 3, 6, 4, 9, 15])
    #expect(x.cumulativeSum(axis: 0, reversed: true).scalars == [5, 7, 9, 4, 5, 6])
    #expect(x.cumulativeProduct().scalars == [1, 2, 6, 4, 20, 120])
    #expect(x.cumulativeProduct(reversed: true).scalars == [6, 6, 3, 120, 30, 6])
    #expect(Tensor([Double.infinity, 2]).cumulativeProduct().scalars == [.infinity, .infinity])
    #expect(x.product().item == 720)
    #expect(x.product(axis: 0).scalars == [4, 10, 18])
    #expect(Tensor.zeros([0, 2]).product(axis: 0).scalars == [1, 1])
    #expect(linearRecurrence(Tensor(0.5), Tensor([8.0, 4, 2])).scalars == [8, 8, 6])
    #expect(
      linearRecurrence(Tensor(0.5), Tensor([8.0, 4, 2]), reversed: true).scalars == [10.5, 5, 2])
    #expect(x.asType(.float32).cumulativeProduct(axis: 0).scalars == [1, 2, 3, 4, 10, 18])
    for (a, b) in zip(
      x.cumulativeLogSumExp().scalars, log(exp(x).cumulativeSum()).scalars)
    {
      #expect(Swift.abs(a - b) < 1e-14)
    }
  }

  /// Gradients where the function is a product with zeros: exact, as are second derivatives.
  /// Long sums in single precision keep its digits, along every axis.
  @Test(arguments: [[1 << 20], [1 << 20, 3], [2, 1 << 18, 40], [1 << 16, 70]])
  func longSums(_ shape: [Int]) {
    let x = Tensor(repeating: 0.1, shape: shape, dtype: .float32)
    let axis = shape.count == 3 ? 1 : 0
    let expected = Double(Float(0.1)) * Double(shape[axis])
    let last = x.cumulativeSum(axis: axis).slice(axis: axis, shape[axis] - 1..<shape[axis])
    let first = x.cumulativeSum(axis: axis, reversed: true).slice(axis: axis, 0..<1)
    for sum in [last, first, x.sum(axis: axis)] {
      #expect(sum.scalars.allSatisfy { abs($0 - expected) <= 3e-6 * expected })
    }
    let squares = square(x).sum(axis: axis)
    #expect(squares.scalars.allSatisfy { abs($0 - expected * 0.1) <= 3e-6 * expected * 0.1 })
  }

  /// Infinities and NaN go through compensated sums.
  @Test func infinitiesInSums() {
    var numbers = [Double](repeating: 1, count: 3000)
    numbers[700] = .infinity
    let x = Tensor(numbers, shape: [3000]).asType(.float32)
    #expect(x.sum().item == .infinity && x.cumulativeSum().scalars[2999] == .infinity)
    let columns = stack([x, -x], axis: 1)
    #expect(columns.sum(axis: 0).scalars == [.infinity, -.infinity])
    #expect(columns.cumulativeSum(axis: 0).scalars.suffix(2) == [.infinity, -.infinity])
    numbers[2000] = -.infinity
    #expect(Tensor(numbers, shape: [3000]).sum().item.isNaN)
  }

  @Test func zerosInProducts() {
    let x = Tensor([2.0, 0, 3])
    #expect(gradient(at: x) { $0.product() }.scalars == [0, 6, 0])
    #expect(
      hessian(at: x) { $0.product() }.scalars == [0, 3, 0, 3, 0, 2, 0, 2, 0])
    #expect(gradient(at: Tensor([0.0, 0, 3])) { $0.product() }.scalars == [0, 0, 0])
    #expect(hessian(at: Tensor([0.0, 0, 3])) { $0.product() }[0, 1].item == 3)
  }

  @Test func emptyMass() {
    let x = Tensor([-Double.infinity, -.infinity, 1, -.infinity, 2])
    let y = x.cumulativeLogSumExp()
    #expect(y.scalars[..<4] == [-.infinity, -.infinity, 1, 1])
    let slope = gradient(at: x) { $0.cumulativeLogSumExp()[2...].sum() }
    #expect(slope.isFinite)
    #expect(slope.scalars[0] == 0 && slope.scalars[3] == 0)
    #expect(gradient(at: x) { $0.cumulativeLogSumExp()[0] }.scalars == [0, 0, 0, 0, 0])
    let curvature = hessianVectorProduct(at: x, along: Tensor([1.0, 1, 1, 1, 1])) {
      $0.cumulativeLogSumExp()[-1]
    }.product
    #expect(curvature.isFinite)
    #expect(
      Tensor([1.0, .infinity, 2]).cumulativeLogSumExp().scalars[1...] == [.infinity, .infinity])
    #expect(Tensor([1, .nan, 2]).cumulativeLogSumExp().scalars[2].isNaN)
    #expect(Tensor([1000.0, 1000]).cumulativeLogSumExp().scalars[1] == 1000 + Foundation.log(2))
  }
}
