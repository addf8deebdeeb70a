import Argmin

/// A linear support vector machine with squared hinge loss, trained through its dual quadratic program.
///
/// The primal problem, with the cost C_i of each sample's error,
///
///     minimize    ½ |w|² + ½ Σ C_i ξ_i²
///     subject to  y_i (w·x_i + b) ≥ 1 - ξ_i
///
/// has the dual
///
///     minimize    ½ αᵀQα - 1ᵀα,    Q_ij = y_i y_j x_i·x_j + δ_ij / C_i
///     subject to  α ≥ 0,  yᵀα = 0
///
/// with w = Σ α_i y_i x_i, ξ_i = α_i / C_i, and b the multiplier of the equality.
///
/// Why this one: the squared hinge makes Q positive definite (the linear hinge leaves a Q of rank 30 for
/// hundreds of variables, so that α need not be unique and its derivative need not exist). The active
/// constraints -α_i ≤ 0 and the equality are independent as long as there is a support vector, and
/// strict complementarity fails only where a sample lies exactly on its margin. So the map from the
/// samples to the boundary is differentiable almost everywhere, and the derivative certificate says so
/// where it is.
package struct SupportVectorMachine: Sendable {
  let samples: LabelledSamples
  /// C_i for each sample.
  let costs: [Double]
  package let solution: QuadraticProgramSolution
  /// w, shape `[features]`.
  package let weights: [Double]
  /// b.
  package let offset: Double

  init(samples: LabelledSamples, costs: [Double], solution: QuadraticProgramSolution) {
    self.samples = samples
    self.costs = costs
    self.solution = solution
    var weights = [Double](repeating: 0, count: samples.featureCount)
    for (place, alpha) in solution.x.enumerated() where alpha != 0 {
      let row = samples.features.row(place)
      for feature in weights.indices {
        weights[feature] += alpha * samples.labels[place] * row[feature]
      }
    }
    self.weights = weights
    offset = solution.nu[0]
  }

  /// The boundary w·x + b = 0 as one list, `[w, b]`.
  package var boundary: [Double] { weights + [offset] }

  /// w·x + b: positive for the class +1.
  func decision(_ features: Vector) -> Double {
    zip(weights, features).reduce(offset) { $0 + $1.0 * $1.1 }
  }

  /// y_i (w·x_i + b) for every sample: negative where it is misclassified.
  func margins(_ samples: LabelledSamples) -> [Double] {
    (0..<samples.count).map { samples.labels[$0] * decision(samples.features.row($0)) }
  }

  /// The share of the samples on the right side of the boundary.
  package func accuracy(_ samples: LabelledSamples) -> Double {
    Double(margins(samples).count { $0 > 0 }) / Double(samples.count)
  }

  /// The samples on the margin or on the wrong side of it, which alone determine the boundary.
  package var supportVectors: [Int] {
    solution.x.indices.filter { solution.x[$0] > solution.lambda[$0] }
  }
}

// MARK: - Training

extension SupportVectorMachine {
  /// Trains one machine.
  ///
  /// - Throws: `ExperimentError.unsolved`.
  package static func train(_ samples: LabelledSamples, cost: Double) throws -> SupportVectorMachine
  {
    try train([samples], cost: cost)[0]
  }

  /// Trains a machine for each of several sets of samples of one size, as one batch.
  static func train(_ sets: [LabelledSamples], cost: Double) throws -> [SupportVectorMachine] {
    guard let count = sets.first?.count else { return [] }
    let costs = [Double](repeating: cost, count: count)
    let batch = try QuadraticProgramBatch(
      Q: BatchedMatrix(sets.map { quadraticTerm($0, costs: costs) }),
      p: BatchedVector(shared: Vector(repeating: -1, count: count)),
      G: BatchedMatrix(shared: .diagonal([Double](repeating: -1, count: count))),
      h: BatchedVector(shared: .zeros(count)),
      A: BatchedMatrix(sets.map { Matrix(rows: 1, columns: count, elements: $0.labels) }),
      b: BatchedVector(shared: .zeros(1)))
    let solution = try batch.solve()
    return try sets.enumerated().map { item, samples in
      guard solution.status[item] == .optimal else {
        throw ExperimentError.unsolved(
          problem: "the support vector machine", status: solution.status[item].rawValue)
      }
      return SupportVectorMachine(samples: samples, costs: costs, solution: solution[item])
    }
  }

  /// Q_ij = y_i y_j x_i·x_j + δ_ij / C_i.
  static func quadraticTerm(_ samples: LabelledSamples, costs: [Double]) -> Matrix {
    let count = samples.count
    let features = samples.featureCount
    var Q = Matrix(rows: count, columns: count)
    samples.features.withUnsafeBufferPointer { x in
      Q.withUnsafeMutableBufferPointer { Q in
        for i in 0..<count {
          for j in 0...i {
            var product = 0.0
            for k in 0..<features { product += x[i * features + k] * x[j * features + k] }
            product *= samples.labels[i] * samples.labels[j]
            if i == j { product += 1 / costs[i] }
            Q[i * count + j] = product
            Q[j * count + i] = product
          }
        }
      }
    }
    return Q
  }
}
