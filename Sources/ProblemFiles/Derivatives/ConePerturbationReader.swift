import ConvexSolvers
import LinearAlgebra

extension JSONReader {
  /// Reads the perturbation of a cone program.
  mutating func readConePerturbation(
    of group: ConeGroup
  ) throws(ProblemFileError) -> ConePerturbation {
    if group.isQuadraticProgram { return try readSparsePerturbation(of: group) }
    let batch = group.batch
    var result = ConePerturbation()
    try readObject("a perturbation (an object)") { (reader, key) throws(ProblemFileError) in
      switch ConeDatum(rawValue: key) {
      case .P:
        guard let P = batch.P else {
          throw reader.error(.invalid, at: reader.cursor, "the problem has no P to perturb")
        }
        let place = reader.position()
        let values = try reader.readEntries(order: group.orderOfP, entries: P.pattern.entries)
        if let asymmetry = SparseMatrix(pattern: P.pattern, values: values).firstAsymmetry() {
          throw reader.error(.invalid, at: place, asymmetry)
        }
        result.P = values
      case .c: result.c = try reader.readVector(count: batch.variables, "variable")
      case .A:
        result.A = try reader.readEntries(
          order: group.orderOfA, entries: batch.A.pattern.entries)
      case .b: result.b = try reader.readVector(count: batch.rows, "row")
      case nil: throw reader.malformed("unknown key; a perturbation has P, c, A and b")
      }
    }
    return result
  }

  /// Reads numbers in the order of `val`.
  private mutating func readEntries(
    order: EntryOrder, entries: Int
  ) throws(ProblemFileError) -> Vector {
    let values = try readVector(count: order.count(entries: entries), "entry of val")
    return order.gathering(values, entries: entries)
  }

  /// Reads the perturbation of a quadratic program that is kept as a cone program.
  private mutating func readSparsePerturbation(
    of group: ConeGroup
  ) throws(ProblemFileError) -> ConePerturbation {
    let batch = group.batch
    let n = batch.variables
    let equalities = 0..<batch.cones.zero
    let inequalities = batch.cones.zero..<batch.rows
    var result = ConePerturbation()
    var A = [Double](repeating: 0, count: batch.A.pattern.entries)
    var b = [Double](repeating: 0, count: batch.rows)
    var hasA = false
    var hasB = false
    try readObject("a perturbation (an object)") { (reader, key) throws(ProblemFileError) in
      switch ProblemDatum(rawValue: key) {
      case .Q:
        guard let P = batch.P else {
          throw reader.error(.invalid, at: reader.cursor, "the problem has no quadratic term")
        }
        var values = [Double](repeating: 0, count: P.pattern.entries)
        let place = reader.position()
        try reader.readEntries(into: &values, of: P.pattern, rows: 0..<n)
        let matrix = SparseMatrix(pattern: P.pattern, values: Vector(values))
        if let asymmetry = matrix.firstAsymmetry() {
          throw reader.error(.invalid, at: place, asymmetry)
        }
        result.P = matrix.values
      case .p: result.c = try reader.readVector(count: n, "variable")
      case .G:
        try reader.readEntries(into: &A, of: batch.A.pattern, rows: inequalities)
        hasA = true
      case .A:
        try reader.readEntries(into: &A, of: batch.A.pattern, rows: equalities)
        hasA = true
      case .h:
        let values = try reader.readVector(count: inequalities.count, "inequality")
        b.replaceSubrange(inequalities, with: values.array)
        hasB = true
      case .b:
        let values = try reader.readVector(count: equalities.count, "equality")
        b.replaceSubrange(equalities, with: values.array)
        hasB = true
      case nil: throw reader.malformed("unknown key; a perturbation has Q, p, G, h, A and b")
      }
    }
    if hasA { result.A = Vector(A) }
    if hasB { result.b = Vector(b) }
    return result
  }

  /// Reads a matrix, whole or sparse, of these rows of a pattern, and adds its entries to `values`.
  private mutating func readEntries(
    into values: inout [Double], of pattern: SparsityPattern, rows: Range<Int>
  ) throws(ProblemFileError) {
    let place = position()
    var data = SparseData()
    if peek() == .object {
      data = try readSparseMatrix()
      guard data.rows == rows.count && data.columns == pattern.columns else {
        throw error(
          .invalid, at: place,
          "has shape [\(data.rows), \(data.columns)], expected [\(rows.count), \(pattern.columns)]")
      }
    } else {
      let matrix = try readMatrix(rows: rows.count, columns: pattern.columns)
      let sparse = SparseMatrix(matrix)
      sparse.forEach { row, column, _ in
        data.row.append(row)
        data.column.append(column)
      }
      data.values = sparse.values
    }
    for (entry, value) in data.values.enumerated() where value != 0 {
      let row = data.row[entry]
      let column = data.column[entry]
      guard let target = pattern.place(row: rows.lowerBound + row, column: column) else {
        throw error(
          .invalid, at: place,
          "is \(value) at [\(row), \(column)], where the problem has no entry")
      }
      values[target] += value
    }
  }
}

extension SparseMatrix {
  /// What is not symmetric, beyond rounding, relative to the largest entry; nil if nothing is.
  fileprivate func firstAsymmetry(relativeTolerance: Double = 1e-9) -> String? {
    let largest = values.reduce(0) { max($0, $1.magnitude) }
    var result: String?
    forEach { row, column, value in
      let mirror = self[column, row]
      if result == nil && (value - mirror).magnitude > relativeTolerance * largest {
        result =
          "is not symmetric: [\(row), \(column)] is \(value), [\(column), \(row)] is \(mirror)"
      }
    }
    return result
  }
}
