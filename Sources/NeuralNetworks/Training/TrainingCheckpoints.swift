import Autodiff
import Foundation

/// A folder in which a training is kept, so that it can be gone on from exactly where it was: the model and the
/// optimizers' states as safetensors, and a manifest.
///
/// A training with the same identity goes on from what it finds there: batches, keys and rates depend on the
/// number of the step only, so that the result has the same bits as that of an uninterrupted run. The
/// bookkeeping of early stopping begins anew.
///
///     step-1000/manifest.json   {"format": 2, "identity": .., "step": 1000, "optimizer": ..}
///     step-1000/model.safetensors        the model, by the names of its tensors
///     step-1000/optimizer-0.safetensors  the state of the first optimizer, and so on
///     lock                               held by the process that trains
///
/// A checkpoint is written beside the others and takes its name when it is complete; then the earlier ones are
/// removed. So a process that is killed, whenever that is, leaves the last complete one.
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
    var format = 2
    let identity: String
    let step: Int
    let optimizer: String
  }

  private static let prefix = "step-"
  private static let unfinished = ".unfinished"

  private func manifestFile(_ folder: URL) -> URL { folder.appendingPathComponent("manifest.json") }
  private func modelFile(_ folder: URL) -> URL {
    folder.appendingPathComponent("model.safetensors")
  }
  private func stateFile(_ folder: URL, _ index: Int) -> URL {
    folder.appendingPathComponent("optimizer-\(index).safetensors")
  }

  /// The complete checkpoints, the latest last.
  private func complete() -> [(step: Int, folder: URL)] {
    names().compactMap { name in
      guard name.hasPrefix(Self.prefix), let step = Int(name.dropFirst(Self.prefix.count)) else {
        return nil
      }
      return (step, folder.appendingPathComponent(name))
    }.sorted { $0.step < $1.step }
  }

  private func names() -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
  }

  /// - Throws: `TensorFileError`.
  func save<Model: TensorStructure>(
    model: Model, states: [OptimizerState], optimizer: String, step: Int
  ) throws {
    let files = FileManager.default
    do {
      try files.createDirectory(at: folder, withIntermediateDirectories: true)
      try FolderLock.take(folder)
      let place = folder.appendingPathComponent("\(Self.prefix)\(step)")
      let beside = folder.appendingPathComponent("\(Self.prefix)\(step)\(Self.unfinished)")
      let earlier = complete()
      // A training is determined by its identity, so what is there is the same.
      if !earlier.contains(where: { $0.step == step }) {
        if files.fileExists(atPath: beside.path) { try files.removeItem(at: beside) }
        try files.createDirectory(at: beside, withIntermediateDirectories: false)
        try model.save(to: modelFile(beside))
        for (index, state) in states.enumerated() { try state.save(to: stateFile(beside, index)) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let manifest = Manifest(identity: identity, step: step, optimizer: optimizer)
        try encoder.encode(manifest).write(to: manifestFile(beside))
        try files.moveItem(at: beside, to: place)
      }
      for other in earlier where other.step != step { try files.removeItem(at: other.folder) }
      for name in names() where name.hasSuffix(Self.unfinished) {
        try files.removeItem(at: folder.appendingPathComponent(name))
      }
    } catch let error as TensorFileError {
      throw error
    } catch {
      throw TensorFileError.inaccessible(file: folder.path, reason: error.localizedDescription)
    }
  }

  /// What was kept, nil if nothing was.
  ///
  /// - Throws: `TensorFileError` for files that are damaged, or of another training, or without a manifest, and
  ///   if another process trains in the folder.
  func load<Model: TensorStructure>(
    model: Model, states: [OptimizerState]
  ) throws -> (model: Model, states: [OptimizerState], step: Int)? {
    guard FileManager.default.fileExists(atPath: folder.path) else { return nil }
    try FolderLock.take(folder)
    guard let last = complete().last else {
      if let stray = names().first(where: { $0.hasSuffix(".safetensors") || $0 == "manifest.json" })
      {
        throw TensorFileError.malformed(
          file: folder.appendingPathComponent(stray).path,
          reason: "belongs to no complete checkpoint (a folder step-N with a manifest)")
      }
      return nil
    }
    let file = manifestFile(last.folder)
    guard let data = try? Data(contentsOf: file) else {
      throw TensorFileError.inaccessible(file: file.path, reason: "the manifest is missing")
    }
    guard let manifest = try? JSONDecoder().decode(Manifest.self, from: data),
      manifest.format == 2, manifest.step == last.step
    else {
      throw TensorFileError.malformed(file: file.path, reason: "is no manifest of format 2")
    }
    guard manifest.identity == identity else {
      throw TensorFileError.malformed(
        file: file.path,
        reason: "belongs to \"\(manifest.identity)\", not to \"\(identity)\"")
    }
    return (
      try model.loading(modelFile(last.folder)),
      try states.indices.map { try states[$0].loading(stateFile(last.folder, $0)) }, manifest.step
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
