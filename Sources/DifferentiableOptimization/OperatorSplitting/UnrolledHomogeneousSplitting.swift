import Autodiff
import ConvexSolvers
import LinearAlgebra

extension HomogeneousSplitting {
  /// One step of a batch of states, as one differentiable operation, so that steps can be unrolled and
  /// what goes into them learned.
  ///
  /// ```swift
  /// var w = network(features)                                  // [B, n + m + 1], τ last
  /// for _ in 0..<10 { w = method.step(w, c: c) }               // c: [B, n]
  /// let x = method.solution(w).x
  /// ```
  ///
  /// All items share P, A and the factorization. Derivatives of first order, in both modes; a second one
  /// traps.
  ///
  /// - Parameters:
  ///   - w: the states, float64, shape `[..., n + m + 1]`.
  ///   - c: shape `[..., n]` like the states, or `[n]`; that of the program by default.
  ///   - b: shape `[..., m]` or `[m]`; that of the program by default. Rows that are without a bound in
  ///     the program stay so.
  ///   - scale: of shape `[]`; that of the settings by default.
  public func step(
    _ w: Tensor, c: Tensor? = nil, b: Tensor? = nil, scale: Tensor? = nil
  ) -> Tensor {
    let operands = [
      w, c ?? Tensor(program.c), b ?? Tensor(program.b), scale ?? Tensor(settings.scale),
    ]
    let (n, m) = (program.variables, program.rows)
    let batch = SplittingBatch(
      "HomogeneousSplitting.step", operands, lengths: [n + m + 1, n, m], states: 1,
      leading: Array(w.shape.dropLast()))
    let trace = HomogeneousSplittingTrace(core, batch)
    return primitive(
      named: "the derivative of HomogeneousSplitting.step", operands,
      { trace.step($0) },
      vjp: { operands, _, cotangents, _ in trace.vjp(operands, cotangents) },
      jvp: { operands, _, tangents in trace.jvp(operands, tangents) })[0]
  }

  /// The variables and τ that a batch of states stands for near a fixed point: x / τ, shape `[..., n]`, in
  /// operations with derivatives of any order.
  public func solution(_ w: Tensor) -> (x: Tensor, tau: Tensor) {
    let size = program.variables + program.rows
    let tau = w.slice(axis: -1, size..<size + 1)
    return (w.slice(axis: -1, 0..<program.variables) / tau, tau)
  }
}

/// A step of a batch, with what it leaves behind for its derivatives; `records` is written once.
private final class HomogeneousSplittingTrace: @unchecked Sendable {
  private let core: HomogeneousSplittingStep
  private let batch: SplittingBatch
  private var records: [HomogeneousSplittingStep.Record] = []

  init(_ core: HomogeneousSplittingStep, _ batch: SplittingBatch) {
    self.core = core
    self.batch = batch
  }

  private func change(_ tensors: [Tensor], _ item: Int) -> HomogeneousSplittingStep.DataChange {
    .init(
      c: batch.pointer(tensors, 1, item), b: batch.pointer(tensors, 2, item), P: nil, A: nil,
      scale: tensors[3].item)
  }

  func step(_ operands: [Tensor]) -> [Tensor] {
    let result = batch.zeros(like: operands.prefix(1))
    records = (0..<batch.items).map { item in
      let record = HomogeneousSplittingStep.Record(core)
      core.prepare(
        record, c: batch.pointer(operands, 1, item), b: batch.pointer(operands, 2, item),
        scale: operands[3].item)
      core.step(
        batch.pointer(operands, 0, item), scale: operands[3].item,
        next: batch.pointer(result, 0, item), record: record, wantsDerivatives: true)
      return record
    }
    return result
  }

  func jvp(_ operands: [Tensor], _ tangents: [Tensor?]) -> [Tensor?] {
    batch.requireFirstOrder(operands, tangents)
    let tangents = batch.filled(tangents, like: operands)
    let result = batch.zeros(like: operands.prefix(1))
    for item in 0..<batch.items {
      core.jvp(
        at: batch.pointer(operands, 0, item), c: batch.pointer(operands, 1, item),
        b: batch.pointer(operands, 2, item), scale: operands[3].item, record: records[item],
        tangent: batch.pointer(tangents, 0, item), change(tangents, item),
        next: batch.pointer(result, 0, item))
    }
    return result
  }

  func vjp(_ operands: [Tensor], _ cotangents: [Tensor?]) -> [Tensor?] {
    batch.requireFirstOrder(operands, cotangents)
    let cotangents = batch.filled(cotangents, like: Array(operands.prefix(1)))
    let results = batch.zeros(like: operands[...])
    var ofScale = 0.0
    for item in 0..<batch.items {
      ofScale += core.vjp(
        at: batch.pointer(operands, 0, item), c: batch.pointer(operands, 1, item),
        b: batch.pointer(operands, 2, item), scale: operands[3].item, record: records[item],
        cotangent: batch.pointer(cotangents, 0, item), gradient: batch.pointer(results, 0, item),
        change(results, item))
    }
    return Array(results.dropLast()) + [Tensor(ofScale)]
  }
}
