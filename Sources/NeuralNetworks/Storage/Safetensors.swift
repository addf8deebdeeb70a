import Autodiff
import Foundation

/// Named tensors with texts beside them, as a file in the format of the Python package `safetensors`.
///
/// The format: the length of the header in 8 bytes (little-endian), the header in JSON, padded with spaces
/// so that the data begin at a multiple of 8, then the elements of all tensors, row-major, without gaps.
public struct Safetensors: Sendable {
  /// By name.
  public var tensors: [String: Tensor]
  /// Texts of any kind, by name.
  public var metadata: [String: String]

  public init(tensors: [String: Tensor] = [:], metadata: [String: String] = [:]) {
    self.tensors = tensors
    self.metadata = metadata
  }

  /// What the header may take, as the Python package has it.
  private static let longestHeader = 100_000_000

  // MARK: - Writing

  /// The bytes of the file. The same tensors give the same bytes.
  public var data: Data {
    // The type with the larger elements first, so that every tensor is aligned.
    let ordered = tensors.sorted {
      ($1.value.dtype.byteCount, $0.key) < ($0.value.dtype.byteCount, $1.key)
    }
    var entries: [String: SafetensorsHeader.Entry] = [:]
    var end = 0
    for (name, tensor) in ordered {
      let begin = end
      end += tensor.count * tensor.dtype.byteCount
      entries[name] = SafetensorsHeader.Entry(
        dtype: tensor.dtype.safetensorsName, shape: tensor.shape, dataOffsets: [begin, end])
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard
      var header = try? encoder.encode(SafetensorsHeader(entries: entries, metadata: metadata))
    else { preconditionFailure("Safetensors: texts and whole numbers always are JSON") }
    header.append(contentsOf: [UInt8](repeating: 0x20, count: (8 - header.count % 8) % 8))

    var data = Data(capacity: 8 + header.count + end)
    withUnsafeBytes(of: UInt64(header.count).littleEndian) { data.append(contentsOf: $0) }
    data.append(header)
    for (_, tensor) in ordered {
      let byteCount = tensor.count * tensor.dtype.byteCount
      if byteCount > 0 {
        data.append(tensor.memory.assumingMemoryBound(to: UInt8.self), count: byteCount)
      }
    }
    return data
  }

  /// Writes a file, whole or not at all.
  public func write(to url: URL) throws(SafetensorsError) {
    do {
      try data.write(to: url, options: .atomic)
    } catch {
      throw .fileAccess(file: url.path, reason: error.localizedDescription)
    }
  }

  // MARK: - Reading

  /// Reads a file.
  public init(contentsOf url: URL) throws(SafetensorsError) {
    let data: Data
    do {
      data = try Data(contentsOf: url)
    } catch {
      throw .fileAccess(file: url.path, reason: error.localizedDescription)
    }
    try self.init(data, file: url.path)
  }

  /// Reads the bytes of a file, of which `file` is the name for errors.
  public init(_ data: Data, file: String = "safetensors") throws(SafetensorsError) {
    let bytes = [UInt8](data)
    if bytes.count < 8 { throw .truncated(file: file, bytes: bytes.count, needed: 8) }
    let announced = bytes[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    if announced > UInt64(Self.longestHeader) {
      throw .badHeader(file: file, reason: "\(announced) bytes are too many")
    }
    let start = 8 + Int(announced)
    if bytes.count < start { throw .truncated(file: file, bytes: bytes.count, needed: start) }

    let header: SafetensorsHeader
    do {
      header = try JSONDecoder().decode(SafetensorsHeader.self, from: Data(bytes[8..<start]))
    } catch let error as DecodingError {
      throw .badHeader(file: file, reason: error.headerReason)
    } catch {
      throw .badHeader(file: file, reason: error.localizedDescription)
    }
    self.init(metadata: header.metadata)
    try read(header, bytes, start, file)
  }

  private mutating func read(
    _ header: SafetensorsHeader, _ bytes: [UInt8], _ start: Int, _ file: String
  ) throws(SafetensorsError) {
    var position = 0
    var previous = ""
    let ordered = header.entries.sorted {
      let (left, right) = ($0.value.dataOffsets, $1.value.dataOffsets)
      return left == right ? $0.key < $1.key : left.lexicographicallyPrecedes(right)
    }
    for (name, entry) in ordered {
      guard let dtype = DType(safetensorsName: entry.dtype) else {
        throw .unsupportedType(file: file, tensor: name, type: entry.dtype)
      }
      let size = try Self.byteCount(entry.shape, dtype, file, name)
      guard entry.dataOffsets.count == 2 else {
        throw .badHeader(
          file: file, reason: "\(name).data_offsets: \(entry.dataOffsets) are not two positions")
      }
      let (begin, end) = (entry.dataOffsets[0], entry.dataOffsets[1])
      if begin < 0 || end < begin || end - begin != size {
        throw .badOffsets(file: file, tensor: name, begin: begin, end: end, expectedBytes: size)
      }
      if begin < position { throw .overlap(file: file, first: previous, second: name) }
      if begin > position { throw .gap(file: file, begin: position, end: begin) }
      if end > bytes.count - start {
        throw .truncated(file: file, bytes: bytes.count, needed: start + end)
      }
      let tensor = Tensor(uninitialized: entry.shape, dtype: dtype)
      bytes.withUnsafeBytes { source in
        if size > 0 {
          tensor.memory.copyMemory(from: source.baseAddress! + start + begin, byteCount: size)
        }
      }
      tensors[name] = tensor
      (position, previous) = (end, name)
    }
    if start + position < bytes.count {
      throw .gap(file: file, begin: position, end: bytes.count - start)
    }
  }

  /// The bytes of a shape, which comes from a file and may be anything.
  private static func byteCount(
    _ shape: [Int], _ dtype: DType, _ file: String, _ name: String
  ) throws(SafetensorsError) -> Int {
    var count = dtype.byteCount
    for length in shape {
      let (product, overflows) = count.multipliedReportingOverflow(by: length)
      if length < 0 || overflows {
        throw .badHeader(file: file, reason: "\(name).shape: \(shape) is not a shape")
      }
      count = product
    }
    return count
  }
}
