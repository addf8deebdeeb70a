import Argmin

/// The numbers of the tensor benchmark, from formulas that `Benchmarks/peers/tensors/cells.py` repeats, so
/// that other systems compute with the very same ones.
enum TensorNoise {
  /// Numbers in [-1, 1) in row-major order, from an integer hash of the index and the stream.
  static func values(_ count: Int, stream: Int) -> [Double] {
    (0..<count).map { index in
      var hashed = UInt32(truncatingIfNeeded: index &* 2_654_435_761 &+ stream &* 40503 &+ 12345)
      for _ in 0..<2 {
        hashed ^= hashed >> 16
        hashed &*= 0x45D9F3B
      }
      hashed ^= hashed >> 16
      return Double(hashed) / 0x1p31 - 1
    }
  }

  /// `scale * noise + shift`, computed in double precision and rounded to the type.
  static func tensor(
    _ shape: [Int], stream: Int, scale: Double = 1, shift: Double = 0, dtype: DType
  ) -> Tensor {
    let values = values(shape.reduce(1, *), stream: stream).map { scale * $0 + shift }
    return Tensor(values, shape: shape, dtype: dtype)
  }

  /// Weights `[in, out]` and biases `[out]` of a network, in turn.
  static func layers(_ widths: [Int], firstStream: Int, dtype: DType) -> [Tensor] {
    zip(widths, widths.dropFirst()).enumerated().flatMap { layer, width in
      let stream = firstStream + 2 * layer
      return [
        tensor(
          [width.0, width.1], stream: stream, scale: (3 / Double(width.0)).squareRoot(),
          dtype: dtype),
        tensor([width.1], stream: stream + 1, scale: 0.1, dtype: dtype),
      ]
    }
  }
}
