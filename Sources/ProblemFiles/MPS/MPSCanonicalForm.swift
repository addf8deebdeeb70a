import ConvexSolvers
import LinearAlgebra
import OptimizationCore

extension ProblemFile {
  /// The canonical problem of a model: equalities, then inequalities, each in file order, a range
  /// giving its upper row before its lower one; then the bounds of each variable, upper before
  /// lower. A lower limit l is the row -aᵀx ≤ -l. An absent bound gives no row, and a fixed variable
  /// gives two, like any other with two bounds.
  ///
  /// A small model becomes a dense quadratic program, a large one a sparse cone program.
  init(_ model: MPSModel, file: String) throws(ProblemFileError) {
    func failure(_ kind: ProblemFileError.Kind, _ reason: String) -> ProblemFileError {
      ProblemFileError(kind, file: file, reason: reason)
    }
    let form = try MPSCanonicalForm(model, failure: failure)
    let objective = model.objective
    let constant = 0 - (objective.flatMap { model.rows[$0].value } ?? 0)
    guard constant.isFinite else {
      throw failure(.invalid, "the constant of the objective is not finite")
    }
    let P = try form.quadraticTerm(model, failure: failure)
    let (A, b) = form.constraints(model)
    let sparse: ConeGroup
    do {
      sparse = ConeGroup(
        indices: [0],
        batch: try ConeProgramBatch(
          items: 1, P: P.map(BatchedSparseMatrix.init(single:)),
          c: BatchedVector(single: form.linearTerm(model)), A: BatchedSparseMatrix(single: A),
          b: BatchedVector(single: b),
          cones: ConeProduct(
            zero: form.equalities.count,
            nonnegative: form.inequalities.count + form.bounds.count)),
        isQuadraticProgram: true)
    } catch {
      throw failure(.invalid, "\(error)")
    }
    let group: ProblemGroup =
      QuadraticGroup.isSmall(variables: model.columns.count, rows: b.count)
      ? .quadratic(try sparse.dense(file: file)) : .cone(sparse)
    self.init(
      name: file, isBatch: false, count: 1, groups: [group],
      model: ModelDescription(
        name: model.name, objectiveSense: model.isMaximized ? .maximize : .minimize,
        objectiveConstant: constant, rows: .listed(form.rowNames(model)),
        columns: .listed(model.columns.map(\.name))))
  }
}

/// Where the rows and bounds of a model go in its canonical problem.
struct MPSCanonicalForm {
  /// One side of a row or of a variable's bounds: `sign * a'x <= sign * limit`.
  struct Side {
    /// The index of the row, or of the variable.
    let index: Int
    let sign: Double
    let limit: Double
  }

  var equalities: [Int] = []
  var inequalities: [Side] = []
  var bounds: [Side] = []
  private let sign: Double

  init(
    _ model: MPSModel, failure: (ProblemFileError.Kind, String) -> ProblemFileError
  ) throws(ProblemFileError) {
    sign = model.isMaximized ? -1 : 1
    guard !model.columns.isEmpty else { throw failure(.invalid, "there are no variables") }
    if let name = model.objectiveName {
      guard let row = model.rowIndex[name], model.rows[row].sense == .free else {
        throw failure(.invalid, "the objective \(quoted(name)) is not a row of sense N")
      }
    }
    for (index, row) in model.rows.enumerated() where row.sense != .free {
      guard let limits = row.limits, limits.lowerBound < .infinity, limits.upperBound > -.infinity
      else { throw failure(.invalid, "no value satisfies the row \(quoted(row.name))") }
      if row.isEquality {
        equalities.append(index)
      } else {
        Self.append(&inequalities, index, limits.lowerBound, limits.upperBound)
      }
    }
    for (index, column) in model.columns.enumerated() {
      // By convention a negative upper bound alone takes the lower bound of zero away.
      let hasLower = !Set(column.codes).isDisjoint(with: [.lower, .fixed])
      let lower = column.upper < 0 && !hasLower ? -.infinity : column.lower
      Self.append(&bounds, index, lower, column.upper)
    }
  }

  private static func append(
    _ sides: inout [Side], _ index: Int, _ lower: Double, _ upper: Double
  ) {
    if upper < .infinity { sides.append(Side(index: index, sign: 1, limit: upper)) }
    if lower > -.infinity { sides.append(Side(index: index, sign: -1, limit: lower)) }
  }

  func rowNames(_ model: MPSModel) -> [String] {
    equalities.map { model.rows[$0].name } + inequalities.map { model.rows[$0.index].name }
      + bounds.map { model.columns[$0.index].name }
  }

  // MARK: - Data

  func linearTerm(_ model: MPSModel) -> Vector {
    var p = [Double](repeating: 0, count: model.columns.count)
    let objective = model.objective
    for entry in model.entries where entry.row == objective {
      p[entry.column] = sign * entry.value
    }
    return Vector(p)
  }

  /// The quadratic term, whole, nil if there is none; entries add up.
  func quadraticTerm(
    _ model: MPSModel, failure: (ProblemFileError.Kind, String) -> ProblemFileError
  ) throws(ProblemFileError) -> SparseMatrix? {
    guard !model.quadratic.isEmpty else { return nil }
    let n = model.columns.count
    func matrix(_ entries: [MPSModel.Entry]) -> SparseMatrix {
      SparseMatrix(
        rows: n, columns: n, row: entries.map(\.row), column: entries.map(\.column),
        values: entries.map(\.value))
    }
    let isTriangle = model.quadraticForm == .triangle
    let given = matrix(
      model.quadratic.map {
        MPSModel.Entry(row: $0.row, column: $0.column, value: sign * $0.value)
      })
    try check(given, model, isTriangle: isTriangle, failure: failure)
    // Both an entry and its mirror image; where the whole matrix is given, half of each.
    var entries: [MPSModel.Entry] = []
    given.forEach { row, column, value in
      if row == column {
        entries.append(MPSModel.Entry(row: row, column: column, value: value))
      } else if !isTriangle || row > column || given[column, row] == 0 {
        let part = isTriangle ? value : value / 2
        entries.append(MPSModel.Entry(row: row, column: column, value: part))
        entries.append(MPSModel.Entry(row: column, column: row, value: part))
      }
    }
    return matrix(entries)
  }

  /// Makes sure that a whole matrix is symmetric, and that a triangle is one: an element that stands in both
  /// triangles is the same in both, and is meant once.
  private func check(
    _ given: SparseMatrix, _ model: MPSModel, isTriangle: Bool,
    failure: (ProblemFileError.Kind, String) -> ProblemFileError
  ) throws(ProblemFileError) {
    func names(_ row: Int, _ column: Int) -> String {
      "\(quoted(model.columns[row].name)) and \(quoted(model.columns[column].name))"
    }
    let largest = given.values.reduce(0) { max($0, $1.magnitude) }
    var mistake: String?
    given.forEach { row, column, value in
      guard row != column, mistake == nil else { return }
      let mirror = given[column, row]
      if isTriangle {
        if value != 0 && mirror != 0 && value != mirror {
          mistake =
            "the quadratic term gives one triangle, but has \(value) and \(mirror) for the two entries of "
            + names(row, column)
        }
      } else if (value - mirror).magnitude > largestRelativeAsymmetry * largest {
        mistake =
          "the quadratic term is not symmetric: \(names(row, column)) have \(value) and \(mirror)"
      }
    }
    if let mistake { throw failure(.invalid, mistake) }
  }

  /// Equalities, inequalities and bounds, one after another.
  func constraints(_ model: MPSModel) -> (A: SparseMatrix, b: Vector) {
    let sides = inequalities + bounds
    // The rows of a file's row stand together: the first one's place, and how many there are.
    var first = [Int](repeating: 0, count: model.rows.count)
    var count = [Int](repeating: 0, count: model.rows.count)
    for (index, row) in equalities.enumerated() { (first[row], count[row]) = (index, 1) }
    for (index, side) in inequalities.enumerated() {
      if count[side.index] == 0 { first[side.index] = equalities.count + index }
      count[side.index] += 1
    }
    let rows = equalities.count + sides.count
    var row: [Int] = []
    var column: [Int] = []
    var values: [Double] = []
    for entry in model.entries {
      for place in first[entry.row]..<first[entry.row] + count[entry.row] {
        row.append(place)
        column.append(entry.column)
        let sign = place < equalities.count ? 1 : inequalities[place - equalities.count].sign
        values.append(sign * entry.value)
      }
    }
    for (index, side) in bounds.enumerated() {
      row.append(equalities.count + inequalities.count + index)
      column.append(side.index)
      values.append(side.sign)
    }
    // Adding zero turns the -0 of a lower limit of zero into 0.
    let b = equalities.map { model.rows[$0].value ?? 0 } + sides.map { $0.sign * $0.limit + 0 }
    return (
      SparseMatrix(
        rows: rows, columns: model.columns.count, row: row, column: column, values: values),
      Vector(b)
    )
  }
}

extension SparseMatrix {
  /// Calls `body` with the row, the column and the value of each entry.
  func forEach(_ body: (Int, Int, Double) -> Void) {
    for column in 0..<columns {
      for entry in pattern.columnStarts[column]..<pattern.columnStarts[column + 1] {
        body(pattern.rowIndices[entry], column, values[entry])
      }
    }
  }
}

extension BatchedSparseMatrix {
  /// One matrix per item, of which there is one: the storage is not copied.
  init(single matrix: SparseMatrix) {
    self.init(pattern: matrix.pattern, values: BatchedVector(single: matrix.values))
  }
}
