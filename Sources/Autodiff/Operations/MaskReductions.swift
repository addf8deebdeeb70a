// Whether masks are true anywhere or everywhere. What is not zero is true, also NaN; the results
// are masks: 1 or 0 in the operand's type, constants for every derivative.

extension Tensor {
  /// 1 where any element along the axes is not zero; of nothing 0.
  public func any(axes: [Int], keepsAxes: Bool = false) -> Tensor {
    (detached .!= 0).sum(axes: axes, keepsAxes: keepsAxes) .> 0
  }

  /// 1 where any element along one axis is not zero.
  public func any(axis: Int, keepsAxis: Bool = false) -> Tensor {
    any(axes: [axis], keepsAxes: keepsAxis)
  }

  /// 1 if any element is not zero.
  public func any() -> Tensor { any(axes: Array(0..<rank)) }

  /// 1 where no element along the axes is zero; of nothing 1.
  public func all(axes: [Int], keepsAxes: Bool = false) -> Tensor {
    (detached .== 0).sum(axes: axes, keepsAxes: keepsAxes) .== 0
  }

  /// 1 where no element along one axis is zero.
  public func all(axis: Int, keepsAxis: Bool = false) -> Tensor {
    all(axes: [axis], keepsAxes: keepsAxis)
  }

  /// 1 if no element is zero.
  public func all() -> Tensor { all(axes: Array(0..<rank)) }
}
