import Argmin
import Foundation

/// How numbers are set for people.
enum NumberText {
  /// With `digits` significant digits; a dash for NaN.
  static func short(_ value: Double, digits: Int = 6) -> String {
    if value.isNaN { return "-" }
    // Never a negative zero.
    if value == 0 { return "0" }
    if value.isInfinite { return value > 0 ? "inf" : "-inf" }
    return String(format: "%.\(digits)g", value)
  }

  /// An error or a residual: its order of magnitude matters.
  static func error(_ value: Double) -> String {
    if value == 0 { return "0" }
    return value.isFinite ? String(format: "%.1e", value) : short(value)
  }

  /// A duration with a fitting unit.
  static func duration(_ seconds: Double) -> String {
    switch seconds {
    case ..<0.9995e-3: String(format: "%.3g µs", seconds * 1e6)
    case ..<0.9995: String(format: "%.3g ms", seconds * 1e3)
    case ..<99.95: String(format: "%.3g s", seconds)
    default: seconds.isFinite ? String(format: "%.0f s", seconds) : "-"
    }
  }

  /// A list of numbers; more than `limit` are elided, and counted with those that are not zero.
  static func list(_ values: Vector, limit: Int = 8) -> String {
    guard values.count > limit else {
      return "[" + values.map { short($0) }.joined(separator: ", ") + "]"
    }
    let shown = values.prefix(limit - 2).map { short($0) }.joined(separator: ", ")
    let filled = values.count { $0 != 0 }
    let count = filled < values.count ? "\(values.count), \(filled) not zero" : "\(values.count)"
    return "[\(shown), … \(short(values[values.count - 1]))]  (\(count))"
  }

  /// A number of things: `1 row`, `2 rows`.
  static func count(_ number: Int, _ noun: String, plural: String? = nil) -> String {
    number == 1 ? "1 \(noun)" : "\(number) \(plural ?? noun + "s")"
  }
}
