import Argmin
import ProblemFiles

extension SolveRun {
  /// A batch whose problems all ask for a derivative, and share no datum, is differentiated as one.
  /// Otherwise each problem alone: the gradient of a shared datum is then that of the problem, not
  /// the sum over the batch.
  func differentiate(
    _ solution: QuadraticProgramBatchSolution, of group: QuadraticGroup,
    into answers: inout [Answer]
  ) throws {
    if let upstream {
      if file.sharedData.isEmpty, group.indices.allSatisfy({ upstream.items[$0] != nil }) {
        let part = upstream.batched(for: group)
        let (gradient, seconds) = try timed {
          try solution.vjp(
            x: part.x, lambda: part.lambda, nu: part.nu, degenerate: policy,
            threads: solver.threads)
        }
        for item in answers.indices {
          answers[item].gradient = DataGradient(gradient, item: item)
          answers[item].vjpSeconds = seconds / Double(answers.count)
        }
      } else {
        for (item, index) in group.indices.enumerated() {
          guard let part = upstream.items[index] else { continue }
          let (gradient, seconds) = try timed(item) {
            try solution[item].vjp(
              x: part.x, lambda: part.lambda, nu: part.nu, degenerate: policy)
          }
          answers[item].gradient = DataGradient(gradient)
          answers[item].vjpSeconds = seconds
        }
      }
    }
    for (item, index) in group.indices.enumerated() {
      guard case .quadratic(let part) = perturbation?.items[index] else { continue }
      let (tangent, seconds) = try timed(item) {
        try solution[item].jvp(
          Q: part.Q, p: part.p, G: part.G, h: part.h, A: part.A, b: part.b, degenerate: policy)
      }
      answers[item].tangent = SolutionTangent(tangent)
      answers[item].jvpSeconds = seconds
    }
  }

  /// Likewise for cone programs.
  func differentiate(
    _ solution: ConeProgramBatchSolution, of group: ConeGroup, into answers: inout [Answer]
  ) throws {
    let keys = ConeKeys(group)
    if let upstream {
      let part = upstream.batched(for: group)
      if group.indices.allSatisfy({ upstream.items[$0] != nil }) {
        let (gradient, seconds) = try timed {
          try solution.vjp(
            x: part.x, y: part.y, s: part.s, degenerate: policy, threads: solver.threads)
        }
        for item in answers.indices {
          answers[item].gradient = keys.gradient(
            P: gradient.P?[item], c: gradient.c[item], A: gradient.A[item], b: gradient.b[item],
            certificate: gradient.certificates[item])
          answers[item].vjpSeconds = seconds / Double(answers.count)
        }
      } else {
        for (item, index) in group.indices.enumerated() where upstream.items[index] != nil {
          let (gradient, seconds) = try timed(item) {
            try solution[item].vjp(
              x: part.x?[item], y: part.y?[item], s: part.s?[item], degenerate: policy)
          }
          answers[item].gradient = keys.gradient(
            P: gradient.P, c: gradient.c, A: gradient.A, b: gradient.b,
            certificate: gradient.certificate)
          answers[item].vjpSeconds = seconds
        }
      }
    }
    for (item, index) in group.indices.enumerated() {
      guard case .cone(let part) = perturbation?.items[index] else { continue }
      let direction = ConeProgramPerturbation(
        P: part.P.map(BatchedVector.init(shared:)), c: part.c.map(BatchedVector.init(shared:)),
        A: part.A.map(BatchedVector.init(shared:)), b: part.b.map(BatchedVector.init(shared:)))
      let (tangent, seconds) = try timed(item) {
        try solution[item].jvp(direction, degenerate: policy)
      }
      answers[item].tangent = keys.tangent(
        x: tangent.x, y: tangent.y, s: tangent.s, certificate: tangent.certificate)
      answers[item].jvpSeconds = seconds
    }
  }

  /// The result and the seconds that it took. With an item, an error about a single problem names it.
  private func timed<Result>(
    _ item: Int? = nil, _ body: () throws -> Result
  ) throws -> (Result, Double) {
    let start = ContinuousClock.now
    do {
      let result = try body()
      return (result, (ContinuousClock.now - start) / .seconds(1))
    } catch DerivativeError.degenerate(let own, let certificate) {
      throw DerivativeError.degenerate(item: item ?? own, certificate: certificate)
    } catch DerivativeError.unsolved(let own, let status) {
      throw DerivativeError.unsolved(item: item ?? own, status: status)
    }
  }
}
