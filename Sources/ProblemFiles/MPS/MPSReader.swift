extension ProblemFile {
  /// Reads MPS or QPS.
  ///
  /// The file is read in the free form, which also fits files in fixed columns unless their names
  /// hold blanks; where that fails, it is read in fixed columns. The error of the reading that got
  /// further is the one reported.
  init(mps text: TextBytes) throws(ProblemFileError) {
    self = try withExtendedLifetime(text) { () throws(ProblemFileError) in
      let model: MPSModel
      do throws(ProblemFileError) {
        model = try MPSReader.model(text, form: .free)
      } catch let freeError {
        if freeError.kind == .unsupported { throw freeError }
        do throws(ProblemFileError) {
          model = try MPSReader.model(text, form: .fixed)
        } catch let fixedError {
          let isFurther = (fixedError.line ?? 0) > (freeError.line ?? 0)
          throw isFurther ? fixedError : freeError
        }
      }
      return try ProblemFile(model, file: text.name)
    }
  }
}

/// Reads an MPS file line by line.
///
/// A section is a line that begins in the first column; its data are the indented lines after it.
/// `*` in the first column begins a comment, and nothing after ENDATA is read. An entry of the
/// matrix, a right-hand side, a range or a bound that is given twice is an error; entries of the
/// quadratic term add up. A second set of right-hand sides, ranges or bounds is unsupported.
struct MPSReader: ~Copyable {
  let text: TextBytes
  let form: MPSForm
  let powers = PowersOfFive.shared
  var model = MPSModel()
  var line: MPSRecord.Field
  private(set) var section: MPSSection?
  private var sectionsSeen: Set<MPSSection> = []
  /// The column that is being read, and the rows in which it has an entry.
  var columnName = MPSRecord.Field(start: nil, count: 0)
  var lastColumnInRow: [Int] = []
  /// The names of the sets of right-hand sides, ranges and bounds.
  var setNames: [MPSSection: String] = [:]

  static func model(
    _ text: TextBytes, form: MPSForm
  ) throws(ProblemFileError) -> MPSModel {
    var reader = MPSReader(text: text, form: form)
    try reader.readLines()
    return reader.model
  }

  private init(text: TextBytes, form: MPSForm) {
    self.text = text
    self.form = form
    line = MPSRecord.Field(start: text.start, count: 0)
  }

  private mutating func readLines() throws(ProblemFileError) {
    var cursor = text.start
    while cursor < text.end {
      let start = cursor
      while cursor < text.end && cursor.pointee != UInt8(ascii: "\n") { cursor += 1 }
      var length = cursor - start
      cursor += 1
      while length > 0, isBlank(start[length - 1]) || start[length - 1] == UInt8(ascii: "\r") {
        length -= 1
      }
      line = MPSRecord.Field(start: start, count: length)
      guard length > 0, start.pointee != UInt8(ascii: "*") else { continue }
      if isBlank(start.pointee) || isLooseSense {
        if !line.allSatisfy(isBlank) { try readData() }
      } else {
        try readHeader()
        if section == .end { return }
      }
    }
    line = MPSRecord.Field(start: text.end, count: 0)
    throw malformed(
      text.count == 0 ? "the file is empty" : "the file ends without ENDATA: it is truncated")
  }

  /// Some writers do not indent the sense after OBJSENSE.
  private var isLooseSense: Bool { section == .objectiveSense && sense(of: line) != nil }

  private mutating func readHeader() throws(ProblemFileError) {
    var tokens = MPSTokens(line)
    let keyword = try name(tokens.next() ?? line)
    guard let section = MPSSection(keyword: keyword.uppercased()) else {
      if MPSSection.unsupported.contains(keyword.uppercased()) {
        throw error(.unsupported, "the section \(keyword) is not supported")
      }
      throw malformed("\(quoted(keyword)) is not a section of an MPS file")
    }
    guard sectionsSeen.insert(section).inserted else {
      throw malformed("the section \(keyword) is given twice")
    }
    self.section = section
    let argument = tokens.next()
    switch section {
    case .name: model.name = try name(line.trimmed(4..<line.count))
    case .objectiveSense: if let argument { try readSense(argument) }
    case .quadraticTriangle: try begin(.triangle)
    case .quadraticWhole: try begin(.whole)
    case .quadraticSection:
      if let argument {
        let row = try name(argument)
        guard model.rowIndex[row] == model.objective else {
          throw error(.unsupported, "a quadratic term in the row \(quoted(row)) is not supported")
        }
      }
      try begin(.triangle)
    default: break
    }
  }

  private mutating func begin(_ form: MPSModel.QuadraticForm) throws(ProblemFileError) {
    if model.quadraticForm != nil { throw malformed("there is a second quadratic term") }
    model.quadraticForm = form
  }

  private mutating func readData() throws(ProblemFileError) {
    switch section {
    case .objectiveSense: try readSense(line.trimmed(0..<line.count))
    case .objectiveName: model.objectiveName = try name(line.trimmed(0..<line.count))
    case .rows: try readRow()
    case .columns: try readColumn()
    case .rightHandSides: try readVector(.rightHandSides)
    case .ranges: try readVector(.ranges)
    case .bounds: try readBound()
    case .quadraticTriangle, .quadraticWhole, .quadraticSection: try readQuadratic()
    case nil, .name, .end: throw malformed("data outside of a section")
    }
  }

  private mutating func readSense(_ field: MPSRecord.Field) throws(ProblemFileError) {
    guard let isMaximized = sense(of: field) else {
      throw malformed("the sense of the objective is MAX or MIN, not \(quoted(try name(field)))")
    }
    model.isMaximized = isMaximized
  }

  private func sense(of field: MPSRecord.Field) -> Bool? {
    switch String(decoding: field, as: UTF8.self).uppercased() {
    case "MAX", "MAXIMIZE", "MAXIMISE": true
    case "MIN", "MINIMIZE", "MINIMISE": false
    default: nil
    }
  }
}

/// The sections of an MPS file.
enum MPSSection {
  case name, objectiveSense, objectiveName, rows, columns, rightHandSides, ranges, bounds
  case quadraticTriangle, quadraticWhole, quadraticSection, end

  init?(keyword: String) {
    switch keyword {
    case "NAME": self = .name
    case "OBJSENSE": self = .objectiveSense
    case "OBJNAME": self = .objectiveName
    case "ROWS": self = .rows
    case "COLUMNS": self = .columns
    case "RHS": self = .rightHandSides
    case "RANGES": self = .ranges
    case "BOUNDS": self = .bounds
    case "QUADOBJ": self = .quadraticTriangle
    case "QMATRIX": self = .quadraticWhole
    case "QSECTION": self = .quadraticSection
    case "ENDATA": self = .end
    default: return nil
    }
  }

  /// Sections of extensions that ask for more than a quadratic program.
  static let unsupported: Set<String> = [
    "SOS", "SOS1", "SOS2", "SETS", "CSECTION", "QCMATRIX", "INDICATORS", "LAZYCONS", "USERCUTS",
    "GENCONS", "GENCONSTRS", "PWLOBJ", "PWLNAM", "PWLCON", "BRANCH", "MULTOBJ",
  ]
}
