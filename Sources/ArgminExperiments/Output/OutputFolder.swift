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
      // Foundation says little; the system says why.
      let reason = mkdir(location.path, 0o777) == 0 ? "\(error)" : String(cString: strerror(errno))
      throw .output(file: location.relativePath, reason: reason)
    }
  }

  mutating func write(_ contents: some Sequence<UInt8>, to name: String) throws(ExperimentError) {
    let file = location.appendingPathComponent(name)
    let bytes = Array(contents)
    let stream = fopen(file.path, "wb")
    let written = stream.map { fwrite(bytes, 1, bytes.count, $0) }
    let isClosed = stream.map { fclose($0) == 0 } ?? false
    guard written == bytes.count, isClosed else {
      throw .output(file: file.relativePath, reason: String(cString: strerror(errno)))
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

  /// Writes results.json: the experiment, its seed, and a list with an object for each entry.
  ///
  /// - Parameters:
  ///   - list: what the list is called.
  ///   - also: writes further members.
  ///   - write: writes the members of an entry.
  mutating func writeResults<Entry>(
    of experiment: String, seed: UInt64, list: String, _ entries: [Entry],
    also: (inout JSONWriter) -> Void = { _ in },
    _ write: (_ entry: Entry, inout JSONWriter) -> Void
  ) throws(ExperimentError) {
    try writeJSON(to: "results.json") { json in
      json.write(experiment, for: "experiment")
      json.write("\(seed)", for: "seed")
      also(&json)
      json.list(for: list) { json in
        for entry in entries { json.object { write(entry, &$0) } }
      }
    }
  }

  /// Remembers a file that something else has written.
  mutating func note(_ name: String) {
    if !files.contains(name) { files.append(name) }
  }
}
