import LinearAlgebra
import OptimizationCore

extension ConeProduct {
  /// Checks that the sizes are not negative and the exponents mean something.
  func validate() throws(ProblemError) {
    let counts =
      [zero, free, nonnegative, exponential, dualExponential] + secondOrder + semidefinite
    if let negative = counts.first(where: { $0 < 0 }) {
      throw .cone(reason: "has a negative size, \(negative)")
    }
    for (index, exponent) in power.enumerated() {
      let size = exponent.magnitude
      guard size > 0, size < 1 else {
        throw .cone(
          reason: "power[\(index)] is \(exponent); exponents lie in (-1, 1) and are not zero")
      }
    }
  }
}

extension ConeProgramBatch {
  /// Checks shapes, numbers and symmetry.
  func validate() throws(ProblemError) {
    let n = variables
    let m = cones.rows
    if let P, P.pattern.rows != n || P.pattern.columns != n {
      throw .shape(
        argument: "P", item: nil, expected: [n, n], actual: [P.pattern.rows, P.pattern.columns])
    }
    guard b.count == m else {
      throw .shape(argument: "b", item: nil, expected: [m], actual: [b.count])
    }
    guard A.pattern.rows == m, A.pattern.columns == n else {
      throw .shape(
        argument: "A", item: nil, expected: [m, n], actual: [A.pattern.rows, A.pattern.columns])
    }
    let counts = [("P", P?.items), ("c", c.items), ("A", A.items), ("b", b.items)]
    for case (let argument, let count?) in counts where count != items {
      throw .batchSize(argument: argument, expected: items, actual: count)
    }
    if let P { try checkFinite(P.values, "P") { P.pattern.index(of: $0) } }
    try checkFinite(c, "c") { [$0] }
    try checkFinite(A.values, "A") { A.pattern.index(of: $0) }
    try checkBounds()
    try checkSymmetry()
  }

  private func checkFinite(
    _ values: BatchedVector, _ argument: String, index: (Int) -> [Int]
  ) throws(ProblemError) {
    for (place, value) in UnsafeBufferPointer(
      start: values.storage.pointer, count: values.storage.count
    ).enumerated() where !value.isFinite {
      let count = max(values.count, 1)
      throw .notFinite(
        argument: argument, item: values.items.map { _ in place / count },
        index: index(place % count), value: value)
    }
  }

  /// Infinities are absent bounds in nonnegative rows, and mistakes elsewhere.
  private func checkBounds() throws(ProblemError) {
    let inequalities = cones.zero + cones.free..<cones.zero + cones.free + cones.nonnegative
    for item in 0..<(b.items ?? 1) {
      let values = b.pointer(item)
      for row in 0..<rows where !values[row].isFinite {
        if inequalities.contains(row), values[row] == .infinity { continue }
        throw .notFinite(
          argument: "b", item: b.items.map { _ in item }, index: [row], value: values[row])
      }
    }
  }

  private func checkSymmetry() throws(ProblemError) {
    guard let P else { return }
    let pattern = P.pattern
    let mirror = structure.mirrorOfP
    for item in 0..<(P.items ?? 1) {
      let values = P.values.pointer(item)
      var largest = 0.0
      for entry in 0..<pattern.entries { largest = max(largest, values[entry].magnitude) }
      for entry in 0..<pattern.entries {
        let other = mirror[entry] < 0 ? 0 : values[mirror[entry]]
        let difference = (values[entry] - other).magnitude
        if difference > largestRelativeAsymmetry * largest {
          let index = pattern.index(of: entry)
          throw .notSymmetric(
            argument: "P", item: P.items.map { _ in item }, row: index[0], column: index[1],
            difference: difference)
        }
      }
    }
  }
}

extension ConeProgramBatch {
  /// P made symmetric, which was found to be so but for rounding.
  var symmetricQuadraticTerm: BatchedSparseMatrix? {
    guard let P else { return nil }
    let mirror = structure.mirrorOfP
    func image(_ values: UnsafePointer<Double>, _ entry: Int) -> Double {
      mirror[entry] < 0 ? 0 : values[mirror[entry]]
    }
    let isSymmetric = (0..<(P.items ?? 1)).allSatisfy { item in
      let values = P.values.pointer(item)
      return mirror.indices.allSatisfy { values[$0] == image(values, $0) }
    }
    if isSymmetric { return P }
    let storage = AlignedBuffer(copying: P.values.storage)
    let means = BatchedVector(items: P.values.items, count: P.values.count, storage: storage)
    for item in 0..<(P.items ?? 1) {
      let values = P.values.pointer(item)
      let mean = means.pointer(item)
      for entry in mirror.indices {
        mean[entry] = mirror[entry] < 0 ? 0 : 0.5 * values[entry] + 0.5 * image(values, entry)
      }
    }
    return BatchedSparseMatrix(pattern: P.pattern, values: means)
  }
}

extension SparsityPattern {
  /// Row and column of an entry.
  func index(of entry: Int) -> [Int] {
    var low = 0
    var high = columns
    while high - low > 1 {
      let middle = (low + high) / 2
      if columnStarts[middle] <= entry { low = middle } else { high = middle }
    }
    return [rowIndices[entry], low]
  }
}
