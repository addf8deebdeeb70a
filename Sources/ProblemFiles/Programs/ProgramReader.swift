/// The kinds of objects in a problem file.
enum ProblemKind: String, CaseIterable {
  case qp, cone, batch
}

extension ProblemFile {
  /// Reads problem JSON.
  init(json text: TextBytes) throws(ProblemFileError) {
    var reader = JSONReader(text)
    self = try withExtendedLifetime(text) { () throws(ProblemFileError) in
      switch try reader.readKind() {
      case .qp:
        let data = try reader.readProgram()
        try reader.readEnd()
        let groups = try ProgramGrouping(text: text, shared: nil, isBatch: false)
          .groups(of: [(0, data)])
        return ProblemFile(name: text.name, isBatch: false, count: 1, groups: groups)
      case .cone:
        let data = try reader.readConeProgram()
        try reader.readEnd()
        let groups = try ConeGrouping(text: text, isBatch: false).groups(of: [(0, data)])
        return ProblemFile(name: text.name, isBatch: false, count: 1, groups: groups)
      case .batch:
        let batch = try reader.readBatch()
        try reader.readEnd()
        return try ProblemFile(batch, text: text)
      }
    }
  }

  private init(_ batch: BatchData, text: TextBytes) throws(ProblemFileError) {
    if let shared = batch.shared, !batch.conePrograms.isEmpty {
      throw ProblemFileError(
        .malformed, file: text.name, line: text.line(of: shared.position), key: "shared",
        reason: "data can be shared by problems of kind qp only, and there are cone programs")
    }
    let grouping = ProgramGrouping(text: text, shared: batch.shared, isBatch: true)
    var groups = try grouping.groups(of: batch.quadraticPrograms)
    groups += try ConeGrouping(text: text, isBatch: true).groups(of: batch.conePrograms)
    groups.sort { $0.indices[0] < $1.indices[0] }
    self.init(
      name: text.name, isBatch: true, count: batch.count, groups: groups,
      sharedData: Set(grouping.sharedData))
  }
}

/// A batch as it stands in a file.
struct BatchData {
  var shared: ProgramData?
  /// The problems with their indices in the batch.
  var quadraticPrograms: [(index: Int, data: ProgramData)] = []
  var conePrograms: [(index: Int, data: ConeData)] = []

  var count: Int { quadraticPrograms.count + conePrograms.count }
}

extension JSONReader {
  /// The kind of the object that comes next, which is not read yet.
  ///
  /// Writers put `kind` first; where it comes later, the object is read twice.
  mutating func readKind() throws(ProblemFileError) -> ProblemKind {
    try expect(.object, "a problem (an object)")
    let start = cursor
    defer { cursor = start }
    let depth = path.count
    cursor += 1
    if !next(is: "}") {
      while true {
        skipSpace()
        guard cursor.pointee == UInt8(ascii: "\"") else {
          throw malformed("expected a key in quotes, found \(found())")
        }
        let key = try readString()
        guard next(is: ":") else {
          throw malformed("expected ':' after the key \(quoted(key)), found \(found())")
        }
        path.append(.key(key))
        if key == "kind" {
          let place = position()
          let name = try readString("the kind (a string)")
          guard let kind = ProblemKind(rawValue: name) else {
            throw error(
              .malformed, at: place,
              "unknown kind \(quoted(name)); the kinds are qp, cone and batch")
          }
          path.removeLast()
          return kind
        }
        try skipValue()
        path.removeLast()
        if next(is: "}") { break }
        guard next(is: ",") else { throw malformed("expected ',' or '}', found \(found())") }
      }
    }
    path.removeLast(path.count - depth)
    throw error(.malformed, at: start, "the key \"kind\" is missing; it is qp, cone or batch")
  }

  /// Reads an object of kind qp.
  mutating func readProgram() throws(ProblemFileError) -> ProgramData {
    var data = ProgramData(position: position())
    try readObject("a problem (an object)") { (reader, key) throws(ProblemFileError) in
      if key == "kind" {
        _ = try reader.readString("the kind (a string)")
        return
      }
      guard let datum = ProblemDatum(rawValue: key) else {
        throw reader.malformed("unknown key; a qp has Q, p, G, h, A and b")
      }
      try data.read(datum, from: &reader)
    }
    return data
  }

  /// Reads an object of kind batch.
  mutating func readBatch() throws(ProblemFileError) -> BatchData {
    var batch = BatchData()
    var hasProblems = false
    try readObject("a batch (an object)") { (reader, key) throws(ProblemFileError) in
      switch key {
      case "kind": _ = try reader.readString("the kind (a string)")
      case "problems":
        hasProblems = true
        try reader.readList("a list of problems") { (reader, index) throws(ProblemFileError) in
          try reader.readItem(index, into: &batch)
        }
      case "shared": batch.shared = try reader.readShared()
      default:
        throw reader.malformed("unknown key; a batch has problems and shared")
      }
    }
    guard hasProblems else { throw malformed("the key \"problems\" of the batch is missing") }
    return batch
  }

  private mutating func readItem(
    _ index: Int, into batch: inout BatchData
  ) throws(ProblemFileError) {
    switch try readKind() {
    case .qp: batch.quadraticPrograms.append((index, try readProgram()))
    case .cone: batch.conePrograms.append((index, try readConeProgram()))
    case .batch: throw malformed("a batch cannot be an item of a batch")
    }
  }

  private mutating func readShared() throws(ProblemFileError) -> ProgramData {
    var data = ProgramData(position: position())
    try readObject("the shared data (an object)") { (reader, key) throws(ProblemFileError) in
      guard let datum = ProblemDatum(rawValue: key) else {
        throw reader.malformed("unknown key; data that can be shared are Q, p, G, h, A and b")
      }
      try data.read(datum, from: &reader)
    }
    return data
  }
}
