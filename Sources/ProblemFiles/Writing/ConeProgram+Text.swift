import ConvexSolvers

extension ConeProgram {
  /// The program as a file of another format; reading the file gives the same program again, with the
  /// rows of power cones and matrices to rounding.
  ///
  /// - Parameters:
  ///   - format: `.cbf` for all cones, `.sdpa` for nonnegative and semidefinite ones, `.mps` for zero,
  ///     free and nonnegative rows, `.qps` for these with a quadratic term, `.json` for anything.
  ///   - name: the name of the problem, for messages and where the format has one.
  /// - Returns: the bytes of the file.
  /// - Throws: `ProblemFileError` of kind unsupported if the format cannot express the program.
  public func text(
    as format: ProblemFileFormat, name: String = "problem"
  ) throws(ProblemFileError) -> [UInt8] {
    func failure(_ reason: String) -> ProblemFileError {
      ProblemFileError(
        .unsupported, file: name, reason: "cannot be written as \(format.rawValue): \(reason)")
    }
    switch format {
    case .json:
      var json = JSONWriter()
      write(to: &json)
      return json.finish()
    case .cbf: return try CBFWriter(self, failure).text()
    case .sdpa: return try SDPAWriter(self, failure).text()
    case .mps, .qps: return try MPSWriter(self, failure).text(name: name)
    }
  }

  /// Whether the quadratic term has an entry that is not zero.
  var isQuadratic: Bool { P?.values.contains { $0 != 0 } ?? false }
}
