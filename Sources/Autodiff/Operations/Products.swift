import CKernels

extension Tensor {
  /// The product along axes; of nothing it is 1. Derivatives of any order are exact also where
  /// elements are zero: an element's derivative is the product of all others, not a quotient.
  public func product(axes: [Int], keepsAxes: Bool = false) -> Tensor {
    let axes = axisSet(axes, "product")
    if axes.isEmpty { return self }
    let others = shape.indices.filter { !axes.contains($0) }
    let lines = permutingAxes(others + axes)
      .reshaped(to: [others.reduce(1) { $0 * shape[$1] }, axes.reduce(1) { $0 * shape[$1] }])
    let result = primitive(
      lines,
      { x in
        let result = Tensor(uninitialized: [x.shape[0]], dtype: x.dtype)
        tk_reduce(
          x.typeCode, Int32(TK_PRODUCT), x.shape[0], x.shape[1], 1, x.memory, result.memory)
        return result
      },
      vjp: { x, _ in { $0.expandingAxis(1) * productsOfOthers(x) } },
      jvp: { x, _, tangent in (tangent * productsOfOthers(x)).sum(axis: 1) })
    return result.reshaped(to: keepsAxes ? keepingAxes(axes) : others.map { shape[$0] })
  }

  /// The product along one axis.
  public func product(axis: Int, keepsAxis: Bool = false) -> Tensor {
    product(axes: [axis], keepsAxes: keepsAxis)
  }

  /// The product of all elements.
  public func product() -> Tensor { product(axes: Array(0..<rank)) }
}

/// For every element of a row the product of all others in it: of those before and of those behind.
private func productsOfOthers(_ x: Tensor) -> Tensor {
  x.shifted(by: 1, axis: 1, filling: 1).cumulativeProduct(axis: 1)
    * x.shifted(by: -1, axis: 1, filling: 1).cumulativeProduct(axis: 1, reversed: true)
}
