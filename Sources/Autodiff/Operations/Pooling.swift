// Maxima and means over windows that move along the last axis or the last two.

extension Tensor {
  /// The largest element of every window of images `[..., height, width]`: `[..., rows, columns]`
  /// with
  /// `rows = (height + 2 padding - window height) / stride + 1`, rounded down.
  ///
  /// Equal largest elements share the derivative evenly, and NaN is passed on.
  ///
  /// - Parameters:
  ///   - stride: the distance of the windows; that of the window's size if nil.
  ///   - padding: a margin of -infinity, at most half a window.
  public func maxPooled2d(_ window: PlaneSize, stride: PlaneSize? = nil, padding: PlaneSize = 0)
    -> Tensor
  {
    windows(window, stride ?? window, padding, margin: -.infinity, "maxPooled2d")
      .max(axes: [-2, -1])
  }

  /// The mean of every window of images `[..., height, width]`: `[..., rows, columns]` with
  /// `rows = (height + 2 padding - window height) / stride + 1`, rounded down.
  ///
  /// - Parameters:
  ///   - stride: the distance of the windows; that of the window's size if nil.
  ///   - padding: a margin of zeros, at most half a window.
  ///   - countsPadding: whether the margin's zeros take part in the means.
  public func averagePooled2d(
    _ window: PlaneSize, stride: PlaneSize? = nil, padding: PlaneSize = 0,
    countsPadding: Bool = true
  ) -> Tensor {
    func sums(_ x: Tensor) -> Tensor {
      x.windows(window, stride ?? window, padding, margin: 0, "averagePooled2d")
        .sum(axes: [-2, -1])
    }
    if countsPadding || padding == 0 {
      return sums(self) * (1 / Double(window.height * window.width))
    }
    return sums(self) / sums(Tensor.ones(shape.suffix(2), dtype: dtype))
  }

  /// The largest element of every window along the last axis, `[..., length]` to `[..., places]`;
  /// see
  /// `maxPooled2d`.
  public func maxPooled1d(_ window: Int, stride: Int? = nil, padding: Int = 0) -> Tensor {
    precondition(rank >= 1, "maxPooled1d: a scalar")
    return expandingAxis(-2).maxPooled2d(
      PlaneSize(height: 1, width: window), stride: PlaneSize(height: 1, width: stride ?? window),
      padding: PlaneSize(height: 0, width: padding)
    ).squeezingAxis(-2)
  }

  /// The mean of every window along the last axis, `[..., length]` to `[..., places]`; see
  /// `averagePooled2d`.
  public func averagePooled1d(
    _ window: Int, stride: Int? = nil, padding: Int = 0, countsPadding: Bool = true
  ) -> Tensor {
    precondition(rank >= 1, "averagePooled1d: a scalar")
    return expandingAxis(-2).averagePooled2d(
      PlaneSize(height: 1, width: window), stride: PlaneSize(height: 1, width: stride ?? window),
      padding: PlaneSize(height: 0, width: padding), countsPadding: countsPadding
    ).squeezingAxis(-2)
  }

  /// The elements of all windows: `[..., rows, columns, window height, window width]`.
  private func windows(
    _ window: PlaneSize, _ stride: PlaneSize, _ padding: PlaneSize, margin: Double,
    _ operation: String
  ) -> Tensor {
    precondition(rank >= 2, "\(operation): the shape \(shape) has less than two axes")
    precondition(
      2 * padding.height <= window.height && 2 * padding.width <= window.width,
      "\(operation): padding \(padding) is more than half of the window \(window)")
    let grid = WindowGrid(
      over: shape, window: window, stride: stride, padding: padding, dilation: 1, operation)
    let images = paddedPlanes(padding, value: margin)
    let strides = contiguousStrides(images.shape)
    return images.reading(
      StridedView(
        shape: shape.dropLast(2) + grid.gridShape + grid.windowShape,
        strides: strides.dropLast(2) + grid.gridStrides + grid.windowStrides))
  }
}
