import LinearAlgebra
import OptimizationCore

/// Makes proofs of infeasibility out of the rays that the iterates run along.
///
/// The iterate is inside the cones. The least correction that makes the rows cancel, measured by the scaling at
/// the iterate, comes from the factorized KKT system; as long as it is shorter than the way to the boundary
/// the corrected ray is inside as well. A few corrections from residuals in twice the usual precision
/// take the ray to where `InfeasibilityRule` can judge it.
struct ConicInfeasibilityProofs {
  /// What an attempt must at least be better than, so that hopeless ones are not repeated at every iteration.
  private var triedPrimal = Double.infinity
  private var triedDual = Double.infinity

  /// Whether one of the iterate's rays is worth an attempt.
  func isPromising(_ residuals: ConicResiduals, threshold: Double) -> Bool {
    isPromisingPrimal(residuals, threshold) || isPromisingDual(residuals, threshold)
  }

  private func isPromisingPrimal(_ residuals: ConicResiduals, _ threshold: Double) -> Bool {
    residuals.primalInfeasibility < min(threshold, 0.2 * triedPrimal)
  }

  private func isPromisingDual(_ residuals: ConicResiduals, _ threshold: Double) -> Bool {
    residuals.dualInfeasibility < min(threshold, 0.2 * triedDual)
  }

  /// A proof from the iterate of a solver whose KKT system is factorized there.
  mutating func proof(_ solver: ConicInteriorPoint, threshold: Double) -> ConeProgramRay? {
    let residuals = solver.residuals
    if isPromisingPrimal(residuals, threshold) {
      triedPrimal = residuals.primalInfeasibility
      if let ray = solver.primalProof() { return ray }
    }
    if isPromisingDual(residuals, threshold) {
      triedDual = residuals.dualInfeasibility
      if let ray = solver.dualProof() { return ray }
    }
    return nil
  }
}

extension ConeProgramRay {
  /// The status of a program with this proof.
  var status: SolveStatus {
    switch self {
    case .primalInfeasible: .primalInfeasible
    case .dualInfeasible: .dualInfeasible
    }
  }
}

extension ConicInteriorPoint {
  /// Corrections of a ray before it is given up.
  private static let mostCorrections = 8

  /// A proof that the constraints contradict each other from the multipliers at hand.
  func primalProof() -> ConeProgramRay? {
    guard let source else { return nil }
    let m = layout.rows
    let n = layout.variables
    let A = source.entriesOfA(layout)
    let work = AlignedBuffer(repeating: 0, count: 3 * m + n)
    let z = work.pointer
    let dz = z + m
    let zeros = dz + m
    let dx = zeros + m
    z.update(from: point.z, count: m)
    for row in data.absentRows { z[row] = 0 }
    let isAbsent = Set(data.absentRows)
    var y = DoubleDoubleVector(count: m)
    for i in 0..<m { y[i] = .product(data.E[i], z[i]) }
    var lastPull = Double.infinity
    system.accuracy = 1e-10
    for _ in 0..<Self.mostCorrections {
      var pull = DoubleDoubleVector(count: n)
      pull.add(transposed: layout.A, A.pointer, times: y)
      var value = DoubleDouble(0)
      var weight = 0.0
      for i in 0..<m where !isAbsent.contains(i) {
        let b = source.b(layout.originalRows[i])
        value += y[i] * -b
        weight += y[i].value.magnitude * (1 + b.magnitude)
      }
      let size = pull.oneNorm
      guard value.value > 0, size.isFinite else { return nil }
      if InfeasibilityRule.acceptsPrimal(
        value: value.value, pull: size, weight: weight, hardness: source.hardness)
      {
        var ray = Vector.zeros(source.batch.rows)
        for i in 0..<m { ray[layout.originalRows[i]] = y[i].value / value.value }
        return .primalInfeasible(y: ray)
      }
      guard size < 0.5 * lastPull, weight * source.hardness < value.value else { return nil }
      lastPull = size
      for j in 0..<n { rhsX[j] = -data.D[j] * pull[j].value }
      rhsZ.update(repeating: 0, count: m)
      guard system.solve(rhsX, rhsZ, x: dx, z: dz) else { return nil }
      for row in data.absentRows { dz[row] = 0 }
      guard isInside(s: point.s, z: z, ds: zeros, dz: dz) else { return nil }
      for i in 0..<m {
        z[i] += dz[i]
        y[i] += .product(data.E[i], dz[i])
      }
    }
    return nil
  }

  /// A proof that the objective is unbounded below on any feasible set from the direction at hand.
  func dualProof() -> ConeProgramRay? {
    guard let source else { return nil }
    let m = layout.rows
    let n = layout.variables
    let A = source.entriesOfA(layout)
    let work = AlignedBuffer(repeating: 0, count: 4 * m + n)
    let s = work.pointer
    let ds = s + m
    let dz = ds + m
    let zeros = dz + m
    let dx = zeros + m
    s.update(from: point.s, count: m)
    let isAbsent = Set(data.absentRows)
    var x = DoubleDoubleVector(count: n)
    for j in 0..<n { x[j] = .product(data.D[j], point.x[j]) }
    var slack = DoubleDoubleVector(count: m)
    for i in 0..<m { slack[i] = DoubleDouble(s[i] / data.E[i]) }
    var lastViolation = Double.infinity
    system.accuracy = 1e-10
    for _ in 0..<Self.mostCorrections {
      var curvature = DoubleDoubleVector(count: n)
      if let P = source.batch.P {
        curvature.add(P.pattern, P.values.pointer(source.item), times: x)
      }
      var image = DoubleDoubleVector(count: m)
      image.add(layout.A, A.pointer, times: x)
      for i in 0..<m { image[i] = isAbsent.contains(i) ? DoubleDouble(0) : image[i] + slack[i] }
      var descent = DoubleDouble(0)
      var terms = 0.0
      for j in 0..<n {
        let c = source.c(j)
        descent += x[j] * -c
        terms += (c * x[j].value).magnitude
      }
      let violation = curvature.oneNorm + image.oneNorm
      guard descent.value > 0, violation.isFinite else { return nil }
      if InfeasibilityRule.acceptsDual(
        descent: descent.value, terms: terms, violation: violation)
      {
        return source.dualRay(x, slack, descent: descent.value, layout, isAbsent)
      }
      guard violation < 0.5 * lastViolation else { return nil }
      lastViolation = violation
      for j in 0..<n { rhsX[j] = -data.costScale * data.D[j] * curvature[j].value }
      for i in 0..<m { rhsZ[i] = -data.E[i] * image[i].value }
      guard system.solve(rhsX, rhsZ, x: dx, z: dz) else { return nil }
      system.multiplyH(dz, into: ds)
      for i in 0..<m { ds[i] = -ds[i] }
      guard isInside(s: s, z: point.z, ds: ds, dz: zeros) else { return nil }
      for j in 0..<n { x[j] += .product(data.D[j], dx[j]) }
      for i in 0..<m {
        s[i] += ds[i]
        slack[i] += DoubleDouble(ds[i] / data.E[i])
      }
    }
    return nil
  }

  /// Whether a whole step stays inside the cones.
  private func isInside(s: Numbers, z: Numbers, ds: Numbers, dz: Numbers) -> Bool {
    zip(system.scalings, layout.blocks).allSatisfy { scaling, block in
      if case .zero = block.cone { return true }
      let start = block.start
      return scaling.maximumStep(
        s: s + start, z: z + start, ds: ds + start, dz: dz + start, limit: 1.5) > 1
    }
  }
}

/// The data as given of the item that a solver has loaded.
struct ConicSource {
  let batch: ConeProgramBatch
  let item: Int
  /// See `InfeasibilityRule.hardness`.
  let hardness: Double

  func b(_ row: Int) -> Double { batch.b.pointer(item)[row] }
  func c(_ column: Int) -> Double { batch.c.pointer(item)[column] }

  /// The entries of A without the free rows.
  func entriesOfA(_ layout: ConicLayout) -> AlignedBuffer {
    let result = AlignedBuffer(uninitializedCount: max(1, layout.A.entries))
    let source = batch.A.values.pointer(item)
    for (entry, place) in layout.placesOfA.enumerated() { result.pointer[entry] = source[place] }
    return result
  }

  /// The direction scaled to cᵀx = -1; rows without a bound have what is left over for a slack.
  func dualRay(
    _ x: DoubleDoubleVector, _ slack: DoubleDoubleVector, descent: Double, _ layout: ConicLayout,
    _ isAbsent: Set<Int>
  ) -> ConeProgramRay {
    let rayX = Vector((0..<batch.variables).map { x[$0].value / descent })
    let image = batch.A[item] * rayX
    var rayS = Vector((0..<batch.rows).map { -image[$0] })
    for (row, original) in layout.originalRows.enumerated() where !isAbsent.contains(row) {
      rayS[original] = slack[row].value / descent
    }
    return .dualInfeasible(x: rayX, s: rayS)
  }
}
