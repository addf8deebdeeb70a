/// A list of numbers that are affine in the variables and, separately, in the parameters: row by row
/// `Σ coefficient · parameter · variable`. Variable 0 and parameter 0 are the number 1.
struct AffineForm {
  let count: Int
  private(set) var row: [Int32] = []
  private(set) var column: [Int32] = []
  private(set) var parameter: [Int32] = []
  private(set) var coefficient: [Double] = []

  /// Zeros.
  init(count: Int) { self.count = count }

  /// Numbers.
  init(constants: [Double]) {
    count = constants.count
    for (i, value) in constants.enumerated() where value != 0 { add(i, 0, 0, value) }
  }

  /// Variables by their columns (0 for a number 1, nil for zero).
  init(columns: [Int?]) {
    count = columns.count
    for (i, column) in columns.enumerated() { if let column { add(i, column, 0, 1) } }
  }

  /// Multiples of parameters.
  init(_ entries: [(parameter: Int, coefficient: Double)]) {
    count = entries.count
    reserve(count)
    for (i, entry) in entries.enumerated() where entry.coefficient != 0 {
      add(i, 0, entry.parameter, entry.coefficient)
    }
  }

  var terms: Int { row.count }
  var isFreeOfVariables: Bool { column.allSatisfy { $0 == 0 } }
  var hasParameters: Bool { parameter.contains { $0 != 0 } }

  mutating func add(_ row: Int, _ column: Int, _ parameter: Int, _ coefficient: Double) {
    self.row.append(Int32(row))
    self.column.append(Int32(column))
    self.parameter.append(Int32(parameter))
    self.coefficient.append(coefficient)
  }

  mutating func reserve(_ terms: Int) {
    row.reserveCapacity(terms)
    column.reserveCapacity(terms)
    parameter.reserveCapacity(terms)
    coefficient.reserveCapacity(terms)
  }

  /// Appends the terms of another form with its row k at `rows(k)`.
  mutating func accumulate(_ other: AffineForm, scale: Double = 1, at rows: (Int) -> Int) {
    for k in 0..<other.terms {
      add(
        rows(Int(other.row[k])), Int(other.column[k]), Int(other.parameter[k]),
        other.coefficient[k] * scale)
    }
  }

  func scaled(by factor: Double) -> AffineForm {
    var result = self
    for k in 0..<terms { result.coefficient[k] *= factor }
    return result
  }

  /// The form with its row k at `rows[k]` of a longer one.
  func placed(in count: Int, at rows: (Int) -> Int) -> AffineForm {
    var result = AffineForm(count: count)
    result.reserve(terms)
    result.accumulate(self, at: rows)
    return result
  }

  /// The terms of each row: places in the lists, row after row, and where each row starts.
  func byRow() -> (order: [Int], starts: [Int]) {
    var starts = [Int](repeating: 0, count: count + 1)
    for r in row { starts[Int(r) + 1] += 1 }
    for i in 0..<count { starts[i + 1] += starts[i] }
    var next = starts
    var order = [Int](repeating: 0, count: terms)
    for k in 0..<terms {
      order[next[Int(row[k])]] = k
      next[Int(row[k])] += 1
    }
    return (order, starts)
  }

  /// The map applied to the rows.
  func mapped(by map: LinearMap) -> AffineForm {
    var result = AffineForm(count: map.outputs)
    let (order, starts) = byRow()
    result.reserve(terms)
    for k in 0..<map.count {
      let source = Int(map.column[k])
      for place in order[starts[source]..<starts[source + 1]] {
        result.add(
          Int(map.row[k]), Int(column[place]), Int(parameter[place]),
          map.coefficient[k] * coefficient[place])
      }
    }
    return result
  }

  /// The rows in the given order, each as often as it is listed.
  func gathered(_ rows: [Int]) -> AffineForm {
    mapped(by: LinearMap(gathering: rows, of: count))
  }

  /// The sum of all rows.
  func total() -> AffineForm { placed(in: 1) { _ in 0 } }

  /// One row repeated.
  func repeated(_ times: Int) -> AffineForm {
    count == times && count == 1 ? self : gathered([Int](repeating: 0, count: times))
  }

  static func + (left: AffineForm, right: AffineForm) -> AffineForm {
    var result = left
    result.accumulate(right) { $0 }
    return result
  }

  static func - (left: AffineForm, right: AffineForm) -> AffineForm {
    var result = left
    result.accumulate(right, scale: -1) { $0 }
    return result
  }
}
