import Foundation
import ProblemFiles
import Testing

/// Files on disk: by name, compressed, missing.
@Suite struct FileTests {
  private let text = Array(#"{"kind": "qp", "p": [1, 2]}"#.utf8)

  /// Reads a file of this name and contents.
  private func load(_ name: String, _ bytes: [UInt8]) throws -> ProblemFile {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let url = folder.appendingPathComponent(name)
    try Data(bytes).write(to: url)
    return try ProblemFile(path: url.path)
  }

  private func failure(_ name: String, _ bytes: [UInt8]) -> ProblemFileError? {
    #expect(throws: ProblemFileError.self) { try load(name, bytes) }
  }

  @Test func plain() throws {
    #expect(try load("a.json", text).count == 1)
  }

  @Test func compressed() throws {
    #expect(try load("a.json.gz", gzip(text)).count == 1)
  }

  @Test func severalMembersAndPadding() throws {
    let bytes = gzip(Array(text[..<9])) + gzip(Array(text[9...])) + [0, 0, 0]
    #expect(try load("a.json.GZ", bytes).count == 1)
  }

  @Test func largeCompressed() throws {
    let rows = String(repeating: "[0.123456789, 2],\n", count: 40_000) + "[0, 0]"
    let text =
      #"{"kind": "qp", "p": [1, 2], "A": ["# + rows + #"], "b": ["#
      + String(repeating: "1, ", count: 40_000) + "1]}"
    let file = try load("a.json.gz", gzip(Array(text.utf8)))
    #expect(try file.quadraticGroup().batch.equalities == 40_001)
  }

  @Test func deflated() throws {
    // A qp with p = [0.5, ..., 0.5] of 200 numbers, compressed by gzip -9.
    let base64 = "H4sIAAAAAAACA6tWys7MS1GyUlAqLFDSUVAqADKjDfRMdRRGiVFilBjGRGwtAIVf/Xv9AwAA"
    let bytes = [UInt8](Data(base64Encoded: base64)!)
    let p = try load("a.json.gz", bytes).quadraticGroup().batch.p
    #expect(p.array == [Double](repeating: 0.5, count: 200))
  }

  @Test func damagedCompression() throws {
    let whole = gzip(text)
    #expect(failure("a.json.gz", text)?.reason.contains("is not gzip data") == true)
    #expect(failure("a.json.gz", [])?.reason.contains("is not gzip data") == true)
    for length in 2..<whole.count {
      let error = failure("a.json.gz", Array(whole[..<length]))
      #expect(error?.reason.contains("truncated") == true, "\(length)")
    }
    var wrong = whole
    wrong[20] ^= 1
    #expect(failure("a.json.gz", wrong)?.reason.contains("damaged") == true)
    #expect(failure("a.json.gz", whole + [1, 2])?.kind == .malformed)
  }

  @Test func unreadable() throws {
    let missing = #expect(throws: ProblemFileError.self) {
      try ProblemFile(path: "/nowhere/at all.json")
    }
    #expect(missing?.kind == .unreadable)
    #expect(
      missing?.description == "/nowhere/at all.json: cannot be read: No such file or directory")
    let folder = #expect(throws: ProblemFileError.self) {
      let path = FileManager.default.temporaryDirectory.appendingPathComponent("folder.json").path
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(atPath: path) }
      return try ProblemFile(path: path)
    }
    #expect(folder?.kind == .unreadable)
  }

  @Test func unknownExtension() throws {
    #expect(failure("a.txt", text)?.kind == .unknownFormat)
    #expect(failure("a.cbf.zip", text)?.kind == .unknownFormat)
  }
}
