/// A table of results: what a person reads, and what goes into a report.
public struct ResultTable: Sendable, Equatable {
  /// How the cells of a column are set.
  public enum Alignment: Sendable {
    case left
    case right
  }

  public struct Column: Sendable, Equatable {
    public let title: String
    public let alignment: Alignment

    public init(_ title: String, _ alignment: Alignment = .right) {
      self.title = title
      self.alignment = alignment
    }
  }

  public let title: String
  public let columns: [Column]
  public private(set) var rows: [[String]] = []

  public init(title: String = "", columns: [Column]) {
    self.title = title
    self.columns = columns
  }

  /// Adds a row; it must have one cell per column.
  public mutating func append(_ cells: [String]) {
    precondition(
      cells.count == columns.count, "ResultTable: \(cells.count) cells in \(columns.count) columns")
    rows.append(cells)
  }

  /// The table as lines of text with aligned columns; no line ends with blanks.
  public var lines: [String] {
    let widths = columns.indices.map { index in
      (rows.map { $0[index].count } + [columns[index].title.count]).max() ?? 0
    }
    func line(_ cells: [String]) -> String {
      var line = ""
      for (index, cell) in cells.enumerated() {
        let padding = String(repeating: " ", count: widths[index] - cell.count)
        if index > 0 { line += "  " }
        line += columns[index].alignment == .left ? cell + padding : padding + cell
      }
      while line.last == " " { line.removeLast() }
      return line
    }
    let head = title.isEmpty ? [] : [title]
    return head + [line(columns.map(\.title))] + rows.map(line)
  }
}
