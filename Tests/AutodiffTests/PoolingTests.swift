import Autodiff
import Testing

@Suite struct PoolingTests {
  @Test(arguments: [[4, 5], [2, 3, 4, 4], [0, 3, 3], [1, 2, 3]])
  func derivatives(_ shape: [Int]) {
    var random = TestGenerator(seed: 35)
    let x = random.tensor(shape)
    let check = DerivativeCheck()
    check([x]) { square($0[0]).maxPooled2d(2) }
    check([x]) { square($0[0]).maxPooled2d(PlaneSize(height: 2, width: 3), stride: 1, padding: 1) }
    check([x]) { square($0[0]).averagePooled2d(2, padding: 1) }
    check([x]) { square($0[0]).averagePooled2d(2, stride: 1, padding: 1, countsPadding: false) }
    check([x]) { square($0[0]).maxPooled1d(3, stride: 2, padding: 1) }
    check([x]) { square($0[0]).averagePooled1d(2) }
  }

  @Test func values() {
    let x = Tensor([[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]])
    #expect(x.maxPooled2d(2).scalars == [6, 8])
    #expect(x.maxPooled2d(2).shape == [1, 2])
    #expect(x.maxPooled2d(2, stride: 1).scalars == [6, 7, 8, 10, 11, 12])
    #expect((-x).maxPooled2d(2, stride: 2, padding: 1).scalars == [-1, -2, -4, -5, -6, -8])
    #expect(x.averagePooled2d(2).scalars == [3.5, 5.5])
    #expect(x[0].averagePooled1d(2, padding: 1).scalars == [0.5, 2.5, 2])
    #expect(x[0].averagePooled1d(2, padding: 1, countsPadding: false).scalars == [1, 2.5, 4])
    #expect(x[0].maxPooled1d(3).scalars == [3])
    #expect(
      gradient(at: Tensor([1.0, 1, 0])) { $0.maxPooled1d(2, stride: 1).sum() }.scalars
        == [0.5, 1.5, 0])
    #expect(Tensor([1, .nan]).maxPooled1d(2).item.isNaN)
  }
}
