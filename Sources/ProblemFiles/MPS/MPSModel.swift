/// A model as an MPS file states it: rows with a sense and a range, columns with bounds, and the
/// entries of the matrices in file order.
struct MPSModel {
  /// How a row relates to its right-hand side.
  enum RowSense {
    case equal, atMost, atLeast
    /// The objective, or another row without restriction.
    case free
  }

  struct Row {
    let name: String
    let sense: RowSense
    var value: Double?
    var range: Double?
  }

  struct Column {
    let name: String
    var lower = 0.0
    var upper = Double.infinity
    /// The kinds of bounds that were given.
    var codes: [MPSBoundCode] = []
  }

  struct Entry {
    let row: Int
    let column: Int
    let value: Double
  }

  /// How much of the symmetric quadratic term the file gives.
  enum QuadraticForm {
    case triangle, whole
  }

  var name = ""
  var isMaximized = false
  /// The name of the objective row, if the file gives it; otherwise the first free row.
  var objectiveName: String?
  var rows: [Row] = []
  var rowIndex: [String: Int] = [:]
  var columns: [Column] = []
  var columnIndex: [String: Int] = [:]
  var entries: [Entry] = []
  var quadraticForm: QuadraticForm?
  /// Entries of the quadratic term, row and column both being variables.
  var quadratic: [Entry] = []

  /// The objective row; nil for a problem without objective.
  var objective: Int? {
    if let objectiveName { return rowIndex[objectiveName] }
    return rows.firstIndex { $0.sense == .free }
  }
}

extension MPSModel.Row {
  /// The smallest and the largest value of the row.
  var limits: ClosedRange<Double>? {
    let value = value ?? 0
    switch (sense, range) {
    case (.free, _): return nil
    case (.equal, nil): return Self.range(value, value)
    case (.equal, let range?):
      return range < 0 ? Self.range(value + range, value) : Self.range(value, value + range)
    case (.atMost, nil): return Self.range(-.infinity, value)
    case (.atMost, let range?): return Self.range(value - range.magnitude, value)
    case (.atLeast, nil): return Self.range(value, .infinity)
    case (.atLeast, let range?): return Self.range(value, value + range.magnitude)
    }
  }

  private static func range(_ lower: Double, _ upper: Double) -> ClosedRange<Double>? {
    lower <= upper ? lower...upper : nil
  }

  /// Whether the row is an equality: a range of zero keeps it one.
  var isEquality: Bool { sense == .equal && (range ?? 0) == 0 }
}
