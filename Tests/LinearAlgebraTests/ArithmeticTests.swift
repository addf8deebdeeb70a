import LinearAlgebra
import Testing
import _TestSupport

@Suite struct ArithmeticTests {
  @Test func vectors() {
    let x: Vector = [1, -2, 3]
    let y: Vector = [4, 5, -6]
    #expect((x + y).array == [5, 3, -3])
    #expect((x - y).array == [-3, -7, 9])
    #expect((-x).array == [-1, 2, -3])
    #expect((2 * x).array == [2, -4, 6])
    #expect((x * 2).array == [2, -4, 6])
    #expect((x / 2).array == [0.5, -1, 1.5])
    #expect(x.dot(y) == -24)
    var z = x
    z += y
    z -= x
    z *= 2
    z.add(x, scaledBy: 10)
    #expect(z.array == [18, -10, 18])
    #expect(x.array == [1, -2, 3])
    let sum: Vector = x + [1, 1, 1]
    #expect(sum == [2, -1, 4])
  }

  @Test func norms() {
    #expect(Vector([3, -4]).twoNorm == 5)
    #expect(Vector([3, -4]).infinityNorm == 4)
    #expect(isClose(Vector([3e200, -4e200]).twoNorm, 5e200).holds)
    #expect(isClose(Vector([3e-200, -4e-200]).twoNorm / 5e-200, 1).holds)
    #expect(Vector([]).twoNorm == 0 && Vector([]).infinityNorm == 0)
    #expect(Vector([1, .nan, 2]).infinityNorm.isNaN && Vector([1, .nan, 2]).twoNorm.isNaN)
    #expect(Vector([1, -.infinity]).infinityNorm == .infinity)
    let A: Matrix = [[1, -2], [3, 0.5]]
    #expect(A.infinityNorm == 3.5)
    #expect(A.largestElement == 3)
    #expect(isClose(A.frobeniusNorm, 14.25.squareRoot()).holds)
    #expect(Matrix([[1, .nan], [3, 0.5]]).infinityNorm.isNaN)
    #expect(A.isFinite && !Matrix([[1, .infinity]]).isFinite && Matrix([]).isFinite)
  }

  @Test func matrices() {
    let A: Matrix = [[1, 2], [3, 4], [5, 6]]
    let B: Matrix = [[1, 0, -1], [2, 1, 0]]
    #expect(A * B == [[5, 2, -1], [11, 4, -3], [17, 6, -5]])
    #expect(A * [1, -1] as Vector == [-1, -1, -1])
    #expect(A.transposeTimes([1, 1, 1] as Vector) == [9, 12])
    #expect(A.transposeTimes(A) == [[35, 44], [44, 56]])
    #expect(A + A - A == A)
    #expect(2 * A / 2 == A)
    #expect(-A == -1 * A)
    #expect(A.transpose == [[1, 3, 5], [2, 4, 6]])
  }

  @Test func emptyShapes() {
    let tall = Matrix(rows: 3, columns: 0)
    let flat = Matrix(rows: 0, columns: 3)
    #expect(tall * flat == Matrix(rows: 3, columns: 3))
    #expect(flat * tall == Matrix(rows: 0, columns: 0))
    #expect(tall * Vector([]) == Vector.zeros(3))
    #expect(flat.transposeTimes(Vector([])) == Vector.zeros(3))
    #expect(tall.transpose == flat)
    #expect(tall.infinityNorm == 0 && flat.frobeniusNorm == 0)
  }

  @Test(arguments: RandomCase.all(sizes: [1, 7, 8, 9, 33, 70]))
  func productsAgreeWithSums(_ example: RandomCase) {
    var random = example.generator
    let (m, k, n) = (example.size, example.size / 2 + 1, example.size + 3)
    let A = random.matrix(m, k)
    let B = random.matrix(k, n)
    var expected = Matrix(rows: m, columns: n)
    for i in 0..<m {
      for j in 0..<n { expected[i, j] = (0..<k).reduce(0) { $0 + A[i, $1] * B[$1, j] } }
    }
    #expect(isClose(A * B, expected).holds)
    #expect(isClose(A.transpose.transposeTimes(B), expected).holds)
    let x = random.vector(n)
    #expect(isClose(A * (B * x), expected * x).holds)
    #expect(isClose(B.transposeTimes(A.transposeTimes(Vector.zeros(m))), Vector.zeros(n)).holds)
  }

  @Test func valueSemantics() {
    let A = Matrix.identity(2)
    var B = A
    B[0, 1] = 7
    B *= 2
    #expect(A == .identity(2) && B == [[2, 14], [0, 2]])
  }
}
