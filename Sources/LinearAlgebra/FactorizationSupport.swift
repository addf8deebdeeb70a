import CLinearAlgebra

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Matrix {
  /// Hands the storage of a square matrix to LAPACK, which sees the transpose. Does nothing, and returns
  /// 0, for an empty matrix.
  mutating func withColumnMajorSquare(
    _ body: (la_int, UnsafeMutablePointer<Double>) -> la_int
  ) -> la_int {
    let size = la_int(rows)
    guard size > 0 else { return 0 }
    return withUnsafeMutableBufferPointer { body(size, $0.baseAddress!) }
  }
}

/// Solves for the columns of B `[size, k]`, which LAPACK wants contiguous.
func solveColumns(
  _ rightHandSides: Matrix, size: Int, _ body: (UnsafeMutablePointer<Double>, Int) -> Void
) -> Matrix {
  precondition(
    rightHandSides.rows == size,
    "solve: [\(size), \(size)] and [\(rightHandSides.rows), \(rightHandSides.columns)]")
  var columns = rightHandSides.transpose
  columns.withUnsafeMutableBufferPointer {
    if let base = $0.baseAddress { body(base, rightHandSides.columns) }
  }
  return columns.transpose
}

func logarithm(_ x: Double) -> Double { log(x) }
