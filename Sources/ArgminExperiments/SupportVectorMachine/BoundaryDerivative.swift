import Argmin

/// The gradient of a function of the boundary with respect to the training data.
package struct BoundaryGradient: Sendable {
  /// With respect to every feature of every sample, shape `[samples, features]`.
  package let features: Matrix
  /// With respect to the cost of every sample.
  package let costs: [Double]
  package let certificate: DerivativeCertificate
}

extension SupportVectorMachine {
  /// Reverse mode: from the gradient of a function f(w, b) to that with respect to the samples and their
  /// costs, through the quadratic program.
  ///
  ///     ∂f/∂α_i = y_i x_i·∂f/∂w,    ∂f/∂ν = ∂f/∂b                            into the program
  ///     ∂f/∂x_i = α_i y_i ∂f/∂w + 2 Σ_j (∂f/∂Q)_ij y_i y_j x_j,              out of it
  ///     ∂f/∂C_i = -(∂f/∂Q)_ii / C_i²
  ///
  /// - Parameter upstream: ∂f/∂(w, b), shape `[features + 1]`.
  package func gradient(_ upstream: [Double]) throws -> BoundaryGradient {
    let count = samples.count
    let featureCount = samples.featureCount
    let labels = samples.labels
    let towardsAlpha = (0..<count).map { i in
      labels[i] * zip(upstream, samples.features.row(i)).reduce(0) { $0 + $1.0 * $1.1 }
    }
    let gradient = try solution.vjp(x: Vector(towardsAlpha), nu: [upstream[featureCount]])
    var result = Matrix(rows: count, columns: featureCount)
    let alpha = solution.x
    result.withUnsafeMutableBufferPointer { result in
      samples.features.withUnsafeBufferPointer { x in
        gradient.Q.withUnsafeBufferPointer { dQ in
          for i in 0..<count {
            let row = i * featureCount
            for k in 0..<featureCount { result[row + k] = alpha[i] * labels[i] * upstream[k] }
            for j in 0..<count where dQ[i * count + j] != 0 {
              let factor = 2 * dQ[i * count + j] * labels[i] * labels[j]
              for k in 0..<featureCount { result[row + k] += factor * x[j * featureCount + k] }
            }
          }
        }
      }
    }
    return BoundaryGradient(
      features: result,
      costs: (0..<count).map { -gradient.Q[$0, $0] / (costs[$0] * costs[$0]) },
      certificate: gradient.certificate)
  }
}

/// The derivative of the boundary (w, b) with respect to every sample.
package struct BoundaryDerivative: Sendable {
  /// For each sample the Jacobian ∂(w, b)/∂x_i, shape `[features + 1, features]`.
  package let jacobians: [Matrix]
  /// The certificate of each row of the Jacobians.
  let certificates: [DerivativeCertificate]

  /// One reverse pass for each component of the boundary.
  package init(_ machine: SupportVectorMachine, progress: (Double) -> Void = { _ in }) throws {
    let count = machine.samples.count
    let features = machine.samples.featureCount
    var jacobians = [Matrix](
      repeating: Matrix(rows: features + 1, columns: features), count: count)
    var certificates: [DerivativeCertificate] = []
    for component in 0...features {
      var upstream = [Double](repeating: 0, count: features + 1)
      upstream[component] = 1
      let gradient = try machine.gradient(upstream)
      certificates.append(gradient.certificate)
      for place in 0..<count {
        for feature in 0..<features {
          jacobians[place][component, feature] = gradient.features[place, feature]
        }
      }
      progress(Double(component + 1) / Double(features + 1))
    }
    self.jacobians = jacobians
    self.certificates = certificates
  }

  /// How far the boundary moves, to first order, as a sample moves by `step`.
  package func change(_ place: Int, step: [Double]) -> [Double] {
    let jacobian = jacobians[place]
    return (0..<jacobian.rows).map { component in
      zip(jacobian.row(component), step).reduce(0) { $0 + $1.0 * $1.1 }
    }
  }

  /// The direction of unit length in which moving a sample moves the boundary most, and by how much:
  /// the largest singular value of the Jacobian and its right singular vector, by power iteration.
  package func mostEffectiveDirection(_ place: Int) -> (direction: [Double], influence: Double) {
    let jacobian = jacobians[place]
    // Start from the largest row, which is not orthogonal to what is sought in all but freak cases.
    let rows = (0..<jacobian.rows).map { jacobian.row($0).array }
    guard var direction = rows.max(by: { norm($0) < norm($1) }), norm(direction) > 0 else {
      return ([Double](repeating: 0, count: jacobian.columns), 0)
    }
    var influence = 0.0
    for _ in 0..<200 {
      let length = norm(direction)
      direction = direction.map { $0 / length }
      let image = change(place, step: direction)
      let previous = influence
      influence = norm(image)
      if influence <= previous * (1 + 1e-14) { break }
      direction = (0..<jacobian.columns).map { column in
        zip(rows, image).reduce(0) { $0 + $1.0[column] * $1.1 }
      }
    }
    let length = norm(direction)
    return (direction.map { $0 / length }, influence)
  }
}

/// The Euclidean norm.
func norm(_ values: [Double]) -> Double {
  values.reduce(0) { $0 + $1 * $1 }.squareRoot()
}

/// The elementwise difference.
func difference(_ left: [Double], _ right: [Double]) -> [Double] {
  zip(left, right).map { $0 - $1 }
}
