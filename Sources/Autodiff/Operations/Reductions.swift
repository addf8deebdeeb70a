import CKernels

// Reductions along axes. Axes may be counted from the end (-1 is the last); without axes a reduction goes
// over all of them. Reduced axes disappear unless `keepsAxes`.

extension Tensor {
  /// The sum along axes; of nothing it is 0.
  public func sum(axes: [Int], keepsAxes: Bool = false) -> Tensor {
    let axes = axisSet(axes, "sum")
    if axes.isEmpty { return self }
    let original = shape
    let kept = keepingAxes(axes)
    let result = linear(
      self, { $0.reduced(Int32(TK_SUM), axes) },
      transpose: { $0.reshaped(to: kept).broadcast(to: original) })
    return result.withAxes(axes, of: self, kept: keepsAxes)
  }

  /// The sum along one axis.
  public func sum(axis: Int, keepsAxis: Bool = false) -> Tensor {
    sum(axes: [axis], keepsAxes: keepsAxis)
  }

  /// The sum of all elements.
  public func sum() -> Tensor { sum(axes: Array(0..<rank)) }

  /// The mean along axes; of nothing it is NaN.
  public func mean(axes: [Int], keepsAxes: Bool = false) -> Tensor {
    let size = axisSet(axes, "mean").reduce(1) { $0 * shape[$1] }
    return sum(axes: axes, keepsAxes: keepsAxes) * (1 / Double(size)).nanIfInfinite
  }

  /// The mean along one axis.
  public func mean(axis: Int, keepsAxis: Bool = false) -> Tensor {
    mean(axes: [axis], keepsAxes: keepsAxis)
  }

  /// The mean of all elements.
  public func mean() -> Tensor { mean(axes: Array(0..<rank)) }

  /// The variance along axes: the mean squared distance from the mean.
  public func variance(axes: [Int], keepsAxes: Bool = false) -> Tensor {
    let centred = self - mean(axes: axes, keepsAxes: true)
    return square(centred).mean(axes: axes, keepsAxes: keepsAxes)
  }

  /// The largest element along axes; of nothing -infinity, NaN if there is one. Equal largest elements share
  /// the derivative evenly.
  public func max(axes: [Int], keepsAxes: Bool = false) -> Tensor {
    extremum(Int32(TK_MAX), axes, keepsAxes, "max")
  }

  /// The largest element along one axis.
  public func max(axis: Int, keepsAxis: Bool = false) -> Tensor {
    max(axes: [axis], keepsAxes: keepsAxis)
  }

  /// The largest of all elements.
  public func max() -> Tensor { max(axes: Array(0..<rank)) }

  /// The smallest element along axes; of nothing infinity, NaN if there is one. Equal smallest elements
  /// share the derivative evenly.
  public func min(axes: [Int], keepsAxes: Bool = false) -> Tensor {
    extremum(Int32(TK_MIN), axes, keepsAxes, "min")
  }

  /// The smallest element along one axis.
  public func min(axis: Int, keepsAxis: Bool = false) -> Tensor {
    min(axes: [axis], keepsAxes: keepsAxis)
  }

  /// The smallest of all elements.
  public func min() -> Tensor { min(axes: Array(0..<rank)) }

  private func extremum(_ code: Int32, _ axes: [Int], _ keepsAxes: Bool, _ name: String) -> Tensor {
    let axes = axisSet(axes, name)
    if axes.isEmpty { return self }
    let kept = keepingAxes(axes)
    let shares: @Sendable (Tensor, Tensor) -> Tensor = { x, y in
      let mask = x .== y.reshaped(to: kept)
      return mask / mask.sum(axes: axes, keepsAxes: true)
    }
    let result = primitive(
      self, { $0.reduced(code, axes) },
      vjp: { x, y in
        let shares = shares(x.detached, y.detached)
        return { $0.reshaped(to: kept) * shares }
      },
      jvp: { x, y, tangent in (tangent * shares(x, y)).sum(axes: axes) })
    return result.withAxes(axes, of: self, kept: keepsAxes)
  }
}

// MARK: - In the log domain

extension Tensor {
  /// `log(sum(exp(x)))` along one axis, without overflow.
  ///
  /// Of nothing, or if all elements are -infinity, it is -infinity, with a derivative of 0: atoms without
  /// mass take no part.
  public func logSumExp(axis: Int = -1, keepsAxis: Bool = false) -> Tensor {
    let axis = axisIndex(axis, "logSumExp")
    let kept = keepingAxes([axis])
    let result = primitive(
      self,
      { x in
        let split = AxisSplit(x.shape, axis)
        let result = Tensor(uninitialized: split.reducedShape, dtype: x.dtype)
        tk_log_sum_exp(
          x.typeCode, split.outer, split.length, split.inner, x.memory, result.memory)
        return result
      },
      vjp: { x, y in { g in logSumExpPullback(x, y, g, axis: axis, kept: kept) } },
      jvp: { x, y, tangent in
        (tangent * weights(x, y.reshaped(to: kept))).sum(axis: axis)
      })
    return result.withAxes([axis], of: self, kept: keepsAxis)
  }

  /// `exp(x) / sum(exp(x))` along one axis; NaN where all elements are -infinity.
  public func softmax(axis: Int = -1) -> Tensor {
    let axis = axisIndex(axis, "softmax")
    return primitive(
      self, { $0.alongAxis(axis, tk_softmax) },
      vjp: { _, y in
        { g in
          if g.trace == nil, y.trace == nil { return y.alongAxis(axis, with: g, tk_softmax_vjp) }
          return y * (g - (g * y).sum(axis: axis, keepsAxis: true))
        }
      },
      jvp: { _, y, tangent in y * (tangent - (tangent * y).sum(axis: axis, keepsAxis: true)) })
  }

  /// `x - log(sum(exp(x)))` along one axis.
  public func logSoftmax(axis: Int = -1) -> Tensor {
    let axis = axisIndex(axis, "logSoftmax")
    return primitive(
      self, { $0.alongAxis(axis, tk_log_softmax) },
      vjp: { _, y in
        { g in
          if g.trace == nil, y.trace == nil {
            return y.alongAxis(axis, with: g, tk_log_softmax_vjp)
          }
          return g - exp(y) * g.sum(axis: axis, keepsAxis: true)
        }
      },
      jvp: { _, y, tangent in tangent - (exp(y) * tangent).sum(axis: axis, keepsAxis: true) })
  }

  private func alongAxis(
    _ axis: Int,
    _ kernel: (Int32, Int, Int, Int, UnsafeRawPointer?, UnsafeMutableRawPointer?) -> Void
  ) -> Tensor {
    let split = AxisSplit(shape, axis)
    let result = Tensor(uninitializedLike: self)
    kernel(typeCode, split.outer, split.length, split.inner, memory, result.memory)
    return result
  }

  private func alongAxis(
    _ axis: Int, with g: Tensor,
    _ kernel: (
      Int32, Int, Int, Int, UnsafeRawPointer?, UnsafeRawPointer?, UnsafeMutableRawPointer?
    ) -> Void
  ) -> Tensor {
    let split = AxisSplit(shape, axis)
    let result = Tensor(uninitializedLike: self)
    kernel(typeCode, split.outer, split.length, split.inner, memory, g.memory, result.memory)
    return result
  }
}

/// `exp(x - y)`, the weights of a log-sum-exp y, zero where y is -infinity.
private func weights(_ x: Tensor, _ y: Tensor) -> Tensor {
  let hasMass = y .!= -Double.infinity
  let safe = select(hasMass, y, Tensor.zeros(like: y))
  return exp(x - safe)
}

private func logSumExpPullback(_ x: Tensor, _ y: Tensor, _ g: Tensor, axis: Int, kept: [Int])
  -> Tensor
{
  if x.trace == nil, y.trace == nil, g.trace == nil {
    let split = AxisSplit(x.shape, axis)
    let result = Tensor(uninitializedLike: x)
    tk_log_sum_exp_vjp(
      x.typeCode, split.outer, split.length, split.inner, x.memory, y.memory, g.memory,
      result.memory)
    return result
  }
  return g.reshaped(to: kept) * weights(x, y.reshaped(to: kept))
}

// MARK: - Axes

/// A shape seen from one axis: `[outer, length, inner]`.
struct AxisSplit {
  let outer: Int, length: Int, inner: Int
  private let shape: [Int]
  private let axis: Int

  init(_ shape: [Int], _ axis: Int) {
    self.shape = shape
    self.axis = axis
    outer = shape[..<axis].reduce(1, *)
    length = shape[axis]
    inner = shape[(axis + 1)...].reduce(1, *)
  }

  var reducedShape: [Int] {
    var result = shape
    result.remove(at: axis)
    return result
  }
}

extension Tensor {
  /// Different axes in increasing order.
  func axisSet(_ axes: [Int], _ operation: @autoclosure () -> String) -> [Int] {
    let sorted = axes.map { axisIndex($0, operation()) }.sorted()
    for (axis, next) in zip(sorted, sorted.dropFirst()) {
      precondition(axis != next, "\(operation()): axis \(axis) twice in \(axes)")
    }
    return sorted
  }

  /// The shape with length 1 at the given axes.
  func keepingAxes(_ axes: [Int]) -> [Int] {
    var result = shape
    for axis in axes { result[axis] = 1 }
    return result
  }

  /// A reduction's result, with the reduced axes of `original` put back as length 1 if asked for.
  fileprivate func withAxes(_ axes: [Int], of original: Tensor, kept: Bool) -> Tensor {
    kept ? reshaped(to: original.keepingAxes(axes)) : self
  }

  /// A reduction over sorted axes: neighbouring ones at once, from the last to the first.
  fileprivate func reduced(_ code: Int32, _ axes: [Int]) -> Tensor {
    var current = self
    var remaining = axes
    while let last = remaining.popLast() {
      var first = last
      while let previous = remaining.last, previous == first - 1 {
        first = previous
        remaining.removeLast()
      }
      let shape = current.shape
      let result = Tensor(
        uninitialized: Array(shape[..<first] + shape[(last + 1)...]), dtype: dtype)
      tk_reduce(
        typeCode, code, shape[..<first].reduce(1, *), shape[first...last].reduce(1, *),
        shape[(last + 1)...].reduce(1, *), current.memory, result.memory)
      current = result
    }
    return current
  }
}

extension Double {
  fileprivate var nanIfInfinite: Double { isInfinite ? .nan : self }
}
