extension Tensor {
  /// The derivatives that are being taken and see the tensor change, by the order in which they began; empty
  /// for a constant.
  package var derivativeLevels: Set<Int64> {
    var levels = Set<Int64>()
    var current = trace
    while let trace = current {
      if !trace.scope.isOver { levels.insert(trace.level) }
      current = trace.lower
    }
    return levels
  }
}
