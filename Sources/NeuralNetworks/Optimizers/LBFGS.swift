import Autodiff

/// The limited-memory BFGS method (Nocedal 1980; Liu and Nocedal 1989): minimizes a function of any structure
/// of tensors from its exact values and gradients.
///
/// For smooth functions that are computed whole, not on minibatches. The arithmetic around the function is
/// float64; the result is not differentiated through.
///
/// ```swift
/// let result = LBFGS().minimize(from: Tensor([-1.2, 1])) { rosenbrock($0) }
/// result.status  // .converged
/// ```
public struct LBFGS: Sendable {
  /// How many pairs of steps and changes of the gradient are remembered.
  public var memory = 10
  /// Converged if no element of the gradient is larger.
  public var gradientTolerance = 1e-8
  public var maximumIterations = 1000
  public var lineSearch = LineSearch.strongWolfe()
  /// Called after every iteration; returning false ends the search.
  public var progress: (@Sendable (LBFGSProgress) -> Bool)?

  public init(
    memory: Int = 10, gradientTolerance: Double = 1e-8, maximumIterations: Int = 1000,
    lineSearch: LineSearch = .strongWolfe(),
    progress: (@Sendable (LBFGSProgress) -> Bool)? = nil
  ) {
    precondition(
      memory >= 0 && gradientTolerance >= 0 && maximumIterations >= 0,
      "LBFGS: memory \(memory), gradientTolerance \(gradientTolerance), "
        + "maximumIterations \(maximumIterations)")
    self.memory = memory
    self.gradientTolerance = gradientTolerance
    self.maximumIterations = maximumIterations
    self.lineSearch = lineSearch
    self.progress = progress
  }

  /// Minimizes a function with a scalar result.
  public func minimize<Point: TensorStructure>(
    from start: Point, of function: (Point) throws -> Tensor
  ) rethrows -> LBFGSResult<Point> {
    var state = try initialState(at: start, of: function)
    var status = endStatus(state)
    while status == nil {
      guard state.iterations < maximumIterations else {
        status = .iterationLimit
        break
      }
      status = try step(&state, of: function) ? endStatus(state) : .lineSearchFailed
      if let progress, status == nil, !progress(state.progress) { status = .cancelled }
    }
    return LBFGSResult(
      point: state.point, value: state.value, gradientNorm: state.gradientNorm,
      iterations: state.iterations, evaluations: state.evaluations, status: status!)
  }

  private func endStatus<Point>(_ state: LBFGSState<Point>) -> LBFGSStatus? {
    if !state.value.isFinite || !state.gradientNorm.isFinite { return .notFinite }
    return state.gradientNorm <= gradientTolerance ? .converged : nil
  }

  // MARK: - Step by step

  /// The state at a point, from which `step` goes on.
  public func initialState<Point: TensorStructure>(
    at start: Point, of function: (Point) throws -> Tensor
  ) rethrows -> LBFGSState<Point> {
    let (value, gradient) = try valueAndGradient(at: start, of: function)
    return LBFGSState(
      template: start, x: start.leafScalars, value: value.item, gradient: gradient.leafScalars,
      precision: value.dtype == .float32 ? 0x1p-23 : 0x1p-52)
  }

  /// One iteration; false if no lower value was found, the state then is as before but for its memory.
  public func step<Point: TensorStructure>(
    _ state: inout LBFGSState<Point>, of function: (Point) throws -> Tensor
  ) rethrows -> Bool {
    while true {
      let direction = state.direction()
      let start = state.trial(direction)
      // Rounding may have spoilt the memory, and so may a change of the function.
      if start.slope < 0, let end = try search(from: start, direction, &state, function) {
        state.accept(end, memory: memory)
        return true
      }
      if state.pairs.isEmpty { return false }
      state.pairs = []
    }
  }

  private func search<Point: TensorStructure>(
    from start: LineTrial, _ direction: [Double], _ state: inout LBFGSState<Point>,
    _ function: (Point) throws -> Tensor
  ) rethrows -> LineTrial? {
    let norm = state.gradient.reduce(0) { $0 + Swift.abs($1) }
    let first = state.pairs.isEmpty ? Swift.min(1, 1 / norm) : 1
    let (x, template) = (state.x, state.template)
    var evaluations = 0
    defer { state.evaluations += evaluations }
    return try lineSearch.search(
      from: start, first: first, noise: 4 * state.precision * Swift.abs(start.value)
    ) { t in
      evaluations += 1
      let point = zip(x, direction).map { $0 + t * $1 }
      let (value, gradient) = try valueAndGradient(
        at: template.replacingScalars(point), of: function)
      let slopes = gradient.leafScalars
      return LineTrial(
        t: t, value: value.item, slope: dotProduct(slopes, direction), x: point,
        gradient: slopes)
    }
  }
}

/// Why a minimization ended.
public enum LBFGSStatus: Sendable, Hashable {
  /// The gradient is within the tolerance.
  case converged
  case iterationLimit
  /// No lower value was found along a direction of descent: usually the accuracy with which the function is
  /// computed is exhausted, or the function has a kink.
  case lineSearchFailed
  /// The value or the gradient at the start is NaN or infinite.
  case notFinite
  /// The progress callback returned false.
  case cancelled
}

/// The outcome of a minimization.
public struct LBFGSResult<Point: TensorStructure>: Sendable {
  /// The last point, that with the lowest value but for rounding.
  public let point: Point
  public let value: Double
  /// The largest element of the gradient by size.
  public let gradientNorm: Double
  public let iterations: Int
  /// Computations of value and gradient.
  public let evaluations: Int
  public let status: LBFGSStatus
}

/// A look into a running minimization.
public struct LBFGSProgress: Sendable {
  public let iterations: Int
  public let value: Double
  public let gradientNorm: Double
}

func dotProduct(_ a: [Double], _ b: [Double]) -> Double {
  var sum = 0.0
  for index in a.indices { sum += a[index] * b[index] }
  return sum
}

extension TensorStructure {
  /// The same structure with the elements from a list in the order of the leaves.
  func replacingScalars(_ scalars: [Double]) -> Self {
    var start = 0
    return mapLeaves { leaf in
      defer { start += leaf.count }
      return Tensor(
        Array(scalars[start..<start + leaf.count]), shape: leaf.shape, dtype: leaf.dtype)
    }
  }
}
