import ConvexSolvers

extension ProblemFile {
  /// Reads the conic benchmark format, versions 1 to 4.
  init(cbf text: TextBytes) throws(ProblemFileError) {
    self = try withExtendedLifetime(text) { () throws(ProblemFileError) in
      var reader = CBFReader(text)
      return try reader.file()
    }
  }
}

/// Reads a CBF file section by section.
///
/// The sections that tell the structure stand before those with data, each at most once. Of a
/// symmetric matrix one triangle is given; entries given more than once add up.
struct CBFReader: ~Copyable {
  var scanner: TextScanner
  var structure = CBFStructure()
  private var sectionsSeen: Set<CBFSection> = []
  /// Made when the data begin.
  private var data: CBFData?

  fileprivate init(_ text: TextBytes) {
    scanner = TextScanner(text, .commented)
  }

  fileprivate mutating func file() throws(ProblemFileError) -> ProblemFile {
    guard scanner.skipBlanks() else {
      throw scanner.error(
        .malformed, at: scanner.cursor,
        scanner.text.count == 0 ? "the file is empty" : "the file is blank")
    }
    while scanner.skipBlanks() { try readSection() }
    let end = scanner.cursor
    guard let isMaximized = structure.isMaximized else {
      throw scanner.error(.malformed, at: end, "the section OBJSENSE is missing")
    }
    if data == nil { data = try startData(at: end) }
    guard let data else { preconditionFailure("CBF: no data were started") }
    let layout = data.layout
    var assembly = data.assembly
    if isMaximized { assembly.c = assembly.c.map { 0 - $0 } }
    assembly.appendVariableRows(structure, layout)
    let group = try assembly.group(file: scanner.text.name)
    return ProblemFile(
      name: scanner.text.name, isBatch: false, count: 1, groups: [.cone(group)],
      model: ModelDescription(
        name: "", objectiveSense: isMaximized ? .maximize : .minimize,
        objectiveConstant: data.objectiveConstant, rows: .numbered(layout.rowNames),
        columns: .numbered(layout.columnNames)))
  }

  private mutating func readSection() throws(ProblemFileError) {
    let start = scanner.cursor
    let keyword = scanner.word() ?? ""
    guard let section = CBFSection(rawValue: keyword) else {
      if CBFSection.unsupported.contains(keyword) {
        throw scanner.error(
          .unsupported, at: start, "constraints on the rank (\(keyword)) are not supported")
      }
      throw scanner.error(
        .malformed, at: start, "\(quoted(keyword)) is not a section of a CBF file")
    }
    guard sectionsSeen.insert(section).inserted else {
      throw scanner.error(.malformed, at: start, "the section \(keyword) is given twice")
    }
    guard section == .version || sectionsSeen.contains(.version) else {
      throw scanner.error(.malformed, at: start, "the file must begin with the section VER")
    }
    if section.isData {
      if data == nil { data = try startData(at: start) }
      try data!.read(section, from: &scanner, structure)
    } else {
      guard data == nil else {
        throw scanner.error(
          .malformed, at: start, "the section \(keyword) must stand before the data")
      }
      try readStructure(section, at: start)
    }
  }

  private mutating func startData(
    at position: UnsafePointer<UInt8>
  ) throws(ProblemFileError) -> CBFData {
    var rows = structure.constraints + structure.variables
    var variables = structure.variables
    for order in structure.matrixVariables { variables += SymmetricVector(order: order).count }
    for order in structure.matrixConstraints { rows += SymmetricVector(order: order).count }
    guard variables > 0 else {
      throw scanner.error(.invalid, at: position, "there are no variables")
    }
    guard max(rows, variables) <= ConeLimits.largestCount else {
      throw scanner.error(
        .unsupported, at: position,
        "\(variables) variables and \(rows) rows are more than \(ConeLimits.largestCount)")
    }
    return CBFData(CBFLayout(structure))
  }

  private mutating func readStructure(
    _ section: CBFSection, at start: UnsafePointer<UInt8>
  ) throws(ProblemFileError) {
    switch section {
    case .version:
      _ = scanner.skipBlanks()
      let place = scanner.cursor
      let version = try scanner.integer("the version")
      guard (1...4).contains(version) else {
        throw scanner.error(
          .unsupported, at: place, "version \(version) is not supported; versions 1 to 4 are")
      }
    case .sense:
      switch scanner.word() {
      case "MIN": structure.isMaximized = false
      case "MAX": structure.isMaximized = true
      case let word:
        throw scanner.error(
          .malformed, at: start,
          "the sense of the objective is MIN or MAX, not \(word.map(quoted) ?? "missing")")
      }
    case .powerCones: structure.powerCones = try readExponents()
    case .dualPowerCones: structure.dualPowerCones = try readExponents()
    case .matrixVariables: structure.matrixVariables = try readOrders()
    case .matrixConstraints: structure.matrixConstraints = try readOrders()
    case .variables:
      (structure.variables, structure.variableBlocks) = try readBlocks("variables")
    case .constraints:
      (structure.constraints, structure.constraintBlocks) = try readBlocks("constraints")
    case .integers:
      let count = try scanner.integer("the number of integer variables")
      if count > 0 {
        throw scanner.error(.unsupported, at: start, "integer variables are not supported")
      }
    case .change:
      throw scanner.error(
        .unsupported, at: start, "several problems in a file (CHANGE) are not supported")
    default: break
    }
  }
}

/// The sections of a CBF file.
enum CBFSection: String {
  case version = "VER"
  case sense = "OBJSENSE"
  case powerCones = "POWCONES"
  case dualPowerCones = "POW*CONES"
  case matrixVariables = "PSDVAR"
  case variables = "VAR"
  case integers = "INT"
  case matrixConstraints = "PSDCON"
  case constraints = "CON"
  case objectiveMatrices = "OBJFCOORD"
  case objective = "OBJACOORD"
  case objectiveConstant = "OBJBCOORD"
  case matrices = "FCOORD"
  case coefficients = "ACOORD"
  case constants = "BCOORD"
  case matrixCoefficients = "HCOORD"
  case matrixConstants = "DCOORD"
  case change = "CHANGE"

  /// Sections of extensions that ask for what is not convex.
  static let unsupported: Set<String> = ["PSDVARRANK1", "PSDCONRANK1"]

  /// Whether it holds data rather than structure.
  var isData: Bool {
    switch self {
    case .objectiveMatrices, .objective, .objectiveConstant, .matrices, .coefficients, .constants,
      .matrixCoefficients, .matrixConstants:
      true
    default: false
    }
  }
}

extension ConeAssembly {
  /// The rows that keep the variables in their cones.
  fileprivate mutating func appendVariableRows(
    _ structure: CBFStructure, _ layout: CBFLayout
  ) {
    for (variable, place) in layout.variablePlaces.enumerated() where place.row >= 0 {
      append(place.row, variable, -place.factor)
      if place.secondRow >= 0 { append(place.secondRow, variable, -place.secondFactor) }
    }
    for (index, order) in structure.matrixVariables.enumerated() {
      for offset in 0..<SymmetricVector(order: order).count {
        append(
          layout.matrixVariableRows[index] + offset, layout.matrixVariableStarts[index] + offset, -1
        )
      }
    }
  }
}
