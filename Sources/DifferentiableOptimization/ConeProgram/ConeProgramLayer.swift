import Autodiff
import ConvexSolvers
import LinearAlgebra
import OptimizationCore

/// The solution of cone programs as a differentiable function of their data.
///
///     minimize    ½ xᵀPx + cᵀx
///     subject to  Ax + s = b,  s in K
///
/// Patterns and cones are fixed; the numbers are tensors, matrices by their entries in the order of the
/// pattern (column by column). What is found out about the patterns is kept between calls.
///
/// The layer solves the batch to full accuracy and takes part in `vjp` and `jvp`. First derivatives are the
/// solver's own (see `ConeProgramBatchSolution.vjp`). If the cones are symmetric (zero, free, nonnegative,
/// second-order, semidefinite) there are derivatives of any order: where an outer derivative is being taken
/// as well, the derivative is written in tensor operations around a solve with the factorization that the
/// solver keeps. For exponential and power cones, and for smoothed derivatives, there are first derivatives
/// only; a call inside two nested derivatives throws `SecondDerivativeError`.
///
/// ```swift
/// // minimize cᵀx over the disc of radius 1
/// let A = SparseMatrix([[0, 0], [-1, 0], [0, -1]])
/// let layer = try ConeProgramLayer(A: A.pattern, cones: ConeProduct(secondOrder: [3]))
/// let slope = try gradient(at: Tensor([3, 4])) { c in
///   try layer(c: c, A: Tensor([-1, -1]), b: Tensor([1, 0, 0])).x.slice(axis: 0, 0..<1).sum()
/// }
/// slope  // [-0.128, 0.096]
/// ```
///
/// An item that is not solved has NaN for its results and is listed in `Answer.unsolvedItems`; its gradient
/// is zero where the upstream gradient is zero, and NaN otherwise. So a masked loss trains on:
/// `select(mask, answer.x, 0)` before anything is computed from x. The other items are untouched. The same
/// holds for second derivatives of an item that is solved but degenerate: they don't exist.
public struct ConeProgramLayer: Sendable {
  /// The pattern of the quadratic term, nil for none.
  public var P: SparsityPattern? { template.P?.pattern }
  /// The pattern of the constraint matrix.
  public var A: SparsityPattern { template.A.pattern }
  /// The cones of the rows.
  public var cones: ConeProduct { template.cones }
  /// How the programs are solved.
  public var settings: ConeProgramSettings
  /// What the first derivative is where the solution map is not differentiable. With `.throwing` the call
  /// itself throws if it is being differentiated.
  public var degenerate: DegeneratePolicy

  /// A batch of one program of zeros, whose structure the calls share.
  private let template: ConeProgramBatch
  private let forms: SolvedConePrograms.Forms

  /// A layer for programs of the given structure.
  ///
  /// - Parameters:
  ///   - P: pattern of the whole, symmetric quadratic term, `[n, n]`; nil for zero.
  ///   - A: pattern of the constraint matrix, `[m, n]`.
  ///   - cones: the cones of the rows, in order; together they have m rows.
  ///   - settings: tolerances and limits.
  ///   - degenerate: what the first derivative is where the solution map is not differentiable.
  /// - Throws: `ProblemError` for shapes and cones that don't fit, and `.notSymmetric` for a pattern of P
  ///   that is not symmetric.
  public init(
    P: SparsityPattern? = nil, A: SparsityPattern, cones: ConeProduct,
    settings: ConeProgramSettings = ConeProgramSettings(), degenerate: DegeneratePolicy = .leastNorm
  ) throws(ProblemError) {
    func zeros(_ pattern: SparsityPattern) -> BatchedSparseMatrix {
      BatchedSparseMatrix(
        pattern: pattern, values: BatchedVector(shared: Vector.zeros(pattern.entries)))
    }
    template = try ConeProgramBatch(
      P: P.map(zeros), c: BatchedVector(shared: Vector.zeros(A.columns)), A: zeros(A),
      b: BatchedVector(shared: Vector.zeros(A.rows)), cones: cones)
    forms = SolvedConePrograms.Forms(
      P: P.map(SparseForm.init), A: SparseForm(A), algebra: JordanAlgebra(cones),
      mirrorOfP: try P?.mirror())
    self.settings = settings
    self.degenerate = degenerate
  }

  /// Solves the programs.
  ///
  /// Every datum is float64 and has one more leading axis if it is given per item; without it, it is shared
  /// by the batch and its gradient is the sum over the items.
  ///
  /// - Parameters:
  ///   - P: entries of the quadratic term, `[entries]`, symmetric; needed if the layer has a pattern for
  ///     it. Its gradient is the symmetrized one, and of a tangent the symmetric part counts.
  ///   - c: linear term, `[n]`.
  ///   - A: entries of the constraint matrix, `[entries]`.
  ///   - b: right-hand side, `[m]`; +infinity, or at least 1e20, in a nonnegative row for an absent bound,
  ///     whose slack in the answer is infinite.
  ///   - warmStart: a guess, such as the state of an answer to programs of the same shape, from which the solve
  ///     starts; it has a batch axis if a datum has one, and is a constant for derivatives.
  /// - Throws: `ProblemError` for data that cannot be a problem, `SettingsError`, `DerivativeError` with
  ///   the policy `.throwing`, or for a barrier that is not positive, and `SecondDerivativeError`.
  public func callAsFunction(
    P: Tensor? = nil, c: Tensor, A: Tensor, b: Tensor, warmStart: State? = nil
  ) throws -> Answer {
    if case .smoothed(let barrier) = degenerate, !(barrier > 0 && barrier.isFinite) {
      throw DerivativeError.invalidBarrier(barrier)
    }
    let entriesP = self.P?.entries
    if (P == nil) != (entriesP == nil) {
      throw ProblemError.shape(
        argument: "P", item: nil, expected: [entriesP ?? 0], actual: P?.shape ?? [0])
    }
    let data = ConeProgramTensors(P: P, c: c, A: A, b: b)
    let batchSize = try data.batchSize(
      lengths: [entriesP ?? 0, self.A.columns, self.A.entries, self.A.rows])
    if data.derivativeOrder > 1 { try requireSecondDerivatives() }
    let solved = SolvedConePrograms(
      forms, batchSize: batchSize, data: data.with(data.tensors.map(\.detached)),
      policy: degenerate)
    try solved.solve(template, settings: settings, warmStart: warmStart)
    if data.isTraced, degenerate == .throwing { _ = try solved.certificates() }
    let results = primitive(
      named: "ConeProgramLayer", data.tensors,
      { _ in solved.results },
      vjp: { operands, results, cotangents, isWanted in
        solved.vjp(data.with(operands), results, cotangents, isWanted)
      },
      jvp: { operands, results, tangents in
        solved.jvp(data.with(operands), results, tangents)
      })
    return Answer(x: results[0], y: results[1], s: results[2], solved: solved)
  }

  private func requireSecondDerivatives() throws(SecondDerivativeError) {
    if case .smoothed = degenerate { throw .smoothed }
    for cone in cones.cones where !cone.isSymmetric { throw .cone(cone) }
  }

  /// Primal and dual solutions, or a guess of them.
  public struct State: TensorStructure {
    /// Primal solutions, `[B, n]` or `[n]`.
    public var x: Tensor
    /// Dual solutions, `[B, m]` or `[m]`.
    public var y: Tensor
    /// Slacks, `[B, m]` or `[m]`.
    public var s: Tensor

    public init(x: Tensor, y: Tensor, s: Tensor) {
      self.x = x
      self.y = y
      self.s = s
    }

    public mutating func visitTensors(_ visit: inout TensorVisitor) {
      visit("x", &x)
      visit("y", &y)
      visit("s", &s)
    }
  }

  /// The solutions of a batch and how far they can be trusted.
  public struct Answer: Sendable {
    /// Primal solutions, `[B, n]`, or `[n]` if no datum has a batch axis; NaN for unsolved items.
    public let x: Tensor
    /// Dual solutions, `[B, m]` or `[m]`.
    public let y: Tensor
    /// Slacks, `[B, m]` or `[m]`.
    public let s: Tensor
    let solved: SolvedConePrograms

    /// What another solve may start from, as constants: the solutions; of an item that ran into a limit the last
    /// iterate; NaN of one without solution.
    public var state: State {
      func tensor(_ vector: BatchedVector) -> Tensor {
        Tensor(vector.storage, shape: solved.leadingShape + [vector.count])
      }
      return State(x: tensor(solution.x), y: tensor(solution.y), s: tensor(solution.s))
    }
    /// The answer as plain numbers: residuals, rays of infeasible items, iterations.
    public var solution: ConeProgramBatchSolution { solved.solution }
    /// How the solve of each item ended.
    public var status: [SolveStatus] { solution.status }
    /// The items that were not solved, whose results are NaN.
    public var unsolvedItems: [Int] { status.indices.filter { status[$0] != .optimal } }

    /// How far the derivative of each item can be trusted: kind, weakly active rows, rank. Computed when
    /// it is asked for; costs about a derivative.
    /// - Throws: `DerivativeError` with the policy `.throwing`.
    public func derivativeCertificates() throws -> [DerivativeCertificate] {
      try solved.certificates()
    }
  }
}

extension SparsityPattern {
  /// For each entry the place of its mirror image.
  fileprivate func mirror() throws(ProblemError) -> [Int] {
    var places: [Int] = []
    for column in 0..<columns {
      for entry in columnStarts[column]..<columnStarts[column + 1] {
        guard let place = place(row: column, column: rowIndices[entry]) else {
          throw .notSymmetric(
            argument: "P", item: nil, row: rowIndices[entry], column: column, difference: 1)
        }
        places.append(place)
      }
    }
    return places
  }
}
