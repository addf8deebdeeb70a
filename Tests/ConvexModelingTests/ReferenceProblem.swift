import Argmin
import ConvexModeling
import Testing

/// A problem with the answer of CVXPY 1.9 with Clarabel at tolerance 1e-10.
struct ReferenceProblem: Sendable, CustomTestStringConvertible {
  let name: String
  let objective: Double
  /// The values of the variables, one after the other.
  let values: [Double]
  let build: @Sendable () throws -> (problem: Problem, variables: [Variable])

  init(
    _ name: String, objective: Double, values: [Double],
    build: @escaping @Sendable () throws -> (problem: Problem, variables: [Variable])
  ) {
    self.name = name
    self.objective = objective
    self.values = values
    self.build = build
  }

  var testDescription: String { name }

  static let all = statistics + matrices
}

/// Numbers that look random: sin(1.7 i + 0.3 + s) + cos(2.9 i + s) / 2.
func entries(_ count: Int, _ seed: Double = 0) -> [Double] {
  let i = Tensor.range(count)
  let (first, second) = (i * 1.7 + (0.3 + seed), i * 2.9 + seed)
  return (sin(first) + cos(second) * 0.5).scalars
}

let A = Matrix(rows: 6, columns: 3, elements: entries(18))
let b = entries(6, 1)
let labels = entries(6, 2).map { $0 > 0 ? 1.0 : -1.0 }
let factors = Matrix(rows: 4, columns: 2, elements: entries(8, 3))
let mu = entries(4, 4)
/// `F Fᵀ + diag(0.1, 0.2, 0.3, 0.4)`.
let covariance: ModelExpression =
  factors.expression * factors.transpose
  + Matrix.diagonal([0.1, 0.2, 0.3, 0.4])
/// A symmetric matrix.
let C: ModelExpression = {
  let square = Matrix(rows: 3, columns: 3, elements: entries(9, 5)).expression
  return 0.5 * (square + square.transposed)
}()
/// The numbers of `covariance`.
let covarianceValues: Tensor =
  matmul(Tensor(factors), Tensor(factors.transpose))
  + Tensor(Matrix.diagonal([0.1, 0.2, 0.3, 0.4]))
