import LinearAlgebra

/// Where everything stands in the quasi-definite system of the interior point,
///
///     [P   Aᵀ] [Δx]
///     [A  -H ] [Δz],
///
/// after semidefinite blocks have been eliminated where that keeps it sparse, and with two unknowns more
/// for each large second-order cone. Found once per structure.
final class KKTPattern: Sendable {
  /// What happens to a cone.
  enum Treatment: Sendable {
    /// Its rows stand in the system; the places of -H in the form of the cone.
    case rows(places: [Int32])
    /// A semidefinite block eliminated in favour of the variables that it touches.
    case eliminatedRows(SchurPlaces)
    /// A semidefinite constraint on variables, eliminated with them in favour of the rows that they touch.
    case eliminatedVariables(SchurPlaces, columns: [Int32], entries: [Int32])
  }

  /// The matrices of a Schur complement and the places of their products.
  struct SchurPlaces: Sendable {
    let order: Int
    let matrices: [(unknown: Int, entries: [SchurBlock.Entry])]
    let places: [Int32]
  }

  let layout: ConicLayout
  let size: Int
  /// The extra unknowns of second-order cones, which need no regularization, follow those before.
  let firstExtra: Int
  let analysis: SparseLDLAnalysis
  /// The unknown of each variable and row; -1 if it has been eliminated.
  let unknownOfVariable: [Int32]
  let unknownOfRow: [Int32]
  let treatments: [Treatment]
  /// +1 for variables and second extra unknowns, -1 for rows and first ones.
  let signs: [Int8]
  let diagonal: [Int32]
  /// The place of each entry of P in the upper triangle, -1 for the lower triangle or eliminated ones.
  let placesOfP: [Int32]
  let placesOfA: [Int32]

  /// Nil if the factor would be too large.
  init?(_ layout: ConicLayout, factorLimit: Int = 300_000_000) {
    self.layout = layout
    let plan = EliminationPlan(layout)
    // Their places take three numbers each while they are sorted.
    guard plan.coneEntries <= factorLimit / 4 else { return nil }
    unknownOfVariable = plan.unknownOfVariable
    unknownOfRow = plan.unknownOfRow
    signs = plan.signs
    size = plan.signs.count
    firstExtra = Int(max(unknownOfVariable.max() ?? -1, unknownOfRow.max() ?? -1)) + 1

    var builder = TriangleBuilder(size: size)
    for unknown in 0..<size { builder.add(unknown, unknown) }
    let diagonalCount = builder.count
    for column in 0..<layout.variables {
      for entry in layout.P.columnStarts[column]..<layout.P.columnStarts[column + 1] {
        let row = layout.P.rowIndices[entry]
        if row > column { continue }
        builder.add(Int(plan.unknownOfVariable[row]), Int(plan.unknownOfVariable[column]))
      }
    }
    for column in 0..<layout.variables {
      for entry in layout.A.columnStarts[column]..<layout.A.columnStarts[column + 1] {
        builder.add(
          Int(plan.unknownOfVariable[column]),
          Int(plan.unknownOfRow[layout.A.rowIndices[entry]]))
      }
    }
    let coneStarts = plan.addCones(to: &builder)
    let (pattern, places) = builder.finish()
    guard let analysis = SparseLDLAnalysis(upperTriangle: pattern, limit: factorLimit) else {
      return nil
    }
    self.analysis = analysis

    diagonal = Array(places[0..<diagonalCount])
    var next = diagonalCount
    func take() -> Int32 {
      next += 1
      return places[next - 1]
    }
    var placesOfP = [Int32](repeating: -1, count: layout.P.entries)
    for column in 0..<layout.variables {
      for entry in layout.P.columnStarts[column]..<layout.P.columnStarts[column + 1]
      where layout.P.rowIndices[entry] <= column {
        placesOfP[entry] = take()
      }
    }
    self.placesOfP = placesOfP
    placesOfA = (0..<layout.A.entries).map { _ in take() }
    treatments = plan.blocks.enumerated().map { index, block in
      let own = Array(places[coneStarts[index]..<coneStarts[index + 1]])
      switch block {
      case .rows: return .rows(places: own)
      case .schur(let order, let matrices):
        return .eliminatedRows(SchurPlaces(order: order, matrices: matrices, places: own))
      case .direct(let order, let matrices, let columns, let entries):
        return .eliminatedVariables(
          SchurPlaces(order: order, matrices: matrices, places: own), columns: columns,
          entries: entries)
      }
    }
  }
}

/// Collects entries of an upper triangle; those with an eliminated end (-1) have no place.
struct TriangleBuilder {
  private var rows: [Int] = []
  private var columns: [Int] = []
  private var isPresent: [Bool] = []
  let size: Int

  init(size: Int) { self.size = size }

  /// The number of entries so far, absent ones included.
  var count: Int { isPresent.count }

  mutating func add(_ a: Int, _ b: Int) {
    isPresent.append(a >= 0 && b >= 0)
    if a >= 0 && b >= 0 {
      rows.append(min(a, b))
      columns.append(max(a, b))
    }
  }

  /// The pattern and the place of each entry in the order in which they were added.
  func finish() -> (pattern: SparsityPattern, places: [Int32]) {
    let (pattern, present) = SparsityPattern.gathering(
      rows: size, columns: size, row: rows, column: columns)
    var places = [Int32](repeating: -1, count: isPresent.count)
    var next = 0
    for index in isPresent.indices where isPresent[index] {
      places[index] = Int32(present[next])
      next += 1
    }
    return (pattern, places)
  }
}
