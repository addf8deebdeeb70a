import CLinearAlgebra

public struct Singular: Error {}
public struct LDLT: Sendable {
  let factored: Matrix
  let pivots: [la_int]
  public init(_ matrix: Matrix) throws {
    var a = matrix
    let n = a.rows
    var ipiv = [la_int](repeating: 0, count: max(1, n))
    var info: la_int = 0
    if n > 0 {
      a.withUnsafeMutableBufferPointer { p in
        var nn = la_int(n), lwork = la_int(64 * n)
        var work = [Double](repeating: 0, count: Int(lwork))
        var u: CChar = 76
        dsytrf_(&u, &nn, p.baseAddress!, &nn, &ipiv, &work, &lwork, &info)
      }
    }
    if info != 0 { throw Singular() }
    factored = a
    pivots = ipiv
  }
  public func solve(_ b: Vector) -> Vector {
    var x = b
    let n = factored.rows
    if n > 0 {
      x.withUnsafeMutableBufferPointer { p in
        var nn = la_int(n), one: la_int = 1, info: la_int = 0
        var u: CChar = 76
        var piv = pivots
        dsytrs_(&u, &nn, &one, factored.storage.pointer, &nn, &piv, p.baseAddress!, &nn, &info)
      }
    }
    return x
  }
}
