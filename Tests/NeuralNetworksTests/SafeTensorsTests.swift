import Autodiff
import Foundation
import NeuralNetworks
import Testing

@Suite struct SafeTensorsTests {
  /// Written by version 0.7 of the Python package safetensors:
  /// `save({"layers.0.weight": float32 [[1.5, -2, 3], [4, 5, 6]], "layers.0.bias": float64 [0.1, 0.2],
  /// "scale": float32 7, "empty": float32 zeros (0, 3)}, metadata={"made by": "safetensors"})`.
  static let fromPython = Data(
    base64Encoded: """
      MAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJtYWRlIGJ5Ijoic2FmZXRlbnNvcnMifSwibGF5ZXJzLjAuYmlhcyI6eyJkdHlw
      ZSI6IkY2NCIsInNoYXBlIjpbMl0sImRhdGFfb2Zmc2V0cyI6WzAsMTZdfSwiZW1wdHkiOnsiZHR5cGUiOiJGMzIiLCJzaGFw
      ZSI6WzAsM10sImRhdGFfb2Zmc2V0cyI6WzE2LDE2XX0sImxheWVycy4wLndlaWdodCI6eyJkdHlwZSI6IkYzMiIsInNoYXBl
      IjpbMiwzXSwiZGF0YV9vZmZzZXRzIjpbMTYsNDBdfSwic2NhbGUiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6W10sImRhdGFf
      b2Zmc2V0cyI6WzQwLDQ0XX19ICAgICAgmpmZmZmZuT+amZmZmZnJPwAAwD8AAADAAABAQAAAgEAAAKBAAADAQAAA4EA=
      """, options: .ignoreUnknownCharacters)!

  @Test func readsWhatPythonWrote() throws {
    let stored = try SafeTensors(Self.fromPython)
    #expect(stored.metadata == ["made by": "safetensors"])
    #expect(stored.tensors.count == 4)
    let weight = try #require(stored.tensors["layers.0.weight"])
    #expect(weight.shape == [2, 3] && weight.dtype == .float32)
    #expect(weight.scalars == [1.5, -2, 3, 4, 5, 6])
    #expect(stored.tensors["layers.0.bias"]!.scalars == [0.1, 0.2])
    #expect(stored.tensors["scale"]!.shape == [])
    #expect(stored.tensors["empty"]!.shape == [0, 3])
  }

  /// The same bytes as the Python package, so what it reads of its own it reads of ours.
  @Test func writesWhatPythonWrites() throws {
    #expect(try SafeTensors(Self.fromPython).encoded() == Self.fromPython)
  }

  @Test func structuresRoundTrip() throws {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: file) }
    let saved = ["a \"quoted\"\n": Tensor([1, .pi, -.infinity]), "b": Tensor(2, dtype: .float32)]
    try saved.save(to: file, metadata: ["step": "3"])
    var loaded = saved.zerosLike
    #expect(try loaded.load(from: file) == ["step": "3"])
    #expect(loaded.leafScalars == saved.leafScalars)

    var other = ["a": Tensor(1)]
    #expect(throws: TensorFileError.missing(file: file.path, tensor: "a")) {
      try other.load(from: file)
    }
    var fewer = ["b": Tensor(1, dtype: .float32)]
    #expect(throws: TensorFileError.unexpected(file: file.path, tensors: ["a \"quoted\"\n"])) {
      try fewer.load(from: file)
    }
    var wrongShape = ["a \"quoted\"\n": Tensor([1, 2]), "b": Tensor(2, dtype: .float32)]
    #expect(throws: TensorFileError.self) { try wrongShape.load(from: file) }
    var wrongType = ["a \"quoted\"\n": Tensor([1, 2, 3]), "b": Tensor(2)]
    #expect(throws: TensorFileError.self) { try wrongType.load(from: file) }
    #expect(wrongType["b"]!.item == 2, "unchanged after an error")
    #expect(throws: TensorFileError.self) {
      try loaded.load(from: file.appendingPathExtension("missing"))
    }
    #expect(throws: TensorFileError.self) {
      try saved.save(to: URL(fileURLWithPath: "/nowhere/at/all"))
    }
  }

  /// Every prefix of a file, and every file with one byte of the header changed, is refused or read; none
  /// crashes.
  @Test func damagedFiles() {
    let good = Self.fromPython
    for length in 0..<good.count {
      #expect(throws: TensorFileError.self) { try SafeTensors(good.prefix(length)) }
    }
    for position in 0..<320 {
      for value in [UInt8(0), 34, 48, 57, 91, 125, 255] {
        var bytes = good
        bytes[position] = value
        _ = try? SafeTensors(bytes)
      }
    }
    #expect(throws: TensorFileError.self) { try SafeTensors(good + Data([0])) }
  }

  @Test(arguments: [
    ("\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,4]", "F16"),
    ("\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]", "shape"),
    ("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]", "4 bytes"),
    ("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[1,5]", "end"),
    ("\"dtype\":\"F32\",\"shape\":[1]", "missing"),
    ("\"dtype\":\"F32\",\"shape\":[4611686018427387904,8],\"data_offsets\":[0,4]", "shape"),
  ])
  func wrongEntries(_ entry: String, _ word: String) {
    let header = Data("{\"w\":{\(entry)}}".utf8)
    let data =
      withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) } + header
      + Data(repeating: 0, count: 4)
    do {
      _ = try SafeTensors(data)
      Issue.record("read \(entry)")
    } catch {
      #expect(error.description.contains("tensor w") && error.description.contains(word))
    }
  }
}
