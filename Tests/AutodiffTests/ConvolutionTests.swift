import Autodiff
import Testing

@Suite struct ConvolutionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var batch = [2]
    var channels = 2, outputs = 3
    var image = PlaneSize(height: 4, width: 5)
    var window = PlaneSize(height: 2, width: 3)
    var stride: PlaneSize = 1, padding: PlaneSize = 0, dilation: PlaneSize = 1
    var groups = 1

    var testDescription: String {
      "\(batch) \(channels)->\(outputs) \(image) \(window) \(stride) \(padding) \(dilation) "
        + "\(groups)"
    }
  }

  static let cases = [
    Case(), Case(batch: []), Case(batch: [2, 1]), Case(batch: [0]),
    Case(stride: PlaneSize(height: 2, width: 3)), Case(padding: PlaneSize(height: 1, width: 2)),
    Case(dilation: 2), Case(stride: 2, padding: 2, dilation: PlaneSize(height: 1, width: 2)),
    Case(channels: 4, outputs: 6, groups: 2), Case(channels: 3, outputs: 3, padding: 1, groups: 3),
    Case(image: PlaneSize(height: 2, width: 3)), Case(window: 1), Case(channels: 1, outputs: 1),
    Case(outputs: 0), Case(image: 1, window: 3, padding: 1),
  ]

  @Test(arguments: cases)
  func againstSumsAndDifferences(_ example: Case) {
    var random = TestGenerator(seed: 33)
    let c = example
    let x = random.tensor(c.batch + [c.channels, c.image.height, c.image.width])
    let weight = random.tensor(
      [c.outputs, c.channels / c.groups, c.window.height, c.window.width])
    let bias = random.tensor([c.outputs])
    let convolve: @Sendable (Tensor, Tensor, Tensor?) -> Tensor = {
      convolution2d(
        $0, $1, bias: $2, stride: c.stride, padding: c.padding, dilation: c.dilation,
        groups: c.groups)
    }
    let y = convolve(x, weight, bias)
    let expected = reference(x, weight, bias, c)
    #expect(y.shape == expected.shape)
    for (a, b) in zip(y.scalars, expected.scalars) { #expect(Swift.abs(a - b) < 1e-13) }
    DerivativeCheck()([x, weight, bias]) { convolve($0[0], $0[1], square($0[2])) }

    // The transposed convolution is the pullback of images, with what the stride leaves over put
    // back.
    let cotangent = random.tensor(y.shape)
    func leftOver(_ length: Int, _ places: Int, _ axis: KeyPath<PlaneSize, Int>) -> Int {
      length + 2 * c.padding[keyPath: axis] - c.dilation[keyPath: axis]
        * (c.window[keyPath: axis] - 1) - 1 - (places - 1) * c.stride[keyPath: axis]
    }
    let surplus = PlaneSize(
      height: leftOver(c.image.height, y.shape[y.rank - 2], \.height),
      width: leftOver(c.image.width, y.shape[y.rank - 1], \.width))
    let transposed: @Sendable (Tensor, Tensor) -> Tensor = {
      transposedConvolution2d(
        $0, $1, stride: c.stride, padding: c.padding, outputPadding: surplus,
        dilation: c.dilation, groups: c.groups)
    }
    let back = transposed(cotangent, weight)
    let pullback = vjp(at: x) { convolve($0, weight, nil) }.pullback(cotangent)
    #expect(back.shape == x.shape)
    for (a, b) in zip(back.scalars, pullback.scalars) { #expect(Swift.abs(a - b) < 1e-13) }
    DerivativeCheck()([cotangent, weight]) { transposed($0[0], $0[1]) }
  }

  private func reference(_ x: Tensor, _ weight: Tensor, _ bias: Tensor, _ c: Case) -> Tensor {
    let rows =
      (c.image.height + 2 * c.padding.height - c.dilation.height * (c.window.height - 1) - 1)
      / c.stride.height + 1
    let columns =
      (c.image.width + 2 * c.padding.width - c.dilation.width * (c.window.width - 1) - 1)
      / c.stride.width + 1
    let images = x.reshaped(
      to: [c.batch.reduce(1, *), c.channels, c.image.height, c.image.width])
    let perGroup = c.channels / c.groups
    var values: [Double] = []
    for b in 0..<images.shape[0] {
      for o in 0..<c.outputs {
        for i in 0..<rows {
          for j in 0..<columns {
            var sum = bias.scalar(at: o)
            for channel in 0..<perGroup {
              for p in 0..<c.window.height {
                for q in 0..<c.window.width {
                  let row = i * c.stride.height + p * c.dilation.height - c.padding.height
                  let column = j * c.stride.width + q * c.dilation.width - c.padding.width
                  guard (0..<c.image.height).contains(row), (0..<c.image.width).contains(column)
                  else { continue }
                  let from = o / (c.outputs / c.groups) * perGroup + channel
                  sum +=
                    images.scalar(at: b, from, row, column) * weight.scalar(at: o, channel, p, q)
                }
              }
            }
            values.append(sum)
          }
        }
      }
    }
    return Tensor(values, shape: c.batch + [c.outputs, rows, columns])
  }

  @Test func sequences() {
    var random = TestGenerator(seed: 34)
    let x = random.tensor([2, 3, 7])
    let weight = random.tensor([4, 3, 3])
    let check = DerivativeCheck()
    check([x, weight, random.tensor([4])]) {
      convolution1d($0[0], $0[1], bias: $0[2], stride: 2, padding: 1)
    }
    check([random.tensor([2, 4, 3]), weight, random.tensor([3])]) {
      transposedConvolution1d($0[0], $0[1], bias: $0[2], stride: 2, padding: 1)
    }
    let y = convolution1d(Tensor([[1, 2, 4, 8]]), Tensor([1.0, -1], shape: [1, 1, 2]))
    #expect(y.scalars == [-1, -2, -4])
    #expect(y.shape == [1, 3])
    let upsampled = transposedConvolution1d(
      Tensor([[1, 2]]), Tensor([1.0, 10, 100], shape: [1, 1, 3]), stride: 2)
    #expect(upsampled.scalars == [1, 10, 102, 20, 200])
    let single = convolution1d(x.asType(.float32), weight.asType(.float32))
    #expect(single.dtype == .float32)
  }
}
