import Autodiff
import ConvexSolvers
import Dispatch
import LinearAlgebra
import OptimizationCore

/// The solved batch behind a call of the layer, with the derivatives that stay on plain buffers.
///
/// `solution` is written once, before anything reads it.
final class SolvedPrograms: @unchecked Sendable {
  /// Nil if no datum has a batch axis.
  let batchSize: Int?
  let policy: DegeneratePolicy
  private let data: ProgramTensors
  private var solved: QuadraticProgramBatchSolution?
  private var knownRegularity: Regularity?
  private let lock = DispatchSemaphore(value: 1)

  init(batchSize: Int?, data: ProgramTensors, policy: DegeneratePolicy) {
    self.batchSize = batchSize
    self.data = data
    self.policy = policy
  }

  var solution: QuadraticProgramBatchSolution { solved! }

  func solve(
    settings: QuadraticProgramSettings, warmStart: QuadraticProgramLayer.State?
  ) throws {
    let batch = try QuadraticProgramBatch(
      items: batchSize, Q: data.matrix(.Q), p: data.vector(.p)!, G: data.matrix(.G),
      h: data.vector(.h), A: data.matrix(.A), b: data.vector(.b))
    solved = try batch.solve(
      settings: settings,
      warmStart: warmStart.map { start in
        QuadraticProgramWarmStart(
          lambda: BatchedVector(start.lambda.detached.asType(.float64)),
          x: BatchedVector(start.x.detached.asType(.float64)))
      })
  }

  /// x, lambda and nu, NaN for unsolved items.
  var results: [Tensor] {
    [solution.x, solution.lambda, solution.nu].map { vector in
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
  struct Regularity {
    /// One for active rows, `[B, m]`.
    let active: Tensor
    /// One for items whose derivative is exact, `[B, 1]`; nil if all are.
    let exact: Tensor?
    let inexactItems: [Int]
  }

  /// Computed when it is first asked for.
  var regularity: Regularity {
    lock.wait()
    defer { lock.signal() }
    if let knownRegularity { return knownRegularity }
    let isExact = unwrap { try certificates() }.map { $0.kind == .exact }
    let rows = solution.activeRows
    let result = Regularity(
      active: Tensor(rows.storage, shape: [solution.items, rows.count]),
      exact: isExact.allSatisfy { $0 }
        ? nil : Tensor(isExact.map { $0 ? 1.0 : 0 }, shape: [solution.items, 1]),
      inexactItems: isExact.indices.filter { !isExact[$0] })
    knownRegularity = result
    return result
  }

  // MARK: - Derivatives

  func vjp(
    _ operands: ProgramTensors, _ results: [Tensor], _ cotangents: [Tensor?], _ isWanted: [Bool]
  ) -> [Tensor?] {
    if cotangents.allSatisfy({ $0 == nil }) { return isWanted.map { _ in nil } }
    let isPlain =
      !operands.isTraced && !cotangents.contains { $0?.isTraced ?? false }
      && !results.contains(where: \.isTraced)
    if isPlain { return plainVJP(cotangents) }
    return nestedVJP(operands, results, cotangents, isWanted)
  }

  func jvp(_ operands: ProgramTensors, _ results: [Tensor], _ tangents: [Tensor?]) -> [Tensor?] {
    let isPlain =
      !operands.isTraced && !tangents.contains { $0?.isTraced ?? false }
      && !results.contains(where: \.isTraced)
    if isPlain { return plainJVP(tangents) }
    return nestedJVP(operands, results, tangents)
  }

  /// The solver's reverse mode, for cotangents of x, lambda and nu.
  func plainVJP(_ cotangents: [Tensor?]) -> [Tensor?] {
    var cotangents = cotangents
    let broken = removeNotFinite(&cotangents, isShared: cotangents.map { _ in false })
    let parts = cotangents.map { $0.map(BatchedVector.init) }
    let gradient = unwrap {
      try solution.vjp(x: parts[0], lambda: parts[1], nu: parts[2], degenerate: policy)
    }
    return zip(data.present, data.tensors).map { datum, tensor in
      let result = Tensor(gradient[datum], shape: tensor.shape)
      spoil(result, items: broken, isShared: tensor.rank == datum.rank)
      return result
    }
  }

  /// The solver's forward mode, for tangents of the data.
  func plainJVP(_ tangents: [Tensor?]) -> [Tensor?] {
    var tangents = tangents
    let broken = removeNotFinite(
      &tangents, isShared: zip(data.present, data.tensors).map { $0.rank == $1.rank })
    var change = QuadraticProgramPerturbation()
    for (datum, tangent) in zip(data.present, tangents) {
      guard let tangent else { continue }
      switch datum {
      case .Q: change.Q = BatchedMatrix((tangent + tangent.transposed()) * 0.5)
      case .p: change.p = BatchedVector(tangent)
      case .G: change.G = BatchedMatrix(tangent)
      case .h: change.h = BatchedVector(tangent)
      case .A: change.A = BatchedMatrix(tangent)
      case .b: change.b = BatchedVector(tangent)
      }
    }
    let tangent = unwrap { try solution.jvp(change, degenerate: policy) }
    return [tangent.x, tangent.lambda, tangent.nu].map { vector in
      let result = Tensor(vector.storage, shape: leadingShape + [vector.count])
      spoil(result, items: broken, isShared: false)
      return result
    }
  }

  /// Policies and shapes were checked before, and numbers that are not finite taken out.
  private func unwrap<Result>(_ body: () throws -> Result) -> Result {
    do {
      return try body()
    } catch {
      preconditionFailure("QuadraticProgramLayer: \(error)")
    }
  }

  // MARK: - Upstream values that are not finite

  /// Puts zeros in the place of items with a number that is not finite, which the solver refuses, and
  /// returns those items.
  private func removeNotFinite(_ tensors: inout [Tensor?], isShared: [Bool]) -> Set<Int> {
    var broken = Set<Int>()
    for (index, tensor) in tensors.enumerated() {
      guard let tensor, !tensor.isFinite else { continue }
      if isShared[index] || batchSize == nil {
        broken.formUnion(0..<solution.items)
        tensors[index] = nil
        continue
      }
      let size = tensor.count / solution.items
      let copy = Tensor(tensor.scalars, shape: tensor.shape)
      for item in 0..<solution.items {
        let part = UnsafeMutableBufferPointer(start: copy.doubles + item * size, count: size)
        if part.allSatisfy(\.isFinite) { continue }
        broken.insert(item)
        part.update(repeating: 0)
      }
      tensors[index] = copy
    }
    return broken
  }

  /// Writes NaN for the given items, or everywhere into what is summed over them.
  func spoil(_ tensor: Tensor, items: Set<Int>, isShared: Bool) {
    if items.isEmpty { return }
    if isShared || batchSize == nil {
      tensor.doubles.update(repeating: .nan, count: tensor.count)
      return
    }
    let size = tensor.count / solution.items
    for item in items { (tensor.doubles + item * size).update(repeating: .nan, count: size) }
  }
}

extension QuadraticProgramBatchGradient {
  fileprivate subscript(datum: ProgramTensors.Datum) -> AlignedBuffer {
    switch datum {
    case .Q: Q.storage
    case .p: p.storage
    case .G: G.storage
    case .h: h.storage
    case .A: A.storage
    case .b: b.storage
    }
  }
}
