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

  /// A qp with p = [0.5, ..., 0.5] of 200 numbers, compressed by gzip -9.
  private static let deflated = [UInt8](
    Data(
      base64Encoded: "H4sIAAAAAAACA6tWys7MS1GyUlAqLFDSUVAqADKjDfRMdRRGiVFilBjGRGwtAIVf/Xv9AwAA")!)

  @Test func deflated() throws {
    let p = try load("a.json.gz", Self.deflated).quadraticGroup().batch.p
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

  /// Files without an end, and small ones that unfold to large ones.
  @Test func sizesAreBounded() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func read(_ name: String, _ bytes: [UInt8], limit: Int) throws {
      let url = folder.appendingPathComponent(name)
      try Data(bytes).write(to: url)
      _ = try ProblemFile(path: url.path, largestSize: limit)
    }
    let blanks = [UInt8](repeating: 0x20, count: 10_000 - text.count)
    let text = text + blanks
    try read("a.json", text, limit: 10_000)
    try read("a.json.gz", gzip(text), limit: 20_000)
    // The compressed size is within the limit, the text is not.
    for (name, bytes, limit) in [("a.json", text, 9_999), ("b.json.gz", Self.deflated, 100)] {
      let error = #expect(throws: ProblemFileError.self) { try read(name, bytes, limit: limit) }
      #expect(error?.kind == .unreadable && error?.reason == "has more than \(limit) bytes")
    }
    let device = folder.appendingPathComponent("zero.json")
    try FileManager.default.createSymbolicLink(
      at: device, withDestinationURL: URL(fileURLWithPath: "/dev/zero"))
    let error = #expect(throws: ProblemFileError.self) { try ProblemFile(path: device.path) }
    #expect(error?.reason == "is no text: byte 0 is zero")
  }

  @Test func unknownExtension() throws {
    #expect(failure("a.txt", text)?.kind == .unknownFormat)
    #expect(failure("a.cbf.zip", text)?.kind == .unknownFormat)
  }
}
