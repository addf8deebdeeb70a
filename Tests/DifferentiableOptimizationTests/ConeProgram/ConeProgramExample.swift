import Autodiff
import ConvexSolvers
import DifferentiableOptimization
import LinearAlgebra
import _TestSupport

/// Random programs with strictly feasible points and one kind of cone, or several.
enum ConeProgramExample: String, CaseIterable, Sendable {
  case nonnegative, equalities, secondOrder, largeSecondOrder, semidefinite, mixed

  var cones: ConeProduct {
    switch self {
    case .nonnegative: ConeProduct(nonnegative: 5)
    case .equalities: ConeProduct(zero: 1, free: 1, nonnegative: 3)
    case .secondOrder: ConeProduct(secondOrder: [3, 3])
    case .largeSecondOrder: ConeProduct(secondOrder: [6])
    case .semidefinite: ConeProduct(semidefinite: [3])
    case .mixed: ConeProduct(zero: 1, nonnegative: 2, secondOrder: [3, 1], semidefinite: [2])
    }
  }

  var variables: Int { 4 }

  /// All entries of a matrix.
  static func densePattern(rows: Int, columns: Int) -> SparsityPattern {
    SparsityPattern(
      rows: rows, columns: columns, columnStarts: (0...columns).map { $0 * rows },
      rowIndices: (0..<columns).flatMap { _ in 0..<rows })
  }

  var layer: ConeProgramLayer {
    try! ConeProgramLayer(
      P: Self.densePattern(rows: variables, columns: variables),
      A: Self.densePattern(rows: cones.rows, columns: variables), cones: cones)
  }

  /// A factor of P, c, A and b; zero is strictly feasible but for the equalities.
  func data(items: Int?, shared: Set<String> = [], seed: UInt64) -> [Tensor] {
    var random = TestGenerator(seed: seed)
    func leading(_ name: String) -> [Int] {
      shared.contains(name) ? [] : items.map { [$0] } ?? []
    }
    let n = variables
    let F = random.tensor(leading("P") + [n, n])
    let c = random.tensor(leading("c") + [n], -3, 3)
    let A = random.tensor(leading("A") + [n * cones.rows])
    var b: [Double] = []
    for _ in 0..<leading("b").reduce(1, *) {
      for (cone, rows) in cones.blocks {
        var part = rows.map { _ in random.uniform(-0.1, 0.1) }
        switch cone {
        case .nonnegative: part = part.map { 0.3 + 2 * $0 }
        case .secondOrder: part[0] += 0.5
        case .semidefinite(let order):
          var place = 0
          for column in 0..<order {
            part[place] += 0.5
            place += order - column
          }
        default: break
        }
        b += part
      }
    }
    return [F, c, A, Tensor(b, shape: leading("b") + [cones.rows])]
  }

  /// x, y and s side by side; P = F Fᵀ + I/2 stays symmetric and positive definite under any change of F.
  func solution(_ data: [Tensor], of layer: ConeProgramLayer) -> Tensor {
    let n = variables
    let P = matmul(data[0], data[0], transposeB: true) + Tensor.identity(n) * 0.5
    let answer = try! layer(
      P: P.reshaped(to: P.shape.dropLast(2) + [n * n]), c: data[1], A: data[2], b: data[3])
    precondition(answer.unsolvedItems.isEmpty, "\(answer.status)")
    return concatenate([answer.x, answer.y, answer.s], axis: -1)
  }
}
