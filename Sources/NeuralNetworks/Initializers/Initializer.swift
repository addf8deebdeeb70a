import Autodiff
import LinearAlgebra

/// How the weights of a new layer are drawn: the same key gives the same weights.
///
/// Every layer says how many inputs meet in one of its outputs (`inputs`) and how many outputs one input
/// takes part in (`outputs`); the variance of the standard kinds follows from these.
public struct Initializer: Sendable {
  private let make:
    @Sendable (
      _ shape: [Int], _ inputs: Int, _ outputs: Int, _ key: RandomKey, _ dtype: DType
    ) -> Tensor

  /// An initializer of one's own.
  public init(
    _ make:
      @escaping @Sendable (
        _ shape: [Int], _ inputs: Int, _ outputs: Int, _ key: RandomKey, _ dtype: DType
      ) -> Tensor
  ) {
    self.make = make
  }

  /// New weights.
  ///
  /// - Parameters:
  ///   - shape: that of the weights.
  ///   - inputs: how many inputs meet in one output.
  ///   - outputs: how many outputs one input takes part in.
  public func callAsFunction(
    _ shape: [Int], inputs: Int, outputs: Int, key: RandomKey, dtype: DType = .float32
  ) -> Tensor {
    make(shape, inputs, outputs, key, dtype)
  }

  /// Normal numbers with a variance that follows from inputs and outputs.
  public static func normal(
    variance: @escaping @Sendable (_ inputs: Int, _ outputs: Int) -> Double
  ) -> Initializer {
    Initializer { shape, inputs, outputs, key, dtype in
      key.normal(
        shape, standardDeviation: variance(inputs, outputs).squareRoot(), dtype: dtype)
    }
  }

  /// Uniform numbers around 0 with a variance that follows from inputs and outputs.
  public static func uniform(
    variance: @escaping @Sendable (_ inputs: Int, _ outputs: Int) -> Double
  ) -> Initializer {
    Initializer { shape, inputs, outputs, key, dtype in
      let bound = (3 * variance(inputs, outputs)).squareRoot()
      return key.uniform(shape, low: -bound, high: bound, dtype: dtype)
    }
  }
}

// MARK: - The standard kinds

extension Initializer {
  /// Variance `2 / (inputs + outputs)`, uniform (Glorot and Bengio 2010).
  public static var glorotUniform: Initializer { uniform { 2 / positive($0 + $1) } }
  /// Variance `2 / (inputs + outputs)`, normal (Glorot and Bengio 2010).
  public static var glorotNormal: Initializer { normal { 2 / positive($0 + $1) } }
  /// Variance `2 / inputs`, uniform, for rectifiers (He, Zhang, Ren and Sun 2015).
  public static var heUniform: Initializer { uniform { inputs, _ in 2 / positive(inputs) } }
  /// Variance `2 / inputs`, normal, for rectifiers (He, Zhang, Ren and Sun 2015).
  public static var heNormal: Initializer { normal { inputs, _ in 2 / positive(inputs) } }
  /// Variance `1 / inputs`, uniform (LeCun, Bottou, Orr and Müller 1998).
  public static var lecunUniform: Initializer { uniform { inputs, _ in 1 / positive(inputs) } }
  /// Variance `1 / inputs`, normal (LeCun, Bottou, Orr and Müller 1998).
  public static var lecunNormal: Initializer { normal { inputs, _ in 1 / positive(inputs) } }
  /// Zero everywhere.
  public static var zeros: Initializer { constant(0) }

  /// One number everywhere.
  public static func constant(_ value: Double) -> Initializer {
    Initializer { shape, _, _, _, dtype in Tensor(repeating: value, shape: shape, dtype: dtype) }
  }

  /// Random orthogonal matrices times `gain`, all equally likely (Saxe, McClelland and Ganguli 2014): the
  /// last two axes are the matrix, which has orthonormal rows or columns, whichever are fewer.
  public static func orthogonal(gain: Double = 1) -> Initializer {
    Initializer { shape, _, _, key, dtype in
      precondition(shape.count >= 2, "orthogonal: the shape \(shape) has less than two axes")
      let (rows, columns) = (shape[shape.count - 2], shape[shape.count - 1])
      let batch = shape.dropLast(2).reduce(1, *)
      if batch * rows * columns == 0 { return Tensor.zeros(shape, dtype: dtype) }
      let matrices = key.split(into: batch).map { key -> Tensor in
        let basis = orthonormalColumns(max(rows, columns), min(rows, columns), key)
        return rows >= columns ? basis : basis.transposed()
      }
      return (stack(matrices) * gain).reshaped(to: shape).asType(dtype)
    }
  }

  /// A uniformly distributed matrix `[rows, columns]` with orthonormal columns: the Q of a random normal
  /// matrix, with the signs that make R's diagonal positive (Mezzadri 2007).
  private static func orthonormalColumns(_ rows: Int, _ columns: Int, _ key: RandomKey) -> Tensor {
    var key = key
    while true {
      let source = key.normal([rows, columns])
      // Random normal matrices have full rank with probability 1; should rounding say otherwise, the next
      // one is drawn.
      if let factors = try? QR(Matrix(source)), factors.rank == columns {
        let basis = Tensor(factors.rangeBasis)
        let ordered = source.gathering(factors.columnOrder, axis: 1)
        let signs = sign((basis * ordered).sum(axis: 0))
        return basis * signs
      }
      key = key.folded(in: 0)
    }
  }

  private static func positive(_ count: Int) -> Double { Double(max(count, 1)) }
}
