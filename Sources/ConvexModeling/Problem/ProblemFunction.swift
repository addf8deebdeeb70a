import Autodiff
import ConvexSolvers
import OptimizationCore

/// Chosen variables and duals of a problem's solution as a differentiable function of its parameters.
public struct ProblemFunction: Sendable {
  /// The function of all that the answer holds.
  public let layer: ProblemLayer
  let variables: [Variable]
  let duals: [Constraint]

  /// The values of the variables, then the duals of the constraints, each after a batch axis if a parameter has
  /// one; NaN for items that were not solved.
  ///
  /// - Parameter values: the parameters in the layer's order; see `ProblemLayer`.
  /// - Throws: `ParameterError`, and the errors of the solvers' layers.
  public func callAsFunction(_ values: Tensor...) throws -> [Tensor] {
    let answer = try layer(values)
    return variables.map { answer[$0] } + duals.map { answer.dual(of: $0) }
  }
}

extension Problem {
  /// Chosen variables and duals as a function of tensors; what else there is to know of an answer, its status
  /// say, is left out.
  ///
  /// ```swift
  /// let weigh = try problem.layer(parameters: [returns], variables: [weights])
  /// let w = try weigh(Tensor([0.1, 0.2]))[0]
  /// ```
  ///
  /// - Throws: `ParameterError.missing` if a parameter is not listed, `ModelError` for a variable or a
  ///   constraint that the problem does not have.
  public func layer(
    parameters: [Parameter], variables: [Variable], duals: [Constraint] = [],
    settings: ConeProgramSettings = ConeProgramSettings(),
    quadraticSettings: QuadraticProgramSettings = QuadraticProgramSettings(),
    degenerate: DegeneratePolicy = .leastNorm
  ) throws -> ProblemFunction {
    for variable in variables where !has(variable) {
      throw ModelError("variables", variable.expression, "does not occur in the problem")
    }
    for constraint in duals where !constraints.contains(where: { $0 === constraint }) {
      throw ModelError(
        "duals", ModelExpression(constraint.difference),
        "\(constraint) is no constraint of the problem")
    }
    return ProblemFunction(
      layer: try layer(
        parameters: parameters, settings: settings, quadraticSettings: quadraticSettings,
        degenerate: degenerate), variables: variables, duals: duals)
  }

  private func has(_ variable: Variable) -> Bool {
    compiled.columns.contains { $0.variable === variable }
      || logarithms?.contains { $0.variable === variable } == true
  }
}

extension ModelError {
  fileprivate init(_ place: String, _ expression: ModelExpression, _ reason: String) {
    self.init(violations: [
      Violation(
        place: place, expression: expression.description, curvature: expression.curvature,
        reason: reason, suggestion: nil)
    ])
  }
}
