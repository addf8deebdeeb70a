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
  /// Rows whose bound is absent.
  private(set) var absentRows: [Int] = []

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
  func load(_ item: Int, of batch: ConeProgramBatch, P: Numbers, A: Numbers) {
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
    if !absentRows.isEmpty {
      var isAbsent = [Bool](repeating: false, count: m)
      for row in absentRows {
        isAbsent[row] = true
        b[row] = 1
      }
      for entry in 0..<layout.A.entries where isAbsent[layout.A.rowIndices[entry]] { A[entry] = 0 }
    }
    equilibrate(P: P, A: A)
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
