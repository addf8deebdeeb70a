import Argmin
import ProblemFiles

/// Solves the problems of a file and differentiates their solutions.
///
/// Problems of one shape (cone programs: and pattern) are solved together, as a batch on all threads; the answers stand in the
/// order of the file.
struct SolveRun {
  let file: ProblemFile
  let solver: SolverOptions
  var policy = DegeneratePolicy.leastNorm
  var upstream: UpstreamFile?
  var perturbation: PerturbationFile?
  var progress: ProgressLine?
  /// Prints the iterations of cone programs.
  var log: IterationLog?

  /// The answer to each problem, in the order of the file.
  ///
  /// - Throws: `ToolFailure`.
  func answers() throws -> [Answer] {
    var answers = [Answer?](repeating: nil, count: file.count)
    let start = ContinuousClock.now
    var finished = 0
    for group in file.groups {
      var groupAnswers = try answersChecked(group, elapsed: ContinuousClock.now - start, finished)
      for (item, index) in group.indices.enumerated() {
        swap(&answers[index], &groupAnswers[item])
      }
      finished += group.indices.count
    }
    progress?.end()
    return answers.compactMap { $0 }
  }

  private func answersChecked(
    _ group: ProblemGroup, elapsed: Duration, _ finished: Int
  ) throws -> [Answer?] {
    do {
      switch group {
      case .quadratic(let group): return try answers(group, elapsed: elapsed, finished)
      case .cone(let group): return try answers(group, elapsed: elapsed, finished)
      }
    } catch {
      progress?.end()
      throw ToolFailure(error, in: file, indices: group.indices)
    }
  }

  private func answers(
    _ group: QuadraticGroup, elapsed: Duration, _ finished: Int
  ) throws -> [Answer?] {
    var settings = solver.quadraticSettings
    settings.timeLimit = settings.timeLimit.map { max(.zero, $0 - elapsed) }
    settings.progress = reporting(after: finished)
    let solution = try group.batch.solve(settings: settings)
    var answers = group.indices.indices.map { Answer(solution[$0], of: file) }
    try differentiate(solution, of: group, into: &answers)
    return answers
  }

  private func answers(
    _ group: ConeGroup, elapsed: Duration, _ finished: Int
  ) throws -> [Answer?] {
    var settings = solver.coneSettings
    settings.timeLimit = settings.timeLimit.map { max(.zero, $0 - elapsed) }
    settings.progress = reporting(after: finished)
    settings.iterationLog = log?.callback(for: group)
    let solution = try group.batch.solve(settings: settings)
    var answers = group.indices.indices.map { Answer(solution[$0], in: group, of: file) }
    try differentiate(solution, of: group, into: &answers)
    return answers
  }

  private func reporting(after finished: Int) -> ProgressCallback? {
    guard let progress else { return nil }
    let total = Double(file.count)
    return { state in
      progress.show(Double(finished + state.finished) / total, "solving")
      return true
    }
  }
}
