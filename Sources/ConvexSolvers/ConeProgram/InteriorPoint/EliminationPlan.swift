import LinearAlgebra

/// Decides which semidefinite blocks are eliminated from the KKT system, and numbers the unknowns.
struct EliminationPlan {
  enum BlockPlan {
    case rows
    case schur(order: Int, matrices: [(unknown: Int, entries: [SchurBlock.Entry])])
    case direct(
      order: Int, matrices: [(unknown: Int, entries: [SchurBlock.Entry])], columns: [Int32],
      entries: [Int32])
  }

  let layout: ConicLayout
  private(set) var unknownOfVariable: [Int32]
  private(set) var unknownOfRow: [Int32]
  private(set) var signs: [Int8] = []
  private(set) var blocks: [BlockPlan] = []
  /// The first extra unknown of each block that has some.
  private var extras: [Int]

  init(_ layout: ConicLayout) {
    self.layout = layout
    unknownOfVariable = [Int32](repeating: 0, count: layout.variables)
    unknownOfRow = [Int32](repeating: 0, count: layout.rows)
    extras = [Int](repeating: -1, count: layout.blocks.count)

    let byRow = layout.A.transposed()
    var isEliminated = [Bool](repeating: false, count: layout.variables)
    var modes = [Mode](repeating: .rows, count: layout.blocks.count)
    for (index, block) in layout.blocks.enumerated() {
      guard case .semidefinite(let order) = block.cone, order > 2,
        let columns = constrainedVariables(block, byRow.pattern, isEliminated)
      else { continue }
      modes[index] = .direct(
        columns: columns,
        entries: (0..<block.count).map {
          Int32(byRow.places[byRow.pattern.columnStarts[block.start + $0]])
        })
      for column in columns { isEliminated[Int(column)] = true }
      // The other rows must be able to take what is eliminated.
      let touched = rowsTouching(columns, outside: block)
      if touched.contains(where: { modeBlocksElimination(of: $0) })
        || touched.count > 2 * block.count
      {
        modes[index] = .rows
        for column in columns { isEliminated[Int(column)] = false }
      }
    }
    for (index, block) in layout.blocks.enumerated() {
      guard case .semidefinite(let order) = block.cone, order > 2, case .rows = modes[index] else {
        continue
      }
      let touched = variablesTouched(by: block, byRow.pattern)
      if touched.count <= 2 * block.count, !touched.contains(where: { isEliminated[$0] }) {
        modes[index] = .schur(variables: touched)
      }
    }
    number(isEliminated, modes)
    blocks = layout.blocks.indices.map { plan(layout.blocks[$0], modes[$0]) }
  }

  private enum Mode {
    case rows
    case schur(variables: [Int])
    case direct(columns: [Int32], entries: [Int32])
  }

  /// The variables of a constraint -d x + s = b on variables that no other block constrains so, if it is one
  /// and the quadratic term does not touch them.
  private func constrainedVariables(
    _ block: ConicLayout.Block, _ byRow: SparsityPattern, _ isEliminated: [Bool]
  ) -> [Int32]? {
    var columns: [Int32] = []
    var seen: Set<Int> = []
    for row in block.start..<block.start + block.count {
      guard byRow.columnStarts[row + 1] - byRow.columnStarts[row] == 1 else { return nil }
      let column = byRow.rowIndices[byRow.columnStarts[row]]
      guard !isEliminated[column], seen.insert(column).inserted,
        layout.P.columnStarts[column + 1] == layout.P.columnStarts[column]
      else { return nil }
      columns.append(Int32(column))
    }
    return columns
  }

  private func rowsTouching(_ columns: [Int32], outside block: ConicLayout.Block) -> Set<Int> {
    var rows: Set<Int> = []
    for column in columns {
      for entry in layout.A.columnStarts[Int(column)]..<layout.A.columnStarts[Int(column) + 1] {
        let row = layout.A.rowIndices[entry]
        if row < block.start || row >= block.start + block.count { rows.insert(row) }
      }
    }
    return rows
  }

  /// Rows of other semidefinite blocks may be eliminated themselves.
  private func modeBlocksElimination(of row: Int) -> Bool {
    layout.blocks.contains {
      if case .semidefinite = $0.cone {
        row >= $0.start && row < $0.start + $0.count
      } else {
        false
      }
    }
  }

  private func variablesTouched(by block: ConicLayout.Block, _ byRow: SparsityPattern) -> [Int] {
    let range = byRow.columnStarts[block.start]..<byRow.columnStarts[block.start + block.count]
    return Set(byRow.rowIndices[range]).sorted()
  }

  private mutating func number(_ isEliminated: [Bool], _ modes: [Mode]) {
    var next: Int32 = 0
    for variable in 0..<layout.variables {
      if isEliminated[variable] {
        unknownOfVariable[variable] = -1
        continue
      }
      unknownOfVariable[variable] = next
      signs.append(1)
      next += 1
    }
    for (index, block) in layout.blocks.enumerated() {
      let isKept = if case .rows = modes[index] { true } else { false }
      for row in block.start..<block.start + block.count {
        unknownOfRow[row] = isKept ? next : -1
        if isKept {
          signs.append(-1)
          next += 1
        }
      }
    }
    for (index, block) in layout.blocks.enumerated() {
      guard case .secondOrder(let count) = block.cone, count > 4 else { continue }
      extras[index] = Int(next)
      signs += [-1, 1]
      next += 2
    }
  }

  private func plan(_ block: ConicLayout.Block, _ mode: Mode) -> BlockPlan {
    guard case .semidefinite(let order) = block.cone else { return .rows }
    let indices = lowerTriangle(order)
    switch mode {
    case .rows: return .rows
    case .schur(let variables):
      return .schur(
        order: order,
        matrices: variables.map { variable in
          var entries: [SchurBlock.Entry] = []
          for entry in layout.A.columnStarts[variable]..<layout.A.columnStarts[variable + 1] {
            let row = layout.A.rowIndices[entry] - block.start
            if row < 0 || row >= block.count { continue }
            entries.append(makeEntry(indices[row], place: entry))
          }
          return (Int(unknownOfVariable[variable]), entries)
        })
    case .direct(let columns, let own):
      // Row i of A in the eliminated variables, as a matrix; the scale of the constraint comes later.
      var byRow: [Int: [SchurBlock.Entry]] = [:]
      for (position, column) in columns.enumerated() {
        for entry in layout.A.columnStarts[Int(column)]..<layout.A.columnStarts[Int(column) + 1]
        where Int32(entry) != own[position] {
          byRow[layout.A.rowIndices[entry], default: []].append(
            makeEntry(indices[position], place: entry))
        }
      }
      let matrices = byRow.keys.sorted().map { (Int(unknownOfRow[$0]), byRow[$0] ?? []) }
      return .direct(order: order, matrices: matrices, columns: columns, entries: own)
    }
  }

  private func makeEntry(_ index: (row: Int, column: Int), place: Int) -> SchurBlock.Entry {
    SchurBlock.Entry(
      row: Int32(index.row), column: Int32(index.column), place: Int32(place),
      factor: index.row == index.column ? 1 : 0.5.squareRoot(), value: 0)
  }

  private func lowerTriangle(_ order: Int) -> [(row: Int, column: Int)] {
    (0..<order).flatMap { column in (column..<order).map { ($0, column) } }
  }

  /// How many entries `addCones` will add, known before memory is needed for them.
  var coneEntries: Int {
    zip(layout.blocks, blocks).reduce(0) { sum, pair in
      switch (pair.0.cone, pair.1) {
      case (_, .schur(_, let matrices)), (_, .direct(_, let matrices, _, _)):
        sum + matrices.count * (matrices.count + 1) / 2
      case (.semidefinite, .rows): sum + pair.0.count * (pair.0.count + 1) / 2
      default: sum + 3 * pair.0.count
      }
    }
  }

  /// Adds the entries of -H and of the Schur complements; returns where each block's entries begin.
  func addCones(to builder: inout TriangleBuilder) -> [Int] {
    var starts = [builder.count]
    for (index, block) in layout.blocks.enumerated() {
      switch blocks[index] {
      case .rows: addRows(of: block, extra: extras[index], to: &builder)
      case .schur(let order, let matrices), .direct(let order, let matrices, _, _):
        let sorted = SchurBlock(order: order, matrices: matrices).unknowns
        for j in sorted.indices {
          for i in j..<sorted.count { builder.add(sorted[i], sorted[j]) }
        }
      }
      starts.append(builder.count)
    }
    return starts
  }

  private func addRows(of block: ConicLayout.Block, extra: Int, to builder: inout TriangleBuilder) {
    let first = Int(unknownOfRow[block.start])
    switch block.cone {
    case .zero, .free, .nonnegative:
      for row in 0..<block.count { builder.add(first + row, first + row) }
    case .secondOrder where extra >= 0:
      for row in 0..<block.count { builder.add(first + row, first + row) }
      for unknown in [extra, extra + 1] {
        for row in 0..<block.count { builder.add(first + row, unknown) }
        builder.add(unknown, unknown)
      }
    default:
      for column in 0..<block.count {
        for row in 0...column { builder.add(first + row, first + column) }
      }
    }
  }
}
