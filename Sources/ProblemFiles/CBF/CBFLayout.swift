import ConvexSolvers

/// Where the constraints and variables of a CBF file go in its canonical cone program.
///
/// The variables are the scalar ones, then each matrix variable as a vector (`SymmetricVector`). The
/// rows stand in the order of `ConeProduct`, in each group of cones the constraints in file order, then
/// the cones of the variables; a constraint g in K is the row -Ax + s = b with s = g, a variable x in K
/// the row -x + s = 0. What is at most zero is negated, a rotated second-order cone turned by an
/// orthogonal transformation, and the components of exponential cones reversed, as the format has them
/// the other way round.
struct CBFLayout {
  /// The row or, in a rotated cone, the two rows that an expression adds to, and its factors there.
  struct Place {
    var row = -1
    var factor = 1.0
    var secondRow = -1
    var secondFactor = 0.0
  }

  private(set) var cones = ConeProduct()
  let variables: Int
  /// Where each matrix variable begins among the variables.
  private(set) var matrixVariableStarts: [Int] = []
  /// For each scalar constraint.
  private(set) var constraintPlaces: [Place]
  /// For each scalar variable; free ones have no row.
  private(set) var variablePlaces: [Place]
  /// The first row of each matrix constraint, and of each matrix variable.
  private(set) var matrixConstraintRows: [Int]
  private(set) var matrixVariableRows: [Int]
  private(set) var rowNames: [NameRun] = []
  private(set) var columnNames: [NameRun] = []
  private var rows = 0

  init(_ structure: CBFStructure) {
    columnNames.append(.range("VAR", 0..<structure.variables))
    var variables = structure.variables
    for (index, order) in structure.matrixVariables.enumerated() {
      matrixVariableStarts.append(variables)
      variables += SymmetricVector(order: order).count
      columnNames.append(.triangle("PSDVAR[\(index)]", order: order, base: 0))
    }
    self.variables = variables
    constraintPlaces = [Place](repeating: Place(), count: structure.constraints)
    variablePlaces = [Place](repeating: Place(), count: structure.variables)
    matrixConstraintRows = [Int](repeating: -1, count: structure.matrixConstraints.count)
    matrixVariableRows = [Int](repeating: -1, count: structure.matrixVariables.count)
    for kind in Kind.allCases {
      for block in structure.constraintBlocks where Kind(block.domain) == kind {
        place(block, names: "CON", \.constraintPlaces)
      }
      if kind == .semidefinite {
        for (index, order) in structure.matrixConstraints.enumerated() {
          matrixConstraintRows[index] = rows
          placeMatrix(order, name: "PSDCON[\(index)]")
        }
      }
      for block in structure.variableBlocks
      where Kind(block.domain) == kind && block.domain != .free {
        place(block, names: "VAR", \.variablePlaces)
      }
      if kind == .semidefinite {
        for (index, order) in structure.matrixVariables.enumerated() {
          matrixVariableRows[index] = rows
          placeMatrix(order, name: "PSDVAR[\(index)]")
        }
      }
    }
  }

  /// The groups of cones in the order of their rows.
  private enum Kind: CaseIterable {
    case zero, free, nonnegative, secondOrder, semidefinite, exponential, dualExponential, power

    init(_ domain: CBFStructure.Domain) {
      switch domain {
      case .zero: self = .zero
      case .free: self = .free
      case .nonnegative, .nonpositive: self = .nonnegative
      case .secondOrder, .rotatedSecondOrder: self = .secondOrder
      case .semidefinite: self = .semidefinite
      case .exponential: self = .exponential
      case .dualExponential: self = .dualExponential
      case .power: self = .power
      }
    }
  }

  private mutating func placeMatrix(_ order: Int, name: String) {
    cones.semidefinite.append(order)
    rowNames.append(.triangle(name, order: order, base: 0))
    rows += SymmetricVector(order: order).count
  }

  private mutating func place(
    _ block: CBFStructure.Block, names: String, _ places: WritableKeyPath<CBFLayout, [Place]>
  ) {
    let count = block.range.count
    let first = rows
    var isReversed = false
    switch block.domain {
    case .zero: cones.zero += count
    case .free: cones.free += count
    case .nonnegative, .nonpositive: cones.nonnegative += count
    case .secondOrder, .rotatedSecondOrder: cones.secondOrder.append(count)
    case .semidefinite(let order): cones.semidefinite.append(order)
    case .exponential:
      cones.exponential += 1
      isReversed = true
    case .dualExponential:
      cones.dualExponential += 1
      isReversed = true
    case .power(let exponent): cones.power.append(exponent)
    }
    rowNames.append(isReversed ? .reversedRange(names, block.range) : .range(names, block.range))
    rows += count
    let factor = block.domain == .nonpositive ? -1.0 : 1
    var list: [Place] = []
    swap(&list, &self[keyPath: places])
    for (offset, index) in block.range.enumerated() {
      list[index] = Place(
        row: isReversed ? first + count - 1 - offset : first + offset, factor: factor)
    }
    if block.domain == .rotatedSecondOrder {
      // 2 u v ≥ ‖w‖² is (u + v)/√2 ≥ ‖((u - v)/√2, w)‖.
      let half = 0.5.squareRoot()
      let start = block.range.lowerBound
      list[start] = Place(row: first, factor: half, secondRow: first + 1, secondFactor: half)
      list[start + 1] = Place(row: first, factor: half, secondRow: first + 1, secondFactor: -half)
    }
    swap(&list, &self[keyPath: places])
  }
}
