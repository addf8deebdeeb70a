import Autodiff

extension Problem {
  /// How the optimal value depends on what was given, the most influential first.
  public struct Sensitivities: Sendable {
    /// The derivatives of the optimal value with respect to each parameter, by largest entry.
    public let parameters: [(parameter: Parameter, gradient: Tensor)]
    /// The duals of the constraints, by largest entry: the effect of relaxing each of them.
    public let constraints: [(constraint: Constraint, dual: Tensor)]
  }

  /// Solves the problem and ranks parameters and constraints by their effect on the optimal value.
  ///
  /// - Parameter values: a value for every parameter that occurs.
  /// - Throws: as `solve`. If the problem has no solution the numbers are NaN.
  public func sensitivities(at values: ParameterValues = [:]) throws -> Sensitivities {
    let answer = try solve(values)
    let listed = values.values.map(\.parameter)
    let layer = try layer(parameters: listed)
    let given = try values.values.map { try $0.parameter.tensor($0.value) }
    let gradients =
      listed.isEmpty ? [] : try gradient(at: given) { try layer($0).objective }
    func size(_ tensor: Tensor) -> Double {
      tensor.scalars.reduce(0) { Swift.max($0, $1.magnitude) }
    }
    return Sensitivities(
      parameters: zip(listed, gradients).map { ($0, $1) }.sorted {
        size($0.gradient) > size($1.gradient)
      },
      constraints: constraints.map { ($0, answer.dual(of: $0)) }.sorted {
        size($0.dual) > size($1.dual)
      })
  }
}
