import Argmin
import ProblemFiles

/// What the tool answers to one problem of a file.
struct Answer {
  let solution: QuadraticProgramSolution
  /// The objective in the sense of the file, with its constant.
  let objective: Double
  var gradient: DataGradient?
  var tangent: QuadraticProgramTangent?

  init(_ solution: QuadraticProgramSolution, of file: ProblemFile) {
    self.solution = solution
    objective = file.model?.objective(solution.objective) ?? solution.objective
  }

  /// The certificate of the derivatives that were asked for; with both modes the worse of the two.
  var certificate: DerivativeCertificate? {
    guard var result = gradient?.certificate else { return tangent?.certificate }
    if let forward = tangent?.certificate {
      result.forwardResidual = forward.forwardResidual
      if !(forward.errorEstimate <= result.errorEstimate) {
        result.errorEstimate = forward.errorEstimate
      }
    }
    return result
  }
}

/// The gradient with respect to the data of one problem, alone or in a batch.
struct DataGradient {
  let Q: Matrix
  let p: Vector
  let G: Matrix
  let h: Vector
  let A: Matrix
  let b: Vector
  let certificate: DerivativeCertificate

  init(_ gradient: QuadraticProgramGradient) {
    Q = gradient.Q
    p = gradient.p
    G = gradient.G
    h = gradient.h
    A = gradient.A
    b = gradient.b
    certificate = gradient.certificate
  }

  /// The gradient of one item of a batch that shares no datum.
  init(_ gradient: QuadraticProgramBatchGradient, item: Int) {
    Q = gradient.Q[item]
    p = gradient.p[item]
    G = gradient.G[item]
    h = gradient.h[item]
    A = gradient.A[item]
    b = gradient.b[item]
    certificate = gradient.certificates[item]
  }
}

// MARK: - In words

extension DerivativeCertificate {
  /// Why the solution map is not differentiable, in words; empty if nothing speaks against it.
  var degeneracy: String {
    var reasons: [String] = []
    if !weaklyActive.isEmpty {
      let rows = weaklyActive.prefix(8).map(String.init).joined(separator: ", ")
      let more = weaklyActive.count > 8 ? ", …" : ""
      reasons.append(
        "\(NumberText.count(weaklyActive.count, "weakly active row")) (\(rows)\(more))")
    }
    if rankDeficiency > 0 {
      reasons.append(NumberText.count(rankDeficiency, "dependent active constraint"))
    }
    if freeDirections > 0 {
      reasons.append(NumberText.count(freeDirections, "free direction"))
    }
    return reasons.joined(separator: ", ")
  }

  /// What the derivative is worth, in words.
  var explanation: String {
    let cause = degeneracy.isEmpty ? "" : ": \(degeneracy)"
    return switch kind {
    case .exact: "exact (the solution is differentiable here)"
    case .leastNorm: "least-norm (no unique derivative here\(cause))"
    case .smoothed: "smoothed (the derivative of the central path\(cause))"
    case .undefined: "undefined\(degeneracy.isEmpty ? "" : " (\(degeneracy))")"
    }
  }
}
