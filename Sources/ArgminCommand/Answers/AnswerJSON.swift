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
    object { json in
      json.write(answer.status.rawValue, for: "status")
      json.write(answer.objective, for: "objective")
      json.write(answer.solution)
      if let ray = answer.ray { json.object(for: "ray") { json in json.write(ray.parts) } }
      json.object(for: "residuals", .inline) { json in
        json.write(answer.residuals.primal, for: "primal")
        json.write(answer.residuals.dual, for: "dual")
        json.write(answer.residuals.gap, for: "gap")
      }
      json.write(answer.iterations, for: "iterations")
      json.write(answer.seconds, for: "seconds")
      json.write(answer.method, for: "method")
      if let gradient = answer.gradient { json.write(gradient) }
      if let tangent = answer.tangent {
        json.object(for: "jvp") { json in json.write(tangent.parts) }
      }
      if let certificate = answer.certificate { json.write(certificate) }
      if let seconds = answer.vjpSeconds { json.write(seconds, for: "vjpSeconds") }
      if let seconds = answer.jvpSeconds { json.write(seconds, for: "jvpSeconds") }
      if let model {
        json.write(model.rowNames, for: "rowNames")
        json.write(model.columnNames, for: "columnNames")
      }
    }
  }

  private mutating func write(_ vectors: [NamedVector]) {
    for vector in vectors { write(vector.values, for: vector.name) }
  }

  private mutating func write(_ gradient: DataGradient) {
    object(for: "vjp") { json in
      for part in gradient.data {
        switch part.value {
        case .vector(let vector), .entries(let vector): json.write(vector, for: part.name)
        case .matrix(let matrix): json.write(matrix, for: part.name)
        case .sparse(let matrix): json.write(matrix, for: part.name)
        }
      }
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
