/// Why a file of tensors could not be read or written.
public enum TensorFileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file system refused.
  case inaccessible(file: String, reason: String)
  /// The file does not follow the safetensors format.
  case malformed(file: String, reason: String)
  /// A tensor's entry in the header is wrong.
  case wrongEntry(file: String, tensor: String, reason: String)
  /// The file lacks a tensor that the structure has.
  case missing(file: String, tensor: String)
  /// The file has tensors that the structure lacks.
  case unexpected(file: String, tensors: [String])
  /// A tensor has another shape than that of the structure.
  case shape(file: String, tensor: String, expected: [Int], actual: [Int])
  /// A tensor has another type than that of the structure.
  case type(file: String, tensor: String, expected: String, actual: String)
  /// Two tensors of a structure have one name.
  case repeatedName(String)

  public var description: String {
    switch self {
    case .inaccessible(let file, let reason): "\(file): \(reason)"
    case .malformed(let file, let reason): "\(file): not a safetensors file: \(reason)"
    case .wrongEntry(let file, let tensor, let reason): "\(file): tensor \(tensor): \(reason)"
    case .missing(let file, let tensor): "\(file): there is no tensor \(tensor)"
    case .unexpected(let file, let tensors):
      "\(file): the structure has no \(tensors.joined(separator: ", "))"
    case .shape(let file, let tensor, let expected, let actual):
      "\(file): tensor \(tensor) has the shape \(actual), not \(expected)"
    case .type(let file, let tensor, let expected, let actual):
      "\(file): tensor \(tensor) has the type \(actual), not \(expected)"
    case .repeatedName(let name): "two tensors are called \(name)"
    }
  }
}
