/// One line of data of an MPS file, by the six fields of the original format:
///
///     code  first     second    number          third     number
///      UP   BND       X1        4.0
///           X1        COST      1.0             LIM1      1.0
///
/// A field that is not there is empty.
struct MPSRecord {
  typealias Field = UnsafeBufferPointer<UInt8>

  var code = Field(start: nil, count: 0)
  var first = Field(start: nil, count: 0)
  var second = Field(start: nil, count: 0)
  var secondNumber = Field(start: nil, count: 0)
  var third = Field(start: nil, count: 0)
  var thirdNumber = Field(start: nil, count: 0)
}

/// How the fields of a line are told apart.
enum MPSForm {
  /// By blanks. Names hold no blanks; the name of a right-hand side, range or bound set may be left
  /// out.
  case free
  /// By columns: 2-3, 5-12, 15-22, 25-36, 40-47 and 50-61. Names may hold blanks.
  case fixed
}

/// What the fields of a line mean.
enum MPSLineShape {
  /// A code and a name.
  case row
  /// A name, then one or two pairs of a name and a number; without a name the last one goes on.
  case column
  /// A name that may be missing, then one or two pairs of a name and a number.
  case vector
  /// A code, the name of a set that may be missing, a column, and perhaps a number.
  case bound
}

extension MPSRecord {
  /// Takes a line apart; nil if it does not have the fields that it should.
  init?(_ line: Field, _ shape: MPSLineShape, form: MPSForm) {
    switch form {
    case .free: self.init(free: line, shape)
    case .fixed: self.init(fixed: line, shape)
    }
  }

  private init?(free line: Field, _ shape: MPSLineShape) {
    var tokens = MPSTokens(line)
    guard let a = tokens.next() else { return nil }
    let b = tokens.next()
    let c = tokens.next()
    let d = tokens.next()
    let e = tokens.next()
    guard tokens.next() == nil else { return nil }
    self.init()
    switch shape {
    case .row:
      guard let b, c == nil else { return nil }
      (code, first) = (a, b)
    case .column, .vector:
      guard let b else { return nil }
      if let c, d == nil, shape == .column, b.elementsEqual(Self.marker) {
        (first, second, third) = (a, b, c)
        return
      }
      switch (c, d, e) {
      case (nil, _, _): (second, secondNumber) = (a, b)
      case (let c?, nil, _): (first, second, secondNumber) = (a, b, c)
      case (let c?, let d?, nil):
        (second, secondNumber, third, thirdNumber) = (a, b, c, d)
      case (let c?, let d?, let e?):
        (first, second, secondNumber, third, thirdNumber) = (a, b, c, d, e)
      }
    case .bound:
      guard let b, e == nil else { return nil }
      code = a
      switch (c, d) {
      case (nil, _): second = b
      case (let c?, nil):
        let needsNumber = MPSBoundCode(a)?.needsNumber ?? true
        if needsNumber { (second, secondNumber) = (b, c) } else { (first, second) = (b, c) }
      case (let c?, let d?): (first, second, secondNumber) = (b, c, d)
      }
    }
  }

  private init?(fixed wholeLine: Field, _ shape: MPSLineShape) {
    self.init()
    // A `$` at the start of the third or the fifth field begins a comment.
    let dollar = [14, 39].first { $0 < wholeLine.count && wholeLine[$0] == UInt8(ascii: "$") }
    let line = Field(rebasing: wholeLine[..<(dollar ?? wholeLine.count)])
    // The columns between the fields are blank; numbers may reach into the gaps beside them.
    for gap in [0..<1, 3..<4, 12..<14, 22..<23, 47..<48] where !line.trimmed(gap).isEmpty {
      return nil
    }
    if line.contains(UInt8(ascii: "\t")) { return nil }
    code = line.trimmed(1..<3)
    first = line.trimmed(4..<12)
    second = line.trimmed(14..<22)
    secondNumber = line.trimmed(23..<39)
    third = line.trimmed(39..<47)
    thirdNumber = line.trimmed(48..<72)
    let isMarker = second.elementsEqual(Self.marker)
    let hasPair = !second.isEmpty && !secondNumber.isEmpty
    let isPaired = third.isEmpty == thirdNumber.isEmpty
    switch shape {
    case .row: guard !code.isEmpty, !first.isEmpty, second.isEmpty else { return nil }
    case .column:
      guard code.isEmpty, isMarker || (hasPair && isPaired) else { return nil }
    case .vector: guard code.isEmpty, hasPair, isPaired else { return nil }
    case .bound: guard !code.isEmpty, !second.isEmpty, third.isEmpty else { return nil }
    }
  }

  static let marker = Array("'MARKER'".utf8)
}

/// The kinds of bounds of an MPS file.
enum MPSBoundCode: String {
  case upper = "UP"
  case lower = "LO"
  case fixed = "FX"
  case free = "FR"
  case minusInfinity = "MI"
  case plusInfinity = "PL"
  case binary = "BV"
  case integerUpper = "UI"
  case integerLower = "LI"
  case semicontinuous = "SC"
  case semiInteger = "SI"

  init?(_ field: MPSRecord.Field) {
    self.init(rawValue: String(decoding: field, as: UTF8.self))
  }

  var needsNumber: Bool {
    switch self {
    case .free, .minusInfinity, .plusInfinity, .binary: false
    default: true
    }
  }
}

/// The words of a line.
struct MPSTokens {
  private var rest: MPSRecord.Field.SubSequence

  init(_ line: MPSRecord.Field) {
    rest = line[...]
  }

  mutating func next() -> MPSRecord.Field? {
    let start = rest.firstIndex { !isBlank($0) }
    guard let start else { return nil }
    let end = rest[start...].firstIndex(where: isBlank) ?? rest.endIndex
    let token = MPSRecord.Field(rebasing: rest[start..<end])
    rest = rest[end...]
    return token
  }
}

func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

extension MPSRecord.Field {
  /// What stands in these columns (from 0), without the blanks around it.
  func trimmed(_ columns: Range<Int>) -> MPSRecord.Field {
    var part = self[Swift.min(columns.lowerBound, count)..<Swift.min(columns.upperBound, count)]
    while let first = part.first, isBlank(first) { part = part.dropFirst() }
    while let last = part.last, isBlank(last) { part = part.dropLast() }
    return MPSRecord.Field(rebasing: part)
  }
}
