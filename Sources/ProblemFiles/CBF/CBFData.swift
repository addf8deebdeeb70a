/// The second half of a CBF file: the data, put where the layout says.
struct CBFData {
  let layout: CBFLayout
  var assembly: ConeAssembly
  private(set) var objectiveConstant = 0.0

  init(_ layout: CBFLayout) {
    self.layout = layout
    assembly = ConeAssembly(variables: layout.variables, cones: layout.cones)
  }

  /// Reads a section.
  mutating func read(
    _ section: CBFSection, from scanner: inout TextScanner, _ structure: CBFStructure
  ) throws(ProblemFileError) {
    if section == .objectiveConstant {
      objectiveConstant += try scanner.number("the constant of the objective")
      return
    }
    _ = scanner.skipBlanks()
    let place = scanner.cursor
    let count = try scanner.integer("the number of entries of \(section.rawValue)")
    guard count >= 0 else {
      throw scanner.error(.invalid, at: place, "the number of entries is \(count)")
    }
    // An entry takes at least four characters: a count that is not true takes no memory.
    assembly.reserve(min(count, (scanner.text.end - scanner.cursor) / 4))
    let start = scanner.cursor
    var isMixed = false
    for entry in 0..<count {
      guard scanner.skipBlanks(), !isLetter(scanner.cursor.pointee) else {
        throw scanner.unexpected("entry \(entry + 1) of the \(count) of \(section.rawValue)")
      }
      let head = try indices(section, from: &scanner, structure)
      add(section, head, try scanner.number("a number"))
      isMixed = isMixed || head.isUpper
    }
    if isMixed { try checkTriangles(section, count, from: start, &scanner, structure) }
  }

  /// The indices of an entry, for finding the same place in the other triangle.
  private struct Head: Hashable {
    var first = 0
    var second = 0
    var row = 0
    var column = 0
    /// The order of the matrix, 0 for a scalar.
    var order = 0
    var isUpper: Bool { row < column }
    var mirror: Head { Head(first: first, second: second, row: column, column: row, order: order) }
  }

  private func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- UInt8(ascii: "a") < 26 }

  @inline(__always)
  private func indices(
    _ section: CBFSection, from scanner: inout TextScanner, _ structure: CBFStructure
  ) throws(ProblemFileError) -> Head {
    var head = Head()
    switch section {
    case .objective:
      head.first = try scanner.index(of: "variable", below: structure.variables)
    case .constants:
      head.first = try scanner.index(of: "constraint", below: structure.constraints)
    case .coefficients:
      head.first = try scanner.index(of: "constraint", below: structure.constraints)
      head.second = try scanner.index(of: "variable", below: structure.variables)
    case .objectiveMatrices:
      head.first = try scanner.index(
        of: "matrix variable", below: structure.matrixVariables.count)
      head.order = structure.matrixVariables[head.first]
    case .matrices:
      head.first = try scanner.index(of: "constraint", below: structure.constraints)
      head.second = try scanner.index(
        of: "matrix variable", below: structure.matrixVariables.count)
      head.order = structure.matrixVariables[head.second]
    case .matrixCoefficients:
      head.first = try scanner.index(
        of: "matrix constraint", below: structure.matrixConstraints.count)
      head.second = try scanner.index(of: "variable", below: structure.variables)
      head.order = structure.matrixConstraints[head.first]
    case .matrixConstants:
      head.first = try scanner.index(
        of: "matrix constraint", below: structure.matrixConstraints.count)
      head.order = structure.matrixConstraints[head.first]
    default: preconditionFailure("CBF: \(section) has no entries")
    }
    if head.order > 0 {
      head.row = try scanner.index(of: "row", below: head.order)
      head.column = try scanner.index(of: "column", below: head.order)
    }
    return head
  }

  /// Adds an entry to the data. The inner product with a symmetric matrix takes an off-diagonal twice:
  /// √2 times what the vector holds.
  @inline(__always)
  private mutating func add(_ section: CBFSection, _ head: Head, _ value: Double) {
    let row = max(head.row, head.column)
    let column = min(head.row, head.column)
    let scaled = SymmetricVector.factor(row: row, column: column) * value
    let offset = SymmetricVector(order: head.order).place(row: row, column: column)
    switch section {
    case .objective: assembly.c[head.first] += value
    case .constants:
      let place = layout.constraintPlaces[head.first]
      assembly.b[place.row] += place.factor * value
      if place.secondRow >= 0 { assembly.b[place.secondRow] += place.secondFactor * value }
    case .coefficients: add(layout.constraintPlaces[head.first], head.second, value)
    case .objectiveMatrices:
      assembly.c[layout.matrixVariableStarts[head.first] + offset] += scaled
    case .matrices:
      add(
        layout.constraintPlaces[head.first], layout.matrixVariableStarts[head.second] + offset,
        scaled)
    case .matrixCoefficients:
      assembly.append(layout.matrixConstraintRows[head.first] + offset, head.second, -scaled)
    case .matrixConstants:
      assembly.b[layout.matrixConstraintRows[head.first] + offset] += scaled
    default: break
    }
  }

  private mutating func add(_ place: CBFLayout.Place, _ column: Int, _ value: Double) {
    assembly.append(place.row, column, -place.factor * value)
    if place.secondRow >= 0 {
      assembly.append(place.secondRow, column, -place.secondFactor * value)
    }
  }

  /// Makes sure that no element is given in both triangles, reading the section again.
  private func checkTriangles(
    _ section: CBFSection, _ count: Int, from start: UnsafePointer<UInt8>,
    _ scanner: inout TextScanner, _ structure: CBFStructure
  ) throws(ProblemFileError) {
    scanner.cursor = start
    var seen: Set<Head> = []
    for _ in 0..<count {
      _ = scanner.skipBlanks()
      let place = scanner.cursor
      let head = try indices(section, from: &scanner, structure)
      _ = try scanner.number("a number")
      seen.insert(head)
      if head.row != head.column && seen.contains(head.mirror) {
        throw scanner.error(
          .invalid, at: place,
          "the element [\(head.row), \(head.column)] of a symmetric matrix is given in both triangles"
        )
      }
    }
  }
}
