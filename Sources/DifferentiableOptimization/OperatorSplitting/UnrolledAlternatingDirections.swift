import Autodiff
import ConvexSolvers
import LinearAlgebra

extension AlternatingDirections {
  /// A batch of states as tensors, all float64: from zero, or predicted by a network.
  public struct TensorState: TensorStructure {
    /// Variables, shape `[..., n]`.
    public var x: Tensor
    /// Ax, moved into the bounds, shape `[..., m]`.
    public var z: Tensor
    /// Dual, shape `[..., m]`.
    public var y: Tensor

    /// A batch of states.
    public init(x: Tensor, z: Tensor, y: Tensor) {
      self.x = x
      self.z = z
      self.y = y
    }

    public mutating func visitTensors(_ visit: inout TensorVisitor) {
      visit("x", &x)
      visit("z", &z)
      visit("y", &y)
    }
  }

  /// One step of a batch of states, as one differentiable operation, so that steps can be unrolled and
  /// what goes into them learned.
  ///
  /// ```swift
  /// var state = AlternatingDirections.TensorState(x: x0, z: z0, y: y0)     // of a network, [B, n], ...
  /// for _ in 0..<10 { state = method.step(state, q: q) }                   // q: [B, n]
  /// let loss = square(state.x - solutions).sum()
  /// ```
  ///
  /// All items share P, A and the factorization. Derivatives of first order, in both modes; see `stepJVP`
  /// for what they are where a row lies on its bound. A second derivative traps.
  ///
  /// - Parameters:
  ///   - state: the batch.
  ///   - q: shape `[..., n]` like the states, or `[n]`; that of the program by default.
  ///   - lower, upper: shape `[..., m]` or `[m]`; those of the program by default. Rows that are
  ///     equalities in the program should be here as well, for their weights are.
  ///   - penalty: ρ, of shape `[]`; that of the settings by default.
  public func step(
    _ state: TensorState, q: Tensor? = nil, lower: Tensor? = nil, upper: Tensor? = nil,
    penalty: Tensor? = nil
  ) -> TensorState {
    let operands = [
      state.x, state.z, state.y, q ?? Tensor(program.q), lower ?? Tensor(program.lower),
      upper ?? Tensor(program.upper), penalty ?? Tensor(settings.penalty),
    ]
    let (n, m) = (program.variables, program.rows)
    let leading = Array(state.x.shape.dropLast())
    let batch = SplittingBatch(
      "AlternatingDirections.step", operands, lengths: [n, m, m, n, m, m], states: 3,
      leading: leading)
    let trace = AlternatingDirectionsTrace(core, batch)
    let results = primitive(
      named: "the derivative of AlternatingDirections.step", operands,
      { trace.step($0) },
      vjp: { operands, _, cotangents, _ in trace.vjp(operands, cotangents) },
      jvp: { operands, _, tangents in trace.jvp(operands, tangents) })
    return TensorState(x: results[0], z: results[1], y: results[2])
  }
}

/// A step of a batch, with what it leaves behind for its derivatives; `w` and `t` are written once.
private final class AlternatingDirectionsTrace: @unchecked Sendable {
  private typealias Step = AlternatingDirectionsStep
  private let core: AlternatingDirectionsStep
  private let batch: SplittingBatch
  private let w: AlignedBuffer
  private let t: AlignedBuffer

  init(_ core: AlternatingDirectionsStep, _ batch: SplittingBatch) {
    self.core = core
    self.batch = batch
    w = AlignedBuffer(uninitializedCount: batch.items * (core.variables + core.rows))
    t = AlignedBuffer(uninitializedCount: batch.items * core.rows)
  }

  private func record(_ item: Int) -> Step.Record {
    Step.Record(
      w: w.pointer + item * (core.variables + core.rows), t: t.pointer + item * core.rows)
  }

  private func point(_ tensors: [Tensor], _ item: Int) -> Step.Point {
    Step.Point(
      x: batch.pointer(tensors, 0, item), z: batch.pointer(tensors, 1, item),
      y: batch.pointer(tensors, 2, item))
  }

  private func data(_ tensors: [Tensor], _ item: Int) -> Step.Data {
    Step.Data(
      q: batch.pointer(tensors, 3, item), lower: batch.pointer(tensors, 4, item),
      upper: batch.pointer(tensors, 5, item))
  }

  func step(_ operands: [Tensor]) -> [Tensor] {
    let results = batch.zeros(like: operands.prefix(3))
    for item in 0..<batch.items {
      core.step(
        point(operands, item), data(operands, item), penalty: operands[6].item,
        next: point(results, item), record: record(item))
    }
    return results
  }

  func jvp(_ operands: [Tensor], _ tangents: [Tensor?]) -> [Tensor?] {
    batch.requireFirstOrder(operands, tangents)
    let tangents = batch.filled(tangents, like: operands)
    let results = batch.zeros(like: operands.prefix(3))
    let scratch = AlignedBuffer(uninitializedCount: core.variables + core.rows)
    for item in 0..<batch.items {
      core.jvp(
        at: point(operands, item), data(operands, item), penalty: operands[6].item,
        record: record(item), tangent: point(tangents, item), data(tangents, item),
        .init(P: nil, A: nil, penalty: tangents[6].item), next: point(results, item),
        scratch: scratch.pointer)
    }
    return results
  }

  func vjp(_ operands: [Tensor], _ cotangents: [Tensor?]) -> [Tensor?] {
    batch.requireFirstOrder(operands, cotangents)
    let cotangents = batch.filled(cotangents, like: Array(operands.prefix(3)))
    let results = batch.zeros(like: operands[...])
    let scratch = AlignedBuffer(uninitializedCount: core.variables + core.rows)
    var ofPenalty = 0.0
    for item in 0..<batch.items {
      ofPenalty += core.vjp(
        at: point(operands, item), data(operands, item), penalty: operands[6].item,
        record: record(item), cotangent: point(cotangents, item), gradient: point(results, item),
        data(results, item), gradientOfP: nil, gradientOfA: nil, scratch: scratch.pointer)
    }
    return Array(results.dropLast()) + [Tensor(ofPenalty)]
  }
}
