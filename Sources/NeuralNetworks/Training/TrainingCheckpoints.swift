import Autodiff
import Foundation

/// A folder in which a training is kept, so that it can be gone on from exactly where it was: the model and the
/// optimizers' states as safetensors, and a manifest.
///
/// A training with the same identity goes on from what it finds there: batches, keys and rates depend on the
/// number of the step only, so that the result has the same bits as that of an uninterrupted run. The
/// bookkeeping of early stopping begins anew.
///
///     manifest.json            {"format": 1, "identity": .., "step": .., "optimizer": .., "metadata": {..}}
///     model.safetensors        the model, by the names of its tensors
///     optimizer-0.safetensors  the state of the first optimizer, and so on
public struct TrainingCheckpoints: Sendable {
  /// The folder; made if it is missing.
  public let folder: URL
  /// One is written after every so-many steps, and at the end.
  public let every: Int
  /// What is trained: the problem, the seeds, the versions. What was written under another identity is refused.
  public let identity: String

  public init(_ folder: URL, every: Int = 1000, identity: String) {
    precondition(every > 0, "TrainingCheckpoints: every \(every) steps")
    self.folder = folder
    self.every = every
    self.identity = identity
  }

  private struct Manifest: Codable {
    var format = 1
    let identity: String
    let step: Int
    let optimizer: String
  }

  private var manifestFile: URL { folder.appendingPathComponent("manifest.json") }
  private var modelFile: URL { folder.appendingPathComponent("model.safetensors") }
  private func stateFile(_ index: Int) -> URL {
    folder.appendingPathComponent("optimizer-\(index).safetensors")
  }

  /// - Throws: `TensorFileError`.
  func save<Model: TensorStructure>(
    model: Model, states: [OptimizerState], optimizer: String, step: Int
  ) throws {
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      // While the files do not belong together there is no manifest.
      if FileManager.default.fileExists(atPath: manifestFile.path) {
        try FileManager.default.removeItem(at: manifestFile)
      }
      try model.save(to: modelFile)
      for (index, state) in states.enumerated() { try state.save(to: stateFile(index)) }
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      let manifest = Manifest(identity: identity, step: step, optimizer: optimizer)
      try encoder.encode(manifest).write(to: manifestFile, options: .atomic)
    } catch let error as TensorFileError {
      throw error
    } catch {
      throw TensorFileError.inaccessible(file: folder.path, reason: error.localizedDescription)
    }
  }

  /// What was kept, nil if nothing was.
  ///
  /// - Throws: `TensorFileError` for files that are damaged, or of another training.
  func load<Model: TensorStructure>(
    model: Model, states: [OptimizerState]
  ) throws -> (model: Model, states: [OptimizerState], step: Int)? {
    guard let data = try? Data(contentsOf: manifestFile) else { return nil }
    guard let manifest = try? JSONDecoder().decode(Manifest.self, from: data), manifest.format == 1
    else {
      throw TensorFileError.malformed(file: manifestFile.path, reason: "is no manifest of format 1")
    }
    guard manifest.identity == identity else {
      throw TensorFileError.malformed(
        file: manifestFile.path,
        reason: "belongs to \"\(manifest.identity)\", not to \"\(identity)\"")
    }
    return (
      try model.loading(modelFile),
      try states.indices.map { try states[$0].loading(stateFile($0)) }, manifest.step
    )
  }
}

extension TensorStructure {
  fileprivate func loading(_ file: URL) throws -> Self {
    var copy = self
    try copy.load(from: file)
    return copy
  }
}
