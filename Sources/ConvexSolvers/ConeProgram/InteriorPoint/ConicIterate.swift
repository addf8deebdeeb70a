import LinearAlgebra

/// A point, or a step, of the homogeneous embedding in the scaled item.
final class ConicIterate {
  private let buffer: AlignedBuffer
  let x: Numbers
  let z: Numbers
  let s: Numbers
  var tau = 1.0
  var kappa = 1.0
  private let variables: Int
  private let rows: Int

  init(_ layout: ConicLayout) {
    variables = layout.variables
    rows = layout.rows
    buffer = AlignedBuffer(repeating: 0, count: variables + 2 * rows)
    x = buffer.pointer
    z = x + variables
    s = z + rows
  }

  func copy(from other: ConicIterate) {
    x.update(from: other.x, count: variables + 2 * rows)
    tau = other.tau
    kappa = other.kappa
  }

  /// self += length * step.
  func add(_ step: ConicIterate, times length: Double) {
    for i in 0..<variables + 2 * rows { x[i] += length * step.x[i] }
    tau += length * step.tau
    kappa += length * step.kappa
  }
}
