import Autodiff
import Testing

/// Well-conditioned random matrices.
extension TestGenerator {
  /// Not symmetric, with a dominant diagonal.
  mutating func regular(_ batch: [Int], _ n: Int) -> Tensor {
    tensor(batch + [n, n]) * (1 / Double(max(n, 1)).squareRoot())
      + Tensor.identity(n) * 2.5
  }

  /// Positive definite, with a small part that is not symmetric and must not matter where only the
  /// symmetric part counts.
  mutating func positiveDefinite(_ batch: [Int], _ n: Int) -> Tensor {
    let root = tensor(batch + [n, n]) * (1 / Double(max(n, 1)).squareRoot())
    let skew = tensor(batch + [n, n])
    return matmul(root, root, transposeB: true) + Tensor.identity(n) * 1.5
      + (skew - skew.transposed()) * 0.1
  }
}

extension Tensor {
  var symmetrized: Tensor { (self + transposed()) * 0.5 }
}

/// The largest magnitude of a difference; the shapes must agree.
func largestDifference(_ a: Tensor, _ b: Tensor) -> Double {
  #expect(a.shape == b.shape)
  return zip(a.scalars, b.scalars).reduce(0) { largest, pair in
    let difference = (pair.0 - pair.1).magnitude
    return difference.isNaN ? .infinity : max(largest, difference)
  }
}

/// Batches and sizes: empty ones, single ones, both sides of the eight lanes.
let matrixCases: [([Int], Int, Int)] = [
  ([], 3, 2), ([2], 1, 1), ([9], 2, 1), ([2, 2], 3, 0), ([0], 3, 2), ([2], 0, 2),
]
