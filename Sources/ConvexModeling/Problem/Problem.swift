import Autodiff
import ConvexSolvers
import DifferentiableOptimization
import OptimizationCore

/// What is minimized or maximized.
public struct Objective: Sendable {
  let expression: Expression
  let isMaximized: Bool

  /// Minimizes a convex scalar.
  public static func minimize<A: ExpressionConvertible>(_ expression: A) -> Objective {
    Objective(expression: expression.expression, isMaximized: false)
  }

  /// Maximizes a concave scalar.
  public static func maximize<A: ExpressionConvertible>(_ expression: A) -> Objective {
    Objective(expression: expression.expression, isMaximized: true)
  }
}

/// By which solver a problem is solved.
public enum SolutionMethod: String, Sendable {
  /// The dense quadratic program if there are only linear constraints and the program is small, else the
  /// cone program.
  case automatic
  case denseQuadraticProgram
  case coneProgram
}

/// A convex optimization problem with parameters, checked and compiled once.
///
/// ```swift
/// let x = Variable(2), target = Parameter(2)
/// let problem = try Problem(.minimize(sumSquares(x - target))) {
///   sum(x) == 1
///   x >= 0
/// }
/// let answer = try problem.solve([target: [0.5, 1.5]])
/// answer[x]  // [0, 1]
/// ```
public struct Problem: Sendable {
  /// The solver that is used: never `.automatic`.
  public let method: SolutionMethod
  /// The constraints as given.
  public let constraints: [Constraint]
  let isMaximized: Bool
  let compiled: CompiledProgram
  let parameters: [Parameter]

  /// Checks the rules and compiles the problem.
  ///
  /// - Parameters:
  ///   - objective: a scalar, convex to be minimized or concave to be maximized.
  ///   - method: the solver; the choice is `automatic` by default.
  ///   - constraints: any number of them, with `if` and `for`.
  /// - Throws: `ModelError` with all violations of the rules.
  public init(
    _ objective: Objective, method: SolutionMethod = .automatic,
    @ConstraintBuilder subjectTo constraints: () -> [Constraint] = { [] }
  ) throws(ModelError) {
    let constraints = constraints()
    self.constraints = constraints
    isMaximized = objective.isMaximized
    let node = objective.expression.node
    var check = RuleCheck()
    check.checkScalar(node, in: "the objective")
    check.check(node, mustBe: isMaximized ? .concave : .convex, in: "the objective")
    for (index, constraint) in constraints.enumerated() {
      let place = "constraint \(index) (\(constraint))"
      check.check(
        constraint.difference, mustBe: constraint.kind == .nonnegative ? .concave : .affine,
        in: place)
      if constraint.kind == .semidefinite, constraint.difference.squareSize == nil {
        check.report(
          constraint.difference, in: place,
          reason: "only a square matrix can be semidefinite", suggestion: nil)
      }
    }
    if !check.violations.isEmpty { throw ModelError(violations: check.violations) }
    var refused: [Node] = []
    let minimized = (isMaximized ? -objective.expression : objective.expression).reshaped(to: [])
    compiled = CompiledProgram(
      objective: minimized.node, constraints: constraints, refused: &refused)
    for node in refused {
      check.report(
        node, in: "the model",
        reason: "the matrix of a quadratic form outside of the objective's sum must be numbers",
        suggestion: "pass a square root F of it as the parameter and write sumSquares(F * x)")
    }
    if method == .denseQuadraticProgram, compiled.dense == nil {
      check.report(
        node, in: "the model",
        reason: "it is no small quadratic program (cones: \(compiled.cones))",
        suggestion: "use the method .coneProgram or .automatic")
    }
    if !check.violations.isEmpty { throw ModelError(violations: check.violations) }
    self.method =
      method == .automatic
      ? (compiled.dense == nil ? .coneProgram : .denseQuadraticProgram) : method
    parameters = compiled.leaves.parameters
  }

  /// Solves the problem for one set of parameters.
  ///
  /// - Parameter values: a value for every parameter that occurs.
  /// - Throws: `ParameterError` for values that do not fit, `ProblemError` for data that the solver refuses.
  public func solve(_ values: ParameterValues = [:]) throws -> ProblemLayer.Answer {
    let listed = values.values.map(\.parameter)
    for parameter in parameters where !listed.contains(where: { $0 === parameter }) {
      throw ParameterError.missing(parameter: parameter.name)
    }
    return try layer(parameters: listed)(
      values.values.map { Tensor($0.value.node.constantValues ?? [], shape: $0.value.shape) })
  }

  /// The problem as a differentiable function of tensors.
  ///
  /// - Parameters:
  ///   - parameters: the order of the arguments; all parameters that occur must be among them.
  ///   - settings: tolerances and limits of the cone solver.
  ///   - quadraticSettings: tolerances and limits of the dense quadratic program's solver.
  ///   - degenerate: what the derivative is where the solution map is not differentiable.
  /// - Throws: `ParameterError.missing` if a parameter is not listed.
  public func layer(
    parameters: [Parameter], settings: ConeProgramSettings = ConeProgramSettings(),
    quadraticSettings: QuadraticProgramSettings = QuadraticProgramSettings(),
    degenerate: DegeneratePolicy = .leastNorm
  ) throws -> ProblemLayer {
    for parameter in self.parameters where !parameters.contains(where: { $0 === parameter }) {
      throw ParameterError.missing(parameter: parameter.name)
    }
    return try ProblemLayer(
      self, parameters: parameters, settings: settings, quadraticSettings: quadraticSettings,
      degenerate: degenerate)
  }
}

/// Values of parameters: `[price: 2, demand: [1, 2, 3]]`.
public struct ParameterValues: ExpressibleByDictionaryLiteral {
  let values: [(parameter: Parameter, value: Expression)]

  public init(dictionaryLiteral elements: (Parameter, any ExpressionConvertible)...) {
    values = elements.map { ($0.0, $0.1.expression) }
  }
}

extension [Node] {
  /// The parameters that occur in expressions, in order of appearance.
  fileprivate var parameters: [Parameter] {
    var found: [Parameter] = []
    var seen: Set<ObjectIdentifier> = []
    func visit(_ node: Node) {
      guard seen.insert(ObjectIdentifier(node)).inserted else { return }
      if case .parameter(let parameter) = node.kind,
        !found.contains(where: { $0 === parameter })
      {
        found.append(parameter)
      }
      for argument in node.arguments { visit(argument) }
    }
    for node in self { visit(node) }
    return found
  }
}
