/// Runs a condition estimator of LAPACK with its workspaces; 1 for an empty matrix.
func conditionEstimate(
  size: Int, workCount: Int,
  _ body: (UnsafeMutablePointer<Double>, UnsafeMutablePointer<LAPACK.Pivot>) -> Double
) -> Double {
  if size == 0 { return 1 }
  return withUnsafeTemporaryAllocation(of: Double.self, capacity: workCount) { work in
    withUnsafeTemporaryAllocation(of: LAPACK.Pivot.self, capacity: size) { integers in
      guard let work = work.baseAddress, let integers = integers.baseAddress else { return 0 }
      return body(work, integers)
    }
  }
}

extension Matrix {
  /// The largest row sum of magnitudes of the symmetric matrix whose lower triangle this is.
  var symmetricOneNorm: Double {
    if rows == 0 { return 0 }
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: rows) { sums in
      for i in 0..<rows {
        let row = storage.pointer + i &* columns
        var sum = 0.0
        for j in 0..<i {
          sum += row[j].magnitude
          sums[j] += row[j].magnitude
        }
        sums[i] = sum + row[i].magnitude
      }
      return sums.reduce(0, Swift.max)
    }
  }
}
