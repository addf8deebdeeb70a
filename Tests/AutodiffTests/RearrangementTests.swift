import Autodiff
import Testing

@Suite struct RearrangementTests {
  @Test(arguments: [[2, 3], [1, 4], [0, 3], [1, 1], [2, 0]])
  func derivatives(_ shape: [Int]) {
    var random = TestGenerator(seed: 24)
    let x = random.tensor(shape)
    let check = DerivativeCheck()
    check([x]) { square($0[0]).padded([(1, 2), (0, 1)], value: 3) }
    check([x]) { exp($0[0].padded(axis: -1, before: 2)) }
    check([x]) { square($0[0]).flipped() * $0[0] }
    check([x]) { square($0[0]).flipped(axis: 1) * $0[0] }
    check([x]) { square($0[0]).tiled([2, 1, 3]) }
    check([x]) { square($0[0]).repeated(3, axis: 0) }
    check([x]) { square($0[0]).rolled(by: 2, axis: -1) * $0[0] }
  }

  @Test func values() {
    let x = Tensor([[1, 2, 3], [4, 5, 6]])
    let padded = x.padded([(1, 0), (0, 2)], value: -.infinity)
    #expect(padded.shape == [3, 5])
    #expect(padded.max(axis: 0).scalars == [4, 5, 6, -.infinity, -.infinity])
    #expect(padded[1..., ..<3].hasSameElements(as: x))
    #expect(Tensor.zeros([0]).padded(axis: 0, after: 2, value: 1).scalars == [1, 1])
    #expect(x.flipped().scalars == [6, 5, 4, 3, 2, 1])
    #expect(x.flipped(axis: 0).scalars == [4, 5, 6, 1, 2, 3])
    #expect(x.flipped(axes: []).scalars == x.scalars)
    #expect(x.tiled([1, 2]).scalars == [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6])
    #expect(Tensor([1.0, 2]).tiled([2, 2]).scalars == [1, 2, 1, 2, 1, 2, 1, 2])
    #expect(Tensor([1.0, 2]).tiled([2, 2]).shape == [2, 4])
    #expect(x.tiled([0, 1]).shape == [0, 3])
    #expect(x.repeated(2, axis: 1).scalars == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6])
    #expect(x.repeated(2, axis: 0).scalars == [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6])
    #expect(x.rolled(by: 1, axis: 1).scalars == [3, 1, 2, 6, 4, 5])
    #expect(x.rolled(by: -4, axis: 1).scalars == [2, 3, 1, 5, 6, 4])
    #expect(x.rolled(by: 3, axis: 1).scalars == x.scalars)
  }
}
