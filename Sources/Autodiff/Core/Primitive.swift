/// The one way by which an operation enters derivatives.
///
/// An operation says what it computes and how its derivative follows, in tensor operations; those are
/// traced in turn where an outer derivative asks for it, hence derivatives of any order. A closure given
/// as `vjp` makes the pullback and captures only what that needs, for it lives as long as the tape.

/// What an operation computes is given for operands that nothing traces any more (`apply`); the operation
/// is repeated, as a whole, for every level that traces an operand.

/// An operation with one operand.
///
/// - Parameters:
///   - vjp: from operand and result to the pullback.
///   - jvp: from operand, result and the operand's tangent to the result's tangent.
@inline(__always)
package func primitive(
  _ x: Tensor, _ apply: (Tensor) -> Tensor, vjp: (_ x: Tensor, _ y: Tensor) -> Pullback,
  jvp: (_ x: Tensor, _ y: Tensor, _ tangent: Tensor) -> Tensor
) -> Tensor {
  x.trace == nil ? apply(x) : traced(x, apply, vjp, jvp)
}

private func traced(
  _ x: Tensor, _ apply: (Tensor) -> Tensor, _ vjp: (Tensor, Tensor) -> Pullback,
  _ jvp: (Tensor, Tensor, Tensor) -> Tensor
) -> Tensor {
  let x = x.live
  guard let trace = x.trace else { return apply(x) }
  let below = Tensor(storage: x.storage, trace: trace.lower)
  let y = traced(below, apply, vjp, jvp)
  if let tape = trace.tape {
    let slot = tape.append(Tape.Entry(left: trace.slot, leftPullback: vjp(below, y)))
    return Tensor(
      storage: y.storage, trace: Trace(level: trace.level, lower: y.trace, tape: tape, slot: slot))
  }
  let tangent = jvp(below, y, trace.tangent!)
  return Tensor(
    storage: y.storage,
    trace: Trace(level: trace.level, lower: y.trace, scope: trace.scope, tangent: tangent))
}

/// A linear operation with one operand: its tangent is the operation itself, its pullback the transpose.
@inline(__always)
package func linear(
  _ x: Tensor, _ apply: (Tensor) -> Tensor, transpose: @escaping Pullback
) -> Tensor {
  x.trace == nil ? apply(x) : tracedLinear(x, apply, transpose)
}

private func tracedLinear(
  _ x: Tensor, _ apply: (Tensor) -> Tensor, _ transpose: @escaping Pullback
) -> Tensor {
  traced(
    x, apply, { _, _ in transpose },
    { _, _, tangent in linear(tangent, apply, transpose: transpose) }
  )
}

/// An operation with two operands; the parts of its derivative are asked for only where an operand is
/// traced.
@inline(__always)
package func primitive(
  _ a: Tensor, _ b: Tensor, _ apply: (Tensor, Tensor) -> Tensor,
  vjpLeft: (_ a: Tensor, _ b: Tensor, _ y: Tensor) -> Pullback,
  vjpRight: (_ a: Tensor, _ b: Tensor, _ y: Tensor) -> Pullback,
  jvpLeft: (_ a: Tensor, _ b: Tensor, _ y: Tensor, _ tangent: Tensor) -> Tensor,
  jvpRight: (_ a: Tensor, _ b: Tensor, _ y: Tensor, _ tangent: Tensor) -> Tensor
) -> Tensor {
  a.trace == nil && b.trace == nil
    ? apply(a, b) : traced(a, b, apply, vjpLeft, vjpRight, jvpLeft, jvpRight)
}

private func traced(
  _ a: Tensor, _ b: Tensor, _ apply: (Tensor, Tensor) -> Tensor,
  _ vjpLeft: (Tensor, Tensor, Tensor) -> Pullback,
  _ vjpRight: (Tensor, Tensor, Tensor) -> Pullback,
  _ jvpLeft: (Tensor, Tensor, Tensor, Tensor) -> Tensor,
  _ jvpRight: (Tensor, Tensor, Tensor, Tensor) -> Tensor
) -> Tensor {
  let a = a.live
  let b = b.live
  let level = max(a.trace?.level ?? 0, b.trace?.level ?? 0)
  if level == 0 { return apply(a, b) }
  let traceA = a.trace(at: level)
  let traceB = b.trace(at: level)
  let belowA = a.below(level)
  let belowB = b.below(level)
  let y = traced(belowA, belowB, apply, vjpLeft, vjpRight, jvpLeft, jvpRight)
  if let tape = (traceA ?? traceB)!.tape {
    var entry = Tape.Entry()
    if let traceA {
      entry.left = traceA.slot
      entry.leftPullback = vjpLeft(belowA, belowB, y)
      if let traceB {
        entry.right = traceB.slot
        entry.rightPullback = vjpRight(belowA, belowB, y)
      }
    } else if let traceB {
      entry.left = traceB.slot
      entry.leftPullback = vjpRight(belowA, belowB, y)
    }
    let slot = tape.append(entry)
    return Tensor(
      storage: y.storage, trace: Trace(level: level, lower: y.trace, tape: tape, slot: slot))
  }
  var tangent: Tensor
  if let traceA {
    tangent = jvpLeft(belowA, belowB, y, traceA.tangent!)
    if let traceB { tangent += jvpRight(belowA, belowB, y, traceB.tangent!) }
  } else {
    tangent = jvpRight(belowA, belowB, y, traceB!.tangent!)
  }
  return Tensor(
    storage: y.storage,
    trace: Trace(level: level, lower: y.trace, scope: (traceA ?? traceB)!.scope, tangent: tangent))
}

/// An operation with any number of operands and results.
///
/// - Parameters:
///   - vjp: from operands, results, the results' cotangents (nil for zero) and which operands are asked
///     for, to the operands' cotangents (nil for zero or not asked).
///   - jvp: from operands, results and the operands' tangents (nil for zero) to the results' tangents
///     (nil for zero). Nil if the operation has no forward rule: forward mode then traps and names it.
package func primitive(
  named name: @autoclosure () -> String, _ operands: [Tensor],
  _ apply: ([Tensor]) throws -> [Tensor],
  vjp:
    @escaping @Sendable (
      _ operands: [Tensor], _ results: [Tensor], _ cotangents: [Tensor?], _ isWanted: [Bool]
    ) -> [Tensor?],
  jvp: (
    (_ operands: [Tensor], _ results: [Tensor], _ tangents: [Tensor?]) -> [Tensor?]
  )?
) rethrows -> [Tensor] {
  let operands = operands.map(\.live)
  let level = operands.reduce(0) { max($0, $1.trace?.level ?? 0) }
  if level == 0 { return try apply(operands) }
  let traces = operands.map { $0.trace(at: level) }
  let below = operands.map { $0.below(level) }
  let results = try primitive(named: name(), below, apply, vjp: vjp, jvp: jvp)
  if let tape = traces.lazy.compactMap({ $0 }).first!.tape {
    let isWanted = traces.map { $0 != nil }
    let slot = tape.append(
      Tape.JointOperation(
        operands: traces.map { $0?.slot }, resultCount: results.count,
        pullback: { vjp(below, results, $0, isWanted) }))
    return results.enumerated().map { index, result in
      Tensor(
        storage: result.storage,
        trace: Trace(level: level, lower: result.trace, tape: tape, slot: slot + index))
    }
  }
  guard let jvp else {
    preconditionFailure("\(name()) has no forward-mode derivative")
  }
  let scope = traces.lazy.compactMap { $0 }.first!.scope
  let tangents = jvp(below, results, traces.map { $0?.tangent })
  return zip(results, tangents).map { result, tangent in
    guard let tangent else { return result }
    return Tensor(
      storage: result.storage,
      trace: Trace(level: level, lower: result.trace, scope: scope, tangent: tangent))
  }
}
