import Autodiff
import Foundation

/// The JSON in front of a safetensors file: for every tensor its type, shape and place in the data, and
/// texts under `__metadata__`.
struct SafetensorsHeader: Codable {
  struct Entry: Codable {
    let dtype: String
    let shape: [Int]
    let dataOffsets: [Int]

    enum CodingKeys: String, CodingKey {
      case dtype, shape
      case dataOffsets = "data_offsets"
    }
  }

  var entries: [String: Entry] = [:]
  var metadata: [String: String] = [:]

  private static let metadataKey = "__metadata__"

  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { return nil }
  }

  init(entries: [String: Entry], metadata: [String: String]) {
    self.entries = entries
    self.metadata = metadata
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Name.self)
    for key in container.allKeys {
      if key.stringValue == Self.metadataKey {
        metadata = try container.decode([String: String].self, forKey: key)
      } else {
        entries[key.stringValue] = try container.decode(Entry.self, forKey: key)
      }
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Name.self)
    if !metadata.isEmpty {
      try container.encode(metadata, forKey: Name(stringValue: Self.metadataKey))
    }
    for (name, entry) in entries { try container.encode(entry, forKey: Name(stringValue: name)) }
  }
}

extension DecodingError {
  /// Where in the header something is wrong, and what.
  var headerReason: String {
    let context: Context
    switch self {
    case .typeMismatch(_, let found), .valueNotFound(_, let found), .dataCorrupted(let found):
      context = found
    case .keyNotFound(let key, let found):
      let path = found.codingPath.map(\.stringValue).joined(separator: ".")
      return (path.isEmpty ? "" : path + ": ") + "\(key.stringValue) is missing"
    @unknown default: return "\(self)"
    }
    let path = context.codingPath.map(\.stringValue).joined(separator: ".")
    return (path.isEmpty ? "" : path + ": ") + context.debugDescription
  }
}

extension DType {
  /// The name of the type in a header.
  var safetensorsName: String {
    switch self {
    case .float32: "F32"
    case .float64: "F64"
    }
  }

  init?(safetensorsName name: String) {
    switch name {
    case "F32": self = .float32
    case "F64": self = .float64
    default: return nil
    }
  }
}
