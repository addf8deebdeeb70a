import Foundation

/// Keeps two processes from writing to one folder: the first that asks holds the lock until it ends, however it
/// ends.
package enum FolderLock {
  private static let held = HeldLocks()

  /// Takes the lock of a folder, which must exist; does nothing if this process has it.
  ///
  /// - Throws: `TensorFileError.inaccessible` if another process has it.
  package static func take(_ folder: URL) throws(TensorFileError) {
    try held.take(folder)
  }
}

private final class HeldLocks: @unchecked Sendable {
  private let lock = NSLock()
  private var descriptors: [String: Int32] = [:]

  func take(_ folder: URL) throws(TensorFileError) {
    let path = folder.appendingPathComponent("lock").path
    lock.lock()
    defer { lock.unlock() }
    // A folder that was removed and made anew has a lock file of its own.
    if let held = descriptors[path] {
      if isSame(held, path) { return }
      close(held)
      descriptors[path] = nil
    }
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw .inaccessible(file: path, reason: String(cString: strerror(errno)))
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw .inaccessible(file: folder.path, reason: "is in use by another process")
    }
    descriptors[path] = descriptor
  }

  private func isSame(_ descriptor: Int32, _ path: String) -> Bool {
    var (own, now) = (stat(), stat())
    return fstat(descriptor, &own) == 0 && stat(path, &now) == 0 && own.st_ino == now.st_ino
      && own.st_dev == now.st_dev
  }
}
