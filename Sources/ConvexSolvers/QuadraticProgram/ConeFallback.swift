import LinearAlgebra
import OptimizationCore

extension ProblemView {
  /// Solves the problem as a cone program, by the sparse interior point with its scaling to the solution's sizes: for
  /// where the dense methods ran out of digits. Keeps what is better than the point at hand.
  func finishAsConeProgram(
    _ point: PointView, _ scratch: OptimalityScratch, outcome: inout ItemOutcome,
    tolerance: Double, isOverdue: @escaping @Sendable () -> Bool
  ) {
    if isOverdue() { return }
    var settings = ConeProgramSettings()
    settings.relativeTolerance = min(tolerance, settings.relativeTolerance)
    settings.threads = 1
    settings.isCancelled = isOverdue
    guard let program = try? coneProgram(), let solution = try? program.solve(settings: settings)
    else { return }
    outcome.iterations += solution.iterations
    switch solution.ray {
    case .primalInfeasible(let y):
      outcome.status = .primalInfeasible
      outcome.ray = .primalInfeasible(
        lambda: Vector((0..<m).map { max(0, y[e + $0]) }), nu: Vector((0..<e).map { y[$0] }))
      return
    case .dualInfeasible(let x, _):
      outcome.status = .dualInfeasible
      outcome.ray = .dualInfeasible(x: x)
      return
    case nil: break
    }
    guard solution.x.isFinite, solution.y.isFinite else { return }
    let kept = [Vector(point.x, n), Vector(point.lambda, m), Vector(point.nu, e)]
    for j in 0..<n { point.x[j] = solution.x[j] }
    for i in 0..<e { point.nu[i] = solution.y[i] }
    for j in 0..<m { point.lambda[j] = max(0, solution.y[e + j]) }
    let evaluation = evaluate(point, scratch)
    if evaluation.residuals.largest < outcome.residuals.largest
      || !outcome.residuals.largest.isFinite
    {
      outcome.record(evaluation)
      return
    }
    for j in 0..<n { point.x[j] = kept[0][j] }
    for j in 0..<m { point.lambda[j] = kept[1][j] }
    for i in 0..<e { point.nu[i] = kept[2][i] }
    outcome.record(evaluate(point, scratch))
  }

  /// The same problem with its equalities and inequalities as rows of cones, in this order.
  private func coneProgram() throws(ProblemError) -> ConeProgram {
    var rows: [Int] = []
    var columns: [Int] = []
    var values: [Double] = []
    for index in 0..<e + m {
      let source = row(index)
      for j in 0..<n where source[j] != 0 {
        rows.append(index)
        columns.append(j)
        values.append(source[j])
      }
    }
    var quadratic: SparseMatrix?
    if !isLinear {
      var matrix = Matrix(rows: n, columns: n)
      for i in 0..<n { for j in 0..<n { matrix[i, j] = Q[i * n + j] } }
      quadratic = SparseMatrix(matrix)
    }
    return try ConeProgram(
      P: quadratic, c: Vector(p, n),
      A: SparseMatrix(rows: e + m, columns: n, row: rows, column: columns, values: values),
      b: Vector((0..<e).map { b[$0] } + (0..<m).map { isBounded($0) ? h[$0] : .infinity }),
      cones: ConeProduct(zero: e, nonnegative: m))
  }
}
