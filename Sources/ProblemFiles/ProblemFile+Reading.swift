/// The formats of problem files, told by the extension of the name; each may be compressed (`.gz`).
public enum ProblemFileFormat: String, Sendable, CaseIterable {
  /// Our own problem JSON.
  case json = ".json"
  /// MPS, also with a quadratic objective, in fixed columns or free.
  case mps = ".mps"
  case qps = ".qps"
  /// x
  case cbf = ".cbf"
  /// The sparse format of SDPA.
  case sdpa = ".dat-s"

  /// The format that the name of a file tells; nil if it tells none.
  public init?(path: String) {
    var name = path.lowercasedASCII
    if name.hasSuffix(".gz") { name.removeLast(3) }
    let format = Self.allCases.first { name.hasSuffix($0.rawValue) }
    guard let format else { return nil }
    self = format
  }
}

extension ProblemFile {
  /// Reads a problem file; its format is told by its name.
  ///
  /// - Throws: `ProblemFileError`: unreadable (also for more than 4 GiB), unknown format, malformed, invalid or unsupported.
  public init(path: String) throws(ProblemFileError) {
    try self.init(path: path, largestSize: TextBytes.largestSize)
  }

  /// Reads a problem file of at most so many bytes, compressed or not.
  package init(path: String, largestSize: Int) throws(ProblemFileError) {
    let format = try Self.format(of: path)
    self = try ProblemFile(
      TextBytes.reading(path: path, largestSize: largestSize), format: format)
  }

  /// Reads the bytes of a problem file that has been loaded already.
  ///
  /// - Parameters:
  ///   - bytes: the contents of the file, decompressed.
  ///   - name: the name for messages.
  ///   - format: how to read them.
  public init(
    bytes: some Collection<UInt8>, name: String, format: ProblemFileFormat
  ) throws(ProblemFileError) {
    self = try ProblemFile(TextBytes(name: name, copying: bytes), format: format)
  }

  private init(_ text: TextBytes, format: ProblemFileFormat) throws(ProblemFileError) {
    switch format {
    case .json: self = try ProblemFile(json: text)
    case .mps, .qps: self = try ProblemFile(mps: text)
    case .cbf: self = try ProblemFile(cbf: text)
    case .sdpa: self = try ProblemFile(sdpa: text)
    }
  }

  private static func format(of path: String) throws(ProblemFileError) -> ProblemFileFormat {
    guard let format = ProblemFileFormat(path: path) else {
      let known = ProblemFileFormat.allCases.map(\.rawValue).joined(separator: ", ")
      throw ProblemFileError(
        .unknownFormat, file: path,
        reason: "has none of the extensions \(known), each also with .gz")
    }
    return format
  }
}
