import Dispatch
import LinearAlgebra
import OptimizationCore

/// One step of the method, and its derivatives, on plain memory. What it keeps depends on P, A and which
/// rows are equalities; q and the bounds come with each call, so that a batch may share it.
///
/// With weights σ of the variables and ρ of the rows, and w = (x̃, ν):
///
///     [P + σ, Aᵀ; A, -1/ρ] w = (σ x - q, z - y/ρ)
///     z̃ = z + (ν - y)/ρ,   x⁺ = α x̃ + (1 - α) x,   t = α z̃ + (1 - α) z + y/ρ
///     z⁺ = min(max(t, lower), upper),   y⁺ = ρ (t - z⁺)
///
/// (Stellato et al. 2020, "OSQP: an operator splitting solver for quadratic programs", algorithm 1.) The
/// equilibration is not applied to the data but is in the weights, which is the same method: states are in
/// the units of the problem.
package final class AlternatingDirectionsStep: @unchecked Sendable {
  let P: SparseMatrix
  let A: SparseMatrix
  package let variables: Int
  package let rows: Int
  let relaxation: Double
  /// σ, shape `[n]`.
  let sigma: Vector
  /// ρ at penalty 1, shape `[m]`.
  let rhoAtOne: Vector
  private let system: SplittingSystem
  private let scale: Vector

  /// The factorizations of the latest penalties.
  private var factors: [(penalty: Double, factor: SplittingFactor)] = []
  private let lock = DispatchSemaphore(value: 1)

  init(
    _ program: SparseQuadraticProgram, settings: AlternatingDirectionsSettings
  ) throws(ProblemError) {
    P = program.P
    A = program.A
    variables = program.variables
    rows = program.rows
    relaxation = settings.relaxation
    system = try SplittingSystem(P: program.P.pattern, A: program.A.pattern)
    let scaling = Equilibration(P: P, A: A, passes: settings.scalingPasses)
    let cost = settings.scalingPasses > 0 ? Self.costScale(program, scaling) : 1
    sigma = Vector(scaling.variables.map { settings.proximalWeight / (cost * $0 * $0) })
    rhoAtOne = Vector(
      scaling.rows.enumerated().map { row, factor in
        // Equalities are pressed harder, rows without bounds not at all.
        let isEquality = program.lower[row] == program.upper[row]
        let isFree = program.lower[row] == -.infinity && program.upper[row] == .infinity
        return (isEquality ? 1e3 : isFree ? 1e-6 : 1) * factor * factor / cost
      })
    let root = cost.squareRoot()
    scale = Vector(scaling.variables.map { root * $0 } + scaling.rows.map { $0 / root })
    guard factor(penalty: settings.penalty) != nil else {
      throw .notPositiveSemidefinite(argument: "P", item: nil, shift: settings.proximalWeight)
    }
  }

  /// What brings the objective's coefficients to about 1.
  private static func costScale(
    _ program: SparseQuadraticProgram, _ scaling: Equilibration
  ) -> Double {
    let D = scaling.variables
    var largest = [Double](repeating: 0, count: program.variables)
    program.P.pattern.forEachEntry { entry, i, j in
      largest[j] = max(largest[j], (program.P.values[entry] * D[i] * D[j]).magnitude)
    }
    let mean = largest.reduce(0, +) / Double(max(largest.count, 1))
    let linear = D.indices.reduce(0) { max($0, (program.q[$1] * D[$1]).magnitude) }
    let size = max(mean, linear)
    return size > 0 ? min(max(1 / size, 1e-4), 1e4) : 1
  }

  /// The factorization at a penalty, nil if it breaks down.
  func factor(penalty: Double) -> SplittingFactor? {
    lock.wait()
    defer { lock.signal() }
    if let known = factors.first(where: { $0.penalty == penalty }) { return known.factor }
    let weights = sigma.array + rhoAtOne.map { 1 / (penalty * $0) }
    guard
      let factor = system.factorized(
        P: P.values, A: A.values, weights: Vector(weights), scale: scale)
    else { return nil }
    // A solve goes back and forth between few penalties, if at all.
    if factors.count == 4 { factors.removeFirst() }
    factors.append((penalty, factor))
    return factor
  }

  /// What a step leaves behind for its derivatives: (x̃, ν), shape `[n + m]`, and t, shape `[m]`.
  package struct Record {
    package let w: UnsafeMutablePointer<Double>
    package let t: UnsafeMutablePointer<Double>

    package init(w: UnsafeMutablePointer<Double>, t: UnsafeMutablePointer<Double>) {
      self.w = w
      self.t = t
    }
  }

  /// A state, or its tangent or cotangent.
  package struct Point {
    package let x: UnsafeMutablePointer<Double>
    package let z: UnsafeMutablePointer<Double>
    package let y: UnsafeMutablePointer<Double>

    package init(
      x: UnsafeMutablePointer<Double>, z: UnsafeMutablePointer<Double>,
      y: UnsafeMutablePointer<Double>
    ) {
      self.x = x
      self.z = z
      self.y = y
    }
  }

  /// q and the bounds, or their tangent or cotangent.
  package struct Data {
    package let q: UnsafeMutablePointer<Double>
    package let lower: UnsafeMutablePointer<Double>
    package let upper: UnsafeMutablePointer<Double>

    package init(
      q: UnsafeMutablePointer<Double>, lower: UnsafeMutablePointer<Double>,
      upper: UnsafeMutablePointer<Double>
    ) {
      self.q = q
      self.lower = lower
      self.upper = upper
    }
  }

  /// Writes the next state, which may be the same memory as the first.
  package func step(_ state: Point, _ data: Data, penalty: Double, next: Point, record: Record) {
    guard let factor = factor(penalty: penalty) else {
      next.x.update(repeating: .nan, count: variables)
      next.z.update(repeating: .nan, count: rows)
      next.y.update(repeating: .nan, count: rows)
      return
    }
    let (w, t) = (record.w, record.t)
    let (sigma, unit) = (sigma.storage.pointer, rhoAtOne.storage.pointer)
    let n = variables
    for j in 0..<n { w[j] = sigma[j] * state.x[j] - data.q[j] }
    for i in 0..<rows { w[n + i] = state.z[i] - state.y[i] / (penalty * unit[i]) }
    factor.solve(w)
    for j in 0..<n { next.x[j] = relaxation * w[j] + (1 - relaxation) * state.x[j] }
    for i in 0..<rows {
      let rho = penalty * unit[i]
      let (z, y) = (state.z[i], state.y[i])
      t[i] = z + (relaxation * (w[n + i] - y) + y) / rho
      let clipped = min(max(t[i], data.lower[i]), data.upper[i])
      next.z[i] = clipped
      next.y[i] = rho * (t[i] - clipped)
    }
  }

  /// The derivative of the clipped t with respect to t, the lower and the upper bound: on a bound half.
  @inline(__always)
  func clipDerivative(
    _ t: Double, _ lower: Double, _ upper: Double
  ) -> (t: Double, lower: Double, upper: Double) {
    if t > upper { return (0, 0, 1) }
    if t < lower { return (0, 1, 0) }
    if lower == upper { return (0, 0.5, 0.5) }
    if t == upper { return (0.5, 0, 0.5) }
    if t == lower { return (0.5, 0.5, 0) }
    return (1, 0, 0)
  }
}
