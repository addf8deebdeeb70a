import Foundation
import ProblemFiles

/// The folder that an experiment writes to; remembers what was written.
package struct OutputFolder {
  let location: URL
  /// The names of the files, in the order in which they were written.
  package private(set) var files: [String] = []

  /// Creates the folder if it is missing.
  package init(_ location: URL) throws(ExperimentError) {
    self.location = location
    do {
      try FileManager.default.createDirectory(at: location, withIntermediateDirectories: true)
    } catch {
      throw .output(file: location.relativePath, reason: error.localizedDescription)
    }
  }

  mutating func write(_ contents: some Sequence<UInt8>, to name: String) throws(ExperimentError) {
    let file = location.appendingPathComponent(name)
    do {
      try Data(contents).write(to: file)
    } catch {
      throw .output(file: file.relativePath, reason: error.localizedDescription)
    }
    note(name)
  }

  package mutating func write(_ text: String, to name: String) throws(ExperimentError) {
    try write(text.utf8, to: name)
  }

  /// Writes an object as JSON.
  mutating func writeJSON(
    to name: String, _ members: (inout JSONWriter) -> Void
  ) throws(ExperimentError) {
    var json = JSONWriter()
    json.object { members(&$0) }
    try write(json.finish(), to: name)
  }

  /// Remembers a file that something else has written.
  mutating func note(_ name: String) {
    if !files.contains(name) { files.append(name) }
  }
}
