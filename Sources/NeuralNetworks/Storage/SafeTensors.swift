import Autodiff
import Foundation

/// Named tensors in a file of the safetensors format, which the Python package of that name and most
/// machine-learning libraries read and write.
///
/// The format: eight bytes with the length of the header, little-endian; the header, a JSON object of
/// `"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}` and optionally
/// `"__metadata__"` with strings; then the elements, row-major and little-endian. Of its types float32
/// (`F32`) and float64 (`F64`) are supported.
public struct SafeTensors: Sendable {
  /// The tensors by name.
  public var tensors: [String: Tensor]
  /// Remarks of whoever wrote the file.
  public var metadata: [String: String]

  public init(tensors: [String: Tensor] = [:], metadata: [String: String] = [:]) {
    self.tensors = tensors
    self.metadata = metadata
  }
}

// MARK: - Writing

extension SafeTensors {
  /// The bytes of the file; tensors are in the order of their names.
  public func encoded() -> Data {
    var header = "{"
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0)):\(quoted($1))" }
      header += "\"__metadata__\":{\(pairs.joined(separator: ","))}"
    }
    var offset = 0
    var elements = Data()
    // Wider types first, so that every tensor begins at a multiple of its element's size.
    let ordered = tensors.sorted {
      ($1.value.dtype.byteCount, $0.key) < ($0.value.dtype.byteCount, $1.key)
    }
    for (name, tensor) in ordered {
      let bytes = littleEndianBytes(tensor)
      if header.count > 1 { header += "," }
      let type = tensor.dtype == .float32 ? "F32" : "F64"
      header +=
        "\(quoted(name)):{\"dtype\":\"\(type)\",\"shape\":[\(tensor.shape.map(String.init).joined(separator: ","))],"
        + "\"data_offsets\":[\(offset),\(offset + bytes.count)]}"
      offset += bytes.count
      elements += bytes
    }
    header += "}"
    header += String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    var data = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
    data += Data(header.utf8)
    return data + elements
  }

  /// Writes the file; what was there is replaced at once.
  public func write(to file: URL) throws(TensorFileError) {
    do {
      try encoded().write(to: file, options: .atomic)
    } catch {
      throw .inaccessible(file: file.path, reason: error.localizedDescription)
    }
  }

  private func littleEndianBytes(_ tensor: Tensor) -> Data {
    let values = tensor.scalars
    switch tensor.dtype {
    case .float32:
      return values.map { Float($0).bitPattern.littleEndian }.withUnsafeBytes { Data($0) }
    case .float64: return values.map(\.bitPattern.littleEndian).withUnsafeBytes { Data($0) }
    }
  }

  private func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case _ where scalar.value < 32:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

// MARK: - Reading

extension SafeTensors {
  /// Reads a file.
  ///
  /// - Throws: `TensorFileError` naming the file and the tensor.
  public init(contentsOf file: URL) throws(TensorFileError) {
    let data: Data
    do {
      data = try Data(contentsOf: file)
    } catch {
      throw .inaccessible(file: file.path, reason: error.localizedDescription)
    }
    try self.init(data, file: file.path)
  }

  /// Reads the bytes of a file; `file` is what errors call it.
  public init(_ data: Data, file: String = "safetensors") throws(TensorFileError) {
    let bytes = [UInt8](data)
    func fail(_ reason: String) -> TensorFileError { .malformed(file: file, reason: reason) }
    guard bytes.count >= 8 else { throw fail("\(bytes.count) bytes") }
    let length = bytes[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(bytes.count - 8) else {
      throw fail("a header of \(length) bytes in a file of \(bytes.count)")
    }
    let start = 8 + Int(length)
    let parsed = try? JSONSerialization.jsonObject(with: Data(bytes[8..<start]))
    guard var entries = parsed as? [String: Any] else {
      throw fail("the header is not a JSON object")
    }
    metadata = [:]
    if let remarks = entries.removeValue(forKey: "__metadata__") {
      guard let remarks = remarks as? [String: String] else {
        throw fail("__metadata__ does not consist of strings")
      }
      metadata = remarks
    }
    tensors = [:]
    var covered: [(range: Range<Int>, name: String)] = []
    for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {
      let tensor = try Entry(entry, file: file, name: name)
      guard tensor.offsets.upperBound <= bytes.count - start else {
        throw .wrongEntry(
          file: file, tensor: name,
          reason: "its data end at byte \(tensor.offsets.upperBound) of \(bytes.count - start)")
      }
      tensors[name] = tensor.tensor(bytes[(start + tensor.offsets.lowerBound)...])
      covered.append((tensor.offsets, name))
    }
    // The format wants the data without holes and overlaps.
    covered.sort {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
    var end = 0
    for (range, name) in covered {
      guard range.lowerBound == end else {
        throw .wrongEntry(
          file: file, tensor: name,
          reason: "its data begin at byte \(range.lowerBound), those before end at \(end)")
      }
      end = range.upperBound
    }
    guard end == bytes.count - start else {
      throw fail("\(bytes.count - start - end) bytes after the last tensor")
    }
  }

  /// One entry of the header.
  private struct Entry {
    let dtype: DType
    let shape: [Int]
    let offsets: Range<Int>

    init(_ entry: Any, file: String, name: String) throws(TensorFileError) {
      func fail(_ reason: String) -> TensorFileError {
        .wrongEntry(file: file, tensor: name, reason: reason)
      }
      guard let members = entry as? [String: Any], let type = members["dtype"] as? String,
        let shape = members["shape"] as? [Int], let offsets = members["data_offsets"] as? [Int]
      else { throw fail("dtype, shape or data_offsets is missing or not of its kind") }
      switch type {
      case "F32": dtype = .float32
      case "F64": dtype = .float64
      default: throw fail("the type \(type) is not supported, only F32 and F64")
      }
      var count = 1
      for length in shape {
        let (product, overflow) = count.multipliedReportingOverflow(by: length)
        guard length >= 0, !overflow else { throw fail("the shape \(shape)") }
        count = product
      }
      guard offsets.count == 2, 0 <= offsets[0], offsets[0] <= offsets[1] else {
        throw fail("the offsets \(offsets)")
      }
      let (size, overflow) = count.multipliedReportingOverflow(by: dtype.byteCount)
      guard !overflow, offsets[1] - offsets[0] == size else {
        throw fail("\(offsets[1] - offsets[0]) bytes for the shape \(shape) of \(type)")
      }
      self.shape = shape
      self.offsets = offsets[0]..<offsets[1]
    }

    func tensor(_ bytes: ArraySlice<UInt8>) -> Tensor {
      let size = dtype.byteCount
      func pattern<Word: FixedWidthInteger>(_ index: Int) -> Word {
        let first = bytes.startIndex + index * size
        return bytes[first..<first + size].reversed().reduce(0) { $0 << 8 | Word($1) }
      }
      let count = shape.reduce(1, *)
      switch dtype {
      case .float32:
        return Tensor((0..<count).map { Float(bitPattern: pattern($0)) }, shape: shape)
      case .float64:
        return Tensor((0..<count).map { Double(bitPattern: pattern($0)) }, shape: shape)
      }
    }
  }
}

// MARK: - Structures

extension TensorStructure {
  /// Writes all tensors to a safetensors file, under their names in the structure (`layers.0.weight`).
  ///
  /// - Throws: `TensorFileError` if the file cannot be written or two tensors have one name.
  public func save(to file: URL, metadata: [String: String] = [:]) throws(TensorFileError) {
    var named: [String: Tensor] = [:]
    for (name, tensor) in zip(leafNames, leaves) {
      guard named.updateValue(tensor, forKey: name) == nil else { throw .repeatedName(name) }
    }
    try SafeTensors(tensors: named, metadata: metadata).write(to: file)
  }

  /// Replaces all tensors by those of a safetensors file, which must have the same names, shapes and types
  /// and no others. On an error the structure stays as it is.
  ///
  /// - Returns: the metadata of the file.
  /// - Throws: `TensorFileError` naming the file and the tensor.
  @discardableResult
  public mutating func load(from file: URL) throws(TensorFileError) -> [String: String] {
    let stored = try SafeTensors(contentsOf: file)
    var remaining = stored.tensors
    var loaded: [Tensor] = []
    for (name, current) in zip(leafNames, leaves) {
      guard let tensor = remaining.removeValue(forKey: name) else {
        throw .missing(file: file.path, tensor: name)
      }
      guard tensor.shape == current.shape else {
        throw .shape(
          file: file.path, tensor: name, expected: current.shape, actual: tensor.shape)
      }
      guard tensor.dtype == current.dtype else {
        throw .type(
          file: file.path, tensor: name, expected: "\(current.dtype)", actual: "\(tensor.dtype)")
      }
      loaded.append(tensor)
    }
    guard remaining.isEmpty else {
      throw .unexpected(file: file.path, tensors: remaining.keys.sorted())
    }
    self = replacingLeaves(with: loaded)
    return stored.metadata
  }
}
