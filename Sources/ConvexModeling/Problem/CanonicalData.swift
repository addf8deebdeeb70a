import Autodiff
import DifferentiableOptimization

/// The data of a compiled program for given parameters, each computed when it is asked for.
struct CanonicalData: Sendable {
  let program: CompiledProgram
  /// The values of the program's leaves, `[B, entries]` or `[1, entries]`.
  let leaves: [Tensor]
  /// Whether each of them is given per item.
  let isBatched: [Bool]
  /// The size of the batch, nil if no parameter is given per item.
  let items: Int?

  /// A datum, `[B, entries]` or `[entries]`.
  func callAsFunction(_ map: DataMap) -> Tensor { map(leaves, isBatched: isBatched) }

  /// The linear term; with the batch axis if a parameter has one, whether any datum depends on it or not.
  var c: Tensor {
    let c = self(program.c)
    if c.rank == 1, let items { return c.broadcast(to: [items, c.count]) }
    return c
  }

  /// The same as constants.
  func stoppingGradient() -> CanonicalData {
    CanonicalData(
      program: program, leaves: leaves.stoppingGradient(), isBatched: isBatched, items: items)
  }

  /// The data of a batch for the optimality conditions.
  var ofOptimality: ConeProgramOptimality.Data {
    .init(
      P: program.patternOfP == nil ? nil : self(program.P), c: self(program.c), A: self(program.A),
      b: self(program.b), items: items ?? 1)
  }
}
