import CKernels
import Dispatch

// What all operations on batches of matrices share: shapes, checks, threads.

extension Tensor {
  /// The axes in front of the last two.
  var batchShape: [Int] { Array(shape.dropLast(2)) }

  /// The last two lengths of a matrix or a batch of matrices.
  func matrixShape(_ operation: @autoclosure () -> String) -> (rows: Int, columns: Int) {
    precondition(
      rank >= 2, "\(operation()): the shape \(shape), a matrix has at least two axes")
    return (shape[rank - 2], shape[rank - 1])
  }

  /// The number of rows of square matrices.
  func squareSize(_ operation: @autoclosure () -> String) -> Int {
    let (rows, columns) = matrixShape(operation())
    precondition(rows == columns, "\(operation()): the shape \(shape), the matrix is not square")
    return rows
  }

  /// The number of matrices.
  var items: Int { shape.dropLast(2).reduce(1, *) }

  /// Memory as doubles, for tensors of that type.
  var doubles: UnsafeMutablePointer<Double> { memory.assumingMemoryBound(to: Double.self) }
  /// Memory as single-precision numbers, for tensors of that type.
  var floats: UnsafeMutablePointer<Float> { memory.assumingMemoryBound(to: Float.self) }

  /// Throws if an element is NaN or infinite; items are of `itemSize` elements.
  func requireFinite(_ operand: String, itemSize: Int) throws(TensorLinearAlgebraError) {
    let index =
      dtype == .float64
      ? batch_first_nonfinite_f64(count, doubles) : batch_first_nonfinite_f32(count, floats)
    if index < count { throw .notFinite(operand: operand, item: index / Swift.max(itemSize, 1)) }
  }

  /// Throws if an element of a batch of matrices is NaN or infinite.
  func requireFiniteMatrices(_ operand: String) throws(TensorLinearAlgebraError) {
    try requireFinite(operand, itemSize: shape[rank - 2] * shape[rank - 1])
  }

  /// A double-precision constant that a kernel may overwrite.
  func copyInDoubles() -> Tensor {
    let result = Tensor(uninitialized: shape, dtype: .float64)
    tk_convert(typeCode, DType.float64.rawValue, count, memory, result.memory)
    return result
  }

  /// The parts of matrices below, on and above the diagonal, each times a number; a part times 0 is
  /// 0 whatever it holds. Linear, and its own transpose.
  func triangles(below: Double, on: Double, above: Double) -> Tensor {
    linear(
      self,
      { x in
        let result = Tensor(uninitializedLike: x)
        let (m, n) = (x.shape[x.rank - 2], x.shape[x.rank - 1])
        switch x.dtype {
        case .float32:
          batch_triangles_f32(x.items, m, n, below, on, above, x.floats, result.floats)
        case .float64:
          batch_triangles_f64(x.items, m, n, below, on, above, x.doubles, result.doubles)
        }
        return result
      }, transpose: { $0.triangles(below: below, on: on, above: above) })
  }

  /// (A + A')/2
  var symmetricPart: Tensor { (self + transposed()) * 0.5 }

  /// The last axis as one of length 1 behind it: a batch of vectors as matrices of one column.
  func asColumn(_ operation: @autoclosure () -> String) -> Tensor {
    precondition(rank >= 1, "\(operation()): a scalar as the vector")
    return expandingAxis(-1)
  }
}

/// Identity matrices `[batch..., size, size]`.
func identities(_ batch: [Int], _ size: Int, _ dtype: DType) -> Tensor {
  Tensor.identity(size, dtype: dtype).broadcast(to: batch + [size, size])
}

/// Brings matrices and right-hand sides to a common batch, by broadcasting. One matrix for a batch
/// of right-hand sides stays one: their columns stand beside each other (`restore` undoes it).
///
/// - Parameters:
///   - operator: `[..., n, n]` or `[..., m, n]`.
///   - columns: `[..., n, k]`.
func withCommonBatch(
  _ matrices: Tensor, _ columns: Tensor, _ operation: @autoclosure () -> String
) -> (matrices: Tensor, columns: Tensor, restore: (Tensor) -> Tensor) {
  let (batch, other) = (matrices.batchShape, columns.batchShape)
  if batch == other { return (matrices, columns, { $0 }) }
  if batch.isEmpty {
    // [batch..., n, k] -> [n, batch..., k] -> [n, batch * k]
    let rank = columns.rank
    let k = columns.shape[rank - 1]
    let folded = columns.permutingAxes([rank - 2] + Array(0..<rank - 2) + [rank - 1])
      .reshaped(to: [columns.shape[rank - 2], columns.items * k])
    return (
      matrices, folded,
      { result in
        result.reshaped(to: [result.shape[0]] + other + [k])
          .permutingAxes(Array(1..<rank - 1) + [0, rank - 1])
      }
    )
  }
  let common = broadcastShape(
    batch, other, "\(operation()): \(matrices.shape) with \(columns.shape)")
  return (
    matrices.broadcast(to: common + matrices.shape.suffix(2)),
    columns.broadcast(to: common + columns.shape.suffix(2)), { $0 }
  )
}

/// Runs `body` on ranges that cover `0..<count`, on several threads if the work is worth waking
/// them.
///
/// The ranges begin at multiples of `grain`. Items are independent, so the results are the same for
/// any number of threads.
///
/// - Parameter nanoseconds: an estimate of the work for one of the `count`.
func forEachRange(
  of count: Int, grain: Int = 1, nanoseconds: Double, _ body: (Range<Int>) -> Void
) {
  if count == 0 { return }
  let grains = (count + grain - 1) / grain
  // Waking a thread costs about ten microseconds.
  let worthwhile = Int(min(Double(count) * nanoseconds / 30_000, 16))
  let chunks = max(1, min(grains, worthwhile))
  if chunks == 1 { return body(0..<count) }
  withoutActuallyEscaping(body) { body in
    let job = SharedWork(body: body)
    DispatchQueue.concurrentPerform(iterations: chunks) { chunk in
      let begin = grains * chunk / chunks * grain
      let end = min(count, grains * (chunk + 1) / chunks * grain)
      job.body(begin..<end)
    }
  }
}

/// Work that writes to memory of which every range has its own part.
private struct SharedWork: @unchecked Sendable {
  let body: (Range<Int>) -> Void
}
