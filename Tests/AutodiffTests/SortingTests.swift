import Autodiff
import Testing

@Suite struct SortingTests {
  @Test(arguments: [
    ([6], 0), ([3, 4], 0), ([3, 4], -1), ([2, 3, 2], 1), ([0, 3], 1), ([1, 1], 0),
  ])
  func derivatives(_ shape: [Int], _ axis: Int) {
    var random = TestGenerator(seed: 28)
    let x = random.tensor(shape)
    let check = DerivativeCheck()
    check([x]) { square($0[0].sorted(axis: axis)) }
    check([x]) { square($0[0].sorted(axis: axis, descending: true)) * $0[0] }
    for count in 0...shape[axis < 0 ? axis + shape.count : axis] {
      check([x]) { square($0[0].topK(count, axis: axis).values) }
      check([x]) { square($0[0].topK(count, axis: axis, smallest: true).values) }
    }
  }

  @Test func againstTheStandardLibrary() {
    var random = TestGenerator(seed: 29)
    let values = (0..<1000).map { _ in random.uniform() }
    #expect(Tensor(values).sorted().scalars == values.sorted())
    #expect(Tensor(values).sorted(descending: true).scalars == values.sorted(by: >))
    #expect(Tensor(values).argMax().item == values.firstIndex(of: values.max()!))
    #expect(Tensor(values).argMin().item == values.firstIndex(of: values.min()!))
    #expect(Tensor(values).topK(10).values.scalars == Array(values.sorted(by: >).prefix(10)))
  }

  @Test func tiesAndNotANumber() {
    let x = Tensor([2, .nan, 1, 2, -.infinity, .nan, 1])
    #expect(x.argSort().values == [4, 2, 6, 0, 3, 1, 5])
    #expect(x.argSort(descending: true).values == [0, 3, 2, 6, 4, 1, 5])
    #expect(x.topK(6).indices.values == [0, 3, 2, 6, 4, 1])
    #expect(x.argMax().item == 1)
    #expect(x.argMin().item == 1)
    #expect(Tensor([1.0, 3, 3]).argMax().item == 1)
    #expect(Tensor([0.0, -0.0]).argSort().values == [0, 1])
    let columns = Tensor([[3, 1], [2, 5]])
    #expect(columns.argSort(axis: 0) == IndexTensor([[1, 0], [0, 1]]))
    #expect(columns.argMax(axis: 0) == [0, 1])
    #expect(columns.asType(.float32).argSort(axis: 1) == IndexTensor([[1, 0], [0, 1]]))
    #expect(Tensor.zeros([0, 3]).argMax(axis: 1).shape == [0])
    #expect(gradient(at: Tensor([1.0, 1])) { $0.sorted()[0] }.scalars == [1, 0])
  }
}
