import Autodiff
import Testing

@Suite struct MatrixPartTests {
  @Test(arguments: [
    [3, 3], [2, 4], [4, 2], [2, 3, 3], [0, 3], [1, 1], [0, 2, 2], [2, 3, 0],
  ])
  func derivatives(_ shape: [Int]) {
    var random = TestGenerator(seed: 25)
    let x = random.tensor(shape)
    let check = DerivativeCheck()
    for diagonal in [-5, -1, 0, 1] {
      check([x]) { square($0[0]).lowerTriangle(diagonal: diagonal) }
      check([x]) { square($0[0]).upperTriangle(diagonal: diagonal) }
      check([x]) { square($0[0]).diagonalPart(diagonal) }
      check([x]) { square($0[0]).diagonalMatrix(diagonal) }
      #expect(x.diagonalMatrix(diagonal).diagonalPart(diagonal).hasSameElements(as: x))
    }
    check([x]) { square($0[0]).matrixTrace() }
    let y = random.tensor(Array(shape.dropFirst()))
    check([x, y]) { square(outerProduct($0[0], $0[1])) }
  }

  @Test func values() {
    let x = Tensor([[1, 2, 3], [4, 5, 6]])
    #expect(x.lowerTriangle().scalars == [1, 0, 0, 4, 5, 0])
    #expect(x.lowerTriangle(diagonal: -1).scalars == [0, 0, 0, 4, 0, 0])
    #expect(x.upperTriangle(diagonal: 1).scalars == [0, 2, 3, 0, 0, 6])
    #expect(Tensor([[1, .nan], [3, 4]]).lowerTriangle().scalars == [1, 0, 3, 4])
    #expect(
      gradient(at: Tensor([[1, .nan], [3, 4]])) { square($0).lowerTriangle().sum() }[1]
        .scalars == [6, 8])
    #expect(x.diagonalPart().scalars == [1, 5])
    #expect(x.diagonalPart(1).scalars == [2, 6])
    #expect(x.diagonalPart(-1).scalars == [4])
    #expect(x.diagonalPart(3).shape == [0])
    #expect(Tensor([1.0, 2]).diagonalMatrix().scalars == [1, 0, 0, 2])
    #expect(Tensor([1.0, 2]).diagonalMatrix(-1).scalars == [0, 0, 0, 1, 0, 0, 0, 2, 0])
    #expect(x.diagonalMatrix().shape == [2, 3, 3])
    #expect(x.matrixTrace().item == 6)
    #expect(outerProduct(x, Tensor([1.0, 10])).shape == [2, 3, 2])
    #expect(outerProduct(Tensor([1.0, 2]), Tensor([3.0, 4])).scalars == [3, 4, 6, 8])
  }
}
