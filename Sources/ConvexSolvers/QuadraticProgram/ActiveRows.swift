import CKernels
import LinearAlgebra

extension QuadraticProgramBatchSolution {
  /// One for every inequality that is active at the solution and zero for the others, `[B, m]`; zero for
  /// items that were not solved.
  package var activeRows: BatchedVector {
    let problems = ProblemViews(problem)
    let (n, m, e) = (problem.variables, problem.inequalities, problem.equalities)
    let points = PointView(
      x: x.storage.pointer, lambda: lambda.storage.pointer, nu: nu.storage.pointer,
      slack: record.slack.pointer)
    let isShared = problem.G.items == nil
    let result = AlignedBuffer(repeating: 0, count: items * m)
    for item in 0..<items where status[item].hasSolution {
      let report = ActivityReport(
        ActivityReport.Item(
          problem: problems[item], point: points.advanced(by: item, n: n, m: m, e: e),
          rowLengths: record.rowLengths.pointer + (isShared ? 0 : item * m),
          gradientSize: record.gradientSizes[item]))
      for row in report.active { result.pointer[item * m + row] = 1 }
    }
    return BatchedVector(items: items, count: m, storage: result)
  }
}
