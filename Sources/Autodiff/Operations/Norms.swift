/// Which norm of a vector is taken.
public enum NormOrder: Sendable, Hashable, CaseIterable {
  /// The sum of the absolute values.
  case one
  /// The Euclidean norm.
  case two
  /// The largest absolute value.
  case infinity
}

extension Tensor {
  /// A norm along axes, the Euclidean one unless another is asked for; of nothing it is 0, and NaN
  /// is passed on.
  ///
  /// Where a norm is not differentiable the derivative is a subgradient: at elements that are 0
  /// that of the norm of order one is 0, at the vector 0 that of order two is 0, and equal largest
  /// absolute values share that of order infinity evenly (at the vector 0 it is 0).
  public func norm(_ order: NormOrder = .two, axes: [Int], keepsAxes: Bool = false) -> Tensor {
    switch order {
    case .one: return abs(self).sum(axes: axes, keepsAxes: keepsAxes)
    case .two:
      let squares = square(self).sum(axes: axes, keepsAxes: keepsAxes)
      // Not "is positive": NaN must not count as zero.
      let isNonzero = squares .!= 0
      let safe = select(isNonzero, squares, Tensor.ones(like: squares))
      return select(isNonzero, sqrt(safe), Tensor.zeros(like: squares))
    case .infinity:
      let axes = axisSet(axes, "norm")
      if axes.contains(where: { shape[$0] == 0 }) {
        return sum(axes: axes, keepsAxes: keepsAxes)
      }
      return abs(self).max(axes: axes, keepsAxes: keepsAxes)
    }
  }

  /// A norm along one axis.
  public func norm(_ order: NormOrder = .two, axis: Int, keepsAxis: Bool = false) -> Tensor {
    norm(order, axes: [axis], keepsAxes: keepsAxis)
  }

  /// A norm of all elements.
  public func norm(_ order: NormOrder = .two) -> Tensor { norm(order, axes: Array(0..<rank)) }
}
