/// A function of which a derivative keeps only the input: reverse mode computes it a second time instead of
/// remembering its intermediate values.
///
/// - Parameters:
///   - input: everything that the function depends on and that may be differentiated. A captured tensor
///     that is being differentiated traps.
///   - function: must give the same result whenever it is called; random numbers come from keys.
public func checkpoint<Input: TensorStructure, Output: TensorStructure>(
  _ input: Input, _ function: @escaping @Sendable (Input) throws -> Output
) rethrows -> Output {
  let leaves = input.leaves
  if leaves.allSatisfy({ $0.trace == nil }) { return try function(input) }
  let template = OutputTemplate<Output>()
  let plainInput = input.stoppingGradient()
  let again: @Sendable (Input) -> Output = { input in
    do {
      return try function(input)
    } catch {
      preconditionFailure("checkpoint: the function threw when it was computed again: \(error)")
    }
  }
  let results = try primitive(
    named: "checkpoint", leaves,
    { try template.leaves(of: function(plainInput.replacingLeaves(with: $0)), "checkpoint") },
    vjp: { operands, results, cotangents, _ in
      vjp(at: plainInput.replacingLeaves(with: operands), of: again)
        .pullback(template.filled(with: orZeros(cotangents, results))).leaves
    },
    jvp: { operands, _, tangents in
      jvp(
        at: plainInput.replacingLeaves(with: operands),
        along: plainInput.replacingLeaves(with: orZeros(tangents, operands)), of: again
      ).tangent.leaves
    })
  return template.filled(with: results)
}
