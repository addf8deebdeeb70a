import ConvexSolvers
import LinearAlgebra
import OptimizationCore

extension ProblemFile {
  /// The canonical problem of a model: equalities, then inequalities, each in file order, a range
  /// giving its upper row before its lower one; then the bounds of each variable, upper before
  /// lower. A lower limit l is the row -aᵀx ≤ -l. An absent bound gives no row, and a fixed variable
  /// gives two, like any other with two bounds.
  init(_ model: MPSModel, file: String) throws(ProblemFileError) {
    func failure(_ kind: ProblemFileError.Kind, _ reason: String) -> ProblemFileError {
      ProblemFileError(kind, file: file, reason: reason)
    }
    let form = try MPSCanonicalForm(model, failure: failure)
    let n = model.columns.count
    let rowCount = form.equalities.count + form.inequalities.count + form.bounds.count
    guard n <= ProgramGrouping.largestDenseCount / (n + rowCount) else {
      throw failure(
        .unsupported,
        "\(n) variables and \(rowCount) rows, bounds included, are too many for a dense problem")
    }
    let objective = model.objective
    let constant = 0 - (objective.flatMap { model.rows[$0].value } ?? 0)
    guard constant.isFinite else {
      throw failure(.invalid, "the constant of the objective is not finite")
    }
    let Q = try form.quadraticTerm(model, failure: failure)
    let (G, h) = form.inequalityData(model)
    let (A, b) = form.equalityData(model)
    let batch: QuadraticProgramBatch
    do {
      batch = try QuadraticProgramBatch(
        items: 1, Q: Q.map(BatchedMatrix.init(single:)),
        p: BatchedVector(single: form.linearTerm(model)), G: BatchedMatrix(single: G),
        h: BatchedVector(single: h), A: BatchedMatrix(single: A), b: BatchedVector(single: b))
    } catch {
      throw failure(.invalid, "\(error)")
    }
    let description = ModelDescription(
      name: model.name, objectiveSense: model.isMaximized ? .maximize : .minimize,
      objectiveConstant: constant, rowNames: form.rowNames(model),
      columnNames: model.columns.map(\.name))
    self.init(
      name: file, isBatch: false, count: 1,
      groups: [
        ProblemGroup(indices: [0], batch: batch, isLinear: model.quadratic.isEmpty)
      ], model: description)
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

  /// The quadratic term, nil if there is none; entries add up.
  func quadraticTerm(
    _ model: MPSModel, failure: (ProblemFileError.Kind, String) -> ProblemFileError
  ) throws(ProblemFileError) -> Matrix? {
    guard !model.quadratic.isEmpty else { return nil }
    let n = model.columns.count
    var Q = Matrix(rows: n, columns: n)
    Q.withUnsafeMutableBufferPointer { Q in
      for entry in model.quadratic { Q[entry.row * n + entry.column] += sign * entry.value }
    }
    func names(_ row: Int, _ column: Int) -> String {
      "\(quoted(model.columns[row].name)) and \(quoted(model.columns[column].name))"
    }
    if model.quadraticForm == .whole {
      if let (row, column) = Q.firstAsymmetry() {
        throw failure(
          .invalid,
          "the quadratic term is not symmetric: \(names(row, column)) have "
            + "\(Q[row, column]) and \(Q[column, row])")
      }
    } else if let entry = model.quadratic.first(where: {
      $0.row != $0.column && Q[$0.row, $0.column] != 0 && Q[$0.column, $0.row] != 0
    }) {
      throw failure(
        .invalid,
        "the quadratic term gives one triangle, but has both entries of "
          + names(entry.row, entry.column) + "; QMATRIX gives the whole matrix")
    }
    let isTriangle = model.quadraticForm == .triangle
    Q.withUnsafeMutableBufferPointer { Q in
      for row in 0..<n {
        for column in 0..<row {
          let sum = Q[row * n + column] + Q[column * n + row]
          Q[row * n + column] = isTriangle ? sum : sum / 2
          Q[column * n + row] = isTriangle ? sum : sum / 2
        }
      }
    }
    return Q
  }

  func equalityData(_ model: MPSModel) -> (A: Matrix, b: Vector) {
    let n = model.columns.count
    var place = [Int](repeating: -1, count: model.rows.count)
    for (index, row) in equalities.enumerated() { place[row] = index }
    var A = Matrix(rows: equalities.count, columns: n)
    A.withUnsafeMutableBufferPointer { A in
      for entry in model.entries where place[entry.row] >= 0 {
        A[place[entry.row] * n + entry.column] = entry.value
      }
    }
    return (A, Vector(equalities.map { model.rows[$0].value ?? 0 }))
  }

  func inequalityData(_ model: MPSModel) -> (G: Matrix, h: Vector) {
    let n = model.columns.count
    // The sides of a row stand together: the first one's place, and how many there are.
    var first = [Int](repeating: 0, count: model.rows.count)
    var count = [Int](repeating: 0, count: model.rows.count)
    for (index, side) in inequalities.enumerated() {
      if count[side.index] == 0 { first[side.index] = index }
      count[side.index] += 1
    }
    var G = Matrix(rows: inequalities.count + bounds.count, columns: n)
    G.withUnsafeMutableBufferPointer { G in
      for entry in model.entries {
        for place in first[entry.row]..<first[entry.row] + count[entry.row] {
          G[place * n + entry.column] = inequalities[place].sign * entry.value
        }
      }
      for (index, side) in bounds.enumerated() {
        G[(inequalities.count + index) * n + side.index] = side.sign
      }
    }
    // Adding zero turns the -0 of a lower limit of zero into 0.
    return (G, Vector((inequalities + bounds).map { $0.sign * $0.limit + 0 }))
  }
}
