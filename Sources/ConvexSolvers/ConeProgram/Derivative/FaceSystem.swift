import LinearAlgebra

/// The factorized optimality system on the faces of one solution: what derivatives and the polish solve.
///
/// For right-hand sides r₁, r₂ it finds (dx, dy, ds) with P dx + Aᵀdy = r₁, A dx + ds = r₂ and (ds, dy)
/// tangent to the complementarity of every cone. The map (r₁, r₂) ↦ (dx, dy) is symmetric. All in the
/// terms of the scaled item.
final class FaceSystem {
  let pattern: FacePattern
  let layout: ConicLayout
  let faces: [ConeFace]
  let P: Numbers
  let A: Numbers
  /// Whose memory P and A are.
  private let owner: AnyObject
  private let buffer: AlignedBuffer
  private let factor: SparseLDL
  private let blocks: [EliminatedFace?]
  private let rhs: Numbers
  private let slackWork: Numbers
  private let residualX: Numbers
  private let residualZ: Numbers
  private let stepX: Numbers
  private let stepY: Numbers
  private let stepS: Numbers
  /// The size of what is added to the diagonal.
  let regularization: Double

  /// Nil if the arithmetic breaks down or the factor is too large.
  init?(_ pattern: FacePattern, faces: [ConeFace], scaled: ScaledItem) {
    owner = scaled.owner
    self.pattern = pattern
    layout = pattern.layout
    self.faces = faces
    let P = scaled.P
    let A = scaled.A
    self.P = P
    self.A = A
    guard let factor = SparseLDL(pattern.analysis) else { return nil }
    self.factor = factor
    let n = layout.variables
    let m = layout.rows
    buffer = AlignedBuffer(repeating: 0, count: pattern.size + 2 * n + 4 * m)
    rhs = buffer.pointer
    residualX = rhs + pattern.size
    stepX = residualX + n
    residualZ = stepX + n
    stepY = residualZ + m
    stepS = stepY + m
    slackWork = stepS + m
    let layout = layout
    blocks = pattern.plan.blocks.enumerated().map { index, plan in
      guard case .semidefinite(let face) = faces[index] else { return nil }
      return EliminatedFace(
        plan, face, layout, block: layout.blocks[index], A: A,
        firstCoupling: pattern.firstCoupling[index])
    }
    let values = AlignedBuffer(repeating: 0, count: pattern.analysis.entries)
    FaceAssembly(pattern: pattern, faces: faces, P: P, A: A, blocks: blocks).write(values.pointer)
    var largest = 1.0
    for unknown in 0..<layout.variables where pattern.plan.unknownOfVariable[unknown] >= 0 {
      let place = pattern.diagonal[Int(pattern.plan.unknownOfVariable[unknown])]
      largest = max(largest, min(values.pointer[Int(place)].magnitude, 1e3))
    }
    // Not smaller: a pivot of this size is divided by, and what is rounded then must stay below it.
    regularization = 1e-7 * largest
    for (unknown, place) in pattern.diagonal.enumerated() {
      values.pointer[Int(place)] += Double(pattern.signs[unknown]) * regularization
    }
    guard
      factor.factorize(
        values.pointer, signs: pattern.signs, threshold: 1e-14, replacement: regularization) != nil
    else { return nil }
  }

  /// Solves with refinement; returns the relative residual that is left and the relative size of the last
  /// correction.
  ///
  /// - Parameter accuracy: the relative residual that is enough.
  func solve(
    _ r1: Numbers, _ r2: Numbers, x: Numbers, y: Numbers, s: Numbers, accuracy: Double = 1e-15
  ) -> (residual: Double, correction: Double) {
    let n = layout.variables
    let m = layout.rows
    x.update(repeating: 0, count: n)
    y.update(repeating: 0, count: m)
    s.update(repeating: 0, count: m)
    residualX.update(from: r1, count: n)
    residualZ.update(from: r2, count: m)
    let size = norm(r1, n) + norm(r2, m)
    if size == 0 { return (0, 0) }
    if !size.isFinite { return (.nan, .nan) }
    var best = Double.infinity
    var correction = 1.0
    for _ in 0..<25 {
      solveOnce(residualX, residualZ, x: stepX, y: stepY, s: stepS)
      let stepSize = norm(stepX, n) + norm(stepY, m)
      for i in 0..<n { x[i] += stepX[i] }
      for i in 0..<m {
        y[i] += stepY[i]
        s[i] += stepS[i]
      }
      residualX.update(from: r1, count: n)
      layout.P.multiply(P, x, scale: -1, addingTo: residualX)
      layout.A.multiplyTransposed(A, y, scale: -1, addingTo: residualX)
      residualZ.update(from: r2, count: m)
      layout.A.multiply(A, x, scale: -1, addingTo: residualZ)
      for i in 0..<m { residualZ[i] -= s[i] }
      let error = norm(residualX, n) + norm(residualZ, m)
      correction = stepSize / max(norm(x, n) + norm(y, m), 1e-300)
      if !error.isFinite { return (.nan, .nan) }
      if error >= best {
        for i in 0..<n { x[i] -= stepX[i] }
        for i in 0..<m {
          y[i] -= stepY[i]
          s[i] -= stepS[i]
        }
        break
      }
      let progress = best / error
      best = error
      // The solution converges after the residual does where the system is badly conditioned.
      if correction < 1e-14 || (error < accuracy * size && (progress < 10 || accuracy > 1e-15)) {
        break
      }
    }
    for _ in 0..<3 where best > 1e-13 * size && accuracy <= 1e-15 {
      guard let step = correctByKrylovSteps(r1, r2, x: x, y: y, s: s, &best) else { break }
      correction = step / max(norm(x, n) + norm(y, m), 1e-300)
    }
    return (best / size, min(correction, 1))
  }

  /// Corrects a point by a few Krylov steps if that makes its residual, of size `best`, much smaller.
  ///
  /// - Returns: the length of the correction; nil if the point is as it was.
  private func correctByKrylovSteps(
    _ r1: Numbers, _ r2: Numbers, x: Numbers, y: Numbers, s: Numbers, _ best: inout Double
  ) -> Double? {
    let n = layout.variables
    let m = layout.rows
    let work = AlignedBuffer(uninitializedCount: 3 * n + 5 * m)
    let residual = work.pointer
    let correction = residual + n + m
    let kept = correction + n + 2 * m
    kept.update(from: x, count: n)
    (kept + n).update(from: y, count: m)
    (kept + n + m).update(from: s, count: m)
    // Minus the equations' left sides, added to the right ones.
    func subtractImage(x: Numbers, y: Numbers, s: Numbers, from target: Numbers) {
      layout.P.multiply(P, x, scale: -1, addingTo: target)
      layout.A.multiplyTransposed(A, y, scale: -1, addingTo: target)
      layout.A.multiply(A, x, scale: -1, addingTo: target + n)
      for i in 0..<m { target[n + i] -= s[i] }
    }
    residual.update(from: r1, count: n)
    (residual + n).update(from: r2, count: m)
    subtractImage(x: x, y: y, s: s, from: residual)
    let krylov = KrylovCorrection(residuals: n + m, unknowns: n + 2 * m)
    let isFound = krylov.correct(residual, into: correction) { v, direction in
      solveOnce(v, v + n, x: direction, y: direction + n, s: direction + n + m)
    } multiply: { direction, product in
      product.update(repeating: 0, count: n + m)
      subtractImage(x: direction, y: direction + n, s: direction + n + m, from: product)
      for i in 0..<n + m { product[i] = -product[i] }
    }
    guard isFound else { return nil }
    addScaled(n, 1, correction, x)
    addScaled(m, 1, correction + n, y)
    addScaled(m, 1, correction + n + m, s)
    residual.update(from: r1, count: n)
    (residual + n).update(from: r2, count: m)
    subtractImage(x: x, y: y, s: s, from: residual)
    let error = norm(residual, n) + norm(residual + n, m)
    if error < 0.5 * best {
      best = error
      return norm(correction, n) + norm(correction + n, m)
    }
    x.update(from: kept, count: n)
    y.update(from: kept + n, count: m)
    s.update(from: kept + n + m, count: m)
    return nil
  }

  func norm(_ v: Numbers, _ count: Int) -> Double {
    var sum = 0.0
    for i in 0..<count { sum += v[i] * v[i] }
    return sum.squareRoot()
  }

  /// One solve with the regularized factor.
  func solveOnce(_ r1: Numbers, _ r2: Numbers, x: Numbers, y: Numbers, s: Numbers) {
    let n = layout.variables
    let m = layout.rows
    rhs.update(repeating: 0, count: pattern.size)
    x.update(repeating: 0, count: n)
    for variable in 0..<n where pattern.plan.unknownOfVariable[variable] >= 0 {
      rhs[Int(pattern.plan.unknownOfVariable[variable])] = r1[variable]
    }
    for (index, block) in layout.blocks.enumerated() {
      let first = Int(pattern.plan.unknownOfRow[block.start])
      let own = r2 + block.start
      switch faces[index] {
      case .zero:
        (rhs + first).update(from: own, count: block.count)
      case .nonnegative(let isActive):
        for i in 0..<block.count where isActive[i] { rhs[first + i] = own[i] }
      case .dense(let B, let rank, _):
        for j in 0..<rank {
          var sum = 0.0
          for i in 0..<block.count { sum += B[i, j] * own[i] }
          rhs[first + j] = sum
        }
      case .secondOrder(let face):
        if case .inactive = face { continue }
        (rhs + first).update(from: own, count: block.count)
      case .semidefinite:
        blocks[index]?.addToRightHandSide(r1, r2, rhs, pattern, A)
      }
    }
    factor.solve(rhs)
    for variable in 0..<n where pattern.plan.unknownOfVariable[variable] >= 0 {
      x[variable] = rhs[Int(pattern.plan.unknownOfVariable[variable])]
    }
    y.update(repeating: 0, count: m)
    for (index, block) in layout.blocks.enumerated() {
      let first = Int(pattern.plan.unknownOfRow[block.start])
      switch faces[index] {
      case .zero:
        (y + block.start).update(from: rhs + first, count: block.count)
      case .nonnegative(let isActive):
        for i in 0..<block.count where isActive[i] { y[block.start + i] = rhs[first + i] }
      case .dense(let B, let rank, _):
        for i in 0..<block.count {
          var sum = 0.0
          for j in 0..<rank { sum += B[i, j] * rhs[first + j] }
          y[block.start + i] = sum
        }
      case .secondOrder(let face):
        if case .inactive = face { continue }
        (y + block.start).update(from: rhs + first, count: block.count)
        if case .boundary(let slack, _, _) = face {
          project(y + block.start, outOf: slack)
        }
      case .semidefinite: continue
      }
    }
    // The eliminated ones need the others.
    for case let block? in blocks { block.recover(r1, r2, rhs, pattern, A, x: x, y: y) }
    slackWork.update(from: r2, count: m)
    layout.A.multiply(A, x, scale: -1, addingTo: slackWork)
    for (index, block) in layout.blocks.enumerated() {
      writeSlack(index, block, y: y, s: s)
    }
  }

  /// Removes the part among the eigenvectors of the dual from a vector of an eliminated block.
  func removeDualPart(_ index: Int, _ v: Numbers) { blocks[index]?.removeDualPart(v) }

  private func project(_ v: Numbers, outOf unit: [Double]) {
    var product = 0.0
    for i in 0..<unit.count { product += unit[i] * v[i] }
    for i in 0..<unit.count { v[i] -= product * unit[i] }
  }

  /// ds = -H dy + the part of r₂ - A dx in the face of the slack.
  private func writeSlack(_ index: Int, _ block: ConicLayout.Block, y: Numbers, s: Numbers) {
    let rest = slackWork + block.start
    let slack = s + block.start
    let dual = y + block.start
    switch faces[index] {
    case .zero: slack.update(repeating: 0, count: block.count)
    case .nonnegative(let isActive):
      for i in 0..<block.count { slack[i] = isActive[i] ? 0 : rest[i] }
    case .dense(let B, let rank, let curvature):
      slack.update(repeating: 0, count: block.count)
      for j in 0..<block.count {
        var component = 0.0
        if j < rank {
          for k in 0..<rank where curvature[j, k] != 0 {
            var w = 0.0
            for i in 0..<block.count { w += B[i, k] * dual[i] }
            component -= curvature[j, k] * w
          }
        } else {
          for i in 0..<block.count { component += B[i, j] * rest[i] }
        }
        if component == 0 { continue }
        for i in 0..<block.count { slack[i] += B[i, j] * component }
      }
    case .secondOrder(let face):
      switch face {
      case .inactive: slack.update(from: rest, count: block.count)
      case .origin: slack.update(repeating: 0, count: block.count)
      case .boundary(let unitSlack, let unitDual, let ratio):
        var along = 0.0
        var normal = 0.0
        for i in 0..<block.count {
          along += unitSlack[i] * rest[i]
          normal += unitDual[i] * dual[i]
        }
        for i in 0..<block.count {
          slack[i] = along * unitSlack[i] - ratio * (dual[i] - normal * unitDual[i])
        }
      }
    case .semidefinite:
      blocks[index]?.writeSlack(rest: rest, dual: dual, into: slack)
    }
  }
}
