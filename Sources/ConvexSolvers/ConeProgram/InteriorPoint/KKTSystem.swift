import LinearAlgebra

/// The numbers of the KKT system of one item: assembled, factorized and solved with refinement against
/// the unregularized equations, the eliminated ones included.
final class KKTSystem {
  let pattern: KKTPattern
  let layout: ConicLayout
  let scalings: [any ConeScaling]
  private let factor: SparseLDL
  private var schur: [SchurBlock?]
  private let buffer: AlignedBuffer
  /// P and A of the scaled item.
  let P: Numbers
  let A: Numbers
  private let values: Numbers
  private let block: Numbers
  private let rhs: Numbers
  let residualX: Numbers
  let residualZ: Numbers
  let stepX: Numbers
  let stepZ: Numbers
  let work: Numbers
  let weights: Numbers
  /// Subtracted from the diagonal of rows and added to that of variables. Refinement converges slowly where the
  /// matrix is as small as what is added: variables of a linear program get their curvature from active rows
  /// only, so theirs is much smaller (netlib: 92 of 94 solved to 1e-8, 82 with 1e-8 for both). With quadratic
  /// terms and curved cones both are alike: rows have curvature of their own that must not be drowned
  /// (Maros-Meszaros: CONT-300, CVXQP1_L and LISWET2 to 6 stall otherwise).
  private(set) var rowRegularization: Double
  private(set) var variableRegularization: Double
  private let usualRegularization: (rows: Double, variables: Double)
  /// The relative residual at which refinement stops; what an iteration needs depends on how far it is.
  var accuracy = 1e-13
  /// Worst relative residual of the solves since the last factorization.
  var solveResidual = 0.0

  /// Made when first needed, as is the memory of its caller: a point to return to, a residual, a correction.
  private(set) lazy var krylov = KrylovCorrection(
    residuals: layout.variables + layout.rows, unknowns: layout.variables + layout.rows)
  private(set) lazy var krylovWork = AlignedBuffer(
    uninitializedCount: 3 * (layout.variables + layout.rows))

  init?(_ pattern: KKTPattern, scalings: [any ConeScaling]) {
    guard let factor = SparseLDL(pattern.analysis) else { return nil }
    self.pattern = pattern
    layout = pattern.layout
    self.factor = factor
    self.scalings = scalings
    usualRegularization =
      layout.isLinearProgram ? (rows: 1e-6, variables: 1e-10) : (rows: 1e-8, variables: 1e-8)
    rowRegularization = usualRegularization.rows
    variableRegularization = usualRegularization.variables
    let n = layout.variables
    let m = layout.rows
    let largestBlock =
      pattern.treatments.map {
        if case .rows(let places) = $0 { places.count } else { 0 }
      }.max() ?? 0
    buffer = AlignedBuffer(
      uninitializedCount: layout.P.entries + 2 * layout.A.entries + pattern.analysis.entries
        + largestBlock + pattern.size + 2 * n + 5 * m + 64)
    P = buffer.pointer
    A = P + layout.P.entries
    values = A + 2 * layout.A.entries
    block = values + pattern.analysis.entries
    rhs = block + largestBlock
    residualX = rhs + pattern.size
    stepX = residualX + n
    residualZ = stepX + n
    stepZ = residualZ + m
    work = stepZ + m
    weights = work + m
    schur = pattern.treatments.map {
      switch $0 {
      case .rows: nil
      case .eliminatedRows(let places), .eliminatedVariables(let places, _, _):
        SchurBlock(order: places.order, matrices: places.matrices)
      }
    }
  }

  /// Takes note that P and A have changed.
  func loadMatrices() {
    let scaled = A + layout.A.entries
    for (index, treatment) in pattern.treatments.enumerated() {
      switch treatment {
      case .rows: continue
      case .eliminatedRows: schur[index]?.load(A)
      case .eliminatedVariables(_, let columns, let entries):
        for (column, own) in zip(columns, entries) {
          let start = layout.A.columnStarts[Int(column)]
          for entry in start..<layout.A.columnStarts[Int(column) + 1] {
            scaled[entry] = A[entry] / A[Int(own)]
          }
        }
        schur[index]?.load(scaled)
      }
    }
  }

  /// What the next factorizations subtract from the diagonal of rows and add to that of variables.
  func regularize(rows: Double, variables: Double) {
    rowRegularization = rows
    variableRegularization = variables
  }

  func restoreRegularization() {
    regularize(rows: usualRegularization.rows, variables: usualRegularization.variables)
  }

  /// Assembles and factorizes with the scalings as they are; false if the arithmetic broke down.
  func factorize() -> Bool {
    values.update(repeating: 0, count: pattern.analysis.entries)
    pattern.placesOfP.withUnsafeBufferPointer { places in
      for entry in 0..<places.count where places[entry] >= 0 {
        values[Int(places[entry])] += P[entry]
      }
    }
    pattern.placesOfA.withUnsafeBufferPointer { places in
      for entry in 0..<places.count where places[entry] >= 0 {
        values[Int(places[entry])] = A[entry]
      }
    }
    for (index, treatment) in pattern.treatments.enumerated() {
      switch treatment {
      case .rows(let places):
        scalings[index].writeBlock(block)
        places.withUnsafeBufferPointer { places in
          for entry in 0..<places.count { values[Int(places[entry])] += block[entry] }
        }
      case .eliminatedRows(let schurPlaces):
        guard let scaling = scalings[index] as? SemidefiniteScaling else { return false }
        schur[index]?.accumulate(
          V: scaling.inverseG, W: scaling.inverseG, factor: 1, positions: schurPlaces.places,
          into: values)
      case .eliminatedVariables(let schurPlaces, _, _):
        guard let scaling = scalings[index] as? SemidefiniteScaling else { return false }
        schur[index]?.accumulate(
          V: scaling.G, W: scaling.G, factor: -1, positions: schurPlaces.places, into: values)
      }
    }
    for (scaling, block) in zip(scalings, layout.blocks) {
      scaling.writeResidualWeights(weights + block.start)
    }
    var largest = 0.0
    for unknown in 0..<pattern.firstExtra {
      largest = max(largest, values[Int(pattern.diagonal[unknown])].magnitude)
    }
    guard largest.isFinite else { return false }
    for unknown in 0..<pattern.firstExtra {
      values[Int(pattern.diagonal[unknown])] +=
        (pattern.signs[unknown] > 0 ? variableRegularization : -rowRegularization)
        + Double(pattern.signs[unknown]) * 5e-32 * largest
    }
    solveResidual = 0
    return factor.factorize(
      values, signs: pattern.signs, threshold: 1e-13, replacement: 2e-7) != nil
  }

  /// The residual of the unregularized, uneliminated equations.
  func residual(
    _ r1: Numbers, _ r2: Numbers, x: Numbers, z: Numbers, into out1: Numbers, _ out2: Numbers
  ) {
    let n = layout.variables
    let m = layout.rows
    out1.update(from: r1, count: n)
    layout.P.multiply(P, x, scale: -1, addingTo: out1)
    layout.A.multiplyTransposed(A, z, scale: -1, addingTo: out1)
    out2.update(from: r2, count: m)
    layout.A.multiply(A, x, scale: -1, addingTo: out2)
    multiplyH(z, into: work)
    for i in 0..<m { out2[i] += work[i] }
  }

  /// out = Hv.
  func multiplyH(_ v: Numbers, into out: Numbers) {
    for (scaling, block) in zip(scalings, layout.blocks) {
      scaling.multiply(v + block.start, into: out + block.start)
    }
  }

  func maximum(_ v: Numbers, _ count: Int) -> Double {
    var result = 0.0
    for i in 0..<count {
      // A NaN must not be lost in a comparison.
      if !(v[i].magnitude <= result) { result = v[i].magnitude }
    }
    return result
  }

  func weightedMaximum(_ v: Numbers) -> Double {
    var result = 0.0
    for i in 0..<layout.rows {
      let value = v[i].magnitude * weights[i]
      if !(value <= result) { result = value }
    }
    return result
  }

  func solveOnce(_ r1: Numbers, _ r2: Numbers, x: Numbers, z: Numbers) {
    let n = layout.variables
    let m = layout.rows
    rhs.update(repeating: 0, count: pattern.size)
    for (index, treatment) in pattern.treatments.enumerated() {
      let start = layout.blocks[index].start
      switch treatment {
      case .rows: continue
      case .eliminatedRows:
        // + A_R'H⁻¹ r₂
        guard let scaling = scalings[index] as? SemidefiniteScaling else { continue }
        scaling.divide(r2 + start, into: work + start)
      case .eliminatedVariables(_, let columns, let entries):
        // t = r₂ + H (r₁ / a); the other rows lose A t / a.
        guard let scaling = scalings[index] as? SemidefiniteScaling else { continue }
        for (i, column) in columns.enumerated() {
          z[start + i] = r1[Int(column)] / A[Int(entries[i])]
        }
        scaling.multiply(z + start, into: work + start)
        for (i, column) in columns.enumerated() {
          x[Int(column)] = (r2[start + i] + work[start + i]) / A[Int(entries[i])]
        }
      }
    }
    for variable in 0..<n where pattern.unknownOfVariable[variable] >= 0 {
      rhs[Int(pattern.unknownOfVariable[variable])] = r1[variable]
    }
    for row in 0..<m where pattern.unknownOfRow[row] >= 0 {
      rhs[Int(pattern.unknownOfRow[row])] = r2[row]
    }
    gatherEliminated(x: x)
    factor.solve(rhs)
    for variable in 0..<n where pattern.unknownOfVariable[variable] >= 0 {
      x[variable] = rhs[Int(pattern.unknownOfVariable[variable])]
    }
    for row in 0..<m where pattern.unknownOfRow[row] >= 0 {
      z[row] = rhs[Int(pattern.unknownOfRow[row])]
    }
    recoverEliminated(r1, r2, x: x, z: z)
  }

  /// The part of the right-hand side that comes from eliminated blocks.
  private func gatherEliminated(x: Numbers) {
    for (index, treatment) in pattern.treatments.enumerated() {
      let block = layout.blocks[index]
      switch treatment {
      case .rows: continue
      case .eliminatedRows(let places):
        for (variable, _) in places.matrices {
          // Unknowns of variables come first, in the order of the variables.
          rhs[variable] += columnProduct(ofUnknown: variable, block)
        }
      case .eliminatedVariables(_, let columns, let entries):
        for (i, column) in columns.enumerated() {
          let value = x[Int(column)]
          let start = layout.A.columnStarts[Int(column)]
          for entry in start..<layout.A.columnStarts[Int(column) + 1] where entry != Int(entries[i])
          {
            rhs[Int(pattern.unknownOfRow[layout.A.rowIndices[entry]])] -= A[entry] * value
          }
        }
      }
    }
  }

  private lazy var variableOfUnknown: [Int] = {
    var result = [Int](repeating: -1, count: pattern.size)
    for variable in 0..<layout.variables where pattern.unknownOfVariable[variable] >= 0 {
      result[Int(pattern.unknownOfVariable[variable])] = variable
    }
    return result
  }()

  private func columnProduct(ofUnknown unknown: Int, _ block: ConicLayout.Block) -> Double {
    let column = variableOfUnknown[unknown]
    var sum = 0.0
    for entry in layout.A.columnStarts[column]..<layout.A.columnStarts[column + 1] {
      let row = layout.A.rowIndices[entry]
      if row >= block.start && row < block.start + block.count { sum += A[entry] * work[row] }
    }
    return sum
  }

  private func recoverEliminated(_ r1: Numbers, _ r2: Numbers, x: Numbers, z: Numbers) {
    for (index, treatment) in pattern.treatments.enumerated() {
      let block = layout.blocks[index]
      let start = block.start
      guard let scaling = scalings[index] as? SemidefiniteScaling else { continue }
      switch treatment {
      case .rows: continue
      case .eliminatedRows(let places):
        // Δz = H⁻¹ (AΔx - r₂)
        for i in 0..<block.count { work[start + i] = -r2[start + i] }
        for (unknown, _) in places.matrices {
          let column = variableOfUnknown[unknown]
          for entry in layout.A.columnStarts[column]..<layout.A.columnStarts[column + 1] {
            let row = layout.A.rowIndices[entry]
            if row >= start && row < start + block.count { work[row] += A[entry] * x[column] }
          }
        }
        scaling.divide(work + start, into: z + start)
      case .eliminatedVariables(_, let columns, let entries):
        // Δz = (r₁ - A_o'Δz_o) / a, Δx = (r₂ + HΔz) / a
        for (i, column) in columns.enumerated() {
          var sum = r1[Int(column)]
          let first = layout.A.columnStarts[Int(column)]
          for entry in first..<layout.A.columnStarts[Int(column) + 1] where entry != Int(entries[i])
          {
            sum -= A[entry] * z[layout.A.rowIndices[entry]]
          }
          z[start + i] = sum / A[Int(entries[i])]
        }
        scaling.multiply(z + start, into: work + start)
        for (i, column) in columns.enumerated() {
          x[Int(column)] = (r2[start + i] + work[start + i]) / A[Int(entries[i])]
        }
      }
    }
  }
}

extension SparsityPattern {
  /// y += scale Mx.
  func multiply(
    _ values: UnsafePointer<Double>, _ x: UnsafePointer<Double>, scale: Double,
    addingTo y: UnsafeMutablePointer<Double>
  ) {
    columnStarts.withUnsafeBufferPointer { starts in
      rowIndices.withUnsafeBufferPointer { rows in
        for column in 0..<columns {
          let factor = scale * x[column]
          if factor == 0 { continue }
          for entry in starts[column]..<starts[column + 1] {
            y[rows[entry]] += values[entry] * factor
          }
        }
      }
    }
  }

  /// x += scale Mᵀy.
  func multiplyTransposed(
    _ values: UnsafePointer<Double>, _ y: UnsafePointer<Double>, scale: Double,
    addingTo x: UnsafeMutablePointer<Double>
  ) {
    columnStarts.withUnsafeBufferPointer { starts in
      rowIndices.withUnsafeBufferPointer { rows in
        for column in 0..<columns {
          var sum = 0.0
          for entry in starts[column]..<starts[column + 1] { sum += values[entry] * y[rows[entry]] }
          x[column] += scale * sum
        }
      }
    }
  }
}
