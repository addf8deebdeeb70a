import LinearAlgebra

/// How the slack and the dual of one cone may move together near a solution.
///
/// At (s, y) with s'y = 0 the pairs (ds, dy) tangent to the complementarity set are ds = -H dy + Sα with
/// S'dy = 0: S spans the face that s lies in the interior of, H is the curvature of the cone's boundary.
/// With an orthonormal basis B of the complement of S: dy = Bw, and B'HB couples ds with w.
enum ConeFace {
  /// Equalities: dy free, ds = 0.
  case zero
  /// For each row whether it is active (ds = 0) or not (dy = 0).
  case nonnegative(isActive: [Bool])
  /// A small cone: B `[k, k]` row-major, of which `rank` columns count, and B'HB `[rank, rank]`.
  case dense(B: Matrix, rank: Int, curvature: Matrix)
  /// A large second-order cone.
  case secondOrder(SecondOrderFace)
  /// An eliminated semidefinite cone.
  case semidefinite(SemidefiniteFace)
}

/// The place of a second-order cone's slack and dual.
enum SecondOrderFace {
  /// The slack is inside: dy = 0.
  case inactive
  /// The slack is at the origin: ds = 0.
  case origin
  /// Both on the boundary: H = ratio (I - yy') on the complement of s, both of unit length.
  case boundary(slack: [Double], dual: [Double], ratio: Double)
}

/// The eigenvectors of S - Y: positive eigenvalues belong to S, the others to -Y.
struct SemidefiniteFace {
  let order: Int
  /// Eigenvalues of S - Y, descending.
  let values: [Double]
  /// Row i is the eigenvector of value i.
  let vectors: Matrix
  /// How many belong to S.
  let positive: Int

  var negative: Int { order - positive }

  /// Σ f(value) vv' over the eigenvectors of one side.
  func side(isPositive: Bool, _ function: (Double) -> Double) -> Matrix {
    let range = isPositive ? 0..<positive : positive..<order
    var scaled = Matrix(rows: range.count, columns: order)
    var plain = Matrix(rows: range.count, columns: order)
    for (index, i) in range.enumerated() {
      let factor = function(values[i])
      for j in 0..<order {
        plain[index, j] = vectors[i, j]
        scaled[index, j] = factor * vectors[i, j]
      }
    }
    var result = Matrix(rows: order, columns: order)
    if range.isEmpty { return result }
    result.withUnsafeMutableBufferPointer { result in
      scaled.withUnsafeBufferPointer { scaled in
        plain.withUnsafeBufferPointer { plain in
          guard let c = result.baseAddress, let a = scaled.baseAddress, let b = plain.baseAddress
          else { return }
          BLAS.gemm(.transposed, .none, m: order, n: order, k: range.count, A: a, B: b, C: c)
        }
      }
    }
    return result
  }
}

/// What is known of strict complementarity of one cone.
struct FaceActivity {
  /// Rows at which neither the slack nor the dual is in the relative interior that the other leaves.
  var weaklyActive: [Int] = []
}

/// Finds the faces of all cones at a point (s, y), in the scaled item.
///
/// Every cone is judged by its own slack and dual. One that is smaller than the accuracy of the point is zero.
/// Above that a cone is weakly active only if both are small and neither is much smaller than the other, as
/// the central path approaches a solution without strict complementarity: a regular cone may be many orders
/// smaller than the others of the item.
struct FaceFinder {
  let layout: ConicLayout
  /// Sizes below which slacks and duals count as zero: the accuracy of the point.
  let slackTolerance: Double
  let dualTolerance: Double
  /// How many times larger a slack and a dual that are zero in the limit may be at the point.
  var ambiguity = 1.0

  /// The relative size that a slack or dual has at most if the other of the pair outweighs it.
  static let negligible = 1e-4

  /// Whether a pair of sizes, relative to the tolerances, leaves open which of the two is zero.
  func isAmbiguous(_ slack: Double, _ dual: Double) -> Bool {
    let larger = max(slack / slackTolerance, dual / dualTolerance)
    let smaller = min(slack / slackTolerance, dual / dualTolerance)
    return larger <= 1 || (larger <= ambiguity && smaller > Self.negligible * larger)
  }

  func face(
    of block: ConicLayout.Block, isEliminated: Bool, s: Numbers, y: Numbers,
    activity: inout FaceActivity
  ) -> ConeFace {
    switch block.cone {
    case .zero, .free: return .zero
    case .nonnegative:
      var isActive = [Bool](repeating: false, count: block.count)
      for i in 0..<block.count {
        isActive[i] = s[i] * dualTolerance <= y[i] * slackTolerance
        if isAmbiguous(s[i], y[i]) {
          isActive[i] = true
          activity.weaklyActive.append(block.start + i)
        }
      }
      return .nonnegative(isActive: isActive)
    case .secondOrder:
      let face = secondOrderFace(block, s, y, &activity)
      return block.count > 4 ? .secondOrder(face) : dense(face, block.count)
    case .semidefinite(let order):
      let face = semidefiniteFace(block, order, s, y, &activity)
      return isEliminated ? .semidefinite(face) : dense(face, block.count)
    case .exponential, .dualExponential, .power:
      return ThreeDimensionalFace(block.cone, self).face(block, s: s, y: y, activity: &activity)
    }
  }

  private func secondOrderFace(
    _ block: ConicLayout.Block, _ s: Numbers, _ y: Numbers, _ activity: inout FaceActivity
  ) -> SecondOrderFace {
    let slackInside = s[0] - tailNorm(s, block.count)
    let dualInside = y[0] - tailNorm(y, block.count)
    let slackIsZero = s[0] <= slackTolerance
    let dualIsZero = y[0] <= dualTolerance
    let rows = block.start..<block.start + block.count
    if isAmbiguous(s[0], y[0]) || isAmbiguous(s[0], max(dualInside, 0)) {
      activity.weaklyActive += rows
      return .origin
    }
    // Inside, at the origin or on the boundary, by what dominates.
    if slackIsZero { return .origin }
    var isWeak = dualIsZero
    if !dualIsZero, isAmbiguous(max(slackInside, 0), y[0]) {
      activity.weaklyActive += rows
      isWeak = true
    } else if dualIsZero {
      if slackInside > slackTolerance { return .inactive }
      // Kept as active: only the normal direction of the dual may move.
      activity.weaklyActive += rows
    } else if slackInside / slackTolerance > max(dualInside, y[0]) / dualTolerance {
      return .inactive
    } else if dualInside / dualTolerance > max(slackInside, s[0]) / slackTolerance {
      return .origin
    }
    var slack = [Double](repeating: 0, count: block.count)
    var dual = slack
    let norm = tailNorm(s, block.count)
    let root = 0.5.squareRoot()
    slack[0] = root
    dual[0] = root
    for i in 1..<block.count {
      slack[i] = root * s[i] / norm
      dual[i] = -slack[i]
    }
    // A dual of zero leaves it only the normal direction: any large ratio says so.
    let ratio = isWeak ? 1e6 : min(s[0] / y[0], 1e12)
    return .boundary(slack: slack, dual: dual, ratio: ratio)
  }

  private func tailNorm(_ v: Numbers, _ count: Int) -> Double {
    var sum = 0.0
    for i in 1..<count { sum += v[i] * v[i] }
    return sum.squareRoot()
  }

  private func dense(_ face: SecondOrderFace, _ count: Int) -> ConeFace {
    switch face {
    case .inactive:
      return .dense(
        B: .identity(count), rank: 0, curvature: Matrix(rows: 0, columns: 0))
    case .origin:
      return .dense(
        B: .identity(count), rank: count, curvature: Matrix(rows: count, columns: count))
    case .boundary(let slack, let dual, let ratio):
      let B = orthonormalBasis(startingWith: [dual], endingWith: [slack], count)
      var curvature = Matrix(rows: count - 1, columns: count - 1)
      for i in 1..<max(count - 1, 1) { curvature[i, i] = ratio }
      return .dense(B: B, rank: count - 1, curvature: curvature)
    }
  }

  private func semidefiniteFace(
    _ block: ConicLayout.Block, _ order: Int, _ s: Numbers, _ y: Numbers,
    _ activity: inout FaceActivity
  ) -> SemidefiniteFace {
    // Eigenvectors of the difference, each side weighted so that neither drowns the other.
    var difference = Matrix(rows: order, columns: order)
    let half = 0.5.squareRoot()
    let weight = slackTolerance / dualTolerance
    var place = 0
    for j in 0..<order {
      for i in j..<order {
        let value = (s[place] - weight * y[place]) * (i == j ? 1 : half)
        difference[i, j] = value
        difference[j, i] = value
        place += 1
      }
    }
    guard let eigen = try? SymmetricEigen(difference) else {
      activity.weaklyActive += block.start..<block.start + block.count
      return SemidefiniteFace(
        order: order, values: [Double](repeating: 1, count: order), vectors: .identity(order),
        positive: order)
    }
    let rows = eigen.vectors.transpose
    var vectors = Matrix(rows: order, columns: order)
    var values = [Double](repeating: 0, count: order)
    var positive = 0
    for i in 0..<order {
      let value = eigen.values[order - 1 - i]
      if value > slackTolerance { positive += 1 }
      if value.magnitude <= slackTolerance * ambiguity,
        activity.weaklyActive.last != block.start + block.count - 1,
        isAmbiguous(
          quadraticForm(s, rows, order - 1 - i).magnitude,
          quadraticForm(y, rows, order - 1 - i).magnitude)
      {
        activity.weaklyActive += block.start..<block.start + block.count
      }
      values[i] = value > 0 ? value : value / weight
      for j in 0..<order { vectors[i, j] = rows[order - 1 - i, j] }
    }
    return SemidefiniteFace(order: order, values: values, vectors: vectors, positive: positive)
  }

  /// v'Mv of a packed symmetric matrix and one row of `vectors`.
  private func quadraticForm(_ packed: Numbers, _ vectors: Matrix, _ row: Int) -> Double {
    let root = 2.0.squareRoot()
    var sum = 0.0
    var place = 0
    for j in 0..<vectors.columns {
      for i in j..<vectors.columns {
        sum += (i == j ? 1 : root) * packed[place] * vectors[row, i] * vectors[row, j]
        place += 1
      }
    }
    return sum
  }

  private func dense(_ face: SemidefiniteFace, _ count: Int) -> ConeFace {
    // Rotated coordinates: first those of pairs with a negative side, then the positive pairs.
    let order = face.order
    var pairs: [(Int, Int)] = []
    for j in 0..<order {
      for i in j..<order where i >= face.positive { pairs.append((i, j)) }
    }
    let rank = pairs.count
    for j in 0..<face.positive {
      for i in j..<face.positive { pairs.append((i, j)) }
    }
    var B = Matrix(rows: count, columns: count)
    let root = 2.0.squareRoot()
    var curvature = Matrix(rows: rank, columns: rank)
    for (index, (p, q)) in pairs.enumerated() {
      var place = 0
      for j in 0..<order {
        for i in j..<order {
          // svec of sym(v_p v_q'), of unit length.
          let a = face.vectors[p, i] * face.vectors[q, j]
          let b = face.vectors[p, j] * face.vectors[q, i]
          let value = p == q ? a : (a + b) / root
          B[place, index] = i == j ? value : root * value
          place += 1
        }
      }
      if index < rank, q < face.positive {
        curvature[index, index] =
          face.values[q] / max(-face.values[p], 1e-3 * dualTolerance)
      }
    }
    return .dense(B: B, rank: rank, curvature: curvature)
  }
}

/// An orthonormal basis whose first and last columns are the given orthonormal vectors.
func orthonormalBasis(
  startingWith first: [[Double]], endingWith last: [[Double]], _ count: Int
) -> Matrix {
  var B = Matrix(rows: count, columns: count)
  B.withUnsafeMutableBufferPointer { B in
    let end = count - last.count
    for (j, column) in first.enumerated() {
      for i in 0..<count { B[i * count + j] = column[i] }
    }
    for (j, column) in last.enumerated() {
      for i in 0..<count { B[i * count + end + j] = column[i] }
    }
    var next = first.count
    for axis in 0..<count where next < end {
      for i in 0..<count { B[i * count + next] = i == axis ? 1 : 0 }
      for _ in 0..<2 {
        for j in 0..<count where j < next || j >= end {
          var product = 0.0
          for i in 0..<count { product += B[i * count + j] * B[i * count + next] }
          for i in 0..<count { B[i * count + next] -= product * B[i * count + j] }
        }
      }
      var norm = 0.0
      for i in 0..<count { norm += B[i * count + next] * B[i * count + next] }
      norm = norm.squareRoot()
      if norm < 0.3 / Double(count).squareRoot() { continue }
      for i in 0..<count { B[i * count + next] /= norm }
      next += 1
    }
  }
  return B
}
