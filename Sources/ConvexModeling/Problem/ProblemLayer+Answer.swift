import Autodiff
import ConvexSolvers
import DifferentiableOptimization
import OptimizationCore

extension ProblemLayer {
  /// The solutions of a batch of problems, or of one, and how far they can be trusted.
  public struct Answer: Sendable {
    enum Solved: Sendable {
      case cone(ConeProgramLayer.Answer)
      case quadratic(QuadraticProgramLayer.Answer)
    }

    let problem: Problem
    let solved: Solved
    let data: CanonicalData

    /// How the solve of each item ended; one for a single problem.
    public var statuses: [SolveStatus] {
      switch solved {
      case .cone(let answer): answer.status
      case .quadratic(let answer): answer.status
      }
    }

    /// How the solve of the first item ended.
    public var status: SolveStatus { statuses.first ?? .optimal }

    /// The items that were not solved, whose values are NaN.
    public var unsolvedItems: [Int] {
      let statuses = statuses
      return statuses.indices.filter { statuses[$0] != .optimal }
    }

    /// The residuals of each item.
    public var residuals: [Residuals] {
      switch solved {
      case .cone(let answer): answer.solution.residuals
      case .quadratic(let answer): answer.solution.residuals
      }
    }

    /// How far the derivative of each item can be trusted; costs about a derivative.
    /// - Throws: `DerivativeError` with the policy `.throwing`.
    public func derivativeCertificates() throws -> [DerivativeCertificate] {
      switch solved {
      case .cone(let answer): try answer.derivativeCertificates()
      case .quadratic(let answer): try answer.derivativeCertificates()
      }
    }

    /// The value of a variable, with its shape, after the batch axis if there is one. A variable that does
    /// not occur in the problem is a precondition failure.
    public subscript(_ variable: Variable) -> Tensor { problem.values(of: variable, in: x) }

    /// Iterations spent on each item.
    public var iterations: [Int] {
      switch solved {
      case .cone(let answer): answer.solution.iterations
      case .quadratic(let answer): answer.solution.iterations
      }
    }

    /// The optimal value in the sense of the objective, `[]` or `[B]`; NaN for unsolved items.
    public var objective: Tensor {
      let (x, c, offset) = (
        withItems(x), withItems(data.c), withItems(data(problem.compiled.offset))
      )
      var value = (c * x).sum(axis: 1) + offset.reshaped(to: [offset.shape[0]])
      let program = problem.compiled
      if program.patternOfP != nil {
        let n = program.variables
        let rows = LinearMap(gathering: program.quadraticRows, of: n)
        let columns = LinearMap(gathering: program.quadraticColumns, of: n)
        value = value + (withItems(data(program.P)) * rows(x) * columns(x)).sum(axis: 1) * 0.5
      }
      if problem.objective.isMaximized { value = -value }
      if problem.isGeometric { value = exp(value) }
      return self.x.rank == 1 && value.count == 1 ? value.reshaped(to: []) : value
    }

    /// What another solve of the problem may start from, as constants; see `ConeProgramLayer.Answer.state`.
    public var state: State {
      switch solved {
      case .cone(let answer): return answer.state
      case .quadratic(let answer):
        guard let dense = problem.compiled.dense else {
          preconditionFailure("a dense answer to a problem without dense form")
        }
        let start = answer.state
        let x = start.x
        let data = data.stoppingGradient()
        let G = data(dense.G)
        let matrix = G.reshaped(to: G.shape.dropLast() + [dense.inequalities, x.shape[x.rank - 1]])
        let Gx = matmul(matrix, x.expandingAxis(-1)).squeezingAxis(-1)
        let slack = data(dense.h) - Gx
        let equalities = Tensor.zeros(Array(x.shape.dropLast()) + [dense.equalities])
        return State(
          x: x, y: concatenate([start.nu, start.lambda], axis: x.rank - 1),
          s: concatenate([equalities, slack], axis: x.rank - 1))
      }
    }

    /// The dual of a constraint, with its shape after the batch axis.
    ///
    /// Of `a <= b` and `b >= a` it is nonnegative: if the bound is relaxed by u, the minimum falls (the
    /// maximum rises) at the rate `Σ dual · u`. Of `a == b`: if b is replaced by `b + u`, the minimum
    /// changes at the rate `-Σ dual · u` (the maximum at the opposite one), as in CVXPY. Of a semidefinite
    /// matrix it is the semidefinite matrix of multipliers. A constraint of another problem is a
    /// precondition failure.
    public func dual(of constraint: Constraint) -> Tensor {
      guard let index = problem.constraints.firstIndex(where: { $0 === constraint }) else {
        preconditionFailure("the constraint \(constraint) is not one of the problem's")
      }
      let place = problem.compiled.rows[index]
      let y = y
      let length = y.shape[y.rank - 1]
      guard place.kind == .semidefinite else {
        let map = LinearMap(
          gathering: Array(place.rows), of: length, scale: place.kind == .zero ? -1 : 1)
        return mapped(y, map, shape: constraint.shape)
      }
      let n = constraint.difference.squareSize ?? 0
      var map = LinearMap(outputs: n * n, inputs: length)
      var row = place.rows.lowerBound
      for j in 0..<n {
        for i in j..<n {
          map.add(i * n + j, row, i == j ? 1 : 0.5.squareRoot())
          if i != j { map.add(j * n + i, row, 0.5.squareRoot()) }
          row += 1
        }
      }
      return mapped(y, map, shape: constraint.shape)
    }

    private var x: Tensor {
      switch solved {
      case .cone(let answer): answer.x
      case .quadratic(let answer): answer.x
      }
    }

    /// Duals in the order of the cone program's rows: equalities first.
    private var y: Tensor {
      switch solved {
      case .cone(let answer): answer.y
      case .quadratic(let answer):
        concatenate([answer.nu, answer.lambda], axis: answer.x.rank - 1)
      }
    }

  }
}

extension Problem {
  /// The value of a variable in points of the cone program, `[n]` or `[B, n]`.
  func values(of variable: Variable, in x: Tensor) -> Tensor {
    if let found = logarithms?.first(where: { $0.variable === variable }) {
      return exp(values(of: found.logarithm, in: x))
    }
    guard let entry = compiled.columns.first(where: { $0.variable === variable }) else {
      preconditionFailure("the variable \(variable.name) does not occur in the problem")
    }
    var map = LinearMap(outputs: entry.entries.count, inputs: compiled.variables)
    for (k, column) in entry.entries.enumerated() { if let column { map.add(k, column, 1) } }
    return mapped(x, map, shape: variable.shape)
  }
}

private func withItems(_ tensor: Tensor) -> Tensor {
  tensor.rank == 1 ? tensor.reshaped(to: [1, tensor.count]) : tensor
}

private func mapped(_ tensor: Tensor, _ map: LinearMap, shape: [Int]) -> Tensor {
  let result = map(withItems(tensor))
  return result.reshaped(to: tensor.rank == 1 ? shape : [result.shape[0]] + shape)
}
