/// A number for the rows and one for the columns of images: a window's size, a step, a margin. A
/// literal means both.
public struct PlaneSize: Sendable, Hashable, ExpressibleByIntegerLiteral, CustomStringConvertible {
  /// Along the rows' axis, the second-last.
  public var height: Int
  /// Along the columns' axis, the last.
  public var width: Int

  public init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  /// The same for both.
  public init(_ both: Int) { self.init(height: both, width: both) }

  public init(integerLiteral both: Int) { self.init(both) }

  /// `[height, width]`.
  public var description: String { "[\(height), \(width)]" }
}

/// Windows that move over images: how many there are and where their elements stand.
struct WindowGrid: Sendable {
  let window: PlaneSize
  let stride: PlaneSize
  let padding: PlaneSize
  let dilation: PlaneSize
  /// The images with their margins.
  let padded: PlaneSize
  /// The number of windows.
  let count: PlaneSize

  /// - Parameter shape: `[..., height, width]`, without margins.
  init(
    over shape: [Int], window: PlaneSize, stride: PlaneSize, padding: PlaneSize,
    dilation: PlaneSize, _ operation: @autoclosure () -> String
  ) {
    let image = shape.suffix(2)
    func windows(_ length: Int, _ axis: KeyPath<PlaneSize, Int>) -> (padded: Int, count: Int) {
      precondition(
        window[keyPath: axis] > 0 && stride[keyPath: axis] > 0 && dilation[keyPath: axis] > 0
          && padding[keyPath: axis] >= 0,
        "\(operation()): window \(window), stride \(stride), dilation \(dilation), "
          + "padding \(padding)")
      let padded = length + 2 * padding[keyPath: axis]
      let free = padded - dilation[keyPath: axis] * (window[keyPath: axis] - 1) - 1
      precondition(
        free >= 0,
        "\(operation()): a window \(window), dilation \(dilation), for images of shape \(shape) "
          + "with padding \(padding)")
      return (padded, free / stride[keyPath: axis] + 1)
    }
    let rows = windows(image.first!, \.height)
    let columns = windows(image.last!, \.width)
    self.window = window
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    padded = PlaneSize(height: rows.padded, width: columns.padded)
    count = PlaneSize(height: rows.count, width: columns.count)
  }

  /// How the elements of a window stand in the padded image: strides along rows and columns.
  var windowStrides: [Int] { [dilation.height * padded.width, dilation.width] }
  /// How the windows stand in the padded image.
  var gridStrides: [Int] { [stride.height * padded.width, stride.width] }
  var windowShape: [Int] { [window.height, window.width] }
  var gridShape: [Int] { [count.height, count.width] }
}

extension Tensor {
  /// Images `[..., height, width]` with a margin.
  func paddedPlanes(_ padding: PlaneSize, value: Double = 0) -> Tensor {
    let whole = [(before: Int, after: Int)](repeating: (0, 0), count: rank - 2)
    return padded(
      whole + [(padding.height, padding.height), (padding.width, padding.width)], value: value)
  }
}
