import Autodiff
import ConvexSolvers
import DifferentiableOptimization
import LinearAlgebra
import OptimizationCore

/// The solution of a problem as a differentiable function of its parameters.
///
/// Every argument is float64 and has the shape of its parameter, or one more leading axis if it is given per
/// item; without it, it is shared by the batch and its gradient is the sum over the items. An item that was
/// not solved is NaN and does not touch the others.
public struct ProblemLayer: Sendable {
  let problem: Problem
  let optimality: ConeProgramOptimality
  private let parameters: [Parameter]
  private let cone: ConeProgramLayer
  private let quadratic: QuadraticProgramLayer

  init(
    _ problem: Problem, parameters: [Parameter], settings: ConeProgramSettings,
    quadraticSettings: QuadraticProgramSettings, degenerate: DegeneratePolicy
  ) throws {
    self.problem = problem
    self.parameters = parameters
    cone = try ConeProgramLayer(
      P: problem.compiled.patternOfP, A: problem.compiled.patternOfA,
      cones: problem.compiled.cones, settings: settings, degenerate: degenerate)
    quadratic = QuadraticProgramLayer(settings: quadraticSettings, degenerate: degenerate)
    optimality = ConeProgramOptimality(
      P: problem.compiled.patternOfP, A: problem.compiled.patternOfA, cones: problem.compiled.cones)
  }

  /// The tolerance of the solver that is used.
  var tolerance: Double {
    problem.method == .denseQuadraticProgram
      ? quadratic.settings.relativeTolerance : cone.settings.relativeTolerance
  }

  /// Primal and dual solution of the cone program that the problem was turned into, and its slack: what another
  /// solve of the same problem may start from. The rows are in the order of the cones.
  public typealias State = ConeProgramLayer.State

  /// Solves the problem for each item; see the other form.
  public func callAsFunction(_ values: Tensor..., warmStart: State? = nil) throws -> Answer {
    try callAsFunction(values, warmStart: warmStart)
  }

  /// Solves the problem for each item.
  ///
  /// - Parameters:
  ///   - values: the parameters in the layer's order.
  ///   - warmStart: a guess: the `state` of an answer to the same problem with other values and as many items,
  ///     or a predicted one; it pays where the solutions are near each other.
  /// - Throws: `ParameterError`, and the errors of the solvers' layers.
  public func callAsFunction(_ values: [Tensor], warmStart: State? = nil) throws -> Answer {
    try solve(values, warmStart: warmStart, limits: SolutionLimits())
  }

  func solve(_ values: [Tensor], warmStart: State?, limits: SolutionLimits) throws -> Answer {
    let data = try canonicalData(values)
    let program = problem.compiled
    let c = data.c
    let solved: Answer.Solved
    if problem.method == .denseQuadraticProgram, let dense = program.dense {
      func matrix(_ map: DataMap, rows: Int) -> Tensor {
        let flat = data(map)
        return flat.reshaped(to: flat.shape.dropLast() + [rows, program.variables])
      }
      let hasG = dense.inequalities > 0
      let hasA = dense.equalities > 0
      var layer = quadratic
      if let tolerance = limits.tolerance { layer.settings.relativeTolerance = tolerance }
      if let most = limits.maximumIterations { layer.settings.maximumIterations = most }
      if let progress = limits.progress { layer.settings.progress = progress }
      solved = .quadratic(
        try layer(
          Q: dense.Q.map { matrix($0, rows: program.variables) }, p: c,
          G: hasG ? matrix(dense.G, rows: dense.inequalities) : nil,
          h: hasG ? data(dense.h) : nil,
          A: hasA ? matrix(dense.A, rows: dense.equalities) : nil,
          b: hasA ? data(dense.b) : nil,
          warmStart: warmStart.map { QuadraticProgramLayer.State($0, equalities: dense.equalities) }
        ))
    } else {
      solved = .cone(
        try cone.with(limits)(
          P: program.patternOfP == nil ? nil : data(program.P), c: c, A: data(program.A),
          b: data(program.b), warmStart: warmStart))
    }
    return Answer(problem: problem, solved: solved, data: data)
  }

  /// The values of the parameters, checked, and what follows from them.
  func canonicalData(_ values: [Tensor]) throws -> CanonicalData {
    var isBatched: [ObjectIdentifier: Bool] = [:]
    let given = try checked(values, &isBatched)
    var evaluator = ParameterEvaluator(given)
    let leaves = try problem.compiled.leaves.map { leaf in
      let value = evaluator.value(of: leaf).flatItems
      try requireFinite(value, leaf)
      return value
    }
    return CanonicalData(
      program: problem.compiled, leaves: leaves,
      isBatched: problem.compiled.leaves.map { $0.dependsOnBatch(isBatched) },
      items: batchSize(values))
  }

  /// Expressions of parameters may have no value where the parameters have one.
  private func requireFinite(_ value: Tensor, _ leaf: Node) throws(ParameterError) {
    if case .parameter = leaf.kind { return }
    let numbers = value.stoppingGradient().scalars
    if let place = numbers.firstIndex(where: { !$0.isFinite }) {
      let items = value.shape.first ?? 1
      throw .undefined(
        expression: leaf.text, item: items > 1 ? place / (numbers.count / items) : nil,
        value: numbers[place])
    }
  }

  private func batchSize(_ values: [Tensor]) -> Int? {
    zip(parameters, values).first { $0.valueShape.count < $1.rank }?.1.shape[0]
  }

  private func checked(
    _ values: [Tensor], _ isBatched: inout [ObjectIdentifier: Bool]
  ) throws(ParameterError) -> [ObjectIdentifier: Tensor] {
    guard values.count == parameters.count else {
      throw .count(expected: parameters.count, actual: values.count)
    }
    var given: [ObjectIdentifier: Tensor] = [:]
    var items: Int?
    for (parameter, value) in zip(parameters, values) {
      let (name, shape) = (parameter.name, parameter.valueShape)
      guard value.dtype == .float64 else { throw .elementType(parameter: name) }
      let batched = value.rank == shape.count + 1
      guard Array(value.shape.suffix(shape.count)) == shape,
        batched || value.rank == shape.count
      else { throw .shape(parameter: name, expected: shape, actual: value.shape) }
      if batched {
        if let items, items != value.shape[0] {
          throw .batchSize(parameter: name, expected: items, actual: value.shape[0])
        }
        items = value.shape[0]
      }
      let size = shape.reduce(1, *)
      for (place, number) in value.stoppingGradient().scalars.enumerated() {
        let item = batched ? place / size : nil
        guard number.isFinite else { throw .notFinite(parameter: name, item: item, value: number) }
        let isWrong =
          parameter.sign.isNonnegative && number < 0 || parameter.sign.isNonpositive && number > 0
        if isWrong {
          throw .sign(parameter: name, item: item, expected: parameter.sign, value: number)
        }
      }
      switch parameter.structure {
      case .semidefinite: try requireSemidefinite(value, name, batched)
      case .symmetric: try requireSymmetric(value, name, batched)
      case .full, .diagonal, .sparse: break
      }
      isBatched[ObjectIdentifier(parameter)] = batched
      given[ObjectIdentifier(parameter)] =
        batched ? value : value.reshaped(to: [1] + shape)
    }
    return given
  }
}

/// The matrices `[n, n]` or `[B, n, n]` are symmetric up to rounding.
private func requireSymmetric(
  _ value: Tensor, _ name: String, _ isBatched: Bool
) throws(ParameterError) {
  let n = value.shape[value.rank - 1]
  let numbers = value.stoppingGradient().scalars
  guard n > 0 else { return }
  for start in stride(from: 0, to: numbers.count, by: n * n) {
    let scale = numbers[start..<start + n * n].reduce(0) { Swift.max($0, $1.magnitude) }
    for i in 0..<n {
      for j in 0..<i {
        let difference = numbers[start + i * n + j] - numbers[start + j * n + i]
        guard difference.magnitude <= 1e-8 * scale else {
          throw .notSymmetric(
            parameter: name, item: isBatched ? start / (n * n) : nil, row: i, column: j,
            difference: difference)
        }
      }
    }
  }
}

/// The matrices `[n, n]` or `[B, n, n]` are positive semidefinite up to rounding.
private func requireSemidefinite(
  _ value: Tensor, _ name: String, _ isBatched: Bool
) throws(ParameterError) {
  try requireSymmetric(value, name, isBatched)
  let n = value.shape[value.rank - 1]
  let numbers = value.stoppingGradient().scalars
  guard n > 0 else { return }
  for start in stride(from: 0, to: numbers.count, by: n * n) {
    var matrix = Matrix(rows: n, columns: n, elements: Array(numbers[start..<start + n * n]))
    let scale = numbers[start..<start + n * n].reduce(0) { Swift.max($0, $1.magnitude) }
    for i in 0..<n { matrix[i, i] += 1e-9 * (scale + 1e-300) * Double(n) }
    guard scale == 0 || (try? Cholesky(matrix)) != nil else {
      throw .notSemidefinite(parameter: name, item: isBatched ? start / (n * n) : nil)
    }
  }
}

extension Node {
  /// Whether a parameter that is given per item occurs.
  fileprivate func dependsOnBatch(_ isBatched: [ObjectIdentifier: Bool]) -> Bool {
    if case .parameter(let parameter) = kind {
      return isBatched[ObjectIdentifier(parameter)] ?? false
    }
    return arguments.contains { $0.dependsOnBatch(isBatched) }
  }
}
