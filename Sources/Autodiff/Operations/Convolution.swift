// Convolutions as they are usual in networks: the kernel is not flipped (a cross-correlation). They
// are one matrix product with the matrix of all windows' elements, so their derivatives are matrix
// products too. That matrix has the size of the images times that of a window over the strides, and
// is kept for the gradient.

/// The convolution of images with kernels:
/// `y[b, o, i, j] = bias[o] + sum over c, p, q of x[b, c, i s + p d, j s + q d] weight[o, c, p, q]`
/// with stride s and dilation d.
///
/// - Parameters:
///   - x: images `[..., channels, height, width]`, with any batch axes.
///   - weight: kernels `[outputs, channels / groups, window height, window width]`.
///   - bias: `[outputs]`.
///   - padding: rows and columns of zeros put around every image, at both ends.
///   - dilation: the distance of the elements of a window.
///   - groups: the channels are cut into that many groups, each with its own share of the outputs.
/// - Returns: `[..., outputs, rows, columns]` with
///   `rows = (height + 2 padding - dilation (window height - 1) - 1) / stride + 1`, rounded down.
public func convolution2d(
  _ x: Tensor, _ weight: Tensor, bias: Tensor? = nil, stride: PlaneSize = 1, padding: PlaneSize = 0,
  dilation: PlaneSize = 1, groups: Int = 1
) -> Tensor {
  func describe() -> String {
    "convolution2d: images \(x.shape) and kernels \(weight.shape) in \(groups) groups"
  }
  requireSameType(x, weight, "convolution2d")
  precondition(
    x.rank >= 3 && weight.rank == 4 && groups > 0 && weight.shape[0] % groups == 0
      && x.shape[x.rank - 3] == weight.shape[1] * groups, describe())
  let grid = WindowGrid(
    over: x.shape, window: PlaneSize(height: weight.shape[2], width: weight.shape[3]),
    stride: stride, padding: padding, dilation: dilation, describe())
  let columns = ColumnMatrix(
    grid, batch: x.shape.dropLast(3).reduce(1, *), groups: groups, channels: weight.shape[1])
  let outputs = weight.shape[0]

  let elements = x.paddedPlanes(padding).reshaped(to: columns.imageShape)
    .reading(columns.view).reshaped(to: columns.shape)
  let product = matmul(
    weight.reshaped(to: [groups, outputs / groups, columns.shape[1]]), elements)
  let images = product.reshaped(
    to: [outputs, columns.batch, grid.count.height, grid.count.width]
  ).permutingAxes([1, 0, 2, 3]).reshaped(to: x.shape.dropLast(3) + [outputs] + grid.gridShape)
  return images.addingBias(bias, describe())
}

/// The transpose of `convolution2d` as a map of images: every element of x spreads its multiple of
/// a kernel over a window of the result.
///
/// - Parameters:
///   - x: images `[..., channels, height, width]`, with any batch axes.
///   - weight: kernels `[channels, outputs / groups, window height, window width]`, as the
///     convolution from the result's shape to that of x has them.
///   - bias: `[outputs]`.
///   - padding: the rows and columns that are cut off the result at both ends.
///   - outputPadding: rows and columns added at the end of the result, less than the stride:
///     several shapes of the result have a convolution with the shape of x.
/// - Returns: `[..., outputs, rows, columns]` with
///   `rows = (height - 1) stride - 2 padding + dilation (window height - 1) + outputPadding + 1`.
public func transposedConvolution2d(
  _ x: Tensor, _ weight: Tensor, bias: Tensor? = nil, stride: PlaneSize = 1, padding: PlaneSize = 0,
  outputPadding: PlaneSize = 0, dilation: PlaneSize = 1, groups: Int = 1
) -> Tensor {
  func describe() -> String {
    "transposedConvolution2d: images \(x.shape) and kernels \(weight.shape) in \(groups) groups, "
      + "stride \(stride), padding \(padding), outputPadding \(outputPadding)"
  }
  requireSameType(x, weight, "transposedConvolution2d")
  precondition(
    x.rank >= 3 && weight.rank == 4 && groups > 0 && weight.shape[0] % groups == 0
      && x.shape[x.rank - 3] == weight.shape[0], describe())
  func length(_ image: Int, _ window: Int, _ axis: KeyPath<PlaneSize, Int>) -> Int {
    let added = outputPadding[keyPath: axis]
    precondition(added >= 0 && added < stride[keyPath: axis] && image > 0, describe())
    let length =
      (image - 1) * stride[keyPath: axis] - 2 * padding[keyPath: axis]
      + dilation[keyPath: axis] * (window - 1) + added + 1
    precondition(length >= 0, describe())
    return length
  }
  let channels = weight.shape[0]
  let outputs = weight.shape[1] * groups
  let batchShape = Array(x.shape.dropLast(3))
  let height = length(x.shape[x.rank - 2], weight.shape[2], \.height)
  let width = length(x.shape[x.rank - 1], weight.shape[3], \.width)
  let grid = WindowGrid(
    over: batchShape + [outputs, height, width],
    window: PlaneSize(height: weight.shape[2], width: weight.shape[3]), stride: stride,
    padding: padding, dilation: dilation, describe())
  let columns = ColumnMatrix(
    grid, batch: batchShape.reduce(1, *), groups: groups, channels: weight.shape[1])

  let elements = matmul(
    weight.reshaped(to: [groups, channels / groups, columns.shape[1]]),
    x.reshaped(to: [columns.batch, channels, grid.count.height * grid.count.width])
      .permutingAxes([1, 0, 2])
      .reshaped(to: [groups, channels / groups, columns.shape[2]]),
    transposeA: true)
  let images = elements.reshaped(to: columns.view.shape)
    .addingUp(columns.view, in: columns.imageShape)
    .reshaped(to: batchShape + [outputs, grid.padded.height, grid.padded.width])
    .slice(axis: -2, padding.height..<padding.height + height)
    .slice(axis: -1, padding.width..<padding.width + width)
  return images.addingBias(bias, describe())
}

/// The convolution of sequences with kernels; see `convolution2d`.
///
/// - Parameters:
///   - x: `[..., channels, length]`.
///   - weight: `[outputs, channels / groups, window]`.
///   - bias: `[outputs]`.
/// - Returns: `[..., outputs, places]` with
///   `places = (length + 2 padding - dilation (window - 1) - 1) / stride + 1`, rounded down.
public func convolution1d(
  _ x: Tensor, _ weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Int = 0,
  dilation: Int = 1, groups: Int = 1
) -> Tensor {
  precondition(
    x.rank >= 2 && weight.rank == 3,
    "convolution1d: sequences \(x.shape) and kernels \(weight.shape)")
  return convolution2d(
    x.expandingAxis(-2), weight.expandingAxis(-2), bias: bias,
    stride: PlaneSize(height: 1, width: stride), padding: PlaneSize(height: 0, width: padding),
    dilation: PlaneSize(height: 1, width: dilation), groups: groups
  ).squeezingAxis(-2)
}

/// The transpose of `convolution1d` as a map of sequences; see `transposedConvolution2d`.
///
/// - Parameters:
///   - x: `[..., channels, length]`.
///   - weight: `[channels, outputs / groups, window]`.
///   - bias: `[outputs]`.
/// - Returns: `[..., outputs, places]` with
///   `places = (length - 1) stride - 2 padding + dilation (window - 1) + outputPadding + 1`.
public func transposedConvolution1d(
  _ x: Tensor, _ weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Int = 0,
  outputPadding: Int = 0, dilation: Int = 1, groups: Int = 1
) -> Tensor {
  precondition(
    x.rank >= 2 && weight.rank == 3,
    "transposedConvolution1d: sequences \(x.shape) and kernels \(weight.shape)")
  return transposedConvolution2d(
    x.expandingAxis(-2), weight.expandingAxis(-2), bias: bias,
    stride: PlaneSize(height: 1, width: stride), padding: PlaneSize(height: 0, width: padding),
    outputPadding: PlaneSize(height: 0, width: outputPadding),
    dilation: PlaneSize(height: 1, width: dilation), groups: groups
  ).squeezingAxis(-2)
}

/// The elements of all windows of padded images `[batch, groups * channels, height, width]` as
/// matrices `[groups, channels * window, batch * grid]` (im2col); adding up in its view is the
/// transpose (col2im).
private struct ColumnMatrix {
  let batch: Int
  let imageShape: [Int]
  let view: StridedView
  let shape: [Int]

  init(_ grid: WindowGrid, batch: Int, groups: Int, channels: Int) {
    let plane = grid.padded.height * grid.padded.width
    self.batch = batch
    imageShape = [batch, groups * channels, grid.padded.height, grid.padded.width]
    view = StridedView(
      shape: [groups, channels] + grid.windowShape + [batch] + grid.gridShape,
      strides: [channels * plane, plane] + grid.windowStrides + [groups * channels * plane]
        + grid.gridStrides)
    shape = [
      groups, channels * grid.window.height * grid.window.width,
      batch * grid.count.height * grid.count.width,
    ]
  }
}

extension Tensor {
  /// Images `[..., outputs, height, width]` plus a number for every output.
  fileprivate func addingBias(_ bias: Tensor?, _ operation: @autoclosure () -> String) -> Tensor {
    guard let bias else { return self }
    precondition(
      bias.shape == [shape[rank - 3]], "\(operation()): a bias of shape \(bias.shape)")
    return self + bias.reshaped(to: [bias.count, 1, 1])
  }
}
