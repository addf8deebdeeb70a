import LinearAlgebra
import OptimizationCore

/// Finishes a solution by Newton steps on its active faces: where the faces are right, the point itself
/// becomes as accurate as the data allow.
struct FacePolisher {
  let batch: ConeProgramBatch
  let item: Int
  let point: ItemPoint
  let scaled: ScaledItem

  /// Improves the point as far as that works; returns its residuals.
  func polish(from start: Residuals) -> Residuals {
    let n = batch.variables
    let m = batch.rows
    let buffer = AlignedBuffer(repeating: 0, count: 3 * n + 5 * m)
    let oldX = buffer.pointer
    let r1 = oldX + n
    let dx = r1 + n
    let oldY = dx + n
    let oldS = oldY + m
    let r2 = oldS + m
    let dy = r2 + m
    let ds = dy + m
    var best = start
    var last = start.largest
    oldX.update(from: point.x, count: n)
    oldY.update(from: point.y, count: m)
    oldS.update(from: point.s, count: m)
    // The first steps may lead away where the point is far less accurate than its residuals.
    for step in 0..<8 {
      guard
        let system = ItemFaceSystem(
          batch, item, point: point, tolerance: 1e-9, findsNullSpace: false, scaled: scaled)
      else { break }
      let retraction = FaceRetraction(system: system)
      var polished = Residuals(primal: .infinity, dual: .infinity, gap: .infinity)
      // A second step with the same factors is nearly as good near the solution, and much cheaper.
      for _ in 0..<2 {
        // Newton's method needs a complementary point to start from.
        retraction.retract(point)
        point.fillFreeRows()
        point.writeDefects(r1: r1, r2: r2)
        for row in 0..<m where !r2[row].isFinite { r2[row] = 0 }
        // Newton's method corrects its own steps.
        _ = system.solve(
          r1: r1, r2: r2, x: dx, y: dy, s: ds, batch: batch, item: item, accuracy: 1e-8)
        for j in 0..<n { point.x[j] += dx[j] }
        for i in 0..<m {
          point.y[i] += dy[i]
          point.s[i] += ds[i]
        }
        retraction.retract(point)
        point.fillFreeRows()
        polished = point.residuals()
        if polished.largest < best.largest {
          best = polished
          oldX.update(from: point.x, count: n)
          oldY.update(from: point.y, count: m)
          oldS.update(from: point.s, count: m)
        }
        if !(polished.largest < 1e-3 * last) || polished.largest < 1e-15 { break }
      }
      // Quadratic convergence, or none.
      if !(polished.largest < 1e-3) || polished.largest < 1e-15
        || (step > 1 && polished.largest > 0.3 * last)
      {
        break
      }
      last = polished.largest
    }
    point.x.update(from: oldX, count: n)
    point.y.update(from: oldY, count: m)
    point.s.update(from: oldS, count: m)
    return best
  }
}

/// Brings slack and dual back into their cones, and onto complementary faces.
struct FaceRetraction {
  let system: ItemFaceSystem

  func retract(_ point: ItemPoint) {
    let layout = system.layout
    let scratch = AlignedBuffer(uninitializedCount: 2 * layout.rows)
    let s = scratch.pointer
    let y = s + layout.rows
    for (row, original) in layout.originalRows.enumerated() {
      s[row] = point.s[original]
      y[row] = point.y[original]
    }
    for (index, block) in layout.blocks.enumerated() {
      retract(system.system.faces[index], block, s: s + block.start, y: y + block.start)
    }
    for (row, original) in layout.originalRows.enumerated() {
      point.s[original] = s[row]
      point.y[original] = y[row]
    }
  }

  private func retract(_ face: ConeFace, _ block: ConicLayout.Block, s: Numbers, y: Numbers) {
    switch block.cone {
    case .zero, .free: s.update(repeating: 0, count: block.count)
    case .nonnegative:
      guard case .nonnegative(let isActive) = face else { return }
      for i in 0..<block.count {
        if isActive[i] {
          s[i] = 0
          y[i] = max(y[i], 0)
        } else {
          y[i] = 0
          s[i] = max(s[i], 0)
        }
      }
    case .secondOrder: retractSecondOrder(face, block.count, s, y)
    case .semidefinite(let order): splitSemidefinite(order, block, s, y)
    case .exponential, .dualExponential, .power: retractThreeDimensional(face, block.cone, s, y)
    }
  }

  private func retractThreeDimensional(_ face: ConeFace, _ cone: Cone, _ s: Numbers, _ y: Numbers) {
    guard case .dense(_, let rank, let curvature) = face else { return }
    let shape = ThreeDimensionalFace(cone, system.finder)
    let isCurved = rank == 2 && curvature.array.contains { $0 != 0 }
    let slack = SIMD3(s[0], s[1], s[2])
    let dual = SIMD3(y[0], y[1], y[2])
    let pair: (s: SIMD3<Double>, y: SIMD3<Double>)? =
      switch rank {
      case 1: shape.retractFlat(s: slack, y: dual)
      case 2 where isCurved: shape.retract(s: slack, y: dual)
      case 2: shape.retractRay(s: slack, y: dual)
      default: nil
      }
    if let pair {
      for i in 0..<3 {
        s[i] = pair.s[i]
        y[i] = pair.y[i]
      }
      return
    }
    if rank == 0 { y.update(repeating: 0, count: 3) }
    if rank == 3 { s.update(repeating: 0, count: 3) }
    // Where the face is not the right one, the point may have left its cone.
    cone.project(s, s)
    cone.dual.project(y, y)
  }

  private func retractSecondOrder(_ face: ConeFace, _ count: Int, _ s: Numbers, _ y: Numbers) {
    let kind: Int
    switch face {
    case .secondOrder(.inactive): kind = 0
    case .secondOrder(.origin): kind = count
    case .dense(_, let rank, _): kind = rank
    default: kind = count - 1
    }
    if kind == 0 {
      y.update(repeating: 0, count: count)
      s[0] = max(s[0], tail(s, count))
    } else if kind == count {
      s.update(repeating: 0, count: count)
      y[0] = max(y[0], tail(y, count))
    } else {
      let norm = tail(s, count)
      guard norm > 0 else { return }
      // y opposite to s, of the length that its projection has.
      var along = y[0]
      for i in 1..<count { along -= y[i] * s[i] / norm }
      along = max(along / 2, 0)
      s[0] = norm
      y[0] = along
      for i in 1..<count { y[i] = -along * s[i] / norm }
    }
  }

  private func tail(_ v: Numbers, _ count: Int) -> Double {
    var sum = 0.0
    for i in 1..<count { sum += v[i] * v[i] }
    return sum.squareRoot()
  }

  /// S and Y become the positive and the negative part of S - wY.
  private func splitSemidefinite(
    _ order: Int, _ block: ConicLayout.Block, _ s: Numbers, _ y: Numbers
  ) {
    // The tolerances of the scaled item, in the terms of the data as given.
    let scale = system.data.E[block.start]
    var activity = FaceActivity()
    let finder = FaceFinder(
      layout: system.layout, slackTolerance: system.finder.slackTolerance / scale,
      dualTolerance: system.finder.dualTolerance * scale / system.data.costScale)
    guard
      case .semidefinite(let face) = finder.face(
        of: block, isEliminated: true, s: s, y: y, activity: &activity)
    else { return }
    let slack = face.side(isPositive: true) { max($0, 0) }
    let dual = face.side(isPositive: false) { max(-$0, 0) }
    let root = 2.0.squareRoot()
    var place = 0
    for j in 0..<order {
      for i in j..<order {
        s[place] = i == j ? slack[i, i] : root * slack[i, j]
        y[place] = i == j ? dual[i, i] : root * dual[i, j]
        place += 1
      }
    }
  }
}
