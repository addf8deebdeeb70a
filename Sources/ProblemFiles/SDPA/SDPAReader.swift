import ConvexSolvers

extension ProblemFile {
  /// Reads the sparse format of SDPA: minimize cᵀx subject to F₁x₁ + ... + Fₘxₘ - F₀ in the semidefinite
  /// cone, in blocks.
  init(sdpa text: TextBytes) throws(ProblemFileError) {
    self = try withExtendedLifetime(text) { () throws(ProblemFileError) in
      var reader = SDPAReader(text)
      return try reader.file()
    }
  }
}

/// Reads a file in the sparse format of SDPA.
///
/// Of the symmetric matrices one triangle is given, usually the upper one; entries given more than once
/// add up. The rows are the diagonal blocks (of negative size, or of size 1) in the nonnegative cone,
/// then the others as vectors (`SymmetricVector`), each in file order.
private struct SDPAReader: ~Copyable {
  private var scanner: TextScanner
  private var blocks: [Block] = []

  private struct Block {
    let isDiagonal: Bool
    let size: Int
    var firstRow = 0
  }

  /// The place of an entry, for finding it in the other triangle.
  private struct Entry: Hashable {
    let matrix: Int
    let block: Int
    let row: Int
    let column: Int
    var mirror: Entry { Entry(matrix: matrix, block: block, row: column, column: row) }
  }

  init(_ text: TextBytes) {
    scanner = TextScanner(text, .punctuated)
  }

  mutating func file() throws(ProblemFileError) -> ProblemFile {
    _ = try skipComments()
    let variables = try readSize("the number of variables")
    scanner.skipLine()
    let count = try readSize("the number of blocks")
    scanner.skipLine()
    try readBlocks(count)
    var assembly = ConeAssembly(variables: variables, cones: placeBlocks())
    for variable in 0..<variables {
      assembly.c[variable] = try scanner.number(
        "number \(variable + 1) of the \(variables) of the objective")
    }
    try readEntries(into: &assembly)
    let group = try assembly.group(file: scanner.text.name)
    return ProblemFile(
      name: scanner.text.name, isBatch: false, count: 1, groups: [.cone(group)],
      model: ModelDescription(
        name: "", objectiveSense: .minimize, objectiveConstant: 0, rows: .numbered(rowNames),
        columns: .numbered([.range("x", 1..<variables + 1)])))
  }

  /// Steps over lines that begin with a quote or a star; false at the end of the file.
  ///
  /// Extensions of the format hide in such lines: "*INTEGER" and "*RANK1" begin lists of variables that must be
  /// integer and of matrices that must have rank one.
  private mutating func skipComments() throws(ProblemFileError) -> Bool {
    while scanner.skipBlanks() {
      let place = scanner.cursor
      guard place.pointee == UInt8(ascii: "\"") || place.pointee == UInt8(ascii: "*") else {
        return true
      }
      switch scanner.word()?.uppercased() {
      case "*INTEGER":
        throw scanner.error(
          .unsupported, at: place, "integer variables (*INTEGER) are not supported")
      case "*RANK1":
        throw scanner.error(
          .unsupported, at: place, "constraints on the rank (*RANK1) are not supported")
      default:
        scanner.cursor = place
        scanner.skipLine()
      }
    }
    return false
  }

  private mutating func readSize(_ noun: String) throws(ProblemFileError) -> Int {
    _ = scanner.skipBlanks()
    let place = scanner.cursor
    let value = try scanner.integer(noun)
    guard value >= 1 else {
      throw scanner.error(.invalid, at: place, "\(noun) is \(value); there must be one at least")
    }
    guard ConeLimits.isPlausible(value, in: scanner.text) else {
      throw scanner.error(
        .unsupported, at: place, "\(noun) is \(value), more than the file has bytes")
    }
    return value
  }

  // MARK: - Blocks

  private mutating func readBlocks(_ count: Int) throws(ProblemFileError) {
    var rows = 0
    for index in 0..<count {
      _ = scanner.skipBlanks()
      let place = scanner.cursor
      let size = try scanner.integer("the size of block \(index + 1) of \(count)")
      let isDiagonal = size < 0 || size == 1
      let magnitude = min(Int(size.magnitude), ConeLimits.largestCount)
      guard magnitude > 0 else {
        throw scanner.error(.invalid, at: place, "block \(index + 1) has size 0")
      }
      rows += isDiagonal ? magnitude : SymmetricVector(order: min(magnitude, 1 << 20)).count
      guard rows < ConeLimits.largestCount else {
        throw scanner.error(
          .unsupported, at: place, "the blocks have more than \(ConeLimits.largestCount) entries")
      }
      blocks.append(Block(isDiagonal: isDiagonal, size: magnitude))
    }
    // What follows the sizes on their line is a comment.
    scanner.skipLine()
  }

  private mutating func placeBlocks() -> ConeProduct {
    var cones = ConeProduct()
    for index in blocks.indices where blocks[index].isDiagonal {
      blocks[index].firstRow = cones.nonnegative
      cones.nonnegative += blocks[index].size
    }
    var row = cones.nonnegative
    for index in blocks.indices where !blocks[index].isDiagonal {
      blocks[index].firstRow = row
      row += SymmetricVector(order: blocks[index].size).count
      cones.semidefinite.append(blocks[index].size)
    }
    return cones
  }

  private var rowNames: [NameRun] {
    let numbered = blocks.enumerated().map { ($0 + 1, $1) }
    return numbered.filter(\.1.isDiagonal).map { .range("BLOCK[\($0)]", 1..<$1.size + 1) }
      + numbered.filter { !$0.1.isDiagonal }.map {
        .triangle("BLOCK[\($0)]", order: $1.size, base: 1)
      }
  }

  // MARK: - Entries

  private mutating func readEntries(into assembly: inout ConeAssembly) throws(ProblemFileError) {
    // An entry takes at least ten characters.
    assembly.reserve((scanner.text.end - scanner.cursor) / 10)
    let start = scanner.cursor
    var isLowerUsed = false
    while try skipComments() {
      let place = scanner.cursor
      let entry = try readEntry(assembly.variables)
      let value = try scanner.number("a number")
      let block = blocks[entry.block]
      let row = max(entry.row, entry.column)
      let column = min(entry.row, entry.column)
      if block.isDiagonal && row != column {
        throw scanner.error(
          .invalid, at: place,
          "block \(entry.block + 1) is diagonal, but has an entry in row \(entry.row + 1), column "
            + "\(entry.column + 1)")
      }
      isLowerUsed = isLowerUsed || entry.row > entry.column
      let target =
        block.firstRow
        + (block.isDiagonal
          ? row : SymmetricVector(order: block.size).place(row: row, column: column))
      let scaled = SymmetricVector.factor(row: row, column: column) * value
      if entry.matrix == 0 {
        assembly.b[target] -= scaled
      } else {
        assembly.append(target, entry.matrix - 1, -scaled)
      }
    }
    if isLowerUsed { try checkTriangles(from: start, assembly.variables) }
  }

  @inline(__always)
  private mutating func readEntry(_ variables: Int) throws(ProblemFileError) -> Entry {
    let matrix = try scanner.index(of: "matrix", below: variables + 1)
    let block = try scanner.index(of: "block", below: blocks.count, base: 1)
    return Entry(
      matrix: matrix, block: block,
      row: try scanner.index(of: "row", below: blocks[block].size, base: 1),
      column: try scanner.index(of: "column", below: blocks[block].size, base: 1))
  }

  /// Makes sure that no element is given in both triangles, reading the entries again.
  private mutating func checkTriangles(
    from start: UnsafePointer<UInt8>, _ variables: Int
  ) throws(ProblemFileError) {
    scanner.cursor = start
    var seen: Set<Entry> = []
    while try skipComments() {
      let place = scanner.cursor
      let entry = try readEntry(variables)
      _ = try scanner.number("a number")
      seen.insert(entry)
      if entry.row != entry.column && seen.contains(entry.mirror) {
        throw scanner.error(
          .invalid, at: place,
          "the element [\(entry.row + 1), \(entry.column + 1)] of a symmetric matrix is given in "
            + "both triangles")
      }
    }
  }
}
