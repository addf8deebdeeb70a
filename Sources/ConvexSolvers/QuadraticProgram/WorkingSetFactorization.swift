import CKernels
import LinearAlgebra

/// The factorization `L D Lᵀ` of the Gram matrix of a working set of constraints, kept up to date
/// while constraints enter and leave one at a time (Gill, Golub, Murray and Saunders 1974, method C1;
/// as in Arnström, Bemporad and Axehill 2022).
///
/// L is unit lower triangular, row-major; row i belongs to the i-th constraint of the set.
struct WorkingSetFactorization: ~Copyable {
  private let buffer: AlignedBuffer
  /// L, `[capacity, capacity]`.
  let L: UnsafeMutablePointer<Double>
  /// The diagonal of D, `[capacity]`.
  let D: UnsafeMutablePointer<Double>
  private let column: UnsafeMutablePointer<Double>
  let capacity: Int
  private(set) var count = 0

  init(capacity: Int) {
    self.capacity = capacity
    buffer = AlignedBuffer(uninitializedCount: capacity * (capacity + 2))
    L = buffer.pointer
    D = L + capacity * capacity
    column = D + capacity
  }

  mutating func removeAll() { count = 0 }

  /// Computes the row that would append a constraint with inner products `products` (with the members
  /// of the set, in order) and squared norm `square`, and its pivot; `commit` makes it a member.
  func prepareRow(_ products: UnsafePointer<Double>, square: Double) -> Double {
    let row = L + count * capacity
    var pivot = square
    for i in 0..<count {
      row[i] = products[i] - ck_dot(i, L + i * capacity, row)
    }
    for i in 0..<count {
      let z = row[i]
      row[i] = z / D[i]
      pivot -= z * row[i]
    }
    return pivot
  }

  /// Appends the prepared row.
  mutating func commit(pivot: Double) {
    D[count] = pivot
    count += 1
  }

  /// The vector v with `v[count] = 1` for which the prepared, dependent row and the members cancel:
  /// `Gram v = 0` on the members.
  func dependency(into v: UnsafeMutablePointer<Double>) {
    let row = L + count * capacity
    for i in 0..<count { v[i] = -row[i] }
    solveTransposed(v)
    v[count] = 1
  }

  /// Solves `L D Lᵀ x = x` in place.
  func solve(_ x: UnsafeMutablePointer<Double>) {
    for i in 0..<count { x[i] -= ck_dot(i, L + i * capacity, x) }
    for i in 0..<count { x[i] /= D[i] }
    solveTransposed(x)
  }

  private func solveTransposed(_ x: UnsafeMutablePointer<Double>) {
    for i in stride(from: count - 1, through: 0, by: -1) {
      ck_add_scaled(i, -x[i], L + i * capacity, x)
    }
  }

  /// Removes the member at `position`: the rows below move up and absorb its part of the product.
  mutating func remove(at position: Int) {
    var weight = D[position]
    for i in position + 1..<count { column[i - 1] = L[i * capacity + position] }
    for i in position + 1..<count {
      let source = L + i * capacity
      let target = L + (i - 1) * capacity
      for j in 0..<position { target[j] = source[j] }
      for j in position + 1..<i { target[j - 1] = source[j] }
      D[i - 1] = D[i]
    }
    count -= 1
    // Rank-one update of the trailing block by weight * column columnᵀ.
    for j in position..<count {
      let p = column[j]
      let old = D[j]
      let new = old + weight * p * p
      let gain = weight * p / new
      weight *= old / new
      D[j] = new
      for i in j + 1..<max(count, j + 1) {
        let entry = L + i * capacity + j
        column[i] -= p * entry.pointee
        entry.pointee += gain * column[i]
      }
    }
  }
}
