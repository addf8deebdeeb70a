import CKernels

/// Square matrices of a batch in groups of eight, interleaved for the lanes of a vector register:
/// element (i, j) of a group's items is one vector of eight doubles.
///
/// The last group is filled up with identity matrices. A matrix shared by the batch takes one group,
/// with the same matrix in every lane, which then serves each group of right-hand sides.
struct LaneMatrices: Sendable {
  static let width = Int(LANE_WIDTH)

  /// The number of matrices, or nil for one shared by the batch.
  let items: Int?
  let size: Int
  let groups: Int
  /// `[groups, n, n, 8]`
  let elements: AlignedBuffer
  /// `[groups, n, 8]`, written by a factorization.
  let inverseDiagonal: AlignedBuffer

  init(_ matrices: BatchedMatrix) {
    let n = matrices.rows
    let width = LaneMatrices.width
    items = matrices.items
    size = n
    groups = ((matrices.items ?? 1) + width - 1) / width
    elements = AlignedBuffer(uninitializedCount: groups * n * n * width, isAligned: true)
    inverseDiagonal = AlignedBuffer(uninitializedCount: groups * n * width, isAligned: true)
    let identity = AlignedBuffer(repeating: 0, count: n * n)
    for index in 0..<n { identity.pointer[index * n + index] = 1 }
    withExtendedLifetime(identity) {
      for group in 0..<groups {
        let used = items.map { min(width, $0 - group * width) } ?? width
        lane_interleave(
          n * n, used, matrices.pointer(group * width), items == nil ? 0 : n * n,
          identity.pointer, elements(group))
      }
    }
  }

  func elements(_ group: Int) -> UnsafeMutablePointer<Double> {
    elements.pointer + group * size * size * LaneMatrices.width
  }

  func inverseDiagonal(_ group: Int) -> UnsafeMutablePointer<Double> {
    inverseDiagonal.pointer + group * size * LaneMatrices.width
  }

  /// One matrix of the batch as it is now, its strict upper triangle cleared.
  func lower(_ item: Int) -> Matrix {
    precondition(
      item >= 0 && item < items ?? Int.max, "item \(item) of a batch of \(items ?? 1)")
    let width = LaneMatrices.width
    let stored = items == nil ? 0 : item
    let source = elements(stored / width) + stored % width
    var result = Matrix(rows: size, columns: size)
    result.withUnsafeMutableBufferPointer { target in
      for i in 0..<size {
        for j in 0..<i + 1 { target[i * size + j] = source[(i * size + j) * width] }
      }
    }
    return result
  }

  // MARK: Solving

  /// Solves a group in place for interleaved right-hand sides `[n, 8]`.
  typealias GroupSolve = (
    _ elements: UnsafePointer<Double>, _ inverseDiagonal: UnsafePointer<Double>,
    _ rightHandSides: UnsafeMutablePointer<Double>
  ) -> Void

  /// Solves for right-hand sides of shape `[n]`, or `[n, columns]`, per item.
  ///
  /// The result is shared if both sides are. Items for which `isFailed` get NaNs.
  func solve(
    _ rightHandSides: UnsafePointer<Double>, items other: Int?, columns: Int,
    isFailed: [Bool], by solve: GroupSolve
  ) -> (items: Int?, storage: AlignedBuffer) {
    precondition(
      items == nil || other == nil || items == other,
      "solve: a batch of \(items ?? 1) with right-hand sides for \(other ?? 1)")
    let width = LaneMatrices.width
    let resultItems = items ?? other
    let count = resultItems ?? 1
    let length = size * columns
    let result = AlignedBuffer(uninitializedCount: count * length)
    let group = AlignedBuffer(uninitializedCount: length * width, isAligned: true)
    let column = AlignedBuffer(uninitializedCount: size * width, isAligned: true)
    withExtendedLifetime((group, column)) {
      for first in stride(from: 0, to: count, by: width) {
        let used = min(width, count - first)
        let source = rightHandSides + (other == nil ? 0 : first * length)
        lane_interleave(length, used, source, other == nil ? 0 : length, source, group.pointer)
        let factor = items == nil ? 0 : first / width
        for j in 0..<columns {
          LaneMatrices.copyVectors(
            size, group.pointer + j * width, every: columns, to: column.pointer, every: 1)
          solve(elements(factor), inverseDiagonal(factor), column.pointer)
          LaneMatrices.copyVectors(
            size, column.pointer, every: 1, to: group.pointer + j * width, every: columns)
        }
        lane_deinterleave(length, used, group.pointer, result.pointer + first * length, length)
      }
    }
    for item in 0..<count where isFailed[items == nil ? 0 : item] {
      (result.pointer + item * length).update(repeating: .nan, count: length)
    }
    return (resultItems, result)
  }

  private static func copyVectors(
    _ count: Int, _ source: UnsafePointer<Double>, every sourceStep: Int,
    to target: UnsafeMutablePointer<Double>, every targetStep: Int
  ) {
    for index in 0..<count {
      (target + index * targetStep * width).update(
        from: source + index * sourceStep * width, count: width)
    }
  }
}
