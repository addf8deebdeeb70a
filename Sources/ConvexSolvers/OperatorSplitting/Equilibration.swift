import LinearAlgebra

/// Diagonal scalings D of the variables and E of the rows after which the rows and columns of
/// `[P, Aᵀ; A, 0]` have about the same largest element (Ruiz 2001, "A scaling algorithm to equilibrate
/// both rows and columns norms in matrices").
struct Equilibration {
  /// D, shape `[n]`.
  private(set) var variables: [Double]
  /// E, shape `[m]`.
  private(set) var rows: [Double]

  /// - Parameter groups: ranges of rows that must have one common factor.
  init(P: SparseMatrix?, A: SparseMatrix, groups: [Range<Int>] = [], passes: Int = 10) {
    variables = [Double](repeating: 1, count: A.columns)
    rows = [Double](repeating: 1, count: A.rows)
    for _ in 0..<passes {
      var largestOfVariable = [Double](repeating: 0, count: A.columns)
      var largestOfRow = [Double](repeating: 0, count: A.rows)
      P?.pattern.forEachEntry { entry, i, j in
        let size = (P!.values[entry] * variables[i] * variables[j]).magnitude
        largestOfVariable[j] = max(largestOfVariable[j], size)
      }
      A.pattern.forEachEntry { entry, i, j in
        let size = (A.values[entry] * rows[i] * variables[j]).magnitude
        largestOfVariable[j] = max(largestOfVariable[j], size)
        largestOfRow[i] = max(largestOfRow[i], size)
      }
      for group in groups {
        let common = group.reduce(0) { max($0, largestOfRow[$1]) }
        for row in group { largestOfRow[row] = common }
      }
      for index in variables.indices {
        variables[index] = Self.scaled(variables[index], by: largestOfVariable[index])
      }
      for index in rows.indices { rows[index] = Self.scaled(rows[index], by: largestOfRow[index]) }
    }
  }

  private static func scaled(_ factor: Double, by largest: Double) -> Double {
    // Empty rows stay; factors beyond these bounds would spoil what little is left.
    let correction = largest < 1e-10 ? 1 : 1 / largest.squareRoot()
    return min(max(factor * correction, 1e-4), 1e4)
  }
}
