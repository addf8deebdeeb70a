import Autodiff
import Foundation

/// Saves the tensors of a structure under their names as a safetensors file, which the Python package
/// `safetensors` reads too. A structure that is a tensor itself gets the name `tensor`.
///
/// - Parameter metadata: texts to go with them, such as the sizes of a network.
public func saveParameters<Structure: TensorStructure>(
  _ structure: Structure, to url: URL, metadata: [String: String] = [:]
) throws(SafetensorsError) {
  let names = storedNames(structure)
  var file = Safetensors(metadata: metadata)
  for (name, tensor) in zip(names, structure.leaves) {
    precondition(
      file.tensors.updateValue(tensor, forKey: name) == nil,
      "saveParameters: two tensors of the name \(name)")
  }
  try file.write(to: url)
}

/// Loads the tensors of a structure from a safetensors file.
///
/// The file must have exactly the structure's names, each with its shape and type; else an error says
/// which doesn't fit and the structure stays as it is.
///
/// - Returns: the texts that were saved with them.
@discardableResult
public func loadParameters<Structure: TensorStructure>(
  into structure: inout Structure, from url: URL
) throws(SafetensorsError) -> [String: String] {
  let file = try Safetensors(contentsOf: url)
  var tensors: [Tensor] = []
  let names = storedNames(structure)
  for (name, leaf) in zip(names, structure.leaves) {
    guard let tensor = file.tensors[name] else {
      throw .missingTensor(file: url.path, tensor: name)
    }
    if tensor.shape != leaf.shape {
      throw .shapeMismatch(
        file: url.path, tensor: name, expected: leaf.shape, actual: tensor.shape)
    }
    if tensor.dtype != leaf.dtype {
      throw .typeMismatch(
        file: url.path, tensor: name, expected: leaf.dtype, actual: tensor.dtype)
    }
    tensors.append(tensor)
  }
  if let name = Set(file.tensors.keys).subtracting(names).min() {
    throw .unexpectedTensor(file: url.path, tensor: name)
  }
  structure = structure.replacingLeaves(with: tensors)
  return file.metadata
}

private func storedNames<Structure: TensorStructure>(_ structure: Structure) -> [String] {
  structure.leafNames.map { $0.isEmpty ? "tensor" : $0 }
}
