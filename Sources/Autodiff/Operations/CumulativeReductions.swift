import CKernels

// Reductions of the elements up to each place along an axis, or, `reversed`, from each place on.
// The shape stays the same.

extension Tensor {
  /// The sums of the elements up to each place along an axis: `y_k = x_0 + ... + x_k`.
  public func cumulativeSum(axis: Int = -1, reversed: Bool = false) -> Tensor {
    let axis = axisIndex(axis, "cumulativeSum")
    return linear(
      self,
      { x in
        let split = AxisSplit(x.shape, axis)
        let result = Tensor(uninitializedLike: x)
        tk_cumulative_sum(
          x.typeCode, reversed ? 1 : 0, split.outer, split.length, split.inner, x.memory,
          result.memory)
        return result
      },
      transpose: { $0.cumulativeSum(axis: axis, reversed: !reversed) })
  }

  /// The products of the elements up to each place along an axis: `y_k = x_0 ... x_k`. Derivatives
  /// of any order are exact also where elements are zero.
  public func cumulativeProduct(axis: Int = -1, reversed: Bool = false) -> Tensor {
    let axis = axisIndex(axis, "cumulativeProduct")
    let length = shape[axis]
    if length == 0 { return self }
    let first =
      reversed
      ? slice(axis: axis, length - 1..<length).padded(axis: axis, before: length - 1)
      : slice(axis: axis, 0..<1).padded(axis: axis, after: length - 1)
    return linearRecurrence(self, first, axis: axis, reversed: reversed)
  }

  /// `log(exp(x_0) + ... + exp(x_k))` for each place along an axis, without overflow.
  ///
  /// It is -infinity, with a derivative of 0, while all elements so far are -infinity. After an
  /// element that is infinity it is infinity and the derivative NaN.
  public func cumulativeLogSumExp(axis: Int = -1, reversed: Bool = false) -> Tensor {
    let axis = axisIndex(axis, "cumulativeLogSumExp")
    let step = reversed ? -1 : 1
    return primitive(
      self,
      { x in
        let split = AxisSplit(x.shape, axis)
        let result = Tensor(uninitializedLike: x)
        tk_cumulative_log_sum_exp(
          x.typeCode, reversed ? 1 : 0, split.outer, split.length, split.inner, x.memory,
          result.memory)
        return result
      },
      // With y_{-1} = -infinity, exp(y_k) = exp(y_{k-1}) + exp(x_k), divided by exp(y_k): the
      // tangent follows a recurrence whose factors are at most 1, and the cotangent the reversed
      // one.
      vjp: { x, y in
        { g in
          let next = y.shifted(by: -step, axis: axis, filling: .infinity)
          let w = linearRecurrence(share(y, of: next), g, axis: axis, reversed: !reversed)
          return w * share(x, of: y)
        }
      },
      jvp: { x, y, tangent in
        let previous = y.shifted(by: step, axis: axis, filling: -.infinity)
        return linearRecurrence(
          share(previous, of: y), tangent * share(x, of: y), axis: axis, reversed: reversed)
      })
  }
}

/// `exp(x - y)` for x at most y; zero where y is -infinity or x is.
private func share(_ x: Tensor, of y: Tensor) -> Tensor {
  let hasMass = (x .!= -Double.infinity) * (y .!= -Double.infinity)
  let zero = Tensor.zeros(like: y)
  return hasMass * exp(select(hasMass, x, zero) - select(hasMass, y, zero))
}
