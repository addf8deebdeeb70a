import LinearAlgebra
import Testing
import _TestSupport

/// Row-major conventions of the wrappers: triangles, sides, transposes and row distances.
@Suite struct BLASTests {
  private typealias Pointer = UnsafeMutablePointer<Double>

  private func modify(_ matrix: inout Matrix, _ body: (Pointer) -> Void) {
    matrix.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { body(base) } }
  }

  @Test(arguments: [BLAS.Transpose.none, .transposed], [BLAS.Transpose.none, .transposed])
  func gemm(_ transposeA: BLAS.Transpose, _ transposeB: BLAS.Transpose) {
    var random = SeededGenerator(seed: 1)
    let A = transposeA == .none ? random.matrix(3, 4) : random.matrix(4, 3)
    let B = transposeB == .none ? random.matrix(4, 5) : random.matrix(5, 4)
    let C = random.matrix(3, 5)
    var result = C
    modify(&result) { C in
      A.withUnsafeBufferPointer { A in
        B.withUnsafeBufferPointer { B in
          BLAS.gemm(
            transposeA, transposeB, m: 3, n: 5, k: 4, alpha: 2, A: A.baseAddress!,
            B: B.baseAddress!, beta: -1, C: C)
        }
      }
    }
    let product = (transposeA == .none ? A : A.transpose) * (transposeB == .none ? B : B.transpose)
    #expect(isClose(result, 2 * product - C).holds)
  }

  @Test func gemmOverwritesNaN() {
    var result = Matrix(rows: 20, columns: 20, repeating: .nan)
    let A = Matrix.identity(20)
    modify(&result) { C in
      A.withUnsafeBufferPointer {
        BLAS.gemm(m: 20, n: 20, k: 20, A: $0.baseAddress!, B: $0.baseAddress!, C: C)
      }
    }
    #expect(result == A)
    var y = Vector(repeating: .nan, count: 20)
    y.withUnsafeMutableBufferPointer { y in
      A.withUnsafeBufferPointer {
        BLAS.gemv(rows: 20, columns: 20, A: $0.baseAddress!, x: $0.baseAddress!, y: y.baseAddress!)
      }
    }
    #expect(y == A.row(0))
  }

  @Test(arguments: [BLAS.Transpose.none, .transposed], [BLAS.Triangle.lower, .upper])
  func syrk(_ transpose: BLAS.Transpose, _ triangle: BLAS.Triangle) {
    var random = SeededGenerator(seed: 2)
    let A = transpose == .none ? random.matrix(6, 4) : random.matrix(4, 6)
    let full = transpose == .none ? A * A.transpose : A.transposeTimes(A)
    var result = Matrix(rows: 6, columns: 6, repeating: 100)
    modify(&result) { C in
      A.withUnsafeBufferPointer {
        BLAS.syrk(transpose, triangle, n: 6, k: 4, A: $0.baseAddress!, C: C)
      }
    }
    for i in 0..<6 {
      for j in 0..<6 {
        let isWritten = triangle == .lower ? j <= i : j >= i
        #expect(isClose(result[i, j], isWritten ? full[i, j] : 100).holds)
      }
    }
  }

  @Test(
    arguments: [BLAS.Side.left, .right],
    [
      (BLAS.Triangle.lower, BLAS.Transpose.none), (.lower, .transposed), (.upper, .none),
      (.upper, .transposed),
    ])
  func trsm(_ side: BLAS.Side, _ form: (BLAS.Triangle, BLAS.Transpose)) {
    var random = SeededGenerator(seed: 3)
    let full = random.matrix(4, 4) + 4 * .identity(4)
    var T = full
    for i in 0..<4 {
      for j in 0..<4 where form.0 == .lower ? j > i : j < i { T[i, j] = 0 }
    }
    let op = form.1 == .none ? T : T.transpose
    let X = side == .left ? random.matrix(4, 3) : random.matrix(3, 4)
    var B = side == .left ? op * X : X * op
    let (rows, columns) = (B.rows, B.columns)
    modify(&B) { B in
      full.withUnsafeBufferPointer {
        BLAS.trsm(side, form.0, form.1, rows: rows, columns: columns, T: $0.baseAddress!, B: B)
      }
    }
    #expect(isClose(B, X).holds)

    let x = random.vector(4)
    var b = op * x
    b.withUnsafeMutableBufferPointer { b in
      full.withUnsafeBufferPointer {
        BLAS.trsv(form.0, form.1, n: 4, T: $0.baseAddress!, x: b.baseAddress!)
      }
    }
    #expect(isClose(b, x).holds)
  }

  @Test func upperTriangularCholeskyAndInverse() {
    var random = SeededGenerator(seed: 4)
    let A = random.positiveDefinite(7)
    var R = A
    modify(&R) { #expect(LAPACK.potrf(.upper, n: 7, A: $0) == nil) }
    for i in 0..<7 { for j in 0..<i { R[i, j] = 0 } }
    #expect(isClose(R.transposeTimes(R), A).holds)
    var inverse = R
    modify(&inverse) { #expect(LAPACK.trtri(.upper, n: 7, T: $0) == nil) }
    #expect(isClose(R * inverse, .identity(7)).holds)
    R[3, 3] = 0
    modify(&R) { #expect(LAPACK.trtri(.upper, n: 7, T: $0) == 3) }
  }

  @Test func rowDistances() {
    // The leading 2x2 block of a 3x3 matrix.
    var A: Matrix = [[4, 9, 9], [2, 3, 9], [9, 9, 9]]
    modify(&A) { #expect(LAPACK.potrf(n: 2, A: $0, lda: 3) == nil) }
    #expect(isClose(A, [[2, 9, 9], [1, 2.0.squareRoot(), 9], [9, 9, 9]]).holds)
    var b: Matrix = [[2, 7], [3, 7]]
    A.withUnsafeBufferPointer { L in
      modify(&b) { LAPACK.potrs(n: 2, columns: 1, L: L.baseAddress!, ldl: 3, B: $0, ldb: 2) }
    }
    #expect(isClose(b, [[0, 7], [1, 7]]).holds)
  }
}
