import CKernels
import LinearAlgebra
import OptimizationCore

extension QuadraticProgramBatch {
  /// Shapes, batch sizes, finite numbers and a symmetric Q, in this order.
  func validate() throws(ProblemError) {
    let n = p.count
    guard items >= 0 else { throw .batchSize(argument: "items", expected: 0, actual: items) }
    guard n > 0 else { throw .shape(argument: "p", item: nil, expected: [1], actual: [0]) }
    if let quadraticTerm { try check(quadraticTerm, "Q", [n, n]) }
    try check(G, "G", [h.count, n])
    try check(A, "A", [b.count, n])
    try checkItems(quadraticTerm?.items, "Q")
    try checkItems(p.items, "p")
    try checkItems(G.items, "G")
    try checkItems(h.items, "h")
    try checkItems(A.items, "A")
    try checkItems(b.items, "b")
    if let Q = quadraticTerm {
      try checkFinite(Q.storage, "Q", shape: [n, n], batched: Q.items != nil)
    }
    try checkFinite(p.storage, "p", shape: [n], batched: p.items != nil)
    try checkFinite(G.storage, "G", shape: [h.count, n], batched: G.items != nil)
    try checkBounds()
    try checkFinite(A.storage, "A", shape: [b.count, n], batched: A.items != nil)
    try checkFinite(b.storage, "b", shape: [b.count], batched: b.items != nil)
    guard let Q = quadraticTerm else { return }
    for item in 0..<(Q.items ?? 1) {
      try requireSymmetric(Q.pointer(item), n, argument: "Q", item: Q.items == nil ? nil : item)
    }
  }

  private func check(_ matrix: BatchedMatrix, _ name: String, _ expected: [Int])
    throws(ProblemError)
  {
    let actual = [matrix.rows, matrix.columns]
    if actual != expected {
      throw .shape(argument: name, item: nil, expected: expected, actual: actual)
    }
  }

  private func checkItems(_ count: Int?, _ name: String) throws(ProblemError) {
    if let count, count != items {
      throw .batchSize(argument: name, expected: items, actual: count)
    }
  }

  /// h may hold +infinity for absent bounds, but neither NaN nor -infinity.
  private func checkBounds() throws(ProblemError) {
    let count = h.count
    for k in 0..<h.storage.count {
      let value = h.storage.pointer[k]
      if value.isNaN || value == -.infinity {
        throw .notFinite(
          argument: "h", item: h.items == nil ? nil : k / count, index: [k % count], value: value)
      }
    }
  }
}

/// Throws where a buffer of arrays of one shape holds a number that is not finite.
func checkFinite(_ storage: AlignedBuffer, _ argument: String, shape: [Int], batched: Bool)
  throws(ProblemError)
{
  guard ck_all_finite(storage.count, storage.pointer) == 0 else { return }
  let size = shape.reduce(1, *)
  for k in 0..<storage.count where !storage.pointer[k].isFinite {
    let place = k % size
    let index = shape.count == 1 ? [place] : [place / shape[1], place % shape[1]]
    throw .notFinite(
      argument: argument, item: batched ? k / size : nil, index: index,
      value: storage.pointer[k])
  }
}

/// Largest difference between an element of a quadratic term and its mirror image, relative to the largest
/// element, that passes for rounding (of single precision, say). The mean of the two is then meant.
package let largestRelativeAsymmetry = 1e-6

/// Throws where a matrix differs from its transpose by more than `largestRelativeAsymmetry`.
func requireSymmetric(_ matrix: UnsafePointer<Double>, _ n: Int, argument: String, item: Int?)
  throws(ProblemError)
{
  guard ck_is_symmetric(n, matrix) == 0 else { return }
  let tolerance = largestRelativeAsymmetry * ck_largest(n * n, matrix)
  for i in 0..<n {
    for j in 0..<i {
      let difference = matrix[i * n + j] - matrix[j * n + i]
      if abs(difference) > tolerance {
        throw .notSymmetric(
          argument: argument, item: item, row: i, column: j, difference: difference)
      }
    }
  }
}

extension BatchedMatrix {
  /// The mean of each matrix and its transpose; the same matrices where they are symmetric to the last bit.
  var symmetricPart: BatchedMatrix {
    let n = rows
    let count = items ?? 1
    guard (0..<count).contains(where: { ck_is_symmetric(n, pointer($0)) == 0 }) else { return self }
    let result = BatchedMatrix(
      items: items, rows: n, columns: n, storage: AlignedBuffer(copying: storage))
    for item in 0..<count {
      let matrix = result.pointer(item)
      for i in 0..<n {
        for j in 0..<i {
          let mean = 0.5 * matrix[i * n + j] + 0.5 * matrix[j * n + i]
          matrix[i * n + j] = mean
          matrix[j * n + i] = mean
        }
      }
    }
    return result
  }
}
