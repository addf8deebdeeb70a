import LinearAlgebra

/// Where everything stands in the optimality system restricted to the faces,
///
///     [P   AᵀB     ]
///     [BᵀA -BᵀHB   ],
///
/// which is symmetric and quasi-definite but for its null space. Depends on the structure and on the
/// dimensions of the faces of eliminated semidefinite cones only.
final class FacePattern: Sendable {
  let layout: ConicLayout
  let plan: EliminationPlan
  let analysis: SparseLDLAnalysis
  let size: Int
  let signs: [Int8]
  let diagonal: [Int32]
  let placesOfP: [Int32]
  /// Places of the entries of A in rows that stand for themselves, -1 for others.
  let placesOfA: [Int32]
  /// For dense blocks the variables that they touch and the places of BᵀA, row by row.
  let touched: [[Int32]]
  /// For dense blocks their entries of A: row in the block and slot among the variables touched.
  let touchedEntries: [[(entry: Int32, row: Int32, slot: Int32)]]
  let touchedPlaces: [[Int32]]
  /// Places of -BᵀHB, of the second-order form, or of the Schur complement.
  let conePlaces: [[Int32]]
  /// For eliminated cones the first of the unknowns of the face that is not curved, and the places of its
  /// couplings with the matrices of the block.
  let firstCoupling: [Int]
  let couplingPlaces: [[Int32]]
  /// The dimensions that the pattern was made for: eigenvectors of the flat face of eliminated cones.
  let flatDimensions: [Int]

  init?(_ layout: ConicLayout, flatDimensions: [Int]) {
    self.layout = layout
    self.flatDimensions = flatDimensions
    let plan = EliminationPlan(layout)
    self.plan = plan
    var signs = plan.signs
    var firstCoupling = [Int](repeating: -1, count: layout.blocks.count)
    for (index, block) in plan.blocks.enumerated() {
      let dimension = flatDimensions[index] * (flatDimensions[index] + 1) / 2
      firstCoupling[index] = signs.count
      switch block {
      case .rows: continue
      case .schur: signs += [Int8](repeating: -1, count: dimension)
      case .direct: signs += [Int8](repeating: 1, count: dimension)
      }
    }
    self.signs = signs
    self.firstCoupling = firstCoupling
    size = signs.count

    var isDenseRow = [Bool](repeating: false, count: layout.rows)
    var blockOfRow = [Int](repeating: 0, count: layout.rows)
    for (index, block) in layout.blocks.enumerated() {
      let isDense = FacePattern.isDense(block, plan.blocks[index])
      for row in block.start..<block.start + block.count {
        isDenseRow[row] = isDense
        blockOfRow[row] = index
      }
    }
    var touchedSets = [[Int32]](repeating: [], count: layout.blocks.count)
    var touchedEntries = [[(entry: Int32, row: Int32, slot: Int32)]](
      repeating: [], count: layout.blocks.count)
    for column in 0..<layout.variables {
      for entry in layout.A.columnStarts[column]..<layout.A.columnStarts[column + 1] {
        let row = layout.A.rowIndices[entry]
        let block = blockOfRow[row]
        if !isDenseRow[row] { continue }
        if touchedSets[block].last != Int32(column) { touchedSets[block].append(Int32(column)) }
        touchedEntries[block].append(
          (
            Int32(entry), Int32(row - layout.blocks[block].start),
            Int32(touchedSets[block].count - 1)
          )
        )
      }
    }
    touched = touchedSets
    self.touchedEntries = touchedEntries

    var builder = TriangleBuilder(size: size)
    for unknown in 0..<size { builder.add(unknown, unknown) }
    layout.P.visit { row, column, _ in
      if row <= column {
        builder.add(Int(plan.unknownOfVariable[row]), Int(plan.unknownOfVariable[column]))
      }
    }
    layout.A.visit { row, column, _ in
      builder.add(
        isDenseRow[row] ? -1 : Int(plan.unknownOfVariable[column]), Int(plan.unknownOfRow[row]))
    }
    let coneStarts = plan.addCones(to: &builder)
    for (index, block) in layout.blocks.enumerated() where !touchedSets[index].isEmpty {
      for row in block.start..<block.start + block.count {
        for column in touchedSets[index] {
          builder.add(Int(plan.unknownOfVariable[Int(column)]), Int(plan.unknownOfRow[row]))
        }
      }
    }
    let couplingStart = builder.count
    for (index, block) in plan.blocks.enumerated() {
      let dimension = flatDimensions[index] * (flatDimensions[index] + 1) / 2
      for unknown in block.unknownsOfMatrices {
        for k in 0..<dimension { builder.add(unknown, firstCoupling[index] + k) }
      }
    }
    let (pattern, places) = builder.finish()
    guard let analysis = SparseLDLAnalysis(upperTriangle: pattern, limit: 300_000_000) else {
      return nil
    }
    self.analysis = analysis

    diagonal = Array(places[0..<size])
    var next = size
    func take(_ count: Int) -> [Int32] {
      next += count
      return Array(places[next - count..<next])
    }
    var placesOfP = [Int32](repeating: -1, count: layout.P.entries)
    layout.P.visit { row, column, entry in
      if row <= column {
        placesOfP[entry] = places[next]
        next += 1
      }
    }
    self.placesOfP = placesOfP
    placesOfA = take(layout.A.entries)
    conePlaces = layout.blocks.indices.map { Array(places[coneStarts[$0]..<coneStarts[$0 + 1]]) }
    next = coneStarts[layout.blocks.count]
    touchedPlaces = layout.blocks.enumerated().map { take($1.count * touchedSets[$0].count) }
    next = couplingStart
    couplingPlaces = plan.blocks.enumerated().map { index, block in
      let dimension = flatDimensions[index] * (flatDimensions[index] + 1) / 2
      return take(block.unknownsOfMatrices.count * dimension)
    }
  }

  /// Whether the rows of a block are rotated together.
  static func isDense(_ block: ConicLayout.Block, _ plan: EliminationPlan.BlockPlan) -> Bool {
    guard case .rows = plan else { return false }
    switch block.cone {
    case .zero, .free, .nonnegative: return false
    case .secondOrder(let count): return count <= 4
    default: return true
    }
  }
}

extension EliminationPlan.BlockPlan {
  /// The unknowns of the matrices of an eliminated block, in the order of its Schur complement.
  var unknownsOfMatrices: [Int] {
    switch self {
    case .rows: []
    case .schur(let order, let matrices), .direct(let order, let matrices, _, _):
      SchurBlock(order: order, matrices: matrices).unknowns
    }
  }
}
