import CKernels
import LinearAlgebra

extension QuadraticProgramBatch {
  /// The batch without the rows of `NoiseRows`: inequalities lose their bound, equalities become 0x = 0. The batch
  /// itself if there are none.
  func withoutNoiseRows() -> QuadraticProgramBatch {
    if items == 0 { return self }
    let thresholds = (0..<max(G.items ?? 1, A.items ?? 1)).map { item in
      NoiseRows.entryThreshold
        * max(
          ck_largest(inequalities * variables, G.pointer(item)),
          ck_largest(equalities * variables, A.pointer(item)))
    }
    let inequalityRows = noiseRows(G, h, thresholds, isEquality: false)
    let equalityRows = noiseRows(A, b, thresholds, isEquality: true)
    if inequalityRows.isEmpty && equalityRows.isEmpty { return self }
    return replacing(
      G: Self.cleared(G, inequalityRows), h: set(h, inequalityRows, to: .infinity),
      A: Self.cleared(A, equalityRows), b: set(b, equalityRows, to: 0))
  }

  /// A row of an item's matrix, or of the matrix that all items share.
  private struct Place {
    let item: Int?
    let row: Int
  }

  /// - Parameter thresholds: of each item, or of all, what the entries of a row must not exceed to be looked at.
  private func noiseRows(
    _ matrix: BatchedMatrix, _ bounds: BatchedVector, _ thresholds: [Double], isEquality: Bool
  ) -> [Place] {
    let n = variables
    let count = bounds.count
    var found: [Place] = []
    if count == 0 { return found }
    for item in 0..<(matrix.items ?? 1) {
      let entries = matrix.pointer(item)
      for row in 0..<count {
        let size = ck_largest(n, entries + row * n)
        if size > thresholds[item] { continue }
        let owners = matrix.items == nil && bounds.items != nil ? 0..<items : item..<item + 1
        // A row of zeros with a bound that holds is no trouble.
        let isHarmless =
          size == 0
          && owners.allSatisfy {
            let bound = bounds.pointer($0)[row]
            return isEquality ? bound == 0 : bound >= 0
          }
        if isHarmless || !isNoise(entries + row * n, item) { continue }
        let isVoid = owners.allSatisfy {
          NoiseRows.isVoid(bound: bounds.pointer($0)[row], isEquality: isEquality)
        }
        if isVoid { found.append(Place(item: matrix.items == nil ? nil : item, row: row)) }
      }
    }
    return found
  }

  /// Whether every entry of a row is noise beside the other entries of its column.
  private func isNoise(_ row: UnsafePointer<Double>, _ item: Int) -> Bool {
    (0..<variables).allSatisfy { j in
      if row[j] == 0 { return true }
      var largest = 0.0
      for (matrix, count) in [(G, inequalities), (A, equalities)] where count > 0 {
        let entries = matrix.pointer(item)
        for i in 0..<count { largest = max(largest, entries[i * variables + j].magnitude) }
      }
      return row[j].magnitude <= NoiseRows.entryThreshold * largest
    }
  }

  private static func cleared(_ matrix: BatchedMatrix, _ places: [Place]) -> BatchedMatrix {
    if places.isEmpty { return matrix }
    let storage = AlignedBuffer(matrix.array)
    for place in places {
      let row = (place.item ?? 0) * matrix.rows + place.row
      (storage.pointer + row * matrix.columns).update(repeating: 0, count: matrix.columns)
    }
    return BatchedMatrix(
      items: matrix.items, rows: matrix.rows, columns: matrix.columns, storage: storage)
  }

  private func set(_ vector: BatchedVector, _ places: [Place], to value: Double)
    -> BatchedVector
  {
    if places.isEmpty { return vector }
    // Where the items have matrices of their own a row is noise for some of them only.
    let isSplit = vector.items == nil && places.contains { $0.item != nil }
    let storage = AlignedBuffer(
      isSplit ? (0..<items).flatMap { _ in vector.array } : vector.array)
    let copies = isSplit ? items : vector.items
    for place in places {
      for item in place.item.map({ $0..<$0 + 1 }) ?? 0..<(copies ?? 1) {
        storage.pointer[item * vector.count + place.row] = value
      }
    }
    return BatchedVector(items: copies, count: vector.count, storage: storage)
  }
}
