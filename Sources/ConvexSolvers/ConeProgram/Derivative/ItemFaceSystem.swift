import LinearAlgebra
import OptimizationCore

/// The scaled data of an item.
struct ScaledItem {
  let data: ConicEquilibration
  let P: Numbers
  let A: Numbers
  /// Whose memory P and A are.
  let owner: AnyObject
}

extension ScaledItem {
  /// Scales an item.
  init(_ item: Int, of batch: ConeProgramBatch) {
    let layout = batch.structure.layout
    let matrices = AlignedBuffer(uninitializedCount: layout.P.entries + layout.A.entries)
    self.init(
      data: ConicEquilibration(layout), P: matrices.pointer,
      A: matrices.pointer + layout.P.entries, owner: matrices)
    data.load(item, of: batch, P: P, A: A)
  }
}

/// The optimality system of one solved item in the terms of the data as given, with its null space.
final class ItemFaceSystem {
  let layout: ConicLayout
  let data: ConicEquilibration
  let system: FaceSystem
  /// The tolerances that the faces were found with, in the scaled item.
  let finder: FaceFinder
  let activity: FaceActivity
  /// Orthonormal bases of the directions in which x, and y, are not unique.
  private(set) var freeDirections: [[Double]] = []
  private(set) var dependentConstraints: [[Double]] = []
  /// Whether more directions exist than are looked for.
  private(set) var isNullSpaceComplete = true
  private let buffer: AlignedBuffer
  private let rhsX: Numbers
  private let rhsZ: Numbers
  private let stepX: Numbers
  private let stepY: Numbers
  private let stepS: Numbers

  /// The system at a point; nil if the arithmetic breaks down.
  ///
  /// - Parameters:
  ///   - tolerance: relative size below which a slack or dual counts as zero.
  ///   - ambiguity: see `FaceFinder`.
  ///   - scaled: the item as it has been scaled before, nil to do that here.
  init?(
    _ batch: ConeProgramBatch, _ item: Int, point: ItemPoint, tolerance: Double,
    ambiguity: Double = 1,
    findsNullSpace: Bool, scaled: ScaledItem? = nil
  ) {
    let layout = batch.structure.layout
    self.layout = layout
    let scaled = scaled ?? ScaledItem(item, of: batch)
    data = scaled.data
    let scratch = AlignedBuffer(uninitializedCount: 2 * layout.rows)
    let s = scratch.pointer
    let y = s + layout.rows
    var slackSize = 1.0
    var dualSize = 1.0
    for (row, original) in layout.originalRows.enumerated() {
      s[row] = point.s[original] * data.E[row]
      y[row] = point.y[original] * data.costScale / data.E[row]
      if s[row].isFinite { slackSize = max(slackSize, s[row].magnitude) }
      dualSize = max(dualSize, y[row].magnitude)
    }
    for row in data.absentRows { s[row] = 1 }
    let finder = FaceFinder(
      layout: layout, slackTolerance: tolerance * slackSize, dualTolerance: tolerance * dualSize,
      ambiguity: ambiguity)
    self.finder = finder
    var activity = FaceActivity()
    let plan = batch.structure.eliminationPlan
    let faces = layout.blocks.enumerated().map { index, block in
      let isEliminated = if case .rows = plan.blocks[index] { false } else { true }
      return finder.face(
        of: block, isEliminated: isEliminated, s: s + block.start, y: y + block.start,
        activity: &activity)
    }
    self.activity = activity
    guard let pattern = batch.structure.facePattern(for: faces),
      let system = FaceSystem(pattern, faces: faces, scaled: scaled)
    else { return nil }
    self.system = system
    let n = layout.variables
    let m = layout.rows
    buffer = AlignedBuffer(repeating: 0, count: 2 * n + 3 * m)
    rhsX = buffer.pointer
    stepX = rhsX + n
    rhsZ = stepX + n
    stepY = rhsZ + m
    stepS = stepY + m
    if findsNullSpace { findNullSpace() }
  }

  /// Solves for right-hand sides of the program's own rows; see `FaceSystem`. The residual is relative to the
  /// right-hand sides as given, of which the part along the null space is removed first. Free rows have dy = 0 and take
  /// what is left as ds.
  ///
  /// - Parameter matrixA: entries of A as given, for free rows.
  func solve(
    r1: Numbers, r2: Numbers, x: Numbers, y: Numbers, s: Numbers, batch: ConeProgramBatch,
    item: Int, accuracy: Double = 1e-15
  ) -> (residual: Double, correction: Double) {
    let n = layout.variables
    let m = layout.rows
    let own = stepY  // free until the solve
    for (row, original) in layout.originalRows.enumerated() { own[row] = r2[original] }
    func scaledSize() -> Double {
      for j in 0..<n { rhsX[j] = data.costScale * data.D[j] * r1[j] }
      for row in 0..<m { rhsZ[row] = data.E[row] * own[row] }
      return system.norm(rhsX, n) + system.norm(rhsZ, m)
    }
    let isDegenerate = !freeDirections.isEmpty || !dependentConstraints.isEmpty
    let givenSize = isDegenerate ? scaledSize() : 0
    remove(freeDirections, from: r1, n)
    remove(dependentConstraints, from: own, m)
    let size = scaledSize()
    var quality = system.solve(rhsX, rhsZ, x: stepX, y: stepY, s: stepS, accuracy: accuracy)
    if isDegenerate, givenSize > 0 {
      quality.residual *= size / givenSize
      // Nothing but rounding was left.
      if size < 1e-13 * givenSize { quality.correction = 0 }
    }
    for j in 0..<n { x[j] = data.D[j] * stepX[j] }
    remove(freeDirections, from: x, n)
    for row in 0..<m { stepY[row] *= data.E[row] / data.costScale }
    remove(dependentConstraints, from: stepY, m)
    y.update(repeating: 0, count: batch.rows)
    for row in 0..<m { y[layout.originalRows[row]] = stepY[row] }
    // ds = F (r₂ - A dx), F the projection onto where the slack can move: the very map whose transpose the
    // reverse mode applies.
    s.update(from: r2, count: batch.rows)
    batch.A.pattern.multiply(batch.A.values.pointer(item), x, scale: -1, addingTo: s)
    projectSlack(s)
    return quality
  }

  /// Removes from v what no slack can have: the directions in which ds = 0 on the faces.
  func projectSlack(_ v: Numbers) {
    for (index, block) in layout.blocks.enumerated() {
      let rows = layout.originalRows[block.start..<block.start + block.count]
      let own = v + (rows.first ?? 0)
      switch system.faces[index] {
      case .zero: own.update(repeating: 0, count: block.count)
      case .nonnegative(let isActive):
        // Rows of other cones of dimension one may have joined.
        for (i, row) in rows.enumerated() where isActive[i] { v[row] = 0 }
      case .dense(let B, let rank, let curvature):
        for k in 0..<rank where curvature[k, k] == 0 {
          var product = 0.0
          for i in 0..<block.count { product += B[i, k] * own[i] }
          for i in 0..<block.count { own[i] -= product * B[i, k] }
        }
      case .secondOrder(let face):
        switch face {
        case .inactive: continue
        case .origin: own.update(repeating: 0, count: block.count)
        case .boundary(_, let dual, _):
          var product = 0.0
          for i in 0..<block.count { product += dual[i] * own[i] }
          for i in 0..<block.count { own[i] -= product * dual[i] }
        }
      case .semidefinite: system.removeDualPart(index, own)
      }
    }
  }

  private func remove(_ basis: [[Double]], from v: Numbers, _ count: Int) {
    for unit in basis {
      var product = 0.0
      for i in 0..<count { product += unit[i] * v[i] }
      for i in 0..<count { v[i] -= product * unit[i] }
    }
  }

  // MARK: - Null space

  /// Inverse iteration with the regularized factor: a vector that grows by the inverse of the
  /// regularization is in the null space, which is the product of one for x and one for y.
  private func findNullSpace() {
    let n = layout.variables
    let m = layout.rows
    let limit = 40
    var generator = 0x9E37_79B9_7F4A_7C15 as UInt64
    func random() -> Double {
      generator = generator &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(Int64(bitPattern: generator) >> 11) * 0x1p-52
    }
    var unitsX: [[Double]] = []
    var unitsY: [[Double]] = []
    while unitsX.count + unitsY.count < limit {
      for i in 0..<n { rhsX[i] = random() }
      for i in 0..<m { rhsZ[i] = random() }
      var isNull = false
      // The part of the start in the null space is small by chance with a probability of its size: it may be
      // a millionth, and then needs more passes until it dominates.
      for leastGrowth in [1e-6, 1e-4, 0.01, 0.3, 0.8] {
        remove(unitsX, from: rhsX, n)
        remove(unitsY, from: rhsZ, m)
        let before = system.norm(rhsX, n) + system.norm(rhsZ, m)
        if before == 0 { break }
        system.solveOnce(rhsX, rhsZ, x: stepX, y: stepY, s: stepS)
        let after = system.norm(stepX, n) + system.norm(stepY, m)
        let growth = after / before * system.regularization
        if !growth.isFinite || growth < leastGrowth { break }
        for i in 0..<n { rhsX[i] = stepX[i] / after }
        for i in 0..<m { rhsZ[i] = stepY[i] / after }
        isNull = leastGrowth == 0.8
      }
      if !isNull { break }
      let found = unitsX.count + unitsY.count
      appendUnit(rhsX, n, to: &unitsX)
      appendUnit(rhsZ, m, to: &unitsY)
      if unitsX.count + unitsY.count == found { break }
    }
    isNullSpaceComplete = unitsX.count + unitsY.count < limit
    // In the terms of the data as given.
    for unit in unitsX {
      for j in 0..<n { rhsX[j] = data.D[j] * unit[j] }
      appendUnit(rhsX, n, to: &freeDirections)
    }
    for unit in unitsY {
      for row in 0..<m { rhsZ[row] = data.E[row] * unit[row] }
      appendUnit(rhsZ, m, to: &dependentConstraints)
    }
  }

  /// Adds the part of v outside of the span, if there is one.
  private func appendUnit(_ v: Numbers, _ count: Int, to basis: inout [[Double]]) {
    let before = system.norm(v, count)
    if before < 1e-5 && basis.isEmpty && before < 1e-12 { return }
    remove(basis, from: v, count)
    remove(basis, from: v, count)
    let norm = system.norm(v, count)
    if norm <= 1e-5 * max(before, 1e-5) || norm < 1e-6 { return }
    basis.append((0..<count).map { v[$0] / norm })
  }
}
