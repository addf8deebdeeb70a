import CKernels

// Tensors of random numbers: constants for every derivative, to be moved and scaled by tensors that
// are not (see `Distribution`).

extension RandomKey {
  /// Numbers between `low` and `high`, `high` excluded, all equally likely; `low` if the two are
  /// equal.
  public func uniform(
    _ shape: [Int], low: Double = 0, high: Double = 1, dtype: DType = .float64
  ) -> Tensor {
    precondition(low <= high, "uniform: from \(low) to \(high)")
    if low == high { return Tensor(repeating: low, shape: shape, dtype: dtype) }
    let unit = filled(shape, dtype, .uniform)
    if low == 0 && high == 1 { return unit }
    // Rounding must not reach the upper end.
    let below = dtype == .float64 ? high.nextDown : Double(Float(high).nextDown)
    return clip(unit.affine(scale: high - low, shift: low), low, Swift.max(below, low))
  }

  /// Normal numbers.
  public func normal(
    _ shape: [Int], mean: Double = 0, standardDeviation: Double = 1, dtype: DType = .float64
  ) -> Tensor {
    precondition(standardDeviation >= 0, "normal: standard deviation \(standardDeviation)")
    let standard = filled(shape, dtype, .normal)
    return mean == 0 && standardDeviation == 1
      ? standard : standard.affine(scale: standardDeviation, shift: mean)
  }

  /// Numbers with the density of a standard normal one between `low` and `high`, and 0 elsewhere;
  /// exact for bounds far out in a tail as well, of which one may be infinite.
  public func truncatedNormal(
    _ shape: [Int], low: Double = -2, high: Double = 2, dtype: DType = .float64
  ) -> Tensor {
    precondition(
      low < high && low < .infinity && high > -.infinity, "truncatedNormal: from \(low) to \(high)")
    let result = Tensor(uninitialized: shape, dtype: dtype)
    fillTruncatedNormal(
      result.memory, count: result.count, isDouble: dtype == .float64, low: low, high: high)
    return result
  }

  /// Numbers with the standard Gumbel distribution, that of `-log(-log(u))` for uniform u.
  public func gumbel(_ shape: [Int], dtype: DType = .float64) -> Tensor {
    filled(shape, dtype, .gumbel)
  }

  /// Ones with a probability, else zeros.
  public func bernoulli(_ shape: [Int], probability: Double, dtype: DType = .float64) -> Tensor {
    precondition((0...1).contains(probability), "bernoulli: probability \(probability)")
    return uniform(shape, dtype: dtype) .< probability
  }

  /// Ones with the probabilities of a tensor, else zeros, of the probabilities' shape and type; a
  /// constant for every derivative. Exactly 0 and 1 are certain; NaN gives 0.
  public func bernoulli(probability: Tensor) -> Tensor {
    uniform(probability.shape, dtype: probability.dtype) .< probability
  }

  /// Categories with the probabilities `softmax(logits)` along the last axis, by the largest of
  /// `logits + gumbel` (Gumbel 1954; Maddison, Tarlow and Minka 2014).
  ///
  /// Categories with the logit -infinity are never drawn, unless all are: then it is category 0.
  /// Where a logit is NaN it is the first such category.
  ///
  /// - Parameters:
  ///   - logits: `[..., k]` with k >= 1, one distribution for each index of the leading axes.
  ///   - shape: leading axes of the result, for many draws from each distribution.
  /// - Returns: the positions, of shape `[shape..., ...]`.
  public func categorical(_ logits: Tensor, shape: [Int] = []) -> IndexTensor {
    precondition(
      logits.rank >= 1 && logits.shape[logits.rank - 1] > 0,
      "categorical: logits of shape \(logits.shape)")
    let noisy = logits.detached + gumbel(shape + logits.shape, dtype: logits.dtype)
    let batch = Array(noisy.shape.dropLast())
    let count = elementCount(batch)
    let positions = [Int64](unsafeUninitializedCapacity: count) { buffer, initialized in
      tk_arg_reduce(
        noisy.typeCode, Int32(TK_MAX), count, noisy.shape[noisy.rank - 1], 1, noisy.memory,
        buffer.baseAddress)
      initialized = count
    }
    return IndexTensor(positions.map(Int.init), shape: batch)
  }

  /// The numbers 0 ..< count in random order, all orders equally likely.
  public func permutation(_ count: Int) -> [Int] { choice(count, of: count) }

  /// `count` different numbers below `total`, in random order (Fisher and Yates 1938); all equally
  /// likely.
  public func choice(_ count: Int, of total: Int) -> [Int] {
    precondition(0 <= count && count <= total, "choice: \(count) of \(total)")
    var order = Array(0..<total)
    for (index, word) in words(count).enumerated() {
      order.swapAt(index, index + number(word, below: total - index))
    }
    return Array(order[..<count])
  }

  /// `count` whole numbers below `bound`, all equally likely.
  public func integers(_ count: Int, below bound: Int) -> [Int] {
    precondition(count >= 0 && bound > 0, "integers: \(count) below \(bound)")
    return words(count).map { number($0, below: bound) }
  }

  /// A number below `bound` from 64 bits, without bias beyond `bound` / 2^64 (Lemire 2019).
  private func number(_ word: UInt64, below bound: Int) -> Int {
    Int(word.multipliedFullWidth(by: UInt64(bound)).high)
  }

  private func filled(_ shape: [Int], _ dtype: DType, _ kind: NumberKind) -> Tensor {
    let result = Tensor(uninitialized: shape, dtype: dtype)
    fill(result.memory, count: result.count, isDouble: dtype == .float64, kind)
    return result
  }
}
