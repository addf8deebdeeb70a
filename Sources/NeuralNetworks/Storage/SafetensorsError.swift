import Autodiff
import Foundation

/// What is wrong with a safetensors file, or with its fit to a structure.
public enum SafetensorsError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The file can't be read or written; the system's words.
  case fileAccess(file: String, reason: String)
  /// The file ends before what it announces: bytes that are there, bytes that are needed.
  case truncated(file: String, bytes: Int, needed: Int)
  /// The header is not the JSON that the format asks for.
  case badHeader(file: String, reason: String)
  /// A type of numbers other than F32 and F64.
  case unsupportedType(file: String, tensor: String, type: String)
  /// Positions of a tensor's bytes that don't belong to its shape and type.
  case badOffsets(file: String, tensor: String, begin: Int, end: Int, expectedBytes: Int)
  /// Bytes that belong to two tensors.
  case overlap(file: String, first: String, second: String)
  /// Bytes that belong to no tensor, which the format forbids, by their position in the data.
  case gap(file: String, begin: Int, end: Int)
  /// A tensor that the structure has and the file hasn't.
  case missingTensor(file: String, tensor: String)
  /// A tensor that the file has and the structure hasn't.
  case unexpectedTensor(file: String, tensor: String)
  case shapeMismatch(file: String, tensor: String, expected: [Int], actual: [Int])
  case typeMismatch(file: String, tensor: String, expected: DType, actual: DType)

  public var description: String {
    switch self {
    case .fileAccess(let file, let reason): "\(file): \(reason)"
    case .truncated(let file, let bytes, let needed):
      "\(file): \(bytes) bytes, at least \(needed) are needed"
    case .badHeader(let file, let reason): "\(file): header: \(reason)"
    case .unsupportedType(let file, let tensor, let type):
      "\(file): tensor \(tensor): type \(type) is not supported, only F32 and F64"
    case .badOffsets(let file, let tensor, let begin, let end, let expectedBytes):
      "\(file): tensor \(tensor): bytes \(begin) to \(end), its shape needs \(expectedBytes)"
    case .overlap(let file, let first, let second):
      "\(file): tensors \(first) and \(second) share bytes"
    case .gap(let file, let begin, let end):
      "\(file): bytes \(begin) to \(end) of the data belong to no tensor"
    case .missingTensor(let file, let tensor): "\(file): tensor \(tensor) is missing"
    case .unexpectedTensor(let file, let tensor):
      "\(file): tensor \(tensor) has no place in the structure"
    case .shapeMismatch(let file, let tensor, let expected, let actual):
      "\(file): tensor \(tensor): shape \(actual), expected \(expected)"
    case .typeMismatch(let file, let tensor, let expected, let actual):
      "\(file): tensor \(tensor): \(actual), expected \(expected)"
    }
  }
}
