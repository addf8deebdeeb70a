import Argmin
import ProblemFiles

extension JSONWriter {
  /// Writes the answers to a file: one object, or a list for a batch.
  mutating func write(_ answers: [Answer], to file: ProblemFile) {
    guard file.isBatch else {
      write(answers[0], model: file.model)
      return
    }
    list { json in
      for answer in answers { json.write(answer, model: file.model) }
    }
  }

  private mutating func write(_ answer: Answer, model: ModelDescription?) {
    let solution = answer.solution
    object { json in
      json.write(solution.status.rawValue, for: "status")
      json.write(answer.objective, for: "objective")
      json.write(solution.x, for: "x")
      json.write(solution.lambda, for: "lambda")
      json.write(solution.nu, for: "nu")
      if let ray = solution.ray { json.write(ray) }
      json.object(for: "residuals", .inline) { json in
        json.write(solution.residuals.primal, for: "primal")
        json.write(solution.residuals.dual, for: "dual")
        json.write(solution.residuals.gap, for: "gap")
      }
      json.write(solution.iterations, for: "iterations")
      json.write(solution.seconds, for: "seconds")
      json.write(solution.method.rawValue, for: "method")
      if let gradient = answer.gradient { json.write(gradient) }
      if let tangent = answer.tangent { json.write(tangent) }
      if let certificate = answer.certificate { json.write(certificate) }
      if let model {
        json.write(model.rowNames, for: "rowNames")
        json.write(model.columnNames, for: "columnNames")
      }
    }
  }

  private mutating func write(_ ray: QuadraticProgramRay) {
    object(for: "ray") { json in
      switch ray {
      case .primalInfeasible(let lambda, let nu):
        json.write(lambda, for: "lambda")
        json.write(nu, for: "nu")
      case .dualInfeasible(let x):
        json.write(x, for: "x")
      }
    }
  }

  private mutating func write(_ gradient: DataGradient) {
    object(for: "vjp") { json in
      json.write(gradient.Q, for: "Q")
      json.write(gradient.p, for: "p")
      json.write(gradient.G, for: "G")
      json.write(gradient.h, for: "h")
      json.write(gradient.A, for: "A")
      json.write(gradient.b, for: "b")
    }
  }

  private mutating func write(_ tangent: QuadraticProgramTangent) {
    object(for: "jvp") { json in
      json.write(tangent.x, for: "x")
      json.write(tangent.lambda, for: "lambda")
      json.write(tangent.nu, for: "nu")
    }
  }

  private mutating func write(_ certificate: DerivativeCertificate) {
    object(for: "derivative") { json in
      json.write(certificate.kind.rawValue, for: "kind")
      json.write(certificate.weaklyActive, for: "weaklyActive")
      json.write(certificate.rankDeficiency, for: "rankDeficiency")
      json.write(certificate.freeDirections, for: "freeDirections")
      json.write(certificate.adjointResidual, for: "adjointResidual")
      json.write(certificate.forwardResidual, for: "forwardResidual")
      json.write(certificate.errorEstimate, for: "errorEstimate")
    }
  }
}
