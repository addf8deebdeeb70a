import Autodiff
import ConvexSolvers
import DifferentiableOptimization
import OptimizationCore

/// What is minimized or maximized.
public struct Objective: Sendable {
  /// The scalar.
  public let expression: ModelExpression
  /// Whether it is maximized.
  public let isMaximized: Bool

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
  /// Whether it is a geometric program, solved in the logarithms of the variables.
  public var isGeometric: Bool { logarithms != nil }
  /// The objective as given.
  public let objective: Objective
  let compiled: CompiledProgram
  /// Of a geometric program the logarithms that stand for the variables.
  let logarithms: [(variable: Variable, logarithm: Variable)]?
  let parameters: [Parameter]

  /// Checks the rules and compiles the problem.
  ///
  /// - Parameters:
  ///   - objective: a scalar, convex to be minimized or concave to be maximized.
  ///   - method: the solver; the choice is `automatic` by default.
  ///   - geometric: whether the rules are those of log-log convex programs: all variables are positive, and
  ///     what is minimized or stands left of `<=` is a sum of products of powers, or another log-log convex
  ///     function. Parameters must be positive, with the sign `.nonnegative`. The duals are those of the
  ///     constraints' logarithms: the relative change of the optimal value per relative change of a side.
  ///   - constraints: any number of them, with `if` and `for`.
  /// - Throws: `ModelError` with all violations of the rules.
  public init(
    _ objective: Objective, method: SolutionMethod = .automatic, geometric: Bool = false,
    @ConstraintBuilder subjectTo constraints: () -> [Constraint] = { [] }
  ) throws(ModelError) {
    let constraints = constraints()
    self.constraints = constraints
    self.objective = objective
    let node = objective.expression.node
    var check = RuleCheck()
    let minimized: ModelExpression
    var compiledConstraints = constraints
    if geometric {
      let model = GeometricModel(objective, constraints, &check)
      if !check.violations.isEmpty { throw ModelError(violations: check.violations) }
      minimized = model.minimized
      compiledConstraints = model.constraints
      logarithms = model.variables
    } else {
      check.check(objective)
      for (index, constraint) in constraints.enumerated() { check.check(constraint, index) }
      if !check.violations.isEmpty { throw ModelError(violations: check.violations) }
      minimized = objective.isMaximized ? -objective.expression : objective.expression
      logarithms = nil
    }
    var refused: [Node] = []
    func program(multipliesOut: Bool) -> CompiledProgram {
      refused = []
      return CompiledProgram(
        objective: minimized.reshaped(to: []).node, constraints: compiledConstraints,
        multipliesOut: multipliesOut, refused: &refused)
    }
    var compiled = program(multipliesOut: method != .coneProgram)
    if compiled.hasProducts, compiled.dense == nil { compiled = program(multipliesOut: false) }
    self.compiled = compiled
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
    let (listed, tensors) = try arguments(values)
    return try layer(parameters: listed)(tensors)
  }

  /// Solves the problem for one set of parameters on a thread outside of Swift's concurrency pool, so that other
  /// tasks run on meanwhile; where the task is cancelled the solve ends within an iteration, with the status
  /// `cancelled`.
  public func solve(_ values: ParameterValues = [:]) async throws -> ProblemLayer.Answer {
    let (listed, tensors) = try arguments(values)
    return try await BackgroundSolve.run(isCancelled: nil) { isCancelled in
      var settings = ConeProgramSettings()
      settings.isCancelled = isCancelled
      var quadraticSettings = QuadraticProgramSettings()
      quadraticSettings.isCancelled = isCancelled
      return try self.layer(
        parameters: listed, settings: settings, quadraticSettings: quadraticSettings)(tensors)
    }
  }

  /// The parameters that have a value, and their values.
  private func arguments(_ values: ParameterValues) throws -> ([Parameter], [Tensor]) {
    let listed = values.values.map(\.parameter)
    for parameter in parameters where !listed.contains(where: { $0 === parameter }) {
      throw ParameterError.missing(parameter: parameter.name)
    }
    for parameter in listed where !parameters.contains(where: { $0 === parameter }) {
      throw ParameterError.unknown(parameter: parameter.name)
    }
    return (listed, try values.values.map { try $0.parameter.tensor($0.value) })
  }

  /// The problem as a differentiable function of tensors.
  ///
  /// - Parameters:
  ///   - parameters: the order of the arguments; all parameters that occur must be among them.
  ///   - settings: tolerances and limits of the cone solver.
  ///   - quadraticSettings: tolerances and limits of the dense quadratic program's solver.
  ///   - degenerate: what the derivative is where the solution map is not differentiable.
  /// - Throws: `ParameterError.missing` if a parameter is not listed, `.duplicate` if one is listed twice.
  public func layer(
    parameters: [Parameter], settings: ConeProgramSettings = ConeProgramSettings(),
    quadraticSettings: QuadraticProgramSettings = QuadraticProgramSettings(),
    degenerate: DegeneratePolicy = .leastNorm
  ) throws -> ProblemLayer {
    for (place, parameter) in parameters.enumerated()
    where parameters[..<place].contains(where: { $0 === parameter }) {
      throw ParameterError.duplicate(parameter: parameter.name)
    }
    for parameter in self.parameters where !parameters.contains(where: { $0 === parameter }) {
      throw ParameterError.missing(parameter: parameter.name)
    }
    return try ProblemLayer(
      self, parameters: parameters, settings: settings, quadraticSettings: quadraticSettings,
      degenerate: degenerate)
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
