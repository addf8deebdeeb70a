import Autodiff
import Testing

@Suite struct GatheringTests {
  @Test(arguments: [
    ([4], 0), ([3, 4], 0), ([3, 4], 1), ([2, 3, 4], -2), ([1, 1], 0), ([2, 0], 0),
  ])
  func derivatives(_ shape: [Int], _ axis: Int) {
    var random = TestGenerator(seed: 21)
    let x = random.tensor(shape)
    let length = shape[axis < 0 ? axis + shape.count : axis]
    let check = DerivativeCheck()
    for indices in [[], [0], [length - 1, 0, 0, length / 2]] {
      check([x]) { square($0[0]).gathering(indices, axis: axis) }
      let updates = random.tensor(x.gathering(indices, axis: axis).shape)
      check([x, updates]) { $0[0] * $0[0].scatterAdding(square($0[1]), at: indices, axis: axis) }
    }
    var lineShape = shape
    lineShape[axis < 0 ? axis + shape.count : axis] = 5
    let lines = IndexTensor(
      (0..<lineShape.reduce(1, *)).map { $0 * 7 % length }, shape: lineShape)
    check([x]) { square($0[0]).gathering(lines, axis: axis) }
    check([x, random.tensor(lineShape)]) {
      $0[0] * $0[0].scatterAdding(square($0[1]), at: lines, axis: axis)
    }
  }

  @Test func values() {
    let x = Tensor([[1, 2, 3], [4, 5, 6]])
    #expect(x.gathering([2, 0, 2], axis: 1).scalars == [3, 1, 3, 6, 4, 6])
    #expect(x.gathering([1], axis: 0).scalars == [4, 5, 6])
    #expect(x.gathering([], axis: 1).shape == [2, 0])
    let lines = x.gathering(IndexTensor([[2], [0]]), axis: 1)
    #expect(lines.scalars == [3, 4])
    #expect(lines.shape == [2, 1])
    #expect(x.gathering(IndexTensor([[1, 0, 1]]), axis: 0).scalars == [4, 2, 6])
    #expect(
      x.scatterAdding(Tensor([[10, 20], [30, 40]]), at: [1, 1], axis: 1).scalars
        == [1, 32, 3, 4, 75, 6])
    #expect(
      x.scatterAdding(Tensor([[10], [20]]), at: IndexTensor([[2], [0]]), axis: 1)
        .scalars == [1, 2, 13, 24, 5, 6])
    #expect(gradient(at: x) { $0.gathering([2, 2], axis: 1).sum() }.scalars == [0, 0, 2, 0, 0, 2])
    #expect(x.asType(.float32).gathering([1], axis: 1).scalars == [2, 5])
  }

  @Test func tablesAndUnitVectors() {
    var random = TestGenerator(seed: 22)
    let table = random.tensor([5, 3])
    let words = IndexTensor([[4, 0], [4, 2]])
    let vectors = table.lookup(words)
    #expect(vectors.shape == [2, 2, 3])
    #expect(vectors.hasSameElements(as: matmul(Tensor.oneHot(words, count: 5), table)))
    DerivativeCheck()([table]) { square($0[0].lookup(words)) }
    DerivativeCheck()([random.tensor([5])]) { square($0[0].lookup(words)) }
    #expect(Tensor.oneHot(IndexTensor([], shape: [0]), count: 4).shape == [0, 4])
    #expect(Tensor.oneHot([2, 0], count: 3, dtype: .float32).scalars == [0, 0, 1, 1, 0, 0])
  }

  @Test func indexTensors() {
    let indices = IndexTensor([[1, 2, 3], [4, 5, 6]])
    #expect(indices[1, 0] == 4)
    #expect(indices.reshaped(to: [3, 2])[2, 1] == 6)
    #expect(Tensor(indices: indices).scalars == [1, 2, 3, 4, 5, 6])
    #expect([7] as IndexTensor == IndexTensor([7], shape: [1]))
    #expect(IndexTensor([7], shape: []).item == 7)
  }
}
