/// A function whose derivative is given by hand: an implicit derivative, a numerically safer formula, or
/// a value that is computed outside of tensor operations.
///
/// ```swift
/// let y = withCustomDerivative(
///   named: "stable log", at: x,
///   value: { log($0) },
///   vjp: { x, _, cotangent in cotangent / x },
///   jvp: { x, _, tangent in tangent / x })
/// ```
///
/// Where `vjp` and `jvp` compute in tensor operations, derivatives of any order follow. One that leaves them
/// (reads `scalars`, calls a solver on plain arrays) has a first derivative only: asking for a second one
/// traps with the function's name, it never gives a silent zero.
///
/// - Parameters:
///   - name: what the function is called in messages.
///   - input: where it is computed. Tensors that `value` captures are constants to it: one that is being
///     differentiated traps; hand it in as a part of the input.
///   - value: the function; gets plain values.
///   - vjp: from input, value and cotangent of the value to that of the input.
///   - jvp: from input, value and tangent of the input to that of the value; without it forward mode traps.
///   - isLinear: says that `value` is linear, so that its derivatives rightly don't depend on the input.
public func withCustomDerivative<Input: TensorStructure, Output: TensorStructure>(
  named name: String, at input: Input, value: (Input) throws -> Output,
  vjp: @escaping @Sendable (_ input: Input, _ value: Output, _ cotangent: Output) -> Input,
  jvp: ((_ input: Input, _ value: Output, _ tangent: Input) -> Output)? = nil,
  isLinear: Bool = false
) rethrows -> Output {
  let template = OutputTemplate<Output>()
  let plainInput = input.stoppingGradient()
  let results = try primitive(
    named: name, input.leaves,
    { try template.leaves(of: value(plainInput.replacingLeaves(with: $0)), name) },
    vjp: { operands, results, cotangents, _ in
      let product = vjp(
        plainInput.replacingLeaves(with: operands), template.filled(with: results),
        template.filled(with: orZeros(cotangents, results))
      ).leaves
      requireDerivative(
        product, like: operands, linearIn: cotangents.compactMap { $0 }, dependingOn: operands,
        isLinear, "the vjp of \(name)")
      return product.map { $0 }
    },
    jvp: jvp.map { jvp in
      { operands, results, tangents in
        let product = jvp(
          plainInput.replacingLeaves(with: operands), template.filled(with: results),
          plainInput.replacingLeaves(with: orZeros(tangents, operands))
        ).leaves
        requireDerivative(
          product, like: results, linearIn: tangents.compactMap { $0 }, dependingOn: operands,
          isLinear, "the jvp of \(name)")
        return product.map { $0 }
      }
    })
  return template.filled(with: results)
}

/// The structure of a function's result, known once it was computed.
///
/// Written once, before anything reads it.
final class OutputTemplate<Output: TensorStructure>: @unchecked Sendable {
  private var template: Output?

  /// Remembers the structure and hands out its tensors, which must be constants.
  func leaves(of output: Output, _ name: @autoclosure () -> String) -> [Tensor] {
    let leaves = output.leaves
    precondition(
      leaves.allSatisfy { $0.trace == nil },
      "\(name()): the function captures a tensor that is being differentiated; make it a part of "
        + "the input")
    template = output
    return leaves
  }

  func filled(with leaves: [Tensor]) -> Output { template!.replacingLeaves(with: leaves) }
}

/// Zeros in place of what is missing, like its counterpart.
func orZeros(_ tensors: [Tensor?], _ counterparts: [Tensor]) -> [Tensor] {
  zip(tensors, counterparts).map { $0 ?? Tensor.zeros(like: $1) }
}

/// Traps where a hand-written derivative has other shapes or types than its counterparts, or lost the history
/// that an outer derivative needs.
///
/// A derivative is linear in the cotangent or tangent, and depends on the operands unless the function is
/// linear: what doesn't vanish must be traced at every level at which those are.
private func requireDerivative(
  _ product: [Tensor], like counterparts: [Tensor], linearIn direction: [Tensor],
  dependingOn operands: [Tensor], _ isLinear: Bool, _ name: @autoclosure () -> String
) {
  precondition(
    product.count == counterparts.count,
    "\(name()): \(product.count) results for \(counterparts.count)")
  for (part, like) in zip(product, counterparts) {
    precondition(
      part.shape == like.shape && part.dtype == like.dtype,
      "\(name()): a result of shape \(part.shape) \(part.dtype) for \(like.shape) \(like.dtype)")
  }
  var needed = Set<Int64>()
  for tensor in direction { needed.formUnion(tensor.levels) }
  if !isLinear { for tensor in operands { needed.formUnion(tensor.levels) } }
  if needed.isEmpty { return }
  let nonzero = product.filter { tensor in tensor.scalars.contains { $0 != 0 } }
  if nonzero.isEmpty { return }
  let present = product.reduce(into: Set<Int64>()) { $0.formUnion($1.levels) }
  precondition(
    needed.isSubset(of: present),
    "\(name()) is not differentiable: its result does not follow from its arguments by tensor "
      + "operations. Write it in tensor operations, or say isLinear if the function is linear")
}

extension Tensor {
  /// The levels that trace this tensor.
  fileprivate var levels: [Int64] {
    var result: [Int64] = []
    var current = live.trace
    while let trace = current {
      result.append(trace.level)
      current = trace.lower
    }
    return result
  }
}
