import Argmin
import ProblemFiles

/// A vector of an answer by the name that it has there.
struct NamedVector {
  let name: String
  let values: Vector
}

/// What the tool answers to one problem of a file.
struct Answer {
  /// The proof that a problem has no solution.
  struct Ray {
    let isPrimal: Bool
    let parts: [NamedVector]
  }

  let status: SolveStatus
  /// The objective in the sense of the file, with its constant.
  let objective: Double
  /// x, then lambda and nu of a quadratic program, or y and s of a cone program.
  let solution: [NamedVector]
  /// The numbers of variables and constraints, in words.
  let size: String
  let ray: Ray?
  let residuals: Residuals
  let iterations: Int
  let seconds: Double
  let method: String
  var gradient: DataGradient?
  var tangent: SolutionTangent?
  /// Wall-clock time of the derivatives alone; of a batch that is differentiated together an equal share.
  var vjpSeconds: Double?
  var jvpSeconds: Double?

  init(_ solution: QuadraticProgramSolution, of file: ProblemFile) {
    status = solution.status
    objective = file.model?.objective(solution.objective) ?? solution.objective
    self.solution = [
      NamedVector(name: "x", values: solution.x),
      NamedVector(name: "lambda", values: solution.lambda),
      NamedVector(name: "nu", values: solution.nu),
    ]
    size = Self.size(
      variables: solution.x.count, inequalities: solution.lambda.count,
      equalities: solution.nu.count)
    ray = solution.ray.map { ray in
      switch ray {
      case .primalInfeasible(let lambda, let nu):
        Ray(
          isPrimal: true,
          parts: [NamedVector(name: "lambda", values: lambda), NamedVector(name: "nu", values: nu)])
      case .dualInfeasible(let x):
        Ray(isPrimal: false, parts: [NamedVector(name: "x", values: x)])
      }
    }
    residuals = solution.residuals
    iterations = solution.iterations
    seconds = solution.seconds
    method = solution.method.rawValue
  }

  init(_ solution: ConeProgramSolution, in group: ConeGroup, of file: ProblemFile) {
    status = solution.status
    objective = file.model?.objective(solution.objective) ?? solution.objective
    let keys = ConeKeys(group)
    self.solution =
      [NamedVector(name: "x", values: solution.x)] + keys.dual(solution.y)
      + keys.slack(solution.s)
    let cones = group.batch.cones
    size =
      group.isQuadraticProgram
      ? Self.size(
        variables: solution.x.count, inequalities: cones.nonnegative, equalities: cones.zero)
      : "\(NumberText.count(solution.x.count, "variable")), \(cones.summary)"
    ray = solution.ray.map { ray in
      switch ray {
      case .primalInfeasible(let y): Ray(isPrimal: true, parts: keys.dual(y))
      case .dualInfeasible(let x, let s):
        Ray(isPrimal: false, parts: [NamedVector(name: "x", values: x)] + keys.slack(s))
      }
    }
    residuals = solution.residuals
    iterations = solution.iterations
    seconds = solution.seconds
    method = SolveMethod.sparseInteriorPoint.rawValue
  }

  private static func size(variables: Int, inequalities: Int, equalities: Int) -> String {
    [
      NumberText.count(variables, "variable"),
      NumberText.count(inequalities, "inequality", plural: "inequalities"),
      NumberText.count(equalities, "equality", plural: "equalities"),
    ].joined(separator: ", ")
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

// MARK: - In words

extension ConeProduct {
  /// The rows and cones in words.
  var summary: String {
    var parts: [String] = []
    func add(_ count: Int, _ noun: String) {
      if count > 0 { parts.append("\(count) \(noun)") }
    }
    func add(_ sizes: [Int], _ noun: String) {
      guard let largest = sizes.max() else { return }
      parts.append("\(sizes.count) \(noun) (the largest of \(largest))")
    }
    add(zero, "zero")
    add(free, "free")
    add(nonnegative, "nonnegative")
    add(secondOrder, "second-order")
    add(semidefinite, "semidefinite")
    add(exponential, "exponential")
    add(dualExponential, "dual exponential")
    add(power.count, "power")
    let detail = parts.isEmpty ? "" : ": " + parts.joined(separator: ", ")
    return NumberText.count(rows, "row") + detail
  }
}

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
    case .approximate:
      "approximate (the answer is almost optimal only, and which constraints are active is not certain)"
    case .smoothed: "smoothed (the derivative of the central path\(cause))"
    case .undefined: "undefined\(degeneracy.isEmpty ? "" : " (\(degeneracy))")"
    }
  }
}
