import Foundation

/// A figure: its data and a gnuplot script that draws it as SVG.
///
/// Data and script are always written, so that the figure can be drawn or changed later by
/// `gnuplot NAME.gnuplot` in the folder.
struct Figure {
  /// The name of its files without extension.
  let name: String
  /// Width and height in pixels.
  let size: (width: Int, height: Int)
  /// The commands that draw; the terminal and the output are set before them.
  let commands: String
  /// What the script reads, by name: a table with blanks between the columns.
  let data: [(name: String, rows: [[Double]])]

  /// Writes the data and the script, and draws the figure.
  ///
  /// - Returns: why it was not drawn, nil if it was.
  func write(to folder: inout OutputFolder) throws(ExperimentError) -> String? {
    for (name, rows) in data {
      let lines = rows.map { row in
        row.map { $0.isFinite ? $0.description : "NaN" }.joined(separator: " ")
      }
      try folder.write(lines.joined(separator: "\n") + "\n", to: name)
    }
    let script = """
      set terminal svg size \(size.width),\(size.height) font "Helvetica,13" background "white"
      set output "\(name).svg"
      \(commands)

      """
    try folder.write(script, to: "\(name).gnuplot")
    if let reason = draw(in: folder.location) {
      return "\(name).svg was not drawn (\(reason)); to draw it: gnuplot \(name).gnuplot"
    }
    folder.note("\(name).svg")
    return nil
  }

  private func draw(in folder: URL) -> String? {
    guard let gnuplot = Self.gnuplot else { return "gnuplot is not installed" }
    let process = Process()
    process.executableURL = gnuplot
    process.arguments = ["\(name).gnuplot"]
    process.currentDirectoryURL = folder
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    let messages = Pipe()
    process.standardError = messages
    do {
      try process.run()
    } catch {
      return "gnuplot could not be started"
    }
    let text = String(decoding: messages.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus != 0 else { return nil }
    let reason = text.split(whereSeparator: \.isNewline).last.map(String.init) ?? ""
    return "gnuplot failed: \(reason.trimmingCharacters(in: .whitespaces))"
  }

  /// Where gnuplot is, if the search path has it.
  private static var gnuplot: URL? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return path.split(separator: ":").lazy
      .map { URL(fileURLWithPath: String($0)).appendingPathComponent("gnuplot") }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
  }
}
