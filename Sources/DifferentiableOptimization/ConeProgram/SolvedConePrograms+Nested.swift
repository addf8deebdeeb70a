import Autodiff
import ConvexSolvers
import OptimizationCore

// Derivatives of which another derivative is being taken. Items with an exact certificate and symmetric
// cones go through the optimality system in tensor operations. The first derivatives of the others are the
// solver's; they are linear in the cotangent (or tangent), but their derivative with respect to the data
// doesn't exist (or is not offered) and is NaN, or zero where the upstream value is zero.

extension SolvedConePrograms {
  func nestedVJP(
    _ operands: ConeProgramTensors, _ results: [Tensor], _ cotangents: [Tensor?],
    _ isWanted: [Bool]
  ) -> [Tensor?] {
    let point = point(operands, results)
    let given = zip(cotangents, results).map { perItem($0 ?? Tensor.zeros(like: $1)) }
    // The slack is r₂ - A dx.
    let slack = given[2] * regularity.slack
    let (u, dy) = point.system.solve(
      given[0] - forms.A.transposedProduct(point.system.A, slack), given[1])
    let w = (dy + slack) * regularity.bounded
    let exactPart = operands.present.indices.map { index -> Tensor? in
      guard isWanted[index] else { return nil }
      let gradient: Tensor
      switch operands.present[index] {
      case .P: gradient = -forms.P!.symmetricOuter(u, point.x)
      case .c: gradient = -u
      case .A: gradient = -(forms.A.outer(point.y, u) + forms.A.outer(w, point.x))
      case .b: gradient = w
      }
      return shaped(gradient, like: operands.tensors[index])
    }
    guard !regularity.inexactItems.isEmpty else { return exactPart }
    let rest = inexact(.reverse, operands, orZeros(cotangents, results))
    return zip(exactPart, rest).map { gradient, rest in gradient.map { $0 + rest } }
  }

  func nestedJVP(_ operands: ConeProgramTensors, _ results: [Tensor], _ tangents: [Tensor?])
    -> [Tensor?]
  {
    let point = point(operands, results)
    var r1 = Tensor.zeros(like: point.x)
    var r2 = Tensor.zeros(like: point.y)
    for (datum, tangent) in zip(operands.present, tangents) {
      guard let tangent = tangent.map(perItem) else { continue }
      switch datum {
      case .P: r1 -= forms.P!.symmetricProduct(tangent, point.x)
      case .c: r1 -= tangent
      case .A:
        r1 -= forms.A.transposedProduct(tangent, point.y)
        r2 -= forms.A.product(tangent, point.x)
      case .b: r2 += tangent
      }
    }
    r2 *= regularity.bounded
    let (dx, dy) = point.system.solve(r1, r2)
    let ds = (r2 - forms.A.product(point.system.A, dx)) * regularity.slack
    let exactPart = zip([dx, dy, ds], results).map { $0.reshaped(to: $1.shape) }
    guard !regularity.inexactItems.isEmpty else { return exactPart }
    let rest = inexact(.forward, operands, orZeros(tangents, operands.tensors))
    return zip(exactPart, rest).map { $0 + $1 }
  }

  // MARK: - The solution as operands

  private struct Point {
    /// `[B, n]`, `[B, m]`; zero for items without an exact derivative.
    let x: Tensor
    let y: Tensor
    let system: ConeOptimalitySystem
  }

  private func point(_ operands: ConeProgramTensors, _ results: [Tensor]) -> Point {
    let (x, y, s) = (inItems(results[0]), inItems(results[1]), inItems(results[2]))
    let regularity = regularity
    let dual = select(regularity.exact, y, Tensor.zeros(like: y))
    let slack = select(regularity.curved, s, forms.algebra.identity.broadcast(to: s.shape))
    return Point(
      x: select(regularity.exact, x, Tensor.zeros(like: x)), y: dual,
      system: ConeOptimalitySystem(
        self, P: operands[.P].map(allItems), A: allItems(operands[.A]!), s: slack, y: dual))
  }

  /// `[B, length]`, also of one without a batch axis anywhere.
  private func inItems(_ tensor: Tensor) -> Tensor {
    batchSize == nil ? tensor.expandingAxis(0) : tensor
  }

  /// `[B, length]`, also of a shared one.
  private func allItems(_ tensor: Tensor) -> Tensor {
    tensor.broadcast(to: [solution.items, tensor.shape.last!])
  }

  /// `[B, length]`, with zeros for the items that are not exact.
  private func perItem(_ tensor: Tensor) -> Tensor {
    let all = allItems(tensor)
    if regularity.inexactItems.isEmpty { return all }
    return select(regularity.exact, all, Tensor.zeros(like: all))
  }

  /// The sum over the batch where the datum has no batch axis.
  private func shaped(_ gradient: Tensor, like datum: Tensor) -> Tensor {
    datum.rank == 1 ? gradient.sum(axis: 0) : gradient
  }

  // MARK: - Items without second derivative

  private enum Mode: Sendable {
    case reverse, forward
  }

  /// The solver's derivative for the items that are not exact, zero for the others: from cotangents of the
  /// results to those of the data, or from tangents of the data to those of the results. Linear in
  /// `inputs`; the transpose of one mode is the other.
  private func inexact(_ mode: Mode, _ data: ConeProgramTensors, _ inputs: [Tensor]) -> [Tensor] {
    let count = data.tensors.count
    return primitive(
      named: "the derivative of ConeProgramLayer", data.tensors + inputs,
      { operands in
        let items = regularity.inexactItems
        let inputs = Array(operands[count...])
        switch mode {
        case .reverse: return plainVJP(parts.only(items, inputs))
        case .forward: return parts.only(items, plainJVP(inputs))
        }
      },
      vjp: { [self] operands, results, upstream, _ in
        let data = data.with(Array(operands[..<count]))
        let upstream = orZeros(upstream, results)
        let items = parts.nonzero(regularity.inexactItems, Array(operands[count...]))
          .intersection(parts.nonzero(regularity.inexactItems, upstream))
        return parts.undefined(like: data.tensors, items)
          + inexact(mode == .reverse ? .forward : .reverse, data, upstream)
      },
      jvp: { [self] operands, results, tangents in
        let data = data.with(Array(operands[..<count]))
        let change = orZeros(Array(tangents[..<count]), data.tensors)
        let inputs = Array(operands[count...])
        let items = parts.nonzero(regularity.inexactItems, inputs)
          .intersection(parts.nonzero(regularity.inexactItems, change))
        let direct = inexact(mode, data, orZeros(Array(tangents[count...]), inputs))
        return zip(parts.undefined(like: results, items), direct).map { $0 + $1 }
      })
  }
}
