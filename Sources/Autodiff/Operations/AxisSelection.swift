/// What may stand between the brackets of `x[...]`: a position (`Int`), a range of positions, or
/// one of `.all`, `.rest`, `.newAxis` and `.stride(...)`; see `Tensor.subscript`.
///
/// Positions are counted from the end where they are negative: -1 is the last. As Swift's ranges
/// cannot run backwards, `1..<(-1)` is written `.stride(from: 1, to: -1)`.
public protocol AxisIndex: Sendable {
  /// What is selected.
  var selection: AxisSelection { get }
}

/// A part of one axis, or a new one; made from numbers, ranges and the names of `AxisIndex`.
public struct AxisSelection: AxisIndex, Hashable {
  enum Kind: Hashable {
    case position(Int)
    /// From the lower to before the upper bound; nil for the ends of the axis.
    case span(lower: Int?, upper: Int?, step: Int)
    case newAxis
    case rest
  }

  let kind: Kind

  init(_ kind: Kind) { self.kind = kind }

  public var selection: AxisSelection { self }
}

extension AxisIndex where Self == AxisSelection {
  /// The whole axis.
  public static var all: AxisSelection {
    AxisSelection(.span(lower: nil, upper: nil, step: 1))
  }

  /// As many whole axes as are not mentioned otherwise; at most once.
  public static var rest: AxisSelection { AxisSelection(.rest) }

  /// A new axis of length 1.
  public static var newAxis: AxisSelection { AxisSelection(.newAxis) }

  /// Every `step`-th position from `start` to before `end`; backwards for a negative step. Without
  /// a bound it goes from or to the end of the axis.
  public static func stride(from start: Int? = nil, to end: Int? = nil, by step: Int = 1)
    -> AxisSelection
  {
    precondition(step != 0, "stride: the step is zero")
    return AxisSelection(.span(lower: start, upper: end, step: step))
  }
}

extension Int: AxisIndex {
  public var selection: AxisSelection { AxisSelection(.position(self)) }
}

extension Range: AxisIndex where Bound == Int {
  public var selection: AxisSelection {
    AxisSelection(.span(lower: lowerBound, upper: upperBound, step: 1))
  }
}

extension ClosedRange: AxisIndex where Bound == Int {
  public var selection: AxisSelection {
    AxisSelection(.span(lower: lowerBound, upper: pastLast(upperBound), step: 1))
  }
}

extension PartialRangeFrom: AxisIndex where Bound == Int {
  public var selection: AxisSelection {
    AxisSelection(.span(lower: lowerBound, upper: nil, step: 1))
  }
}

extension PartialRangeUpTo: AxisIndex where Bound == Int {
  public var selection: AxisSelection {
    AxisSelection(.span(lower: nil, upper: upperBound, step: 1))
  }
}

extension PartialRangeThrough: AxisIndex where Bound == Int {
  public var selection: AxisSelection {
    AxisSelection(.span(lower: nil, upper: pastLast(upperBound), step: 1))
  }
}

/// The bound after a last position; that after -1 is the end of the axis.
private func pastLast(_ position: Int) -> Int? { position == -1 ? nil : position + 1 }
