/// What a model file (MPS, QPS, CBF, SDPA) says beyond the numbers of its problem.
public struct ModelDescription: Sendable, Equatable {
  /// The direction of the objective in the file. Inside, the negated objective is minimized instead
  /// of maximizing.
  public enum ObjectiveSense: String, Sendable {
    case minimize, maximize
  }

  /// The name of the model, empty if it has none.
  public let name: String
  public let objectiveSense: ObjectiveSense
  /// The constant term of the objective, in the file's own sense.
  public let objectiveConstant: Double
  let rows: ModelNames
  let columns: ModelNames

  /// A name for each row in the canonical order: of the row in the file (for both rows of a range), or
  /// of the variable if the row is its bound or its cone. Where the file names nothing, the section and
  /// the index, such as `CON[3]` or `PSDVAR[0][2,1]`.
  public var rowNames: [String] { rows.names }
  /// A name for each variable.
  public var columnNames: [String] { columns.names }

  /// The value of the file's objective where the problem inside has the value `inside`.
  public func objective(_ inside: Double) -> Double {
    (objectiveSense == .minimize ? inside : -inside) + objectiveConstant
  }
}

/// The names of rows or variables; those made from numbers are made only when they are asked for.
enum ModelNames: Sendable, Equatable {
  /// Names that stand in the file.
  case listed([String])
  /// Runs of names made of a section and an index.
  case numbered([NameRun])

  var names: [String] {
    switch self {
    case .listed(let names): names
    case .numbered(let runs): runs.flatMap(\.names)
    }
  }
}

/// Names that follow each other.
enum NameRun: Sendable, Equatable {
  /// `section[first]`, `section[first + 1]`, ...
  case range(String, Range<Int>)
  /// The same from the last to the first.
  case reversedRange(String, Range<Int>)
  /// `section[row,column]` for the lower triangle, column by column, counted from `base`.
  case triangle(String, order: Int, base: Int)

  var names: [String] {
    switch self {
    case .range(let section, let range): range.map { "\(section)[\($0)]" }
    case .reversedRange(let section, let range): range.reversed().map { "\(section)[\($0)]" }
    case .triangle(let section, let order, let base):
      (0..<order).flatMap { column in
        (column..<order).map { "\(section)[\($0 + base),\(column + base)]" }
      }
    }
  }
}
