import Foundation

/// A figure: its data and a gnuplot script that draws it as SVG.
///
/// Data and script are always written, so that the figure can be drawn or changed later by
/// `gnuplot NAME.gnuplot` in the folder.
package struct Figure {
  /// The name of its files without extension.
  let name: String
  /// Width and height in pixels.
  let size: (width: Int, height: Int)
  /// The commands that draw; the terminal and the output are set before them.
  let commands: String
  /// What the script reads, by name: a table with blanks between the columns.
  let data: [(name: String, rows: [[Double]])]

  package init(
    name: String, size: (width: Int, height: Int), commands: String,
    data: [(name: String, rows: [[Double]])]
  ) {
    self.name = name
    self.size = size
    self.commands = commands
    self.data = data
  }

  /// Writes the data and the script, and draws the figure.
  ///
  /// - Parameters:
  ///   - folder: where to write.
  ///   - searchPath: where gnuplot is looked for; nil for the search path of the process.
  /// - Returns: why it was not drawn, nil if it was.
  package func write(
    to folder: inout OutputFolder, searchPath: String? = nil
  ) throws(ExperimentError) -> String? {
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
    if let reason = draw(in: folder.location, searchPath: searchPath) {
      return "\(name).svg was not drawn (\(reason)); to draw it: gnuplot \(name).gnuplot"
    }
    folder.note("\(name).svg")
    return nil
  }

  private func draw(in folder: URL, searchPath: String?) -> String? {
    let path = searchPath ?? ProcessInfo.processInfo.environment["PATH"] ?? ""
    guard let gnuplot = Self.gnuplot(searchPath: path) else { return "gnuplot is not installed" }
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
  private static func gnuplot(searchPath: String) -> URL? {
    searchPath.split(separator: ":").lazy
      .map { URL(fileURLWithPath: String($0)).appendingPathComponent("gnuplot") }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
  }
}
