import Autodiff
import ConvexSolvers
import Dispatch
import LinearAlgebra
import OptimizationCore

/// The solved batch behind a call of the layer, with the derivatives that stay on plain buffers.
///
/// `solution` is written once, before anything reads it.
final class SolvedConePrograms: @unchecked Sendable {
  /// What depends on patterns and cones only.
  struct Forms: Sendable {
    let P: SparseForm?
    let A: SparseForm
    let algebra: JordanAlgebra
    /// For each entry of P the place of its mirror image.
    let mirrorOfP: [Int]?
  }

  let forms: Forms
  /// Nil if no datum has a batch axis.
  let batchSize: Int?
  let policy: DegeneratePolicy
  private let data: ConeProgramTensors
  private var solved: ConeProgramBatchSolution?
  private var knownRegularity: Regularity?
  private let lock = DispatchSemaphore(value: 1)

  init(_ forms: Forms, batchSize: Int?, data: ConeProgramTensors, policy: DegeneratePolicy) {
    self.forms = forms
    self.batchSize = batchSize
    self.data = data
    self.policy = policy
  }

  var solution: ConeProgramBatchSolution { solved! }
  var parts: ItemParts { ItemParts(items: solution.items, isBatched: batchSize != nil) }

  /// - Parameter template: a batch with the patterns and cones of the layer.
  func solve(
    _ template: ConeProgramBatch, settings: ConeProgramSettings,
    warmStart: ConeProgramLayer.State?
  ) throws {
    let batch = try template.updating(
      items: batchSize, P: data.vector(.P), c: data.vector(.c), A: data.vector(.A),
      b: data.vector(.b))
    solved = try batch.solve(
      settings: settings,
      warmStart: warmStart.map { start in
        ConeProgramWarmStart(
          x: finite(start.x), y: finite(start.y), s: finite(start.s))
      })
  }

  /// x, y and s, NaN for unsolved items.
  var results: [Tensor] {
    [solution.x, solution.y, solution.s].map { vector in
      let result = Tensor(vector.storage, shape: leadingShape + [vector.count])
      for (item, status) in solution.status.enumerated() where !status.hasSolution {
        (result.doubles + item * vector.count).update(repeating: .nan, count: vector.count)
      }
      return result
    }
  }

  /// `[B]`, or nothing.
  var leadingShape: [Int] { batchSize.map { [$0] } ?? [] }

  /// The certificates of the derivative, those of a derivative with upstream gradient zero.
  func certificates() throws -> [DerivativeCertificate] {
    try solution.vjp(degenerate: policy).certificates
  }

  /// What second derivatives need to know of the solutions.
  struct Regularity: Sendable {
    /// One where slack and dual are complementary in the sense of a product, `[B, m]`: not in the rows of
    /// the zero and the free cone, rows without a bound, and items without an exact derivative.
    let curved: Tensor
    /// One for rows with a bound, `[B, m]`.
    let bounded: Tensor
    /// Zero for equalities, whose slack cannot change, and one for the other rows, `[m]`.
    let slack: Tensor
    /// One for items whose derivative is exact and can be differentiated again, `[B, 1]`.
    let exact: Tensor
    /// The others.
    let inexactItems: [Int]
  }

  /// Computed when it is first asked for.
  var regularity: Regularity {
    lock.wait()
    defer { lock.signal() }
    if let knownRegularity { return knownRegularity }
    let cones = solution.problem.cones
    let isSymmetric = cones.cones.allSatisfy(\.isSymmetric)
    let isExact = unwrap { try certificates() }.map { isSymmetric && $0.kind == .exact }
    let (items, m) = (solution.items, solution.problem.rows)
    var curved: [Double] = []
    var bounded: [Double] = []
    for item in 0..<items {
      for (row, bound) in solution.problem.b[item].enumerated() {
        bounded.append(bound < 1e20 ? 1 : 0)
        curved.append(isExact[item] && bound < 1e20 && row >= cones.zero + cones.free ? 1 : 0)
      }
    }
    let result = Regularity(
      curved: Tensor(curved, shape: [items, m]), bounded: Tensor(bounded, shape: [items, m]),
      slack: Tensor((0..<m).map { $0 < cones.zero ? 0.0 : 1 }),
      exact: Tensor(isExact.map { $0 ? 1.0 : 0 }, shape: [items, 1]),
      inexactItems: isExact.indices.filter { !isExact[$0] })
    knownRegularity = result
    return result
  }

  // MARK: - Derivatives

  func vjp(
    _ operands: ConeProgramTensors, _ results: [Tensor], _ cotangents: [Tensor?],
    _ isWanted: [Bool]
  ) -> [Tensor?] {
    if cotangents.allSatisfy({ $0 == nil }) { return isWanted.map { _ in nil } }
    let isPlain =
      !operands.isTraced && !cotangents.contains { $0?.isTraced ?? false }
      && !results.contains(where: \.isTraced)
    if isPlain { return plainVJP(cotangents) }
    return nestedVJP(operands, results, cotangents, isWanted)
  }

  func jvp(_ operands: ConeProgramTensors, _ results: [Tensor], _ tangents: [Tensor?]) -> [Tensor?]
  {
    let isPlain =
      !operands.isTraced && !tangents.contains { $0?.isTraced ?? false }
      && !results.contains(where: \.isTraced)
    if isPlain { return plainJVP(tangents) }
    return nestedJVP(operands, results, tangents)
  }

  /// The solver's reverse mode, for cotangents of x, y and s.
  func plainVJP(_ cotangents: [Tensor?]) -> [Tensor] {
    var cotangents = cotangents
    let broken = parts.removeNotFinite(&cotangents)
    let upstream = cotangents.map { $0.map(BatchedVector.init) }
    let gradient = unwrap {
      try solution.vjp(x: upstream[0], y: upstream[1], s: upstream[2], degenerate: policy)
    }
    return zip(data.present, data.tensors).map { datum, tensor in
      let result = Tensor(gradient[datum], shape: tensor.shape)
      parts.spoil(result, broken)
      return result
    }
  }

  /// The solver's forward mode, for tangents of the data.
  func plainJVP(_ tangents: [Tensor?]) -> [Tensor] {
    var tangents = tangents
    let broken = parts.removeNotFinite(&tangents)
    var change = ConeProgramPerturbation()
    for (datum, tangent) in zip(data.present, tangents) {
      guard let tangent else { continue }
      switch datum {
      case .P:
        let mirrored = tangent.gathering(forms.mirrorOfP!, axis: tangent.rank - 1)
        change.P = BatchedVector((tangent + mirrored) * 0.5)
      case .c: change.c = BatchedVector(tangent)
      case .A: change.A = BatchedVector(tangent)
      case .b: change.b = BatchedVector(tangent)
      }
    }
    let tangent = unwrap { try solution.jvp(change, degenerate: policy) }
    return [tangent.x, tangent.y, tangent.s].map { vector in
      let result = Tensor(vector.storage, shape: leadingShape + [vector.count])
      parts.spoil(result, broken)
      return result
    }
  }

  /// dx `[B, n]` and dy `[B, m]` of the optimality system of every item, for right-hand sides r₁ and r₂.
  func solveKeptSystem(_ r1: Tensor, _ r2: Tensor) -> [Tensor] {
    var sides: [Tensor?] = [-r1, r2]
    let broken = ItemParts(items: solution.items, isBatched: true).removeNotFinite(&sides)
    // A change of c and b has just these right-hand sides.
    let change = ConeProgramPerturbation(
      c: sides[0].map(BatchedVector.init), b: sides[1].map(BatchedVector.init))
    let tangent = unwrap { try solution.jvp(change) }
    return [tangent.x, tangent.y].map { vector in
      let result = Tensor(vector.storage, shape: [solution.items, vector.count])
      ItemParts(items: solution.items, isBatched: true).spoil(result, broken)
      return result
    }
  }

  /// Policies and shapes were checked before, and numbers that are not finite taken out.
  private func unwrap<Result>(_ body: () throws -> Result) -> Result {
    do {
      return try body()
    } catch {
      preconditionFailure("ConeProgramLayer: \(error)")
    }
  }
}

extension ConeProgramBatchGradient {
  fileprivate subscript(datum: ConeProgramTensors.Datum) -> AlignedBuffer {
    switch datum {
    case .P: P!.values.storage
    case .c: c.storage
    case .A: A.values.storage
    case .b: b.storage
    }
  }
}

/// A part of a guess, with zero in the place of numbers that are not finite: the solution of an unsolved item, the
/// slack of a row without a bound.
private func finite(_ guess: Tensor) -> BatchedVector {
  let guess = guess.detached.asType(.float64)
  return BatchedVector(select(isFinite(guess), guess, Tensor.zeros(guess.shape)))
}
