import LinearAlgebra

/// Anderson acceleration of type II of a fixed point iteration w⁺ = F(w): the combination of the latest
/// values of F whose residuals would cancel best (Anderson 1965; Walker and Ni 2011).
///
/// The least-squares problem is regularized, and the caller keeps an accelerated point only if its
/// residual is no larger (Zhang, O'Donoghue and Boyd 2020, on why a safeguard is needed).
struct AndersonAcceleration {
  private let memory: Int
  private var lastResidual: Vector?
  private var lastValue: Vector?
  private var residualSteps: [Vector] = []
  private var valueSteps: [Vector] = []

  init(memory: Int) { self.memory = memory }

  /// Forgets all, as after a change of F.
  mutating func reset() { self = AndersonAcceleration(memory: memory) }

  /// Takes notice of F(w) and the residual F(w) - w.
  mutating func record(value: Vector, residual: Vector) {
    if let lastResidual, let lastValue {
      residualSteps.append(residual - lastResidual)
      valueSteps.append(value - lastValue)
      if residualSteps.count > memory {
        residualSteps.removeFirst()
        valueSteps.removeFirst()
      }
    }
    lastResidual = residual
    lastValue = value
  }

  /// The accelerated point, nil if there is too little to combine.
  func accelerated() -> Vector? {
    guard let lastResidual, let lastValue, residualSteps.count >= 2 else { return nil }
    let count = residualSteps.count
    var gram = Matrix(rows: count, columns: count)
    for i in 0..<count {
      for j in 0...i {
        gram[i, j] = residualSteps[i].dot(residualSteps[j])
        gram[j, i] = gram[i, j]
      }
    }
    var trace = 0.0
    for i in 0..<count { trace += gram[i, i] }
    guard trace > 0, trace.isFinite else { return nil }
    for i in 0..<count { gram[i, i] += 1e-10 * trace }
    guard let factor = try? Cholesky(gram) else { return nil }
    let weights = factor.solve(Vector(residualSteps.map { $0.dot(lastResidual) }))
    guard weights.isFinite, weights.twoNorm < 1e8 else { return nil }
    var result = lastValue
    for (weight, step) in zip(weights, valueSteps) { result.add(step, scaledBy: -weight) }
    return result
  }
}
