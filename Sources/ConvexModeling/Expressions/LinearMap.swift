import Autodiff

/// A constant sparse matrix between the flattened entries of two expressions, or from parameters to the
/// data of a program: `out[row[k]] += coefficient[k] * in[column[k]]`.
///
/// It is linear, so its derivatives are it and its transpose, of any order.
struct LinearMap: Sendable {
  let outputs: Int
  let inputs: Int
  private(set) var row: [Int32] = []
  private(set) var column: [Int32] = []
  private(set) var coefficient: [Double] = []

  init(outputs: Int, inputs: Int, capacity: Int = 0) {
    self.outputs = outputs
    self.inputs = inputs
    row.reserveCapacity(capacity)
    column.reserveCapacity(capacity)
    coefficient.reserveCapacity(capacity)
  }

  /// Output k is the input `indices[k]`, times a factor.
  init(gathering indices: [Int], of inputs: Int, scale: Double = 1) {
    self.init(outputs: indices.count, inputs: inputs, capacity: indices.count)
    for (output, input) in indices.enumerated() { add(output, input, scale) }
  }

  var count: Int { row.count }

  mutating func add(_ output: Int, _ input: Int, _ value: Double) {
    row.append(Int32(output))
    column.append(Int32(input))
    coefficient.append(value)
  }

  /// Whether every output is a multiple of one input, or zero.
  var isSelection: Bool {
    guard count <= outputs else { return false }
    var isTaken = [Bool](repeating: false, count: outputs)
    for output in row {
      if isTaken[Int(output)] { return false }
      isTaken[Int(output)] = true
    }
    return true
  }

  /// What is known about the sign of the coefficients.
  var sign: Sign { Sign(coefficient) }

  /// The map applied to the last axis, from `[B, inputs]` to `[B, outputs]`.
  func callAsFunction(_ x: Tensor) -> Tensor { apply(x, transposed: false) }

  private func apply(_ x: Tensor, transposed: Bool) -> Tensor {
    primitive(
      x, { sums($0, transposed: transposed) },
      vjp: { _, _ in { apply($0, transposed: !transposed) } },
      jvp: { _, _, tangent in apply(tangent, transposed: transposed) })
  }

  private func sums(_ x: Tensor, transposed: Bool) -> Tensor {
    let (from, to) = transposed ? (outputs, inputs) : (inputs, outputs)
    let items = x.shape[0]
    precondition(x.shape == [items, from], "LinearMap: \(x.shape) x [\(from), \(to)]")
    let source = x.scalars
    var result = [Double](repeating: 0, count: items * to)
    let (reads, writes) = transposed ? (row, column) : (column, row)
    result.withUnsafeMutableBufferPointer { result in
      source.withUnsafeBufferPointer { source in
        for item in 0..<items {
          let (read, write) = (item * from, item * to)
          for k in 0..<coefficient.count {
            result[write + Int(writes[k])] += coefficient[k] * source[read + Int(reads[k])]
          }
        }
      }
    }
    return Tensor(result, shape: [items, to])
  }
}
