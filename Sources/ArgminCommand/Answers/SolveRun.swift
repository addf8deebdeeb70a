import Argmin
import ProblemFiles

/// Solves the problems of a file and differentiates their solutions.
///
/// Problems of one shape are solved together, as a batch on all threads; the answers stand in the
/// order of the file.
struct SolveRun {
  let file: ProblemFile
  var settings = QuadraticProgramSettings()
  var policy = DegeneratePolicy.leastNorm
  var upstream: UpstreamFile?
  var perturbation: PerturbationFile?
  var progress: ProgressLine?

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
      return try answers(group, elapsed: elapsed, finished)
    } catch {
      progress?.end()
      throw ToolFailure(error, in: file, indices: group.indices)
    }
  }

  private func answers(
    _ group: ProblemGroup, elapsed: Duration, _ finished: Int
  ) throws -> [Answer?] {
    var settings = settings
    settings.timeLimit = settings.timeLimit.map { max(.zero, $0 - elapsed) }
    let total = Double(file.count)
    if let progress {
      settings.progress = { state in
        progress.show(Double(finished + state.finished) / total, "solving")
        return true
      }
    }
    let solution = try group.batch.solve(settings: settings)
    var answers = group.indices.indices.map { Answer(solution[$0], of: file) }
    try differentiate(solution, of: group, into: &answers)
    return answers
  }

  // MARK: - Derivatives

  /// A batch whose problems all ask for a derivative, and share no datum, is differentiated as one.
  /// Otherwise each problem alone: the gradient of a shared datum is then that of the problem, not
  /// the sum over the batch.
  private func differentiate(
    _ solution: QuadraticProgramBatchSolution, of group: ProblemGroup, into answers: inout [Answer]
  ) throws {
    if let upstream {
      if file.sharedData.isEmpty, group.indices.allSatisfy({ upstream.items[$0] != nil }) {
        let part = upstream.batched(for: group)
        let gradient = try solution.vjp(
          x: part.x, lambda: part.lambda, nu: part.nu, degenerate: policy,
          threads: settings.threads)
        for item in answers.indices { answers[item].gradient = DataGradient(gradient, item: item) }
      } else {
        for (item, index) in group.indices.enumerated() {
          guard let part = upstream.items[index] else { continue }
          answers[item].gradient = DataGradient(
            try alone(item) {
              try solution[item].vjp(
                x: part.x, lambda: part.lambda, nu: part.nu, degenerate: policy)
            })
        }
      }
    }
    if let perturbation {
      for (item, index) in group.indices.enumerated() {
        guard let part = perturbation.items[index] else { continue }
        answers[item].tangent = try alone(item) {
          try solution[item].jvp(
            Q: part.Q, p: part.p, G: part.G, h: part.h, A: part.A, b: part.b, degenerate: policy)
        }
      }
    }
  }

  /// Names the item in an error about a single one.
  private func alone<Result>(_ item: Int, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch DerivativeError.degenerate(_, let certificate) {
      throw DerivativeError.degenerate(item: item, certificate: certificate)
    } catch DerivativeError.unsolved(_, let status) {
      throw DerivativeError.unsolved(item: item, status: status)
    }
  }
}
