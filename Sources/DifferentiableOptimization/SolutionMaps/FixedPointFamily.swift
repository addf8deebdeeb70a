import Autodiff

/// Fixed points `y = T(y; x)` of a map, as the solutions of a problem: f(y; x) = |T(y; x) - y|².
///
/// ```swift
/// let family = FixedPointFamily<Tensor, Tensor>(
///   initial: { x in Tensor.zeros([x.shape[0], 64]) }, map: { y, x in tanh(matmul(y, W) + x) })
/// ```
///
/// The residual is the largest change of an entry; beyond 1e4 what rounding hides of it is added.
public struct FixedPointFamily<Value: TensorStructure, Context: TensorStructure>: IterativeMap {
  public typealias Point = Value
  public typealias State = Value

  private let initial: @Sendable (_ context: Context) -> Value
  private let map: @Sendable (_ y: Value, _ context: Context) -> Value

  public init(
    initial: @escaping @Sendable (_ context: Context) -> Value,
    map: @escaping @Sendable (_ y: Value, _ context: Context) -> Value
  ) {
    self.initial = initial
    self.map = map
  }

  public func coldStart(for context: Context) -> Value { initial(context) }
  public func step(_ state: Value, for context: Context) -> Value { map(state, context) }

  public func residual(of state: Value, for context: Context) -> Tensor {
    let changes = zip(map(state, context).leaves, state.leaves).map { next, now in
      abs(next - now).flattenedItems.largest
    }
    let sizes = state.leaves.map { $0.flattenedItems.largest }
    return changes.dropFirst().reduce(changes[0], maximum)
      .plusLostSteps(sizes.dropFirst().reduce(sizes[0], maximum)).notANumberWhere(state.leaves)
  }

  public func value(of point: Value, for context: Context) -> Tensor {
    let squares = zip(map(point, context).leaves, point.leaves).map { next, now in
      square(next - now).flattenedItems.sum(axis: -1)
    }
    return squares.dropFirst().reduce(squares[0], +)
  }
}

extension Tensor {
  /// `[B, everything else]`.
  package var flattenedItems: Tensor {
    reshaped(to: [shape[0], count / Swift.max(shape[0], 1)])
  }
}
