import LinearAlgebra
import OptimizationCore

extension ConeProgramBatch {
  /// Checks that the quadratic terms are positive semidefinite, by a factorization of P + δI with a small δ.
  ///
  /// - Throws: `ProblemError.notPositiveSemidefinite`.
  func checkConvexity() throws(ProblemError) {
    guard let P, P.pattern.entries > 0 else { return }
    var builder = TriangleBuilder(size: variables)
    P.pattern.visit { row, column, _ in
      if row <= column { builder.add(row, column) } else { builder.add(-1, -1) }
    }
    for variable in 0..<variables { builder.add(variable, variable) }
    let (pattern, places) = builder.finish()
    // A term too large to be factorized alone is too large for the solve as well, which will say so.
    guard let analysis = SparseLDLAnalysis(upperTriangle: pattern),
      let factor = SparseLDL(analysis)
    else { return }
    let values = AlignedBuffer(uninitializedCount: pattern.entries)
    let signs = [Int8](repeating: 1, count: variables)
    for item in 0..<(P.items ?? 1) {
      let numbers = P.values.pointer(item)
      var largest = 0.0
      values.pointer.update(repeating: 0, count: pattern.entries)
      for entry in 0..<P.pattern.entries where places[entry] >= 0 {
        values.pointer[Int(places[entry])] += numbers[entry]
        largest = max(largest, numbers[entry].magnitude)
      }
      if largest == 0 { continue }
      let shift = 1e-9 * largest
      for variable in 0..<variables {
        values.pointer[Int(places[P.pattern.entries + variable])] += shift
      }
      let replaced = factor.factorize(
        values.pointer, signs: signs, threshold: 1e-3 * shift, replacement: shift)
      if replaced != 0 {
        throw .notPositiveSemidefinite(
          argument: "P", item: P.items.map { _ in item }, shift: shift)
      }
    }
  }
}
