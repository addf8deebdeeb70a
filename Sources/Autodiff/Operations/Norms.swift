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
  /// absolute values share that of order infinity evenly (at the vector 0 it is 0). Second derivatives of the
  /// Euclidean norm are NaN at the vector 0, where there are none: its square is `square(x).sum()`.
  public func norm(_ order: NormOrder = .two, axes: [Int], keepsAxes: Bool = false) -> Tensor {
    switch order {
    case .one: return abs(self).sum(axes: axes, keepsAxes: keepsAxes)
    case .two:
      return euclideanNorm(self, axes, keepsAxes)
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

/// The Euclidean norm along axes, with the derivative `x / |x|`, 0 at 0.
private func euclideanNorm(_ x: Tensor, _ axes: [Int], _ keepsAxes: Bool) -> Tensor {
  let axes = x.axisSet(axes, "norm")
  let keptShape = x.shape.indices.map { axes.contains($0) ? 1 : x.shape[$0] }
  return primitive(
    x, { sqrt(square($0).sum(axes: axes, keepsAxes: keepsAxes)) },
    vjp: { x, _ in { g in g.reshaped(to: keptShape) * direction(x, axes) } },
    jvp: { x, _, tangent in
      (tangent * direction(x, axes)).sum(axes: axes, keepsAxes: keepsAxes)
    })
}

/// `x / |x|`, 0 at 0. The derivative `(v - d dᵀv) / |x|`, symmetric, is NaN at 0 along all but the zero vector.
private func direction(_ x: Tensor, _ axes: [Int]) -> Tensor {
  @Sendable func quotient(_ v: Tensor, over norm: Tensor, atZero: Tensor) -> Tensor {
    // Not "is positive": NaN must not count as zero.
    let isZero = norm .== 0
    return select(isZero, atZero, v / select(isZero, Tensor.ones(like: norm), norm))
  }
  @Sendable func derivative(_ x: Tensor, _ d: Tensor, _ v: Tensor) -> Tensor {
    let rest = v - d * (d * v).sum(axes: axes, keepsAxes: true)
    // 0 / 0 counts as 0 and else v / 0 as NaN.
    let atZero = select(rest .== 0, Tensor.zeros(like: rest), rest * .nan)
    return quotient(rest, over: euclideanNorm(x, axes, true), atZero: atZero)
  }
  return primitive(
    x,
    { x in
      quotient(x, over: euclideanNorm(x, axes, true), atZero: Tensor.zeros(like: x))
    },
    vjp: { x, d in { g in derivative(x, d, g) } },
    jvp: { x, d, tangent in derivative(x, d, tangent) })
}
