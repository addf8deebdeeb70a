import ConvexSolvers
import LinearAlgebra

/// What a problem is turned into: `½ xᵀPx + cᵀx + offset` over cones, each datum an affine map of the
/// parameters.
struct CompiledProgram: Sendable {
  let variables: Int
  /// Expressions of parameters alone: what the data are affine in.
  let leaves: [Node]
  let cones: ConeProduct
  let patternOfP: SparsityPattern?
  let patternOfA: SparsityPattern
  let P: DataMap
  let c: DataMap
  let A: DataMap
  let b: DataMap
  let offset: DataMap
  /// The same as a dense quadratic program, if the cones allow it.
  let dense: Dense?
  /// Row and column of each entry of P.
  let quadraticRows: [Int]
  let quadraticColumns: [Int]
  /// Whether squares in the objective were multiplied out, which pays in dense programs only.
  let hasProducts: Bool
  /// For each constraint its rows.
  let rows: [ConstraintRows]
  /// The variables that occur and the columns of their entries, from 0; nil for structural zeros.
  let columns: [(variable: Variable, entries: [Int?])]

  /// The data of a dense quadratic program.
  struct Dense: Sendable {
    let Q: DataMap?
    let G: DataMap
    let h: DataMap
    let A: DataMap
    let b: DataMap
    let equalities: Int
    let inequalities: Int
  }

  /// Where the dual of a constraint stands.
  struct ConstraintRows: Sendable {
    let rows: Range<Int>
    let kind: Constraint.Kind
  }

  /// Compiles a checked model.
  ///
  /// - Parameters:
  ///   - multipliesOut: whether dense squares in the objective are multiplied out (see `QuadraticObjective`).
  ///   - refused: gets the matrices of parameters that stand where only numbers can.
  init(
    objective: Node, constraints: [Constraint], multipliesOut: Bool, refused: inout [Node]
  ) {
    let canonicalizer = Canonicalizer()
    let quadratic = QuadraticObjective(
      objective, canonicalizer, multipliesOut: multipliesOut)
    var found: [(range: Range<Int>, kind: Constraint.Kind)] = []
    for constraint in constraints {
      let form = canonicalizer.form(constraint.difference)
      let range =
        switch constraint.kind {
        case .zero: canonicalizer.addZero(form)
        case .nonnegative: canonicalizer.addNonnegative(form)
        case .semidefinite:
          canonicalizer.addSemidefinite(form, order: constraint.difference.squareSize ?? 0)
        }
      found.append((range, constraint.kind))
    }
    // A problem without variables still has one column, which nothing depends on.
    if canonicalizer.variables == 0 { canonicalizer.addNonnegative(canonicalizer.fresh(1)) }
    hasProducts = quadratic.hasProducts
    refused = canonicalizer.refused
    variables = canonicalizer.variables
    leaves = canonicalizer.leaves
    var starts = [1]
    for leaf in leaves { starts.append(starts[starts.count - 1] + leaf.count) }
    cones = ConeProduct(
      zero: canonicalizer.zero.count, nonnegative: canonicalizer.nonnegative.count,
      secondOrder: canonicalizer.secondOrderSizes, semidefinite: canonicalizer.semidefiniteOrders,
      exponential: canonicalizer.exponential.count / 3, power: canonicalizer.exponents)
    columns = canonicalizer.usedVariables.map { variable in
      let first = canonicalizer.firstColumn[ObjectIdentifier(variable)]! - 1
      return (variable, variable.components.ofEntry.map { $0.map { first + $0 } })
    }
    let semidefiniteStart =
      canonicalizer.zero.count + canonicalizer.nonnegative.count + canonicalizer.secondOrder.count
    rows = found.map { range, kind in
      let start =
        switch kind {
        case .zero: 0
        case .nonnegative: canonicalizer.zero.count
        case .semidefinite: semidefiniteStart
        }
      return ConstraintRows(
        rows: range.lowerBound + start..<range.upperBound + start, kind: kind)
    }
    // Rows in the order of the cones.
    var entries = Entries()
    for kind in [
      canonicalizer.zero, canonicalizer.nonnegative, canonicalizer.secondOrder,
      canonicalizer.semidefinite, canonicalizer.exponential, canonicalizer.power,
    ] {
      for form in kind.forms { entries.append(form) }
    }
    let m = entries.rows
    let (pattern, places) = SparsityPattern.gathering(
      rows: m, columns: variables, row: entries.row, column: entries.column)
    patternOfA = pattern
    A = DataMap(
      count: pattern.entries, entries: entries.matrix(at: { places[$0] }), starts: starts)
    b = DataMap(count: m, entries: entries.constants, starts: starts)
    let affine = quadratic.affine
    var (linear, constant): ([(Int, Int, Double)], [(Int, Int, Double)]) = ([], [])
    for k in 0..<affine.terms {
      let (column, parameter) = (Int(affine.column[k]), Int(affine.parameter[k]))
      if column == 0 {
        constant.append((0, parameter, affine.coefficient[k]))
      } else {
        linear.append((column - 1, parameter, affine.coefficient[k]))
      }
    }
    c = DataMap(count: variables, entries: linear, starts: starts)
    offset = DataMap(count: 1, entries: constant, starts: starts)
    let terms = quadratic.quadratic
    let n = variables
    let (patternP, placesP) = SparsityPattern.gathering(
      rows: n, columns: n, row: terms.map(\.row), column: terms.map(\.column))
    patternOfP = terms.isEmpty ? nil : patternP
    quadraticRows = patternP.rowIndices
    quadraticColumns = (0..<n).flatMap { column in
      [Int](
        repeating: column,
        count: patternP.columnStarts[column + 1] - patternP.columnStarts[column])
    }
    P = DataMap(
      count: patternP.entries,
      entries: terms.enumerated().map { (placesP[$0], $1.parameter, $1.value) }, starts: starts)
    let e = cones.zero
    guard cones.zero + cones.nonnegative == m, n * max(n, m) <= Self.largestDense else {
      dense = nil
      return
    }
    dense = Dense(
      Q: terms.isEmpty
        ? nil
        : DataMap(
          count: n * n, entries: terms.map { ($0.row * n + $0.column, $0.parameter, $0.value) },
          starts: starts),
      G: DataMap(
        count: (m - e) * n,
        entries: entries.matrix(at: { (entries.row[$0] - e) * n + entries.column[$0] }) {
          $0 >= e
        }, starts: starts),
      h: DataMap(
        count: m - e,
        entries: entries.constants.filter { $0.place >= e }.map {
          ($0.place - e, $0.parameter, $0.value)
        }, starts: starts),
      A: DataMap(
        count: e * n,
        entries: entries.matrix(at: { entries.row[$0] * n + entries.column[$0] }) { $0 < e },
        starts: starts),
      b: DataMap(count: e, entries: entries.constants.filter { $0.place < e }, starts: starts),
      equalities: e, inequalities: m - e)
  }

  /// The most entries of a dense matrix for which the dense form is kept.
  private static let largestDense = 250_000

  /// The entries of A and b, row after row of the cones: `s = b - Ax` is the form.
  private struct Entries {
    var rows = 0
    var row: [Int] = []
    var column: [Int] = []
    private var parameter: [Int] = []
    private var value: [Double] = []
    var constants: [(place: Int, parameter: Int, value: Double)] = []

    mutating func append(_ form: AffineForm) {
      for k in 0..<form.terms {
        let place = rows + Int(form.row[k])
        if form.column[k] == 0 {
          constants.append((place, Int(form.parameter[k]), form.coefficient[k]))
        } else {
          row.append(place)
          column.append(Int(form.column[k]) - 1)
          parameter.append(Int(form.parameter[k]))
          value.append(-form.coefficient[k])
        }
      }
      rows += form.count
    }

    func matrix(
      at place: (Int) -> Int, where isWanted: (Int) -> Bool = { _ in true }
    ) -> [(place: Int, parameter: Int, value: Double)] {
      row.indices.filter { isWanted(row[$0]) }.map { (place($0), parameter[$0], value[$0]) }
    }
  }
}
