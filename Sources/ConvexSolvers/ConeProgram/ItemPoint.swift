import LinearAlgebra
import OptimizationCore

/// A primal-dual point of one item in the terms of the data as given.
struct ItemPoint {
  let batch: ConeProgramBatch
  let item: Int
  let x: Numbers
  let y: Numbers
  let s: Numbers

  init(_ batch: ConeProgramBatch, _ item: Int, x: Numbers, y: Numbers, s: Numbers) {
    self.batch = batch
    self.item = item
    self.x = x
    self.y = y
    self.s = s
  }

  private var P: (pattern: SparsityPattern, values: Numbers)? {
    batch.P.map { ($0.pattern, $0.values.pointer(item)) }
  }
  private var A: Numbers { batch.A.values.pointer(item) }
  private var c: Numbers { batch.c.pointer(item) }
  private var b: Numbers { batch.b.pointer(item) }

  /// Takes the point of the interior point, unscaled; free rows get what is left over.
  func extract(_ solver: ConicInteriorPoint) {
    let point = solver.point
    let data = solver.data
    for j in 0..<batch.variables { x[j] = point.x[j] / point.tau * data.D[j] }
    fillFreeRows()
    for (row, original) in solver.layout.originalRows.enumerated() {
      s[original] = point.s[row] / point.tau / data.E[row]
      y[original] = point.z[row] / point.tau * data.E[row] / data.costScale
    }
    // Rows without a bound: the slack is infinite in truth. Rows of noise: it is what their bound says.
    for row in data.absentRows {
      let original = solver.layout.originalRows[row]
      s[original] = b[original] >= 1e20 ? .infinity : point.s[row] == 0 ? 0 : max(0, b[original])
      y[original] = 0
    }
  }

  /// The numbers of the point, for `restore`.
  func copy() -> AlignedBuffer {
    let kept = AlignedBuffer(uninitializedCount: batch.variables + 2 * batch.rows)
    kept.pointer.update(from: x, count: batch.variables)
    (kept.pointer + batch.variables).update(from: y, count: batch.rows)
    (kept.pointer + batch.variables + batch.rows).update(from: s, count: batch.rows)
    return kept
  }

  func fill(_ value: Double) {
    x.update(repeating: value, count: batch.variables)
    y.update(repeating: value, count: batch.rows)
    s.update(repeating: value, count: batch.rows)
  }

  func restore(_ kept: AlignedBuffer) {
    x.update(from: kept.pointer, count: batch.variables)
    y.update(from: kept.pointer + batch.variables, count: batch.rows)
    s.update(from: kept.pointer + batch.variables + batch.rows, count: batch.rows)
  }

  /// s = b - Ax and y = 0 in the free rows.
  func fillFreeRows() {
    for (cone, rows) in batch.cones.blocks {
      guard case .free = cone else { continue }
      withProduct { Ax in
        for row in rows {
          y[row] = 0
          s[row] = b[row] - Ax[row]
        }
      }
    }
  }

  /// r₁ = -(Px + Aᵀy + c), r₂ = b - Ax - s.
  func writeDefects(r1: Numbers, r2: Numbers) {
    for j in 0..<batch.variables { r1[j] = -c[j] }
    if let P { P.pattern.multiply(P.values, x, scale: -1, addingTo: r1) }
    batch.A.pattern.multiplyTransposed(A, y, scale: -1, addingTo: r1)
    for i in 0..<batch.rows { r2[i] = b[i] - s[i] }
    batch.A.pattern.multiply(A, x, scale: -1, addingTo: r2)
  }

  private func withProduct(_ body: (Numbers) -> Void) {
    let Ax = AlignedBuffer(repeating: 0, count: batch.rows)
    batch.A.pattern.multiply(A, x, scale: 1, addingTo: Ax.pointer)
    body(Ax.pointer)
  }

  /// ½ xᵀPx + cᵀx.
  func objective() -> Double {
    let n = batch.variables
    var sum = 0.0
    for j in 0..<n { sum += c[j] * x[j] }
    if let P {
      let Px = AlignedBuffer(repeating: 0, count: n)
      P.pattern.multiply(P.values, x, scale: 1, addingTo: Px.pointer)
      for j in 0..<n { sum += 0.5 * Px.pointer[j] * x[j] }
    }
    return sum
  }

  /// Largest violations of the optimality conditions, relative to the size of their terms.
  ///
  /// - Parameter ignoresRounding: whether what rounding can make of zero counts as zero: beside huge multipliers
  ///   that cancel, no point of doubles has a smaller defect.
  func residuals(ignoresRounding: Bool = false) -> Residuals {
    let n = batch.variables
    let m = batch.rows
    let Px = AlignedBuffer(repeating: 0, count: n)
    if let P { P.pattern.multiply(P.values, x, scale: 1, addingTo: Px.pointer) }
    let Aty = AlignedBuffer(repeating: 0, count: n)
    batch.A.pattern.multiplyTransposed(A, y, scale: 1, addingTo: Aty.pointer)
    var dual = 0.0
    var dualSize = 0.0
    var xPx = 0.0
    var cx = 0.0
    for j in 0..<n {
      let defect = (Px.pointer[j] + Aty.pointer[j] + c[j]).magnitude
      dual = larger(dual, ignoresRounding && defect <= rounding(column: j) ? 0 : defect)
      dualSize = max(dualSize, c[j].magnitude, Px.pointer[j].magnitude, Aty.pointer[j].magnitude)
      xPx += x[j] * Px.pointer[j]
      cx += c[j] * x[j]
    }
    var primal = 0.0
    var primalSize = 0.0
    var by = 0.0
    withProduct { Ax in
      for i in 0..<m {
        if s[i] == .infinity { continue }
        primal = larger(primal, (Ax[i] + s[i] - b[i]).magnitude)
        primalSize = max(primalSize, b[i].magnitude, Ax[i].magnitude, s[i].magnitude)
        by += b[i] * y[i]
      }
    }
    let objective = 0.5 * xPx + cx
    return Residuals(
      primal: primal / (1 + primalSize), dual: dual / (1 + dualSize),
      gap: (xPx + cx + by).magnitude / (1 + objective.magnitude))
  }

  /// Bound on the rounding of Aᵀy in a column: of the products, of their sum and of y itself.
  private func rounding(column: Int) -> Double {
    let starts = batch.A.pattern.columnStarts
    var sum = 0.0
    for entry in starts[column]..<starts[column + 1] {
      sum += (A[entry] * y[batch.A.pattern.rowIndices[entry]]).magnitude
    }
    return 4 * sum * 2.2e-16
  }

  /// The maximum, NaN if either is.
  private func larger(_ a: Double, _ b: Double) -> Double { a.isNaN || b.isNaN ? .nan : max(a, b) }
}
