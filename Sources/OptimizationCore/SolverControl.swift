/// A look into a running solve; return false from the callback to stop it.
public struct SolveProgress: Sendable {
  /// Items finished, of `items`.
  public let finished: Int
  public let items: Int
}

/// Called between chunks of a batch, from one thread at a time; returning false cancels the items that
/// have not been started.
public typealias ProgressCallback = @Sendable (SolveProgress) -> Bool

extension SolveProgress {
  package init(_ finished: Int, of items: Int) {
    self.finished = finished
    self.items = items
  }
}
