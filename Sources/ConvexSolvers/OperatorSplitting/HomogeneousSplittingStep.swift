import Dispatch
import LinearAlgebra
import OptimizationCore

/// One step of the splitting of the homogeneous embedding, and its derivatives, on plain memory. What it
/// keeps depends on P, A and the cones; b and c come with each call, so that a batch may share it.
///
/// With the weights R, M = [P, Aᵀ; -A, 0], q = (c, b) and w = (μ, η), μ standing for (x, y):
///
///     ũ = (z, τ):  R (z - μ) + M z + q τ = 0,   R_τ (τ - η) - zᵀMz / τ - qᵀz = 0,   τ ≥ 0
///     u = the projection of 2ũ - w onto Rⁿ x K* x R₊
///     w⁺ = w + α (u - ũ)
///
/// (O'Donoghue 2021, "Operator splitting for a homogeneous embedding of the linear complementarity
/// problem", algorithm 3.1.) With `z = p - r τ`, p and r from one factorization, the second equation is
/// quadratic in τ. The data scaling is in the weights, so that states are in the units of the problem; the
/// weights of the rows of a cone are equal, for the projections must be orthogonal in them.
package final class HomogeneousSplittingStep: @unchecked Sendable {
  let P: SparseMatrix?
  /// Rows without a bound are empty.
  let A: SparseMatrix
  package let cones: ConeProduct
  package let variables: Int
  package let rows: Int
  let relaxation: Double
  /// Rows of infinite b.
  package let absentRows: [Int]
  /// The weights of x, and those of the rows at scale 1; R is the latter over the scale.
  private let weightOfX: [Double]
  private let weightOfRowsAtOne: [Double]
  let weightOfTau: Double
  private let system: SplittingSystem
  private let preconditioner: Vector
  private let dualBlocks: [(cone: Cone, start: Int)]

  private var factors: [(scale: Double, factor: SplittingFactor)] = []
  private let lock = DispatchSemaphore(value: 1)

  init(_ program: ConeProgram, settings: HomogeneousSplittingSettings) throws(ProblemError) {
    P = program.P
    cones = program.cones
    variables = program.variables
    rows = program.rows
    relaxation = settings.relaxation
    let blocks = program.cones.blocks
    dualBlocks = blocks.map { ($0.cone.dual, $0.rows.lowerBound) }
    let b = program.b
    absentRows = b.indices.filter { b[$0] >= 1e20 }
    A = Self.emptied(program.A, rows: absentRows)
    system = try SplittingSystem(P: P?.pattern, A: A.pattern)
    let groups = blocks.compactMap { cone, rows -> Range<Int>? in
      switch cone {
      case .zero, .free, .nonnegative: nil
      default: rows
      }
    }
    let scaling = Equilibration(P: P, A: A, groups: groups, passes: settings.scalingPasses)
    var largestB = 0.0
    for row in 0..<rows where b[row] < 1e20 {
      largestB = max(largestB, (b[row] * scaling.rows[row]).magnitude)
    }
    let c = program.c
    let largestC = c.indices.reduce(0) { max($0, (c[$1] * scaling.variables[$1]).magnitude) }
    let isScaled = settings.scalingPasses > 0
    let primal = isScaled ? 1 / min(max(largestB, 1e-4), 1e4) : 1
    let dual = isScaled ? 1 / min(max(largestC, 1e-4), 1e4) : 1
    let ratio = dual / primal
    weightOfX = scaling.variables.map { settings.proximalWeight / (ratio * $0 * $0) }
    var weights = scaling.rows.map { ratio / ($0 * $0) }
    for row in 0..<program.cones.zero { weights[row] /= 1000 }
    weightOfRowsAtOne = weights
    weightOfTau = 10 / (primal * dual)
    let root = ratio.squareRoot()
    preconditioner = Vector(scaling.variables.map { root * $0 } + scaling.rows.map { $0 / root })
    guard factor(scale: settings.scale) != nil else {
      throw .notPositiveSemidefinite(argument: "P", item: nil, shift: settings.proximalWeight)
    }
  }

  private static func emptied(_ A: SparseMatrix, rows: [Int]) -> SparseMatrix {
    if rows.isEmpty { return A }
    var isEmptied = [Bool](repeating: false, count: A.rows)
    for row in rows { isEmptied[row] = true }
    var result = A
    A.pattern.forEachEntry { entry, row, _ in if isEmptied[row] { result.values[entry] = 0 } }
    return result
  }

  /// R of x and y, shape `[n + m]`.
  func weights(scale: Double) -> Vector {
    Vector(weightOfX + weightOfRowsAtOne.map { $0 / scale })
  }

  /// The factorization at a scale, nil if it breaks down.
  func factor(scale: Double) -> SplittingFactor? {
    lock.wait()
    defer { lock.signal() }
    if let known = factors.first(where: { $0.scale == scale }) { return known.factor }
    guard
      let factor = system.factorized(
        P: P?.values, A: A.values, weights: weights(scale: scale), scale: preconditioner)
    else { return nil }
    if factors.count == 4 { factors.removeFirst() }
    factors.append((scale, factor))
    return factor
  }

  /// Replaces (f, g) by the solution of (R + M) z = (f, g).
  func solve(_ factor: SplittingFactor, _ z: UnsafeMutablePointer<Double>) {
    for row in variables..<variables + rows { z[row] = -z[row] }
    factor.solve(z)
  }

  /// Replaces (f, g) by the solution of (R + M)ᵀ z = (f, g).
  func solveTransposed(_ factor: SplittingFactor, _ z: UnsafeMutablePointer<Double>) {
    factor.solve(z)
    for row in variables..<variables + rows { z[row] = -z[row] }
  }

  /// What a step leaves behind for its derivatives.
  package final class Record {
    /// r of the data, shape `[n + m]`; the same for all steps with the same data.
    package let r: UnsafeMutablePointer<Double>
    /// ũ, shape `[n + m]` and τ.
    package let z: UnsafeMutablePointer<Double>
    package internal(set) var tau = 0.0
    /// u, of the same shape.
    package let u: UnsafeMutablePointer<Double>
    package internal(set) var tauOfU = 0.0
    /// The derivatives of the projections onto the dual cones, if they are wanted.
    package internal(set) var projections: [ConeDerivative] = []
    private let memory: AlignedBuffer

    package init(_ step: HomogeneousSplittingStep) {
      let size = step.variables + step.rows
      memory = AlignedBuffer(repeating: 0, count: 3 * size)
      r = memory.pointer
      z = r + size
      u = z + size
    }
  }

  /// Writes r of the data into a record: before the first step, and whenever b, c or the scale change.
  package func prepare(
    _ record: Record, c: UnsafePointer<Double>, b: UnsafePointer<Double>, scale: Double
  ) {
    let n = variables
    record.r.update(from: c, count: n)
    (record.r + n).update(from: b, count: rows)
    for row in absentRows { record.r[n + row] = 1 }
    guard let factor = factor(scale: scale) else { return }
    solve(factor, record.r)
  }

  /// Writes the next state, which may be the same memory as the first; w is (x, y, τ).
  package func step(
    _ w: UnsafePointer<Double>, scale: Double, next: UnsafeMutablePointer<Double>,
    record: Record, wantsDerivatives: Bool
  ) {
    let size = variables + rows
    guard let factor = factor(scale: scale) else {
      next.update(repeating: .nan, count: size + 1)
      return
    }
    let weights = weights(scale: scale)
    let (R, z, r, u) = (weights.storage.pointer, record.z, record.r, record.u)
    for index in 0..<size { z[index] = R[index] * w[index] }
    solve(factor, z)
    var square = weightOfTau
    var linear = -weightOfTau * w[size]
    var constant = 0.0
    for index in 0..<size {
      square += r[index] * R[index] * r[index]
      linear += R[index] * r[index] * (w[index] - 2 * z[index])
      constant += R[index] * z[index] * (z[index] - w[index])
    }
    let tau = Self.nonnegativeRoot(square, linear, min(constant, 0))
    for index in 0..<size { z[index] -= tau * r[index] }
    for index in 0..<variables { u[index] = 2 * z[index] - w[index] }
    let reflected = AlignedBuffer(uninitializedCount: rows)
    for row in 0..<rows {
      reflected.pointer[row] = 2 * z[variables + row] - w[variables + row]
    }
    record.projections = []
    for (cone, start) in dualBlocks {
      let (from, to) = (reflected.pointer + start, u + variables + start)
      if wantsDerivatives {
        record.projections.append(cone.projectWithDerivative(from, to))
      } else {
        cone.project(from, to)
      }
    }
    record.tau = tau
    record.tauOfU = max(2 * tau - w[size], 0)
    for index in 0..<size { next[index] = w[index] + relaxation * (u[index] - z[index]) }
    next[size] = w[size] + relaxation * (record.tauOfU - tau)
  }

  /// The nonnegative root of a t² + b t + c with a > 0 ≥ c, without cancellation.
  private static func nonnegativeRoot(_ a: Double, _ b: Double, _ c: Double) -> Double {
    let root = (b * b - 4 * a * c).squareRoot()
    if b <= 0 { return (root - b) / (2 * a) }
    return -2 * c / (root + b)
  }

  /// Applies the derivative of the projection of 2ũ - w to the rows, and to τ.
  func applyProjections(
    _ record: Record, _ direction: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>
  ) {
    for (block, derivative) in zip(dualBlocks, record.projections) {
      derivative.apply(direction + block.start, result + block.start)
    }
  }
}
