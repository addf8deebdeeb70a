import LinearAlgebra

/// Writes the numbers of the optimality system on the faces.
struct FaceAssembly {
  let pattern: FacePattern
  let faces: [ConeFace]
  let P: Numbers
  let A: Numbers
  let blocks: [EliminatedFace?]

  func write(_ values: Numbers) {
    let layout = pattern.layout
    for entry in 0..<layout.P.entries where pattern.placesOfP[entry] >= 0 {
      values[Int(pattern.placesOfP[entry])] += P[entry]
    }
    var isActiveRow = [Bool](repeating: true, count: layout.rows)
    for (index, block) in layout.blocks.enumerated() {
      switch faces[index] {
      case .nonnegative(let isActive):
        for i in 0..<block.count { isActiveRow[block.start + i] = isActive[i] }
      case .secondOrder(.inactive):
        for i in 0..<block.count { isActiveRow[block.start + i] = false }
      default: continue
      }
    }
    for entry in 0..<layout.A.entries where pattern.placesOfA[entry] >= 0 {
      if isActiveRow[layout.A.rowIndices[entry]] {
        values[Int(pattern.placesOfA[entry])] = A[entry]
      }
    }
    for (index, block) in layout.blocks.enumerated() {
      let places = pattern.conePlaces[index]
      switch faces[index] {
      case .zero: continue
      case .nonnegative(let isActive):
        for i in 0..<block.count where !isActive[i] { values[Int(places[i])] = -1 }
      case .dense(let B, let rank, let curvature):
        writeDense(index, block, B, rank, curvature, values)
      case .secondOrder(let face): writeSecondOrder(face, block.count, places, values)
      case .semidefinite: blocks[index]?.write(values, places, pattern.couplingPlaces[index])
      }
    }
  }

  private func writeDense(
    _ index: Int, _ block: ConicLayout.Block, _ B: Matrix, _ rank: Int, _ curvature: Matrix,
    _ values: Numbers
  ) {
    let places = pattern.conePlaces[index]
    var place = 0
    for column in 0..<block.count {
      for row in 0...column {
        if column >= rank {
          if row == column { values[Int(places[place])] = -1 }
        } else {
          values[Int(places[place])] = -curvature[row, column]
        }
        place += 1
      }
    }
    let count = pattern.touched[index].count
    let touchedPlaces = pattern.touchedPlaces[index]
    for touched in pattern.touchedEntries[index] {
      let value = A[Int(touched.entry)]
      for j in 0..<rank {
        let target = Int(touchedPlaces[j * count + Int(touched.slot)])
        if target >= 0 { values[target] += B[Int(touched.row), j] * value }
      }
    }
  }

  private func writeSecondOrder(
    _ face: SecondOrderFace, _ count: Int, _ places: [Int32], _ values: Numbers
  ) {
    let first = count
    let second = 2 * count + 1
    values[Int(places[first + count])] = -1
    values[Int(places[second + count])] = 1
    switch face {
    case .inactive:
      for i in 0..<count { values[Int(places[i])] = -1 }
    case .origin: break
    case .boundary(let slack, let dual, let ratio):
      // -ratio (I - dd') by the first extra unknown, s'dy = 0 by the second. Both are made small beside the
      // others, so that what is added to their diagonals does not count.
      let root = ratio.squareRoot()
      let dualScale = 1e3 * max(1, root)
      let multiplierScale = 1e3
      for i in 0..<count {
        values[Int(places[i])] = -ratio
        values[Int(places[first + i])] = dualScale * root * dual[i]
        values[Int(places[second + i])] = multiplierScale * slack[i]
      }
      values[Int(places[first + count])] = -dualScale * dualScale
      values[Int(places[second + count])] = 0
    }
  }
}
