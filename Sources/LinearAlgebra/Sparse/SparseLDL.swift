import CLinearAlgebra

/// What a sparse LDLᵀ factorization needs to know about a pattern: the order of elimination (approximate
/// minimum degree), the elimination tree and the supernodes. Found once, shared by any number of
/// factorizations.
public final class SparseLDLAnalysis: @unchecked Sendable {
  let handle: OpaquePointer
  /// The order of the matrix.
  public let size: Int
  /// The number of entries of the upper triangle that was analyzed.
  public let entries: Int

  /// Analyzes the upper triangle of a symmetric matrix, in compressed columns with all diagonal entries.
  ///
  /// - Parameter limit: the most entries that L may have.
  /// - Returns: nil if L would have more entries than that.
  public init?(upperTriangle pattern: SparsityPattern, limit: Int = 400_000_000) {
    precondition(
      pattern.rows == pattern.columns,
      "SparseLDLAnalysis: a matrix of shape [\(pattern.rows), \(pattern.columns)]")
    for column in 0..<pattern.columns {
      let end = pattern.columnStarts[column + 1]
      precondition(
        end > pattern.columnStarts[column] && pattern.rowIndices[end - 1] == column,
        "SparseLDLAnalysis: column \(column) does not end on the diagonal")
    }
    let starts = pattern.columnStarts.map(Int64.init)
    let rows = pattern.rowIndices.map(Int32.init)
    guard let handle = la_ldl_analyze(Int32(pattern.columns), starts, rows, Int64(limit)) else {
      return nil
    }
    self.handle = handle
    size = pattern.columns
    entries = pattern.entries
  }

  deinit { la_ldl_free_analysis(handle) }

  /// Entries of L, with the zeros that merged supernodes store.
  public var factorEntries: Int { Int(la_ldl_entries(handle)) }
  /// Multiplications of one factorization.
  public var multiplications: Double { la_ldl_work(handle) }
}

/// LDLᵀ = A for sparse symmetric quasi-definite matrices, without pivoting, with a sign known for each
/// pivot: one that comes out wrong or too small is replaced, and counted.
///
/// A class with a workspace: one thread at a time. Multifrontal on supernodes; the work is that of the
/// dense fronts, done by BLAS where they are large.
public final class SparseLDL {
  /// The analysis of the pattern.
  public let analysis: SparseLDLAnalysis
  private let handle: OpaquePointer

  /// The workspace for factorizations of one pattern; nil if there is not enough memory.
  public init?(_ analysis: SparseLDLAnalysis) {
    guard let handle = la_ldl_make_factor(analysis.handle) else { return nil }
    self.analysis = analysis
    self.handle = handle
    la_use_one_thread()
  }

  deinit { la_ldl_free_factor(handle) }

  /// Factorizes the matrix with these entries.
  ///
  /// - Parameters:
  ///   - values: entries of the upper triangle in the order of the pattern.
  ///   - signs: +1 or -1, the sign of each pivot (by row of the matrix).
  ///   - threshold: pivots below it in size, or of the wrong sign, are replaced.
  ///   - replacement: the size of what they become.
  /// - Returns: the number of replaced pivots; nil if a number is NaN.
  package func factorize(
    _ values: UnsafePointer<Double>, signs: UnsafePointer<Int8>, threshold: Double,
    replacement: Double
  ) -> Int? {
    let count = la_ldl_factorize(handle, values, signs, threshold, replacement)
    return count < 0 ? nil : Int(count)
  }

  /// Replaces a right-hand side by the solution.
  package func solve(_ x: UnsafeMutablePointer<Double>) {
    la_ldl_solve(handle, x)
  }

  /// Factorizes the matrix with these entries; see the analysis for their order.
  public func factorize(
    _ values: Vector, signs: [Int], threshold: Double = 1e-13, replacement: Double = 2e-7
  ) -> Int? {
    precondition(
      values.count == analysis.entries && signs.count == analysis.size,
      "SparseLDL: \(values.count) values and \(signs.count) signs for \(analysis.entries) entries of "
        + "a matrix of order \(analysis.size)")
    let bytes = signs.map { Int8($0) }
    return values.withUnsafeBufferPointer { values in
      bytes.withUnsafeBufferPointer { signs in
        guard let values = values.baseAddress, let signs = signs.baseAddress else { return 0 }
        return factorize(values, signs: signs, threshold: threshold, replacement: replacement)
      }
    }
  }

  /// The solution of LDLᵀx = b.
  public func solve(_ b: Vector) -> Vector {
    precondition(b.count == analysis.size, "SparseLDL: [\(b.count)] for order \(analysis.size)")
    var x = b
    x.withUnsafeMutableBufferPointer { x in
      if let base = x.baseAddress { solve(base) }
    }
    return x
  }
}
