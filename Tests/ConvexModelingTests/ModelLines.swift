import Argmin
import ConvexModeling
import Testing

/// Fifty typical lines of models: what the operators accept on either side, and a guard for the time that
/// the type checker takes for them, which shows in the time that this file takes to compile.
@Suite struct ModelLines {
  @Test func areWellFormed() throws {
    let x = Variable(3), y = Variable(3), t = Variable(), X = Variable(3, 3)
    let p = Parameter(sign: .nonnegative), q = Parameter(3), M = Parameter(3, 3)
    let k = 4, d = 2.5, list = [1.0, 2, 3]
    let matrix: Matrix = [[1, 2, 3], [4, 5, 6], [7, 8, 10]]
    let tensor = Tensor([1, 2, 3])
    let vector: Vector = [1, 2, 3]
    let expressions: [any ExpressionConvertible] = [
      2 * x + 3 * y - 1,
      k * x - d * y + list,
      x / 2 + y / d - tensor,
      vector + x - q,
      matrix * x - vector,
      M * x + q,
      p * norm1(x - q),
      p * sum(pos(1 - q * (M * x))),
      dot(list, x) + dot(q, y) - t,
      sumSquares(matrix * x - list) + p * norm2(y),
      quadForm(x, matrix * matrix.transpose) + 0.5 * sumSquares(y),
      -x + 2 * (y - x) / 3,
      x[0] + x[1] - 2 * x[2],
      x[0..<2] - y[1..<3],
      X[0, 1] + X[1, 0] + trace(X),
      X.transposed * list + X * vector,
      concatenate([x, y, 1]),
      sum(exp(x)) + logSumExp(y) - sum(log(y)),
      maximum(x, 0) - minimum(y, list),
      max(abs(x - y)) + normInfinity(x),
      huber(x - q, threshold: 2),
      (p + 1) * (p + 2) * x - q / (p + 1),
      square(x - 1) + square(y + 2),
      10 - cumulativeSum(x) + differences(concatenate([x, 0])),
      exp(p) * t + log(p + 1),
    ]
    let constraints: [Constraint] = [
      x >= 0,
      0 <= y,
      x <= list,
      list >= y,
      sum(x) == 1,
      1 == sum(y),
      2 * x + k * y - 3 * x <= 9 * p + 1,
      matrix * x == vector,
      M * x + q <= tensor,
      norm2(x) <= t,
      t >= norm1(x - q) + 1,
      x[0] <= d,
      x[1..<3] == y[0..<2],
      X == X.transposed,
      X.isSemidefinite,
      (X - 1e-3 * Matrix.identity(3)).isSemidefinite,
      sumSquares(x) + sumSquares(y) <= 4,
      quadOverLin(x, t) <= p,
      sum(concatenate([x, y])) <= 3,
      x.atMost(3),
      y.atLeast(list),
      t.equals(1),
      abs(x - y) <= 0.5 * p,
      log(x) >= -2,
      sqrt(x) >= 0.1 * list,
    ]
    #expect(expressions.count == 25)
    #expect(constraints.count == 25)
    // Numbers and tensors keep their own operators.
    let integer = 1 + 2 * 3, number = 1 + 2.5 * d, sums = tensor + tensor * 2
    #expect(integer == 7 && number == 7.25 && sums.scalars == [3, 6, 9] && list == [1, 2, 3])
  }
}
