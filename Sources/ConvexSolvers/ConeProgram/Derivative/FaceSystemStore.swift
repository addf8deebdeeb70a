import Dispatch
import LinearAlgebra

/// The optimality systems of the solved items, each made when a derivative first asks for it and kept for
/// the next.
final class FaceSystemStore: @unchecked Sendable {
  private let lock = DispatchSemaphore(value: 1)
  private var systems: [ItemFaceSystem?]
  private var entries = 0

  init(items: Int) {
    systems = [ItemFaceSystem?](repeating: nil, count: items)
  }

  /// Takes the system of an item out, if there is one: it has a workspace, which two threads must not
  /// share.
  func take(_ item: Int) -> ItemFaceSystem? {
    lock.wait()
    defer { lock.signal() }
    defer { systems[item] = nil }
    return systems[item]
  }

  /// Puts a system back, unless those kept take too much memory already.
  func put(_ system: ItemFaceSystem, _ item: Int) {
    lock.wait()
    defer { lock.signal() }
    let size = system.system.pattern.analysis.factorEntries
    if systems[item] == nil, entries < 100_000_000 {
      systems[item] = system
      entries += size
    }
  }
}
