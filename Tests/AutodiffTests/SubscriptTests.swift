import Autodiff
import Testing

@Suite struct SubscriptTests {
  /// Element (i, j, k) is 100 i + 10 j + k.
  static let x: Tensor = {
    let digits = [Tensor.range(2) * 100, Tensor.range(3) * 10, Tensor.range(4)]
    return digits[0].reshaped(to: [2, 1, 1]) + digits[1].reshaped(to: [3, 1]) + digits[2]
  }()

  @Test func values() {
    let x = Self.x
    let last = 3
    #expect(x[1].shape == [3, 4])
    #expect(x[1][2][-1].item == 123)
    #expect(x[1, -1, last].item == 123)
    #expect(x[0, 1].scalars == [10, 11, 12, 13])
    #expect(x[1, .all, 2].scalars == [102, 112, 122])
    #expect(x[.rest, 0].shape == [2, 3])
    #expect(x[.rest, 0].scalars == [0, 10, 20, 100, 110, 120])
    #expect(x[0, 1, 1..<3].scalars == [11, 12])
    #expect(x[0, 1, 1...].scalars == [11, 12, 13])
    #expect(x[0, 1, -2 ... -1].scalars == [12, 13])
    #expect(x[0, 1, ..<(-1)].scalars == [10, 11, 12])
    #expect(x[0, 1, ...1].scalars == [10, 11])
    #expect(x[0, 1, ...(-1)].shape == [4])
    #expect(x[0, 1, .stride(from: 1, to: -1)].scalars == [11, 12])
    #expect(x[0, 1, .stride(by: 3)].scalars == [10, 13])
    #expect(x[0, 1, .stride(by: -1)].scalars == [13, 12, 11, 10])
    #expect(x[0, 1, .stride(from: -2, to: 0, by: -2)].scalars == [12])
    #expect(x[0, .newAxis, 1...2, .all, .newAxis].shape == [1, 2, 4, 1])
    #expect(x[.newAxis].shape == [1, 2, 3, 4])
    #expect(x[2..<2].shape == [0, 3, 4])
    #expect(Tensor(5)[.rest].item == 5)
    #expect(Tensor.zeros([0, 3])[.stride(by: -1), 1].shape == [0])
  }

  @Test func replacement() {
    var x = Tensor([[1, 2, 3], [4, 5, 6]])
    #expect(x.replacing(0, with: Tensor([7.0, 8, 9])).scalars == [7, 8, 9, 4, 5, 6])
    #expect(x.replacing(.all, 1..., with: Tensor(0)).scalars == [1, 0, 0, 4, 0, 0])
    x[1, -1] = Tensor(10)
    x[0] += 1
    x[.all, .stride(by: 2)] *= Tensor([2.0, 3])
    #expect(x.scalars == [4, 3, 12, 8, 5, 30])
    x[.rest, 0] = Tensor([Double.nan, .infinity])
    #expect(x.hasSameBits(as: Tensor([[.nan, 3, 12], [.infinity, 5, 30]])))
    let narrow = x.asType(.float32).replacing(0, with: Tensor(0, dtype: .float32))
    #expect(narrow.scalars == [0, 0, 0, .infinity, 5, 30])
  }

  @Test(arguments: [[2, 3, 4], [2, 3, 1], [2, 2, 0]])
  func derivatives(_ shape: [Int]) {
    var random = TestGenerator(seed: 23)
    let x = random.tensor(shape)
    let check = DerivativeCheck()
    check([x]) { square($0[0])[1] }
    check([x]) { square($0[0])[.rest, .newAxis, .stride(by: -2)] }
    check([x]) { square($0[0])[.all, 1..., .all] }
    check([x, random.tensor([2, 1, 1])]) {
      $0[0] * $0[0].replacing(.all, 1..., with: square($0[1]))
    }
    check([x]) { inputs in
      var y = square(inputs[0])
      y[0] = y[1] * y[0]
      return y * y
    }
  }
}
