import LinearAlgebra

/// The rows and cones as the interior point has them: free rows are left out, cones of dimension one are
/// nonnegative.
struct ConicLayout: Sendable {
  struct Block: Sendable {
    let cone: Cone
    let start: Int
    let count: Int
  }

  let variables: Int
  /// The row of the program of each row here.
  let originalRows: [Int]
  let blocks: [Block]
  /// A without the free rows, in compressed columns, and the place of each entry in A.
  let A: SparsityPattern
  let placesOfA: [Int]
  /// P, whole; empty if there is none.
  let P: SparsityPattern

  var rows: Int { originalRows.count }

  /// Whether there are no exponential and power cones.
  var isSymmetric: Bool {
    blocks.allSatisfy {
      switch $0.cone {
      case .exponential, .dualExponential, .power: false
      default: true
      }
    }
  }

  /// Whether there is no quadratic term and no cone but those of equalities and inequalities.
  var isLinearProgram: Bool {
    P.entries == 0
      && blocks.allSatisfy {
        switch $0.cone {
        case .zero, .free, .nonnegative: true
        default: false
        }
      }
  }

  init(_ structure: ConeProgramStructure) {
    variables = structure.A.columns
    var originalRows: [Int] = []
    var newRow = [Int](repeating: -1, count: structure.A.rows)
    var blocks: [Block] = []
    for (cone, range) in structure.cones.blocks {
      var kept = cone
      switch cone {
      case .free: continue
      case .secondOrder(1), .semidefinite(order: 1): kept = .nonnegative(1)
      default: break
      }
      for row in range {
        newRow[row] = originalRows.count
        originalRows.append(row)
      }
      let start = originalRows.count - range.count
      if case .nonnegative(let more) = kept, let last = blocks.last,
        case .nonnegative(let count) = last.cone
      {
        blocks[blocks.count - 1] = Block(
          cone: .nonnegative(count + more), start: last.start, count: count + more)
      } else {
        blocks.append(Block(cone: kept, start: start, count: range.count))
      }
    }
    self.originalRows = originalRows
    self.blocks = blocks
    var starts = [0]
    var rowIndices: [Int] = []
    var places: [Int] = []
    starts.reserveCapacity(variables + 1)
    rowIndices.reserveCapacity(structure.A.entries)
    places.reserveCapacity(structure.A.entries)
    for column in 0..<variables {
      for entry in structure.A.columnStarts[column]..<structure.A.columnStarts[column + 1] {
        let row = newRow[structure.A.rowIndices[entry]]
        if row < 0 { continue }
        rowIndices.append(row)
        places.append(entry)
      }
      starts.append(rowIndices.count)
    }
    A = SparsityPattern(
      rows: originalRows.count, columns: variables, columnStarts: starts, rowIndices: rowIndices)
    placesOfA = places
    P =
      structure.P
      ?? SparsityPattern(
        rows: variables, columns: variables,
        columnStarts: [Int](repeating: 0, count: variables + 1), rowIndices: [])
  }
}
