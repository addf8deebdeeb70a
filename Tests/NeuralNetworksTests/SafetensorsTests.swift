import Autodiff
import Foundation
import NeuralNetworks
import Testing
import _TestSupport

/// Files of parameters: round trips, a file of the Python package, damaged files.
struct SafetensorsTests {
  /// Written by `safetensors` 0.8.0 of Python: `save({...}, metadata={...})` of the tensors below.
  static let fromPython = Data(
    base64Encoded: """
      eAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJub3RlIjoiY2Fmw6kgXCJ4XCIiLCJzaXplcyI6IjMsMiJ9LCJsYXllcnMu\
      MC5iaWFzIjp7ImR0eXBlIjoiRjY0Iiwic2hhcGUiOlsyXSwiZGF0YV9vZmZzZXRzIjpbMCwxNl19LCJlbXB0eSI6eyJk\
      dHlwZSI6IkYzMiIsInNoYXBlIjpbMCwzXSwiZGF0YV9vZmZzZXRzIjpbMTYsMTZdfSwibGF5ZXJzLjAud2VpZ2h0Ijp7\
      ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsyLDNdLCJkYXRhX29mZnNldHMiOlsxNiw0MF19LCJxdW90ZSBcIiDDqSI6eyJk\
      dHlwZSI6IkYzMiIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzQwLDQ0XX0sInNjYWxlIjp7ImR0eXBlIjoiRjMy\
      Iiwic2hhcGUiOltdLCJkYXRhX29mZnNldHMiOls0NCw0OF19fSAgnHUAiDzkN36amZmZmZm5vwAAAAAAAIA+AAAAPwAA\
      QD8AAIA/AACgP9sPSUAAACBA
      """)!

  static let sample = Safetensors(
    tensors: [
      "layers.0.weight": Tensor(
        [0, 0.25, 0.5, 0.75, 1, 1.25] as [Float], shape: [2, 3]),
      "layers.0.bias": Tensor([1e300, -0.1]),
      "scale": Tensor(2.5, dtype: .float32),
      "empty": Tensor.zeros([0, 3], dtype: .float32),
      "quote \" \u{E9}": Tensor([Float(Double.pi)], shape: [1]),
    ], metadata: ["sizes": "3,2", "note": "caf\u{E9} \"x\""])

  private func expectSample(_ file: Safetensors) {
    #expect(file.metadata == Self.sample.metadata)
    #expect(Set(file.tensors.keys) == Set(Self.sample.tensors.keys))
    for (name, tensor) in Self.sample.tensors {
      #expect(file.tensors[name]!.hasSameElements(as: tensor), "\(name)")
    }
  }

  @Test func readsWhatPythonWrites() throws {
    expectSample(try Safetensors(Self.fromPython))
  }

  @Test func readsWhatItWrites() throws {
    let data = Self.sample.data
    expectSample(try Safetensors(data))
    #expect(data == Self.sample.data)
    // The data begin at a multiple of 8.
    #expect(data[0] % 8 == 0)
    let nothing = try Safetensors(Safetensors().data)
    #expect(nothing.tensors.isEmpty && nothing.metadata.isEmpty)
    let special = Safetensors(tensors: [
      "x": Tensor([.infinity, -.infinity, -0.0, .leastNonzeroMagnitude])
    ])
    #expect(try Safetensors(special.data).tensors["x"]!.scalars == special.tensors["x"]!.scalars)
    let nan = Safetensors(tensors: ["x": Tensor([Double.nan])])
    #expect(try Safetensors(nan.data).tensors["x"]!.item.isNaN)
  }

  // MARK: - Damage

  private func file(_ header: String, bytes: Int = 0) -> Data {
    var data = Data()
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { data.append(contentsOf: $0) }
    data.append(contentsOf: header.utf8)
    data.append(Data(count: bytes))
    return data
  }

  private func entry(_ shape: String, _ offsets: String, _ dtype: String = "F32") -> String {
    #"{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":\#(offsets)}"#
  }

  @Test func namesWhatIsDamaged() {
    func expect(_ data: Data, _ error: SafetensorsError) {
      #expect(throws: error) { try Safetensors(data, file: "f") }
    }
    expect(Data(), .truncated(file: "f", bytes: 0, needed: 8))
    expect(Data([1, 0, 0]), .truncated(file: "f", bytes: 3, needed: 8))
    expect(Self.fromPython.prefix(100), .truncated(file: "f", bytes: 100, needed: 384))
    expect(Self.fromPython.dropLast(), .truncated(file: "f", bytes: 431, needed: 432))
    expect(Self.fromPython + [0], .gap(file: "f", begin: 48, end: 49))
    expect(
      Data([UInt8](repeating: 0xFF, count: 16)),
      .badHeader(file: "f", reason: "\(UInt64.max) bytes are too many"))

    let a = entry("[1]", "[0,4]")
    expect(
      file(#"{"a":\#(a),"b":\#(entry("[1]", "[2,6]"))}"#, bytes: 6),
      .overlap(file: "f", first: "a", second: "b"))
    expect(
      file(#"{"a":\#(a),"b":\#(entry("[1]", "[8,12]"))}"#, bytes: 12),
      .gap(file: "f", begin: 4, end: 8))
    expect(
      file(#"{"a":\#(entry("[2]", "[0,4]"))}"#, bytes: 4),
      .badOffsets(file: "f", tensor: "a", begin: 0, end: 4, expectedBytes: 8))
    expect(
      file(#"{"a":\#(entry("[1]", "[4,0]"))}"#, bytes: 4),
      .badOffsets(file: "f", tensor: "a", begin: 4, end: 0, expectedBytes: 4))
    expect(
      file(#"{"a":\#(entry("[1]", "[-4,0]"))}"#, bytes: 4),
      .badOffsets(file: "f", tensor: "a", begin: -4, end: 0, expectedBytes: 4))
    expect(
      file(#"{"a":\#(entry("[1]", "[0,2]", "F16"))}"#, bytes: 2),
      .unsupportedType(file: "f", tensor: "a", type: "F16"))
    expect(
      file(#"{"a":\#(entry("[1]", "[0,4]"))}"#, bytes: 3),
      .truncated(
        file: "f", bytes: file(#"{"a":\#(a)}"#, bytes: 3).count,
        needed: file(#"{"a":\#(a)}"#, bytes: 4).count))
    expect(
      file(#"{"a":\#(entry("[4611686018427387904,4]", "[0,0]"))}"#),
      .badHeader(file: "f", reason: "a.shape: [4611686018427387904, 4] is not a shape"))
    expect(
      file(#"{"a":\#(entry("[-1]", "[0,0]"))}"#),
      .badHeader(file: "f", reason: "a.shape: [-1] is not a shape"))
    expect(
      file(#"{"a":\#(entry("[1]", "[0,4,8]"))}"#, bytes: 8),
      .badHeader(file: "f", reason: "a.data_offsets: [0, 4, 8] are not two positions"))
  }

  @Test(arguments: [
    "", "[1]", "{", "nonsense", #"{"a":1}"#, #"{"a":{"dtype":"F32","shape":[1]}}"#,
    #"{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":32,"shape":[1],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,1e300]}}"#,
    #"{"__metadata__":{"a":1}}"#,
  ])
  func rejectsWrongHeaders(_ header: String) {
    do {
      _ = try Safetensors(file(header, bytes: 4), file: "f")
      Issue.record("accepted \(header)")
    } catch {
      guard case .badHeader(let file, let reason) = error else {
        Issue.record("\(header): \(error)")
        return
      }
      #expect(file == "f" && !reason.isEmpty)
    }
  }

  @Test func anyBitOfTheHeaderMayBeWrong() {
    // Whatever the bytes say: an error or some tensors, never a trap.
    for position in 0..<384 {
      for bit in 0..<8 {
        var data = Self.fromPython
        data[position] ^= UInt8(1) << bit
        _ = try? Safetensors(data)
      }
    }
  }

  // MARK: - Structures

  @Test func parametersGoAndComeBack() throws {
    let folder = FileManager.default.temporaryDirectory
    let url = folder.appendingPathComponent("argmin-\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: url) }
    let network = MLP([3, 4, 2], key: RandomKey(seed: 1))
    try saveParameters(network, to: url, metadata: ["sizes": "3,4,2"])
    var other = MLP([3, 4, 2], key: RandomKey(seed: 2))
    #expect(try loadParameters(into: &other, from: url) == ["sizes": "3,4,2"])
    for (a, b) in zip(network.leaves, other.leaves) { #expect(a.hasSameElements(as: b)) }

    func expect(_ structure: some TensorStructure, _ error: SafetensorsError) {
      var copy = structure
      let before = copy.leafScalars
      #expect(throws: error) { try loadParameters(into: &copy, from: url) }
      #expect(copy.leafScalars == before)
    }
    let key = RandomKey(seed: 3)
    let path = url.path
    expect(
      MLP([3, 4, 2, 1], key: key), .missingTensor(file: path, tensor: "layers.2.weight"))
    expect(MLP([3, 4], key: key), .unexpectedTensor(file: path, tensor: "layers.1.bias"))
    expect(
      MLP([3, 5, 2], key: key),
      .shapeMismatch(file: path, tensor: "layers.0.weight", expected: [3, 5], actual: [3, 4]))
    expect(
      MLP([3, 4, 2], key: key, dtype: .float64),
      .typeMismatch(
        file: path, tensor: "layers.0.weight", expected: .float64, actual: .float32))

    try saveParameters(Tensor([1.0, 2]), to: url)
    var vector = Tensor.zeros([2])
    try loadParameters(into: &vector, from: url)
    #expect(vector.scalars == [1, 2])

    // The state of an optimizer is a structure as well.
    let optimizer = Adam(learningRate: 0.1)
    var state = optimizer.initialState(for: vector)
    optimizer.update(&vector, gradient: Tensor([1.0, 1]), state: &state)
    try saveParameters(state, to: url)
    var restored = optimizer.initialState(for: vector)
    try loadParameters(into: &restored, from: url)
    #expect(restored.step.item == 1)
    #expect(restored.leafScalars == state.leafScalars)
  }

  @Test func filesThatAreNotThere() {
    var x = Tensor(0)
    let url = URL(fileURLWithPath: "/nonexistent/folder/x.safetensors")
    #expect(throws: SafetensorsError.self) { try loadParameters(into: &x, from: url) }
    #expect(throws: SafetensorsError.self) { try saveParameters(x, to: url) }
  }
}
