import Autodiff
import ConvexSolvers
import OptimizationCore

// Derivatives of which another derivative is being taken. Items with an exact certificate go through the
// optimality system in tensor operations. The first derivatives of the others are the solver's; they are
// linear in the cotangent (or tangent), but their derivative with respect to the data doesn't exist and is
// NaN, or zero where the upstream value is zero.

extension SolvedPrograms {
  func nestedVJP(
    _ operands: ProgramTensors, _ results: [Tensor], _ cotangents: [Tensor?], _ isWanted: [Bool]
  ) -> [Tensor?] {
    let gradients = system(operands, results).vjp(operands, cotangents, isWanted)
    guard !regularity.inexactItems.isEmpty else { return gradients }
    let rest = inexactVJP(operands, orZeros(cotangents, results))
    return zip(gradients, rest).map { gradient, rest in gradient.map { $0 + rest } }
  }

  func nestedJVP(_ operands: ProgramTensors, _ results: [Tensor], _ tangents: [Tensor?])
    -> [Tensor?]
  {
    let parts = zip(system(operands, results).jvp(operands, tangents), results).map {
      $0.reshaped(to: $1.shape)
    }
    guard !regularity.inexactItems.isEmpty else { return parts }
    let rest = inexactJVP(operands, orZeros(tangents, operands.tensors))
    return zip(parts, rest).map { $0 + $1 }
  }

  private func system(_ operands: ProgramTensors, _ results: [Tensor]) -> OptimalitySystem {
    let problem = solution.problem
    return OptimalitySystem(
      OptimalitySystem.Layout(
        items: problem.items, n: problem.variables, m: problem.inequalities, e: problem.equalities),
      operands, results: results, active: regularity.active, exact: regularity.exact)
  }

  // MARK: - Items without second derivative

  /// The solver's reverse mode for the items that are not exact, zero for the others.
  private func inexactVJP(_ data: ProgramTensors, _ cotangents: [Tensor]) -> [Tensor] {
    let count = data.tensors.count
    return primitive(
      named: "the vjp of QuadraticProgramLayer", data.tensors + cotangents,
      { operands in
        plainVJP(onlyInexact(Array(operands[count...]), isShared: { _ in false })).map { $0! }
      },
      vjp: { [self] operands, results, upstream, _ in
        let data = data.with(Array(operands[..<count]))
        let direction = orZeros(upstream, data.tensors)
        let flags = zip(
          nonzeroItems(direction, isShared: { data.isShared($0) }),
          nonzeroItems(Array(operands[count...]), isShared: { _ in false })
        ).map { $0 && $1 }
        return undefined(like: data.tensors, flags, isShared: { data.isShared($0) })
          + inexactJVP(data, direction)
      },
      jvp: { [self] operands, results, tangents in
        let data = data.with(Array(operands[..<count]))
        let change = orZeros(Array(tangents[..<count]), data.tensors)
        let flags = zip(
          nonzeroItems(change, isShared: { data.isShared($0) }),
          nonzeroItems(Array(operands[count...]), isShared: { _ in false })
        ).map { $0 && $1 }
        let nothing = undefined(like: data.tensors, flags, isShared: { data.isShared($0) })
        let direct = inexactVJP(
          data, orZeros(Array(tangents[count...]), Array(operands[count...])))
        return zip(nothing, direct).map { $0 + $1 }
      })
  }

  /// The solver's forward mode for the items that are not exact, zero for the others.
  private func inexactJVP(_ data: ProgramTensors, _ tangents: [Tensor]) -> [Tensor] {
    let count = data.tensors.count
    return primitive(
      named: "the jvp of QuadraticProgramLayer", data.tensors + tangents,
      { operands in
        onlyInexact(
          plainJVP(Array(operands[count...])).map { $0! }, isShared: { _ in false }
        ).map { $0! }
      },
      vjp: { [self] operands, results, upstream, _ in
        let data = data.with(Array(operands[..<count]))
        let direction = orZeros(upstream, results)
        let flags = zip(
          nonzeroItems(direction, isShared: { _ in false }),
          nonzeroItems(Array(operands[count...]), isShared: { data.isShared($0) })
        ).map { $0 && $1 }
        return undefined(like: data.tensors, flags, isShared: { data.isShared($0) })
          + inexactVJP(data, direction)
      },
      jvp: { [self] operands, results, tangents in
        let data = data.with(Array(operands[..<count]))
        let change = orZeros(Array(tangents[..<count]), data.tensors)
        let flags = zip(
          nonzeroItems(change, isShared: { data.isShared($0) }),
          nonzeroItems(Array(operands[count...]), isShared: { data.isShared($0) })
        ).map { $0 && $1 }
        let nothing = undefined(like: results, flags, isShared: { _ in false })
        let direct = inexactJVP(
          data, orZeros(Array(tangents[count...]), Array(operands[count...])))
        return zip(nothing, direct).map { $0 + $1 }
      })
  }

  /// The values of the items that are not exact, zeros for the others. A shared tensor is kept.
  private func onlyInexact(_ tensors: [Tensor], isShared: (Int) -> Bool) -> [Tensor?] {
    tensors.enumerated().map { index, tensor in
      if isShared(index) { return tensor }
      let result = Tensor.zeros(like: tensor)
      let size = tensor.count / max(solution.items, 1)
      for item in regularity.inexactItems {
        (result.doubles + item * size).update(from: tensor.doubles + item * size, count: size)
      }
      return result
    }
  }

  /// For every item, whether it is not exact and one of the tensors is not zero there.
  private func nonzeroItems(_ tensors: [Tensor], isShared: (Int) -> Bool) -> [Bool] {
    var flags = [Bool](repeating: false, count: solution.items)
    for (index, tensor) in tensors.enumerated() {
      let isWhole = isShared(index) || batchSize == nil
      let size = isWhole ? tensor.count : tensor.count / max(solution.items, 1)
      for item in regularity.inexactItems where !flags[item] {
        let start = tensor.doubles + (isWhole ? 0 : item * size)
        flags[item] = UnsafeBufferPointer(start: start, count: size).contains { $0 != 0 }
      }
    }
    return flags
  }

  /// NaN for the flagged items, and zero for the others.
  private func undefined(like tensors: [Tensor], _ flags: [Bool], isShared: (Int) -> Bool)
    -> [Tensor]
  {
    let items = Set(flags.indices.filter { flags[$0] })
    return tensors.enumerated().map { index, tensor in
      let result = Tensor.zeros(like: tensor)
      spoil(result, items: items, isShared: isShared(index))
      return result
    }
  }
}
