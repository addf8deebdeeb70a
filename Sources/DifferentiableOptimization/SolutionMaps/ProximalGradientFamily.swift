import Autodiff

/// Problems `minimize g(y; x) + h(y)` with a smooth g and an h whose proximal operator is known, solved by
/// proximal gradients:
///
///     y⁺ = prox(y - t ∇g(y; x))
///
/// ```swift
/// // sparse codes: ½ |x - y W|² + α |y|₁
/// let coding = ProximalGradientFamily<Tensor>(
///   variables: 100, stepSize: 1 / L,
///   smooth: { y, x in square(x - matmul(y, W)).sum(axis: -1) * 0.5 },
///   rest: { y, _ in abs(y).sum(axis: -1) * alpha },
///   proximal: { v, t, _ in softThreshold(v, t * alpha) })
/// ```
///
/// The residual is the gradient mapping, the largest entry of a step over the step size, which is zero exactly at
/// solutions; beyond 1e4 what rounding hides of it is added. With `isAccelerated` the step is that of FISTA (Beck and Teboulle 2009), whose
/// momentum is part of the state.
public struct ProximalGradientFamily<Context: TensorStructure>: IterativeMap {
  public typealias Point = Tensor

  /// What goes from step to step.
  public struct State: TensorStructure {
    /// `[B, n]`.
    public var y: Tensor
    /// The point before, `[B, n]`, and FISTA's t, `[B, 1]`.
    public var previous: Tensor
    public var momentum: Tensor

    /// A state without momentum at a point.
    public init(at y: Tensor) {
      self.y = y
      previous = y
      momentum = Tensor.ones([y.shape[0], 1], dtype: y.dtype)
    }

    public mutating func visitTensors(_ visit: inout TensorVisitor) {
      visit("y", &y)
      visit("previous", &previous)
      visit("momentum", &momentum)
    }
  }

  /// The number of variables, n.
  public let variables: Int
  /// t, at most 1 over the Lipschitz constant of ∇g.
  public let stepSize: Double
  public let isAccelerated: Bool
  public let dtype: DType
  private let smooth: @Sendable (_ y: Tensor, _ context: Context) -> Tensor
  private let rest: @Sendable (_ y: Tensor, _ context: Context) -> Tensor
  private let proximal: @Sendable (_ v: Tensor, _ stepSize: Double, _ context: Context) -> Tensor

  /// - Parameters:
  ///   - smooth: g, `[B]` from y `[B, n]`.
  ///   - rest: h, `[B]`.
  ///   - proximal: `argmin h(y) + |y - v|² / (2 t)`, row by row.
  public init(
    variables: Int, stepSize: Double, isAccelerated: Bool = false, dtype: DType = .float64,
    smooth: @escaping @Sendable (_ y: Tensor, _ context: Context) -> Tensor,
    rest: @escaping @Sendable (_ y: Tensor, _ context: Context) -> Tensor,
    proximal: @escaping @Sendable (_ v: Tensor, _ stepSize: Double, _ context: Context) -> Tensor
  ) {
    precondition(stepSize > 0, "ProximalGradientFamily: the step size \(stepSize) is not positive")
    self.variables = variables
    self.stepSize = stepSize
    self.isAccelerated = isAccelerated
    self.dtype = dtype
    self.smooth = smooth
    self.rest = rest
    self.proximal = proximal
  }

  public var defaultTolerance: Double { 1e-6 }

  public func coldStart(for context: Context) -> State {
    State(at: Tensor.zeros([context.batchCount, variables], dtype: dtype))
  }

  /// One proximal gradient step from a point.
  public func proximalStep(_ y: Tensor, for context: Context) -> Tensor {
    let slope = gradient(at: y) { smooth($0, context).sum() }
    return proximal(y - slope * stepSize, stepSize, context)
  }

  public func step(_ state: State, for context: Context) -> State {
    guard isAccelerated else { return State(at: proximalStep(state.y, for: context)) }
    let next = (1 + sqrt(1 + square(state.momentum) * 4)) * 0.5
    let ahead = state.y + (state.momentum - 1) / next * (state.y - state.previous)
    var result = State(at: proximalStep(ahead, for: context))
    result.previous = state.y
    result.momentum = next
    return result
  }

  public func residual(of state: State, for context: Context) -> Tensor {
    length(from: state.y, to: proximalStep(state.y, for: context))
  }

  public func stepWithResidual(_ state: State, for context: Context)
    -> (next: State, residual: Tensor)
  {
    if isAccelerated { return (step(state, for: context), residual(of: state, for: context)) }
    let next = proximalStep(state.y, for: context)
    return (State(at: next), length(from: state.y, to: next))
  }

  private func length(from y: Tensor, to next: Tensor) -> Tensor {
    ((next - y).largest * (1 / stepSize)).plusLostSteps(y.largest, perStep: stepSize)
      .notANumberWhere([y])
  }

  public func point(of state: State, for context: Context) -> Tensor { state.y }

  public func value(of point: Tensor, for context: Context) -> Tensor {
    smooth(point, context) + rest(point, context)
  }
}

/// `sign(v) max(|v| - threshold, 0)`, the proximal operator of the absolute value.
public func softThreshold(_ v: Tensor, _ threshold: Double) -> Tensor {
  softThreshold(v, Tensor(threshold, dtype: v.dtype))
}

/// `sign(v) max(|v| - threshold, 0)` with thresholds that broadcast.
public func softThreshold(_ v: Tensor, _ threshold: Tensor) -> Tensor {
  relu(v - threshold) - relu(-v - threshold)
}
