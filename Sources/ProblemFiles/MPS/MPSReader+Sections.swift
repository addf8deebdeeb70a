extension MPSReader {
  // MARK: - ROWS

  mutating func readRow() throws(ProblemFileError) {
    let record = try record(.row, "a sense and a name")
    let sense: MPSModel.RowSense
    switch (record.code.count, record.code[0] & 0xDF) {
    case (1, UInt8(ascii: "E")): sense = .equal
    case (1, UInt8(ascii: "L")): sense = .atMost
    case (1, UInt8(ascii: "G")): sense = .atLeast
    case (1, UInt8(ascii: "N")): sense = .free
    default:
      let code = quoted(try name(record.code))
      throw malformed("the sense of a row is N, E, L or G, not \(code)")
    }
    let name = try name(record.first)
    guard model.rowIndex.updateValue(model.rows.count, forKey: name) == nil else {
      throw malformed("the row \(quoted(name)) is given twice")
    }
    model.rows.append(MPSModel.Row(name: name, sense: sense))
    lastColumnInRow.append(-1)
  }

  // MARK: - COLUMNS

  mutating func readColumn() throws(ProblemFileError) {
    let record = try record(.column, "a column, and one or two pairs of a row and a number")
    if record.second.elementsEqual(MPSRecord.marker) {
      let kind = try name(record.third)
      guard kind != "'INTORG'" else {
        throw error(.unsupported, "integer variables are not supported")
      }
      guard kind == "'INTEND'" else { throw malformed("unknown marker \(quoted(kind))") }
      return
    }
    if model.columns.isEmpty || !(record.first.isEmpty || record.first.elementsEqual(columnName)) {
      guard !record.first.isEmpty else { throw malformed("the first column has no name") }
      columnName = record.first
      let name = try name(record.first)
      guard model.columnIndex.updateValue(model.columns.count, forKey: name) == nil else {
        throw malformed("the column \(quoted(name)) is given twice, with others between")
      }
      model.columns.append(MPSModel.Column(name: name))
    }
    try addEntry(record.second, record.secondNumber)
    if !record.third.isEmpty { try addEntry(record.third, record.thirdNumber) }
  }

  private mutating func addEntry(
    _ rowName: MPSRecord.Field, _ number: MPSRecord.Field
  ) throws(ProblemFileError) {
    let row = try row(rowName)
    let column = model.columns.count - 1
    guard lastColumnInRow[row] != column else {
      throw malformed(
        "the column \(quoted(model.columns[column].name)) has a second entry in the row "
          + quoted(model.rows[row].name))
    }
    lastColumnInRow[row] = column
    model.entries.append(
      MPSModel.Entry(row: row, column: column, value: try finiteNumber(number)))
  }

  // MARK: - RHS and RANGES

  mutating func readVector(_ section: MPSSection) throws(ProblemFileError) {
    let record = try record(.vector, "a set, and one or two pairs of a row and a number")
    try checkSet(record.first, section)
    try setRow(record.second, record.secondNumber, section)
    if !record.third.isEmpty { try setRow(record.third, record.thirdNumber, section) }
  }

  private mutating func setRow(
    _ rowName: MPSRecord.Field, _ number: MPSRecord.Field, _ section: MPSSection
  ) throws(ProblemFileError) {
    let index = try row(rowName)
    let value = try self.number(number)
    let row = model.rows[index]
    if section == .ranges {
      guard row.range == nil else {
        throw malformed("the row \(quoted(row.name)) has a second range")
      }
      model.rows[index].range = value
    } else {
      guard row.value == nil else {
        throw malformed("the row \(quoted(row.name)) has a second right-hand side")
      }
      model.rows[index].value = value
    }
  }

  /// Makes sure that the data belong to the one set of this section; no name is any set.
  private mutating func checkSet(
    _ field: MPSRecord.Field, _ section: MPSSection
  ) throws(ProblemFileError) {
    guard !field.isEmpty else { return }
    let set = try name(field)
    guard let first = setNames[section] else { return setNames[section] = set }
    guard set == first else {
      throw error(
        .unsupported, "a second set, \(quoted(set)) after \(quoted(first)), is not supported")
    }
  }

  // MARK: - BOUNDS

  mutating func readBound() throws(ProblemFileError) {
    let record = try record(.bound, "a kind, a set, a column and a number")
    guard let code = MPSBoundCode(record.code) else {
      throw malformed("unknown kind of bound \(quoted(try name(record.code)))")
    }
    switch code {
    case .binary, .integerLower, .integerUpper, .semiInteger:
      throw error(.unsupported, "integer variables (\(code.rawValue)) are not supported")
    case .semicontinuous:
      throw error(.unsupported, "semicontinuous variables (SC) are not supported")
    default: break
    }
    try checkSet(record.first, .bounds)
    let index = try column(record.second)
    guard !model.columns[index].codes.contains(code) else {
      throw malformed(
        "the column \(quoted(model.columns[index].name)) has a second bound \(code.rawValue)")
    }
    model.columns[index].codes.append(code)
    if !code.needsNumber {
      if code != .plusInfinity { model.columns[index].lower = -.infinity }
      if code != .minusInfinity { model.columns[index].upper = .infinity }
      return
    }
    guard !record.secondNumber.isEmpty else {
      throw malformed("the bound \(code.rawValue) needs a number")
    }
    let field = record.secondNumber
    let value = code == .fixed ? try finiteNumber(field) : try number(field)
    if code != .upper { model.columns[index].lower = value }
    if code != .lower { model.columns[index].upper = value }
    if code == .upper && value == -.infinity || code == .lower && value == .infinity {
      throw malformed("the bound leaves the column \(quoted(model.columns[index].name)) no value")
    }
  }

  // MARK: - QUADOBJ, QMATRIX and QSECTION

  mutating func readQuadratic() throws(ProblemFileError) {
    let record = try record(.column, "two columns and a number")
    let first = try column(record.first)
    try addQuadratic(first, record.second, record.secondNumber)
    if !record.third.isEmpty { try addQuadratic(first, record.third, record.thirdNumber) }
  }

  private mutating func addQuadratic(
    _ first: Int, _ second: MPSRecord.Field, _ number: MPSRecord.Field
  ) throws(ProblemFileError) {
    let entry = MPSModel.Entry(
      row: first, column: try column(second), value: try finiteNumber(number))
    model.quadratic.append(entry)
  }

  // MARK: - Fields

  private func record(
    _ shape: MPSLineShape, _ expected: String
  ) throws(ProblemFileError) -> MPSRecord {
    guard let record = MPSRecord(line, shape, form: form) else {
      throw malformed("expected \(expected)")
    }
    return record
  }

  private func row(_ field: MPSRecord.Field) throws(ProblemFileError) -> Int {
    let name = try name(field)
    guard let index = model.rowIndex[name] else {
      throw malformed("the row \(quoted(name)) is not in ROWS")
    }
    return index
  }

  private func column(_ field: MPSRecord.Field) throws(ProblemFileError) -> Int {
    let name = try name(field)
    guard let index = model.columnIndex[name] else {
      throw malformed("the column \(quoted(name)) is not in COLUMNS")
    }
    return index
  }

  /// A name; bytes that are not UTF-8 are taken as Latin-1.
  func name(_ field: MPSRecord.Field) throws(ProblemFileError) -> String {
    if let byte = field.first(where: { $0 < 0x20 && $0 != 0x09 }) {
      throw malformed("the byte \(byte) does not belong in a text file")
    }
    if let name = String(validating: field, as: UTF8.self) { return name }
    return String(String.UnicodeScalarView(field.map { Unicode.Scalar($0) }))
  }

  /// A number; from 1e20 on it is infinite.
  private func number(_ field: MPSRecord.Field) throws(ProblemFileError) -> Double {
    let value = try plainNumber(field)
    return value.magnitude >= JSONReader.absentBound
      ? (value < 0 ? -.infinity : .infinity) : value
  }

  private func finiteNumber(_ field: MPSRecord.Field) throws(ProblemFileError) -> Double {
    let value = try plainNumber(field)
    guard value.isFinite else {
      throw malformed("\(quoted(try name(field))) must be a finite number here")
    }
    return value
  }

  private func plainNumber(_ field: MPSRecord.Field) throws(ProblemFileError) -> Double {
    if let start = field.baseAddress,
      let number = DecimalNumber(at: start, .fortran, powers: powers),
      number.end == start + field.count
    {
      return number.value
    }
    let word = try name(field)
    switch word.lowercasedASCII {
    case "inf", "+inf", "infinity", "+infinity": return .infinity
    case "-inf", "-infinity": return -.infinity
    default: throw malformed("\(quoted(word)) is not a number")
    }
  }

  // MARK: - Errors

  func malformed(_ reason: String) -> ProblemFileError { error(.malformed, reason) }

  func error(_ kind: ProblemFileError.Kind, _ reason: String) -> ProblemFileError {
    ProblemFileError(
      kind, file: text.name, line: line.baseAddress.map { text.line(of: $0) }, reason: reason)
  }
}
