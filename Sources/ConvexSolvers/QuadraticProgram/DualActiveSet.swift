import CKernels
import LinearAlgebra

/// Solves the dual of a strictly convex quadratic program by active sets.
///
/// In the scaled dual the products of the rows with the optimal point are `t = -H lambda`, to lie between
/// `lower` and `upper`; a multiplier is positive at an upper bound and negative at a lower one. Two
/// methods take turns:
///
/// 1. *Block pivoting* (Kim and Park 2011): solve on a guessed set, exchange every row that violates
///    its sign or its bound, repeat. A handful of Cholesky factorizations where it converges, which is
///    nearly always, but without a guarantee.
/// 2. *The dual active-set method* (Goldfarb and Idnani 1983; as in Arnström, Bemporad and Axehill
///    2022), one row at a time on an updated factorization, from the set that block pivoting left. It
///    ends at the solution or at a proof of infeasibility.
struct DualActiveSet: ~Copyable {
  enum Outcome {
    case optimal
    /// The multipliers in `ray` prove that no point satisfies the constraints.
    case infeasible
    case iterationLimit
    case timeLimit
  }

  let rows: Int
  private let buffer: AlignedBuffer
  private let indexBuffer: UnsafeMutablePointer<Int>
  /// Bounds on t, `[rows]`; infinite where absent. Filled by the caller.
  let lower: UnsafeMutablePointer<Double>
  let upper: UnsafeMutablePointer<Double>
  /// Tolerance on each bound, `[rows]`. Filled by the caller.
  let tolerance: UnsafeMutablePointer<Double>
  /// Scaled multipliers, `[rows]`, zero outside the working set.
  let multiplier: UnsafeMutablePointer<Double>
  /// The ray of an infeasible problem, `[rows]`.
  let ray: UnsafeMutablePointer<Double>
  /// t = -H multiplier, `[rows]`.
  let products: UnsafeMutablePointer<Double>
  /// The working set, `[count]`, and for each row 1 if it is in it at its upper bound, -1 at its lower, 0
  /// if it is not.
  let working: UnsafeMutablePointer<Int>
  let side: UnsafeMutablePointer<Int>
  private(set) var count = 0
  private(set) var iterations = 0

  /// Upper Cholesky factor of the Gram matrix of the working set, `[count, ldw]`, and the inverses of
  /// its diagonal; valid when the outcome is optimal.
  let root: UnsafeMutablePointer<Double>
  let rootInverseDiagonal: UnsafeMutablePointer<Double>
  let ldw: Int

  private let rowPointers: UnsafeMutablePointer<UnsafePointer<Double>?>
  private let step: UnsafeMutablePointer<Double>
  private let target: UnsafeMutablePointer<Double>
  private var factor: WorkingSetFactorization
  /// At most this many rows can be independent.
  private let capacity: Int
  /// Pivots of unit-scaled rows below this count as dependence.
  static let smallestPivot = 1e-12

  /// - Parameters:
  ///   - rows: the most two-sided rows.
  ///   - dimension: the most that can be independent.
  init(rows: Int, dimension: Int) {
    self.rows = rows
    capacity = max(0, min(rows, dimension))
    ldw = (capacity + 7) / 8 * 8
    let padded = (rows + 7) / 8 * 8
    let rootRows = (capacity + 3) / 4 * 4
    buffer = AlignedBuffer(repeating: 0, count: 8 * padded + 8 + rootRows * ldw + ldw)
    lower = buffer.pointer
    upper = lower + padded
    tolerance = upper + padded
    multiplier = tolerance + padded
    ray = multiplier + padded
    products = ray + padded
    step = products + padded
    target = step + padded
    rootInverseDiagonal = target + padded + 8
    root = rootInverseDiagonal + ldw
    indexBuffer = .allocate(capacity: 2 * rows + 1)
    working = indexBuffer
    rowPointers = .allocate(capacity: capacity + 1)
    side = indexBuffer + rows
    factor = WorkingSetFactorization(capacity: capacity + 1)
  }

  deinit {
    indexBuffer.deallocate()
    rowPointers.deallocate()
  }

  /// Solves for the bounds, tolerances and the first guess of the working set that stand in `side`.
  mutating func solve(
    H: UnsafePointer<Double>, ldh: Int, activeRows: Int, iterationLimit: Int, isOverdue: () -> Bool
  ) -> Outcome {
    iterations = 0
    if let outcome = pivotBlocks(
      H: H, ldh: ldh, activeRows: activeRows, iterationLimit: iterationLimit,
      isOverdue: isOverdue)
    {
      return outcome
    }
    let outcome = exchangeRows(
      H: H, ldh: ldh, activeRows: activeRows, iterationLimit: iterationLimit, isOverdue: isOverdue)
    if case .optimal = outcome { copyFactor() }
    return outcome
  }

  /// The bound at which a row of the working set is held.
  private func bound(_ row: Int) -> Double { side[row] > 0 ? upper[row] : lower[row] }

  // MARK: - Block pivoting

  /// Returns nil when it does not make progress or meets dependent rows.
  private mutating func pivotBlocks(
    H: UnsafePointer<Double>, ldh: Int, activeRows: Int, iterationLimit: Int, isOverdue: () -> Bool
  ) -> Outcome? {
    var fewest = Int.max
    var patience = 8
    while true {
      count = 0
      for i in 0..<activeRows where side[i] != 0 {
        guard count < capacity else { return nil }
        working[count] = i
        count += 1
      }
      guard iterations < iterationLimit else { return .iterationLimit }
      if isOverdue() { return .timeLimit }
      iterations += 1
      guard factorWorkingSet(H: H, ldh: ldh) else { return nil }
      for a in 0..<count { step[a] = -bound(working[a]) }
      ck_solve_transposed(count, root, ldw, rootInverseDiagonal, step)
      ck_solve(count, root, ldw, rootInverseDiagonal, step)

      updateProducts(H: H, ldh: ldh, activeRows: activeRows, multipliers: step)
      let violations = exchangeViolated(activeRows, threshold: patience == 8 ? 0 : 0.5)
      if violations == 0 { return .optimal }
      for a in 0..<count { multiplier[working[a]] = 0 }
      if violations < fewest {
        fewest = violations
        patience = 8
      } else {
        patience -= 1
        if patience < 0 { return nil }
      }
    }
  }

  /// Drops the members with a wrong sign and takes in the rows that violate their bounds, the worst ones
  /// only where there are more than can be independent. Returns the number of violations.
  private func exchangeViolated(_ activeRows: Int, threshold least: Double) -> Int {
    var violations = 0
    var kept = 0
    let largest = ck_largest(count, step)
    for a in 0..<count {
      let i = working[a]
      multiplier[i] = step[a]
      if step[a] * Double(side[i]) < -1e-13 * largest, lower[i] < upper[i] {
        side[i] = 0
        violations += 1
      } else {
        kept += 1
      }
    }
    let noise = 1e-14 * largest
    let excess = target
    var worst = 0.0
    var additions = 0
    for i in 0..<activeRows {
      excess[i] = 0
      guard multiplier[i] == 0, side[i] == 0 else { continue }
      let over = max(products[i] - upper[i], lower[i] - products[i])
      if over > tolerance[i] + noise {
        excess[i] = over
        worst = max(worst, over)
        additions += 1
      }
    }
    violations += additions
    var threshold = least
    additions = (0..<activeRows).count { excess[$0] > threshold * worst }
    while kept + additions > capacity, threshold < 0.9 {
      threshold += 0.1
      additions = (0..<activeRows).count { excess[$0] > threshold * worst }
    }
    for i in 0..<activeRows where excess[i] > threshold * worst {
      side[i] = products[i] > upper[i] ? 1 : -1
    }
    return violations
  }

  private func factorWorkingSet(H: UnsafePointer<Double>, ldh: Int) -> Bool {
    let padded = (count + 7) / 8 * 8
    for a in 0..<count {
      let source = H + working[a] * ldh
      let row = root + a * ldw
      for b in a..<count { row[b] = source[working[b]] }
      for b in count..<padded { row[b] = 0 }
    }
    return ck_cholesky(count, root, ldw, rootInverseDiagonal, Self.smallestPivot) == count
  }

  /// t := -H multipliers over the working set.
  private func updateProducts(
    H: UnsafePointer<Double>, ldh: Int, activeRows: Int,
    multipliers: UnsafeMutablePointer<Double>
  ) {
    products.update(repeating: 0, count: activeRows)
    for a in 0..<count {
      target[a] = -multipliers[a]
      rowPointers[a] = H + working[a] * ldh
    }
    ck_add_rows(count, rowPointers, activeRows, target, products)
  }

  // MARK: - One row at a time

  private mutating func exchangeRows(
    H: UnsafePointer<Double>, ldh: Int, activeRows: Int, iterationLimit: Int, isOverdue: () -> Bool
  ) -> Outcome {
    multiplier.update(repeating: 0, count: rows)
    count = 0
    factor.removeAll()
    // What is left of the guess, as far as independent.
    for i in 0..<activeRows where side[i] != 0 {
      let pivot = prepare(i, H: H, ldh: ldh)
      if pivot > Self.smallestPivot, count < capacity {
        append(i, pivot: pivot)
      } else {
        side[i] = 0
      }
    }

    while true {
      guard iterations < iterationLimit else { return .iterationLimit }
      if isOverdue() { return .timeLimit }
      iterations += 1
      for a in 0..<count { target[a] = -bound(working[a]) }
      factor.solve(target)
      if let blocking = moveTowardTarget() {
        remove(at: blocking)
        continue
      }
      for a in 0..<count { multiplier[working[a]] = target[a] }
      for a in 0..<count { step[a] = target[a] }
      updateProducts(H: H, ldh: ldh, activeRows: activeRows, multipliers: step)
      guard let row = mostViolated(activeRows) else { return .optimal }
      side[row] = products[row] > upper[row] ? 1 : -1
      // A dependent row moves multipliers along the dependency until members leave to make room.
      while true {
        let pivot = prepare(row, H: H, ldh: ldh)
        if pivot > Self.smallestPivot, count < capacity {
          append(row, pivot: pivot)
          break
        }
        iterations += 1
        guard iterations < iterationLimit else { return .iterationLimit }
        factor.dependency(into: step)
        let direction = Double(side[row])
        var length = Double.infinity
        var blocking = -1
        for a in 0..<count {
          let i = working[a]
          guard lower[i] < upper[i] else { continue }
          let change = direction * step[a] * Double(side[i])
          if change < -1e-11 {
            let room = -multiplier[i] * Double(side[i]) / change
            if room < length { (length, blocking) = (max(room, 0), a) }
          }
        }
        guard blocking >= 0 else {
          ray.update(repeating: 0, count: rows)
          for a in 0..<count { ray[working[a]] = direction * step[a] }
          ray[row] = direction
          side[row] = 0
          return .infeasible
        }
        for a in 0..<count { multiplier[working[a]] += length * direction * step[a] }
        multiplier[row] += length * direction
        remove(at: blocking)
      }
    }
  }

  /// Moves the multipliers toward `target` as far as their signs allow; returns the position of the
  /// member that blocks, or nil if the target was reached.
  private func moveTowardTarget() -> Int? {
    var length = 1.0
    var blocking: Int?
    let zero = 1e-13 * ck_largest(count, target)
    for a in 0..<count {
      let i = working[a]
      guard lower[i] < upper[i] else { continue }
      let sign = Double(side[i])
      guard target[a] * sign < -zero else { continue }
      let present = multiplier[i] * sign
      let part = present / (present - target[a] * sign)
      if blocking == nil || part < length { (length, blocking) = (part, a) }
    }
    guard let blocking else { return nil }
    for a in 0..<count {
      let i = working[a]
      multiplier[i] += length * (target[a] - multiplier[i])
    }
    return blocking
  }

  private func mostViolated(_ activeRows: Int) -> Int? {
    var worst = 1e-14 * ck_largest(count, step)
    var row: Int?
    for i in 0..<activeRows where side[i] == 0 {
      let excess = max(products[i] - upper[i], lower[i] - products[i])
      if excess > tolerance[i], excess > worst { (worst, row) = (excess, i) }
    }
    return row
  }

  private func prepare(_ row: Int, H: UnsafePointer<Double>, ldh: Int) -> Double {
    let source = H + row * ldh
    for a in 0..<count { step[a] = source[working[a]] }
    return factor.prepareRow(step, square: source[row])
  }

  private mutating func append(_ row: Int, pivot: Double) {
    factor.commit(pivot: pivot)
    working[count] = row
    count += 1
  }

  private mutating func remove(at position: Int) {
    let row = working[position]
    side[row] = 0
    multiplier[row] = 0
    factor.remove(at: position)
    for a in position + 1..<count { working[a - 1] = working[a] }
    count -= 1
  }

  /// Writes the updated factorization as the Cholesky factor that block pivoting ends with.
  private func copyFactor() {
    for a in 0..<count {
      let root = factor.D[a].squareRoot()
      self.root[a * ldw + a] = root
      rootInverseDiagonal[a] = 1 / root
      for b in a + 1..<max(count, a + 1) {
        self.root[a * ldw + b] = factor.L[b * factor.capacity + a] * root
      }
    }
  }
}
