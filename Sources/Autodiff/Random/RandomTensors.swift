import CKernels

extension RandomKey {
  /// Numbers between `low` and `high`, `high` excluded, all equally likely.
  public func uniform(
    _ shape: [Int], low: Double = 0, high: Double = 1, dtype: DType = .float64
  ) -> Tensor {
    precondition(low <= high, "uniform: from \(low) to \(high)")
    let unit = filled(shape, dtype) { random_uniform($0, $1, 0, $2, $3) }
    return low == 0 && high == 1 ? unit : unit * (high - low) + low
  }

  /// Normal numbers.
  public func normal(
    _ shape: [Int], mean: Double = 0, standardDeviation: Double = 1, dtype: DType = .float64
  ) -> Tensor {
    precondition(standardDeviation >= 0, "normal: standard deviation \(standardDeviation)")
    let standard = filled(shape, dtype, random_normal)
    return mean == 0 && standardDeviation == 1 ? standard : standard * standardDeviation + mean
  }

  /// Numbers with the density of a standard normal one between `low` and `high`, and 0 elsewhere.
  public func truncatedNormal(
    _ shape: [Int], low: Double = -2, high: Double = 2, dtype: DType = .float64
  ) -> Tensor {
    precondition(low < high, "truncatedNormal: from \(low) to \(high)")
    return filled(shape, dtype) { random_truncated_normal($0, $1, low, high, $2, $3) }
  }

  /// Numbers with the standard Gumbel distribution, that of `-log(-log(u))` for uniform u.
  public func gumbel(_ shape: [Int], dtype: DType = .float64) -> Tensor {
    let unit = filled(shape, dtype) { random_uniform($0, $1, 1, $2, $3) }
    return -log(-log(unit))
  }

  /// Ones with a probability, else zeros.
  public func bernoulli(_ shape: [Int], probability: Double, dtype: DType = .float64) -> Tensor {
    precondition((0...1).contains(probability), "bernoulli: probability \(probability)")
    return uniform(shape, dtype: dtype) .< probability
  }

  /// Ones with the probabilities of a tensor, else zeros; a constant for every derivative.
  public func bernoulli(probability: Tensor) -> Tensor {
    uniform(probability.shape, dtype: probability.dtype) .< probability
  }

  /// The numbers 0 ..< count in random order, all orders equally likely (Fisher and Yates).
  public func permutation(_ count: Int) -> [Int] { choice(count, of: count) }

  /// `count` different numbers below `total`, in random order.
  public func choice(_ count: Int, of total: Int) -> [Int] {
    precondition(0 <= count && count <= total, "choice: \(count) of \(total)")
    var order = Array(0..<total)
    let bits = [UInt64](unsafeUninitializedCapacity: count) { buffer, initialized in
      for index in 0..<count { buffer[index] = randomWord(index) }
      initialized = count
    }
    for index in 0..<count {
      let remaining = UInt64(total - index)
      order.swapAt(index, index + Int(bits[index].multipliedFullWidth(by: remaining).high))
    }
    return Array(order[..<count])
  }

  /// `count` whole numbers below `bound`, all equally likely.
  public func integers(_ count: Int, below bound: Int) -> [Int] {
    precondition(bound > 0, "integers: below \(bound)")
    return [Int64](unsafeUninitializedCapacity: count) { buffer, initialized in
      withWords { random_below($0, UInt64(bound), count, buffer.baseAddress) }
      initialized = count
    }.map(Int.init)
  }

  private func randomWord(_ index: Int) -> UInt64 {
    var block = [UInt64](repeating: 0, count: 2)
    withWords { random_block($0, [UInt64(index), 0], &block) }
    return block[0]
  }

  private func filled(
    _ shape: [Int], _ dtype: DType,
    _ fill: (Int32, UnsafePointer<UInt64>?, Int, UnsafeMutableRawPointer?) -> Void
  ) -> Tensor {
    let result = Tensor(uninitialized: shape, dtype: dtype)
    withWords { fill(result.typeCode, $0, result.count, result.memory) }
    return result
  }
}
