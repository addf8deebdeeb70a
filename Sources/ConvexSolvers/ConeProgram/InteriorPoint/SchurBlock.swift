import LinearAlgebra

/// The products ⟨F_i, V F_j W⟩ of the sparse symmetric matrices that a semidefinite block couples with the
/// rest of the problem: its Schur complement (Fujisawa, Kojima and Nakata 1997).
///
/// Eliminating a semidefinite block keeps its k(k+1)/2 rows out of the KKT system. There are two ways.
/// `variables`: x stays, F_j is column j of A, V = G⁻¹. `rows`: the block is a constraint on variables that
/// occur nowhere else in a cone (-x + s = 0), both go, F_i is row i of A in those variables, V = G.
final class SchurBlock {
  /// One sparse symmetric matrix: the lower triangle.
  struct Entry {
    var row: Int32
    var column: Int32
    /// The place in the values that it comes from.
    var place: Int32
    /// What the value is multiplied with.
    var factor: Double
    var value: Double
  }

  let order: Int
  /// The number of matrices.
  let count: Int
  /// The entries of matrix i are `starts[i] ..< starts[i + 1]`; those with most entries come first.
  private let starts: [Int]
  private var entries: [Entry]
  /// The unknowns of the KKT system that the matrices belong to, in the same order.
  let unknowns: [Int]
  private let buffer: AlignedBuffer

  init(order: Int, matrices: [(unknown: Int, entries: [Entry])]) {
    self.order = order
    count = matrices.count
    let sorted = matrices.sorted {
      $0.entries.count != $1.entries.count
        ? $0.entries.count > $1.entries.count : $0.unknown < $1.unknown
    }
    unknowns = sorted.map(\.unknown)
    var starts = [0]
    for matrix in sorted { starts.append(starts[starts.count - 1] + matrix.entries.count) }
    self.starts = starts
    entries = sorted.flatMap(\.entries)
    buffer = AlignedBuffer(uninitializedCount: 3 * order * order, isAligned: true)
  }

  /// Takes the numbers of the matrices.
  func load(_ values: UnsafePointer<Double>) {
    for index in entries.indices {
      entries[index].value = values[Int(entries[index].place)] * entries[index].factor
    }
  }

  /// Adds factor ⟨F_i, V F_j W⟩ to `target[positions[...]]` for all i ≥ j (in the sorted order), row by
  /// row.
  func accumulate(
    V: UnsafePointer<Double>, W: UnsafePointer<Double>, factor: Double,
    positions: UnsafePointer<Int32>,
    into target: UnsafeMutablePointer<Double>
  ) {
    let k = order
    let whole = buffer.pointer
    let rowsOfV = whole + k * k
    let sums = rowsOfV + k * k
    entries.withUnsafeBufferPointer { entries in
      var place = 0
      for j in 0..<count {
        let own = starts[j]..<starts[j + 1]
        let rest = starts[count] - starts[j]
        let direct = 2 * own.count * rest
        // A dense product at a tenth of the cost, for BLAS is that much faster.
        let dense = rest + (own.count * k * 2) + min(own.count, k) * k * k / 8
        if direct <= dense {
          for i in j..<count {
            var sum = 0.0
            for e in starts[i]..<starts[i + 1] {
              let entry = entries[e]
              let row = Int(entry.row) * k
              let column = Int(entry.column) * k
              var inner = product(V + row, W + column, entries, own)
              if row != column {
                inner += V == W ? inner : product(V + column, W + row, entries, own)
              }
              sum += inner * entry.value
            }
            target[Int(positions[place])] += factor * sum
            place += 1
          }
          continue
        }
        // V F_j W with the rows of F_j that are not empty.
        var used: [Int32] = []
        var slot = [Int32](repeating: -1, count: k)
        for f in own {
          for row in [entries[f].row, entries[f].column] where slot[Int(row)] < 0 {
            slot[Int(row)] = Int32(used.count)
            used.append(row)
          }
        }
        let height = used.count
        (sums).update(repeating: 0, count: height * k)
        for f in own {
          let entry = entries[f]
          addRow(W + Int(entry.column) * k, entry.value, sums + Int(slot[Int(entry.row)]) * k, k)
          if entry.row != entry.column {
            addRow(W + Int(entry.row) * k, entry.value, sums + Int(slot[Int(entry.column)]) * k, k)
          }
        }
        for (index, row) in used.enumerated() {
          (rowsOfV + index * k).update(from: V + Int(row) * k, count: k)
        }
        BLAS.gemm(.transposed, .none, m: k, n: k, k: height, A: rowsOfV, B: sums, C: whole)
        for i in j..<count {
          var sum = 0.0
          for e in starts[i]..<starts[i + 1] {
            let entry = entries[e]
            let row = Int(entry.row)
            let column = Int(entry.column)
            var value = whole[row * k + column]
            if row != column { value += whole[column * k + row] }
            sum += value * entry.value
          }
          target[Int(positions[place])] += factor * sum
          place += 1
        }
      }
    }
  }

  /// (V F_j W) at one place, from a row of V and a row of W.
  @inline(__always)
  private func product(
    _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ entries: UnsafeBufferPointer<Entry>,
    _ own: Range<Int>
  ) -> Double {
    var sum = 0.0
    for f in own {
      let other = entries[f]
      let c = Int(other.row)
      let d = Int(other.column)
      sum += c == d ? a[c] * b[c] * other.value : (a[c] * b[d] + a[d] * b[c]) * other.value
    }
    return sum
  }

  /// Calls `body` with the entries of each matrix and its unknown.
  func forEachMatrix(_ body: (_ unknown: Int, _ entries: ArraySlice<Entry>) -> Void) {
    for i in 0..<count { body(unknowns[i], entries[starts[i]..<starts[i + 1]]) }
  }

  private func addRow(
    _ source: UnsafePointer<Double>, _ factor: Double, _ target: UnsafeMutablePointer<Double>,
    _ count: Int
  ) {
    for i in 0..<count { target[i] += factor * source[i] }
  }
}
