import LinearAlgebra

/// The item as the interior point sees it: P̂ = kDPD, ĉ = kDc, Â = EAD, b̂ = Eb with rows of one cone
/// scaled alike (Ruiz 2001; the cost scale k of OSQP, Stellato et al. 2020, section 5.1).
///
/// Rows without a bound (b infinite) become 0x + s = 1.
final class ConicEquilibration {
  let layout: ConicLayout
  private let buffer: AlignedBuffer
  let D: Numbers
  let E: Numbers
  let c: Numbers
  let b: Numbers
  private let columnNorms: Numbers
  private let rowNorms: Numbers
  private(set) var costScale = 1.0
  /// Rows whose bound is absent, and those of `NoiseRows`.
  private(set) var absentRows: [Int] = []
  /// Of the absent rows those of equalities.
  private var absentEqualities: [Int] = []

  init(_ layout: ConicLayout) {
    self.layout = layout
    let n = layout.variables
    let m = layout.rows
    buffer = AlignedBuffer(uninitializedCount: 3 * n + 3 * m)
    D = buffer.pointer
    c = D + n
    columnNorms = c + n
    E = columnNorms + n
    b = E + m
    rowNorms = b + m
  }

  /// Takes the data of an item, and writes the scaled matrices.
  ///
  /// - Parameter sizes: the sizes that variables and rows are expected to have at the solution; with them they
  ///   are scaled to size one there, whatever the entries of the matrices, and the rows of an exponential
  ///   or power cone each by itself.
  func load(
    _ item: Int, of batch: ConeProgramBatch, P: Numbers, A: Numbers,
    sizes: (variables: [Double], rows: [Double])? = nil
  ) {
    let n = layout.variables
    let m = layout.rows
    if let source = batch.P?.values.pointer(item) {
      P.update(from: source, count: layout.P.entries)
    }
    let sourceA = batch.A.values.pointer(item)
    for (entry, place) in layout.placesOfA.enumerated() { A[entry] = sourceA[place] }
    c.update(from: batch.c.pointer(item), count: n)
    let sourceB = batch.b.pointer(item)
    absentRows = []
    for row in 0..<m {
      b[row] = sourceB[layout.originalRows[row]]
      if b[row] >= 1e20 { absentRows.append(row) }
    }
    for block in layout.blocks {
      if case .nonnegative = block.cone { continue }
      absentRows.removeAll { $0 >= block.start && $0 < block.start + block.count }
    }
    absentEqualities = []
    findNoise(A)
    if !absentRows.isEmpty {
      var isAbsent = [Bool](repeating: false, count: m)
      for row in absentRows {
        isAbsent[row] = true
        b[row] = 1
      }
      for row in absentEqualities { b[row] = 0 }
      for entry in 0..<layout.A.entries where isAbsent[layout.A.rowIndices[entry]] { A[entry] = 0 }
    }
    if let sizes {
      scale(to: sizes, P: P, A: A)
    } else {
      equilibrate(P: P, A: A)
    }
  }

  /// Adds the rows of rounding noise to those that are absent.
  private func findNoise(_ A: Numbers) {
    rowNorms.update(repeating: 0, count: layout.rows)
    // The largest ratio of an entry to its column's largest.
    layout.A.columnStarts.withUnsafeBufferPointer { starts in
      for column in 0..<layout.variables {
        var largest = 0.0
        for entry in starts[column]..<starts[column + 1] {
          largest = max(largest, A[entry].magnitude)
        }
        if largest == 0 { continue }
        for entry in starts[column]..<starts[column + 1] {
          let row = layout.A.rowIndices[entry]
          rowNorms[row] = max(rowNorms[row], A[entry].magnitude / largest)
        }
      }
    }
    for block in layout.blocks {
      let isEquality: Bool
      switch block.cone {
      case .zero: isEquality = true
      case .nonnegative: isEquality = false
      default: continue
      }
      for row in block.start..<block.start + block.count
      where rowNorms[row] <= NoiseRows.entryThreshold && b[row] < 1e20
        && NoiseRows.isVoid(bound: b[row], isEquality: isEquality)
      {
        // A row of zeros with a bound that holds is no trouble.
        if rowNorms[row] == 0, isEquality ? b[row] == 0 : b[row] >= 0 { continue }
        absentRows.append(row)
        if isEquality { absentEqualities.append(row) }
      }
    }
  }

  /// Scales variables, and rows with their right-hand sides, to size one at a point.
  private func scale(
    to sizes: (variables: [Double], rows: [Double]), P: Numbers, A: Numbers
  ) {
    let n = layout.variables
    let m = layout.rows
    for j in 0..<n { D[j] = sizes.variables[j] }
    for i in 0..<m { rowNorms[i] = b[i].magnitude }
    layout.A.visit { row, column, entry in
      A[entry] *= D[column]
      rowNorms[row] = max(rowNorms[row], A[entry].magnitude)
    }
    joinRows()
    for block in layout.blocks {
      let start = block.start
      // The coordinates of a dual exponential cone are mixed by the map to the exponential one.
      let shared = max(sizes.rows[start], sizes.rows[min(start + 1, m - 1)])
      switch block.cone {
      case .exponential, .power:
        for i in start..<start + 3 where sizes.rows[i] > 0 { rowNorms[i] = sizes.rows[i] }
      case .dualExponential where shared > 0 && sizes.rows[start + 2] > 0:
        rowNorms[start] = shared
        rowNorms[start + 1] = shared
        rowNorms[start + 2] = sizes.rows[start + 2]
      default: continue
      }
    }
    for i in 0..<m {
      E[i] = rowNorms[i] > 0 ? 1 / rowNorms[i] : 1
      b[i] *= E[i]
    }
    layout.A.visit { row, column, entry in A[entry] *= E[row] }
    var size = 0.0
    for j in 0..<n {
      c[j] *= D[j]
      size = max(size, c[j].magnitude)
    }
    layout.P.visit { row, column, entry in
      P[entry] *= D[row] * D[column]
      size = max(size, P[entry].magnitude)
    }
    costScale = size > 0 ? 1 / size : 1
    for entry in 0..<layout.P.entries { P[entry] *= costScale }
    for j in 0..<n { c[j] *= costScale }
  }

  private func equilibrate(P: Numbers, A: Numbers) {
    let n = layout.variables
    let m = layout.rows
    D.update(repeating: 1, count: n)
    E.update(repeating: 1, count: m)
    costScale = 1
    var costSize = 0.0
    for j in 0..<n { costSize = max(costSize, c[j].magnitude) }
    for _ in 0..<10 {
      columnNorms.update(repeating: 0, count: n)
      rowNorms.update(repeating: 0, count: m)
      layout.P.visit { row, column, entry in
        columnNorms[column] = max(columnNorms[column], P[entry].magnitude)
      }
      layout.A.visit { row, column, entry in
        let size = A[entry].magnitude
        columnNorms[column] = max(columnNorms[column], size)
        rowNorms[row] = max(rowNorms[row], size)
      }
      joinRows()
      var worst = 0.0
      for j in 0..<n { columnNorms[j] = factor(columnNorms[j], &worst) }
      for i in 0..<m { rowNorms[i] = factor(rowNorms[i], &worst) }
      for j in 0..<n { bound(&D[j], &columnNorms[j]) }
      for i in 0..<m { bound(&E[i], &rowNorms[i]) }
      layout.P.visit { row, column, entry in
        P[entry] *= columnNorms[row] * columnNorms[column]
      }
      layout.A.visit { row, column, entry in A[entry] *= rowNorms[row] * columnNorms[column] }
      if worst < 0.05 { break }
    }
    for j in 0..<n { c[j] *= D[j] }
    for i in 0..<m { b[i] *= E[i] }
    // The cost: mean column norm of P or the size of c, whichever is larger, becomes one.
    var sizeOfC = 0.0
    for j in 0..<n { sizeOfC = max(sizeOfC, c[j].magnitude) }
    columnNorms.update(repeating: 0, count: n)
    layout.P.visit { _, column, entry in
      columnNorms[column] = max(columnNorms[column], P[entry].magnitude)
    }
    var mean = 0.0
    for j in 0..<n { mean += columnNorms[j] / Double(max(n, 1)) }
    let size = max(sizeOfC, mean)
    if size > 0 { costScale = max(1e-4, min(1e4, 1 / size)) }
    // With exponential and power cones the iteration starts at a point of size one, far from which a cost that
    // the columns' scales have made large or small would put the solution: only a large cost is scaled.
    if !layout.isSymmetric { costScale = max(1e-4, min(1, 1 / max(costSize, 1e-300))) }
    for entry in 0..<layout.P.entries { P[entry] *= costScale }
    for j in 0..<n { c[j] *= costScale }
  }

  /// Gives the rows of a cone that is not a product of rays one norm.
  private func joinRows() {
    for block in layout.blocks {
      switch block.cone {
      case .zero, .free, .nonnegative: continue
      default:
        var largest = 0.0
        for i in block.start..<block.start + block.count { largest = max(largest, rowNorms[i]) }
        for i in block.start..<block.start + block.count { rowNorms[i] = largest }
      }
    }
  }

  private func factor(_ norm: Double, _ worst: inout Double) -> Double {
    if norm == 0 { return 1 }
    worst = max(worst, (1 - norm).magnitude)
    return 1 / norm.squareRoot()
  }

  /// Keeps the accumulated scale within bounds.
  private func bound(_ total: inout Double, _ step: inout Double) {
    let limited = max(1e-4, min(1e4, total * step))
    step = limited / total
    total = limited
  }
}

extension SparsityPattern {
  /// Calls `body` for every entry.
  @inline(__always)
  func visit(_ body: (_ row: Int, _ column: Int, _ entry: Int) -> Void) {
    columnStarts.withUnsafeBufferPointer { starts in
      rowIndices.withUnsafeBufferPointer { rows in
        for column in 0..<columns {
          for entry in starts[column]..<starts[column + 1] { body(rows[entry], column, entry) }
        }
      }
    }
  }
}
