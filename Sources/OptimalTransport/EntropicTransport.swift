import Autodiff
import DifferentiableOptimization
import OptimizationCore

/// Entropic optimal transport between pairs of discrete measures on fixed points, by Sinkhorn's iteration in the
/// log domain (Cuturi 2013; Peyré and Cuturi 2019, section 4.4):
///
///     OT(a, b) = min over plans P of  Σ P_ij C_ij + ε KL(P | a bᵀ),   P 1 = a,  Pᵀ1 = b
///              = max over f, g of  fᵀa + gᵀb - ε Σ a_i b_j exp((f_i + g_j - C_ij) / ε) + ε
///
/// The contexts are the pairs (a, b), the problem is the dual: a point is the potential f, of which g follows by
/// one half of an iteration, and the value is minus the dual objective. So a model of f that is trained by
/// `.objective` is Meta OT (Amos, Cohen, Luise and Redko 2022). An iteration maps f to the next f.
///
/// ```swift
/// let transport = EntropicTransport(cost: squaredDistances(points, points), epsilon: 0.01)
/// let solved = try transport.solve(Pair(a, b))       // [B, n], [B, m]
/// transport.plan(solved.state, for: Pair(a, b))      // [B, n, m]
/// ```
///
/// Potentials are relative to the measures, so that they are finite on atoms of mass zero, and f is centered,
/// `fᵀa = 0`. The residual is `|P 1 - a|₁` of the centered f; columns are met exactly.
public struct EntropicTransport: IterativeMap, BoundedProblem {
  public typealias Context = Pair<Tensor, Tensor>
  public typealias Point = Tensor
  public typealias State = Tensor

  /// C, `[n, m]`.
  public var cost: Tensor
  /// ε, in the units of the cost.
  public let epsilon: Double
  /// Iterations between looks at the residual.
  public var checkInterval: Int
  private let kernel: LogKernel

  /// - Parameters:
  ///   - cost: `[n, m]`; its type is that of all computations. In float32 the residual does not get far below
  ///     1e-5.
  ///   - epsilon: the strength of the regularization; the smaller, the more iterations.
  public init(cost: Tensor, epsilon: Double, checkInterval: Int = 1) {
    precondition(
      cost.rank == 2, "EntropicTransport: a cost of shape \(cost.shape), expected [n, m]")
    precondition(epsilon > 0, "EntropicTransport: epsilon \(epsilon) is not positive")
    precondition(checkInterval > 0, "EntropicTransport: a check every \(checkInterval) iterations")
    self.cost = cost
    self.epsilon = epsilon
    self.checkInterval = checkInterval
    kernel = LogKernel(cost * (-1 / epsilon))
  }

  public var defaultTolerance: Double { 1e-3 }

  /// The other potential: g_j = -ε log Σ a_i exp((f_i - C_ij) / ε).
  public func secondPotential(_ f: Tensor, for context: Context) -> Tensor {
    kernel.product(f * (1 / epsilon) + logarithm(context.first), transposed: true) * -epsilon
  }

  /// Potentials of zero.
  public func coldStart(for context: Context) -> Tensor {
    Tensor.zeros([context.first.shape[0], cost.shape[0]], dtype: cost.dtype)
  }

  /// One iteration: g from f, then f from g, centered.
  public func step(_ f: Tensor, for context: Context) -> Tensor {
    let g = secondPotential(f, for: context)
    return centered(firstPotential(g, for: context), context)
  }

  private func firstPotential(_ g: Tensor, for context: Context) -> Tensor {
    kernel.product(g * (1 / epsilon) + logarithm(context.second), transposed: false) * -epsilon
  }

  private func centered(_ f: Tensor, _ context: Context) -> Tensor {
    f - (f * context.first).sum(axis: -1, keepsAxis: true)
      / maximum(context.first.sum(axis: -1, keepsAxis: true), 1e-30)
  }

  public func residual(of f: Tensor, for context: Context) -> Tensor {
    // A constant is of no account, but a large one takes the digits of all else with it.
    let f = centered(f, context)
    return rowError(
      f, asked: firstPotential(secondPotential(f, for: context), for: context), context)
  }

  /// - Throws: `TransportError` for masses that are negative, not finite or not the same in both measures, and for
  ///   shapes that do not fit the cost.
  public func validate(_ context: Context) throws {
    let (a, b) = (context.first, context.second)
    for (name, mass, count) in [("a", a, cost.shape[0]), ("b", b, cost.shape[1])] {
      guard mass.rank == 2, mass.shape[1] == count, mass.shape[0] == a.shape[0] else {
        throw TransportError.shape(measure: name, expected: count, actual: mass.shape)
      }
      for (place, value) in mass.scalars.enumerated() where !(value >= 0 && value.isFinite) {
        throw TransportError.mass(
          measure: name, item: place / max(count, 1), atom: place % max(count, 1), value: value)
      }
    }
    let (first, second) = (a.sum(axis: -1).scalars, b.sum(axis: -1).scalars)
    let tolerance = cost.dtype == .float32 ? 1e-4 : 1e-8
    for item in first.indices
    where abs(first[item] - second[item]) > tolerance * max(first[item], second[item]) {
      throw TransportError.unbalanced(item: item, first: first[item], second: second[item])
    }
  }

  public func stepWithResidual(_ f: Tensor, for context: Context)
    -> (next: Tensor, residual: Tensor)
  {
    let f = centered(f, context)
    let asked = firstPotential(secondPotential(f, for: context), for: context)
    return (centered(asked, context), rowError(f, asked: asked, context))
  }

  /// The rows of the plan of f and its g are `a exp((f - f') / ε)` with the potential f' that g asks for.
  private func rowError(_ f: Tensor, asked: Tensor, _ context: Context) -> Tensor {
    abs(context.first * (exp((f - asked) * (1 / epsilon)) - 1)).sum(axis: -1)
  }

  /// Minus the dual objective of f and its g.
  public func value(of f: Tensor, for context: Context) -> Tensor {
    let g = secondPotential(f, for: context)
    return -((f * context.first).sum(axis: -1) + (g * context.second).sum(axis: -1))
  }

  /// P_ij = a_i b_j exp((f_i + g_j - C_ij) / ε): `[B, n, m]`.
  public func plan(_ f: Tensor, for context: Context) -> Tensor {
    let f = centered(f, context)
    let g = secondPotential(f, for: context)
    let exponent = (f.expandingAxis(-1) + g.expandingAxis(-2) - cost) * (1 / epsilon)
    return exp(exponent) * context.first.expandingAxis(-1) * context.second.expandingAxis(-2)
  }

  /// Minus the objective of a plan that meets both measures: that of f, with its rows scaled down to theirs and
  /// what is missing added as a product (Altschuler, Weed and Rigollet 2017, algorithm 2).
  public func lowerBound(of f: Tensor, for context: Context) -> Tensor {
    let (a, b) = (context.first, context.second)
    let plan = plan(f, for: context)
    let rows = plan.sum(axis: -1)
    let scaled = plan * minimum(a / maximum(rows, 1e-300), 1).expandingAxis(-1)
    let missingRows = relu(a - scaled.sum(axis: -1))
    let missingColumns = relu(b - scaled.sum(axis: -2))
    let total = maximum(missingRows.sum(axis: -1), 1e-300).expandingAxis(-1).expandingAxis(-1)
    let met = scaled + missingRows.expandingAxis(-1) * missingColumns.expandingAxis(-2) / total
    let product = a.expandingAxis(-1) * b.expandingAxis(-2)
    let divergence =
      met * (logarithm(met) - logarithm(product))
    return -(met * cost + divergence * epsilon).sum(axes: [1, 2])
  }

  /// The potential f as a differentiable function of the measures and the cost matrix, `[B, n]`: the fixed point of
  /// the iteration, differentiated implicitly, in both modes and any order.
  ///
  /// - Throws: `TransportError.notSolved` naming the items that were not solved.
  public func potential(
    for context: Context, from start: Tensor? = nil, limits: SolutionLimits = SolutionLimits()
  ) throws -> Tensor {
    guard cost.isTraced else {
      return try fixedPoint(
        at: context, isBatched: true, residualTolerance: 1,
        of: { f, context in step(f, for: context) }
      ) { try solvedPotential(for: $0, from: start, limits) }.value
    }
    // A cost that is being differentiated is a part of the context.
    let (epsilon, checkInterval) = (epsilon, checkInterval)
    @Sendable func transport(_ cost: Tensor) -> EntropicTransport {
      EntropicTransport(cost: cost, epsilon: epsilon, checkInterval: checkInterval)
    }
    return try fixedPoint(
      at: Pair(context, cost), isBatched: true, residualTolerance: 1,
      of: { f, data in transport(data.second).step(f, for: data.first) }
    ) { try transport($0.second).solvedPotential(for: $0.first, from: start, limits) }.value
  }

  private func solvedPotential(
    for context: Context, from start: Tensor?, _ limits: SolutionLimits
  ) throws -> Tensor {
    let solved = try solve(context, from: start, limits: limits)
    guard solved.unsolvedItems.isEmpty else {
      throw TransportError.notSolved(items: solved.unsolvedItems)
    }
    // One more iteration of all, so that the smallest residuals count.
    return step(solved.state, for: context)
  }

  /// OT(a, b), `[B]`, as a differentiable function of the measures and of the cost matrix: the dual objective at the
  /// potential. Its gradient with respect to a is f up to a constant, with respect to the cost the plan.
  ///
  /// ```swift
  /// let slope = try gradient(at: cost) { cost in
  ///   try EntropicTransport(cost: cost, epsilon: 0.1).transportCost(for: context).sum()
  /// }
  /// ```
  ///
  /// - Throws: `TransportError.notSolved`.
  public func transportCost(
    for context: Context, from start: Tensor? = nil, limits: SolutionLimits = SolutionLimits()
  ) throws -> Tensor {
    -value(of: try potential(for: context, from: start, limits: limits), for: context)
  }

  private func logarithm(_ mass: Tensor) -> Tensor {
    log(maximum(mass, cost.dtype == .float32 ? 1e-37 : 1e-300))
  }
}

/// A transport that could not be computed.
public enum TransportError: Error, Sendable, Equatable, CustomStringConvertible {
  /// These items did not reach the tolerance within the iterations allowed.
  case notSolved(items: [Int])
  /// A measure that does not fit the cost: must be `[B, n]`.
  case shape(measure: String, expected: Int, actual: [Int])
  /// A mass that is negative or not finite.
  case mass(measure: String, item: Int, atom: Int, value: Double)
  /// The measures of an item have different total masses.
  case unbalanced(item: Int, first: Double, second: Double)

  public var description: String {
    switch self {
    case .shape(let measure, let expected, let actual):
      "the measure \(measure) must have the shape [items, \(expected)], got \(actual)"
    case .mass(let measure, let item, let atom, let value):
      "a mass must be finite and not negative, got \(value) for atom \(atom) of the measure "
        + "\(measure) of item \(item)"
    case .unbalanced(let item, let first, let second):
      "both measures must have the same mass, got \(first) and \(second) for item \(item)"
    case .notSolved(let items): "the transport of the items \(items) did not converge"
    }
  }
}

/// `|x_i - y_j|²`, `[n, m]`, from points `[n, d]` and `[m, d]`.
public func squaredDistances(_ x: Tensor, _ y: Tensor) -> Tensor {
  precondition(
    x.rank == 2 && y.rank == 2 && x.shape[1] == y.shape[1],
    "squaredDistances: points of shapes \(x.shape) and \(y.shape)")
  return square(x.expandingAxis(1) - y.expandingAxis(0)).sum(axis: -1)
}

/// The centers of the pixels of an image in the unit square, `[height * width, 2]`, row by row.
public func pixelCenters(height: Int, width: Int) -> Tensor {
  var coordinates: [Double] = []
  for i in 0..<height {
    for j in 0..<width {
      coordinates.append((Double(i) + 0.5) / Double(height))
      coordinates.append((Double(j) + 0.5) / Double(width))
    }
  }
  return Tensor(coordinates, shape: [height * width, 2])
}
