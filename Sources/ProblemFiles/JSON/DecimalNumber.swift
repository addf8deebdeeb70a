/// Reads decimal numbers from text that is followed by `TextBytes.padding` zeros.
///
/// The result is the double nearest to the decimal number, ties to even: by one exact multiplication
/// where mantissa and power of ten are doubles (Clinger 1990), else by the algorithm of Eisel and
/// Lemire, and by the standard library in the rare cases that these leave open.
struct DecimalNumber {
  /// How numbers are spelled.
  enum Spelling {
    /// As in JSON: `-1.5e-3`; digits on both sides of a point, no plus sign, no leading zeros.
    case json
    /// As in Fortran and C: also `+1`, `.5`, `5.` and the exponent letter `D`.
    case fortran
  }

  /// The value; infinite if the number is beyond the doubles.
  let value: Double
  /// The first byte after the number.
  let end: UnsafePointer<UInt8>

  /// Reads the number at `start`; nil if there is none in this spelling.
  @inline(__always)
  init?(at start: UnsafePointer<UInt8>, _ spelling: Spelling, powers: borrowing PowersOfFive) {
    var cursor = start
    let isNegative = cursor.pointee == UInt8(ascii: "-")
    if isNegative || (spelling == .fortran && cursor.pointee == UInt8(ascii: "+")) { cursor += 1 }

    let firstDigit = cursor
    var mantissa: UInt64 = 0
    Self.readDigits(&cursor, into: &mantissa)
    var digits = cursor - firstDigit
    if spelling == .json {
      guard digits > 0, digits == 1 || firstDigit.pointee != UInt8(ascii: "0") else { return nil }
    }
    var exponent = 0
    if cursor.pointee == UInt8(ascii: ".") {
      cursor += 1
      let firstDecimal = cursor
      Self.readDigits(&cursor, into: &mantissa)
      exponent = firstDecimal - cursor
      digits -= exponent
      if spelling == .json && exponent == 0 { return nil }
    }
    if digits == 0 { return nil }

    let letter = cursor.pointee | 0x20
    if letter == UInt8(ascii: "e") || (spelling == .fortran && letter == UInt8(ascii: "d")) {
      cursor += 1
      let isSmall = cursor.pointee == UInt8(ascii: "-")
      if isSmall || cursor.pointee == UInt8(ascii: "+") { cursor += 1 }
      guard Self.isDigit(cursor.pointee) else { return nil }
      var power = 0
      while Self.isDigit(cursor.pointee) {
        if power < 1_000_000 { power = power * 10 + Int(cursor.pointee & 15) }
        cursor += 1
      }
      exponent += isSmall ? -power : power
    }
    end = cursor

    let magnitude: Double
    if digits > 19 {
      magnitude = Self.longValue(firstDigit, end: cursor, exponent: exponent, powers: powers)
    } else if mantissa < 1 << 53, exponent >= -22, exponent <= 22 {
      let exact = Double(mantissa)
      magnitude =
        exponent < 0
        ? exact / Self.power(ofTen: -exponent) : exact * Self.power(ofTen: exponent)
    } else if let nearest = Self.nearest(mantissa, exponent, powers: powers) {
      magnitude = nearest
    } else {
      magnitude = Self.valueByLibrary(firstDigit, end: cursor)
    }
    value = isNegative ? -magnitude : magnitude
  }

  @inline(__always)
  static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

  /// Reads digits, eight at a time where there are eight; the mantissa wraps after 19 or 20.
  @inline(__always)
  private static func readDigits(_ cursor: inout UnsafePointer<UInt8>, into mantissa: inout UInt64)
  {
    while true {
      let chunk = UInt64(
        littleEndian: UnsafeRawPointer(cursor).loadUnaligned(as: UInt64.self))
      let isAllDigits =
        (chunk & 0xF0F0_F0F0_F0F0_F0F0)
        | (((chunk &+ 0x0606_0606_0606_0606) & 0xF0F0_F0F0_F0F0_F0F0) >> 4)
        == 0x3333_3333_3333_3333
      guard isAllDigits else { break }
      var value = chunk &- 0x3030_3030_3030_3030
      value = value &* 10 &+ (value >> 8)
      let low = (value & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064
      let high = ((value >> 16) & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001
      mantissa = mantissa &* 100_000_000 &+ ((low &+ high) >> 32)
      cursor += 8
    }
    while isDigit(cursor.pointee) {
      mantissa = mantissa &* 10 &+ UInt64(cursor.pointee & 15)
      cursor += 1
    }
  }

  /// 10^exponent for an exponent from 0 to 22: exact.
  @inline(__always)
  private static func power(ofTen exponent: Int) -> Double {
    powersOfTen.withUnsafeBufferPointer { $0[exponent] }
  }

  private static let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
  ]
}

// MARK: - Eisel and Lemire

extension DecimalNumber {
  /// The double nearest to `mantissa * 10^exponent`; nil where 128 bits do not decide it.
  static func nearest(
    _ mantissa: UInt64, _ exponent: Int, powers: borrowing PowersOfFive
  ) -> Double? {
    if mantissa == 0 || exponent < PowersOfFive.smallest { return 0 }
    if exponent > PowersOfFive.largest { return .infinity }
    let shift = mantissa.leadingZeroBitCount
    let scaled = mantissa << UInt64(shift)
    let power = powers[exponent]

    var (high, low) = scaled.multipliedFullWidth(by: power.high)
    let undecided: UInt64 = 0x1FF
    if high & undecided == undecided {
      let more = scaled.multipliedFullWidth(by: power.low).high
      let (sum, overflow) = low.addingReportingOverflow(more)
      low = sum
      if overflow { high &+= 1 }
    }
    if low == .max && (exponent < -27 || exponent > 55) { return nil }

    let upperBit = high >> 63
    let discarded = upperBit + 9
    var bits = high >> discarded
    var binaryExponent =
      ((217_706 * exponent) >> 16) + 63 + Int(upperBit) - shift + 1023
    if binaryExponent <= 0 {
      guard binaryExponent > -63 else { return 0 }
      bits >>= UInt64(1 - binaryExponent)
      bits = (bits + (bits & 1)) >> 1
      return Double(bitPattern: bits)
    }
    let isHalfway =
      low <= 1 && exponent >= -4 && exponent <= 23 && bits & 3 == 1 && bits << discarded == high
    if isHalfway { bits &= ~1 }
    bits = (bits + (bits & 1)) >> 1
    if bits >= 1 << 53 {
      bits = 1 << 52
      binaryExponent += 1
    }
    if binaryExponent >= 0x7FF { return .infinity }
    return Double(bitPattern: UInt64(binaryExponent) << 52 | (bits & ((1 << 52) - 1)))
  }

  /// More than 19 digits: what the first 19 say, if the others cannot change it.
  @inline(never)
  private static func longValue(
    _ start: UnsafePointer<UInt8>, end: UnsafePointer<UInt8>, exponent: Int,
    powers: borrowing PowersOfFive
  ) -> Double {
    var leading: UInt64 = 0
    var kept = 0
    var dropped = 0
    var cursor = start
    while isDigit(cursor.pointee) || cursor.pointee == UInt8(ascii: ".") {
      defer { cursor += 1 }
      if cursor.pointee == UInt8(ascii: ".") { continue }
      if kept == 0 && cursor.pointee == UInt8(ascii: "0") { continue }
      if kept < 19 {
        leading = leading * 10 + UInt64(cursor.pointee & 15)
        kept += 1
      } else {
        dropped += 1
      }
    }
    let lower = nearest(leading, exponent + dropped, powers: powers)
    if dropped == 0, let lower { return lower }
    let upper = nearest(leading + 1, exponent + dropped, powers: powers)
    if let lower, let upper, lower == upper { return lower }
    return valueByLibrary(start, end: end)
  }

  /// The standard library's correctly rounded conversion: slower, and takes any number of digits.
  @inline(never)
  private static func valueByLibrary(
    _ start: UnsafePointer<UInt8>, end: UnsafePointer<UInt8>
  ) -> Double {
    var text = String(
      decoding: UnsafeBufferPointer(start: start, count: end - start), as: UTF8.self
    ).lowercasedASCII
    if let letter = text.firstIndex(of: "d") { text.replaceSubrange(letter...letter, with: "e") }
    return Double(text) ?? .nan
  }
}
