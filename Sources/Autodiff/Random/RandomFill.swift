import CKernels
import LinearAlgebra

// The kernels' random numbers in plain memory, large ones made by several threads: a number depends
// on the key and its position only.

extension RandomKey {
  /// Kinds of numbers; those of different kinds are unrelated also if they come from one key.
  enum NumberKind: Sendable {
    /// In [0, 1): multiples of 2^-52, of 2^-24 in single precision.
    case uniform
    /// In (0, 1), symmetric about 1/2.
    case openUniform
    /// With mean 0 and variance 1.
    case normal
    /// `-log(-log(u))` for u in (0, 1).
    case gumbel

    fileprivate var code: Int32 {
      switch self {
      case .uniform: Int32(RANDOM_UNIFORM)
      case .openUniform: Int32(RANDOM_OPEN_UNIFORM)
      case .normal: Int32(RANDOM_NORMAL)
      case .gumbel: Int32(RANDOM_GUMBEL)
      }
    }
  }

  /// Writes the first `count` numbers of a kind, Double or Float, to `memory`.
  func fill(_ memory: UnsafeMutableRawPointer, count: Int, isDouble: Bool, _ kind: NumberKind) {
    fill(memory, count: count, isDouble: isDouble, partLength: 16_384) { key, type, part, target in
      random_fill(kind.code, type, key, Int64(part.lowerBound), part.count, target)
    }
  }

  /// Writes standard normal numbers under the condition `low <= x <= high`.
  func fillTruncatedNormal(
    _ memory: UnsafeMutableRawPointer, count: Int, isDouble: Bool, low: Double, high: Double
  ) {
    fill(memory, count: count, isDouble: isDouble, partLength: 2048) { key, type, part, target in
      random_truncated_normal(type, key, low, high, Int64(part.lowerBound), part.count, target)
    }
  }

  /// Words of 64 random bits.
  func words(_ count: Int) -> [UInt64] {
    [UInt64](unsafeUninitializedCapacity: count) { buffer, initialized in
      withWords { random_words($0, count, buffer.baseAddress) }
      initialized = count
    }
  }

  private func fill(
    _ memory: UnsafeMutableRawPointer, count: Int, isDouble: Bool, partLength: Int,
    _ body: (UnsafePointer<UInt64>, Int32, Range<Int>, UnsafeMutableRawPointer) -> Void
  ) {
    let type = (isDouble ? DType.float64 : .float32).rawValue
    let size = isDouble ? 8 : 4
    withWords { key in
      forEachFixedPart(of: count, partCount: count / partLength, multiple: 128) { part in
        body(key, type, part, memory + part.lowerBound * size)
      }
    }
  }
}
