import LinearAlgebra
import OptimizationCore

/// Solves for the constraints that a state says are active, as equalities (section 4 of the paper): an
/// accurate solution if the guess is right.
struct ActiveRowPolish {
  private let program: SparseQuadraticProgram
  private static let regularization = 1e-7

  init?(_ program: SparseQuadraticProgram) {
    if program.variables == 0 { return nil }
    self.program = program
  }

  /// x and y of the active rows, nil if their system cannot be factorized.
  func polished(_ state: AlternatingDirections.State) -> (x: Vector, y: Vector)? {
    var active: [Int] = []
    var bounds: [Double] = []
    for row in 0..<program.rows {
      let (lower, upper) = (program.lower[row], program.upper[row])
      if state.z[row] - lower < -state.y[row] || lower == upper {
        active.append(row)
        bounds.append(lower)
      } else if upper - state.z[row] < state.y[row] {
        active.append(row)
        bounds.append(upper)
      }
    }
    let n = program.variables
    let A = program.A.rows(active)
    let delta = Self.regularization
    let scaling = Equilibration(P: program.P, A: A)
    let scale = Vector(scaling.variables + scaling.rows)
    let weights = Vector(scale.map { delta / ($0 * $0) })
    guard let system = try? SplittingSystem(P: program.P.pattern, A: A.pattern),
      let factor = system.factorized(
        P: program.P.values, A: A.values, weights: weights, scale: scale)
    else { return nil }
    let target = Vector((-program.q).array + bounds)
    var solution = Vector.zeros(n + active.count)
    var best = (error: Double.infinity, solution: solution)
    // Refinement takes the regularization away.
    for _ in 0..<20 {
      let residual = target - product(A, solution)
      let error = residual.infinityNorm
      if !(error < best.error) { break }
      best = (error, solution)
      var correction = residual
      correction.withUnsafeMutableBufferPointer { buffer in
        if let base = buffer.baseAddress { factor.solve(base) }
      }
      solution += correction
    }
    guard best.solution.isFinite else { return nil }
    var y = Vector.zeros(program.rows)
    for (index, row) in active.enumerated() { y[row] = best.solution[n + index] }
    for row in 0..<y.count {
      // A multiplier of the wrong sign is rounding or a wrong guess; the residuals will tell.
      if y[row] > 0 && program.upper[row] == .infinity { y[row] = 0 }
      if y[row] < 0 && program.lower[row] == -.infinity { y[row] = 0 }
    }
    return (Vector(Array(best.solution.prefix(n))), y)
  }

  private func product(_ A: SparseMatrix, _ v: Vector) -> Vector {
    let n = program.variables
    let x = Vector(Array(v.prefix(n)))
    let y = Vector(Array(v.dropFirst(n)))
    return Vector((program.P * x + A.transposeTimes(y)).array + (A * x).array)
  }
}

extension SparseMatrix {
  /// Some of the rows, in their order.
  func rows(_ kept: [Int]) -> SparseMatrix {
    var place = [Int](repeating: -1, count: rows)
    for (index, row) in kept.enumerated() { place[row] = index }
    var row: [Int] = []
    var column: [Int] = []
    var numbers: [Double] = []
    pattern.forEachEntry { entry, i, j in
      if place[i] >= 0 {
        row.append(place[i])
        column.append(j)
        numbers.append(values[entry])
      }
    }
    return SparseMatrix(
      rows: kept.count, columns: columns, row: row, column: column, values: numbers)
  }
}
