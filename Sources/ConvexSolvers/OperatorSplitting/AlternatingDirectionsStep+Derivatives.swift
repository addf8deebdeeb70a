import LinearAlgebra

extension AlternatingDirectionsStep {
  /// Changes of P, A (at their stored entries) and the penalty.
  package struct MatrixChange {
    package let P: UnsafeMutablePointer<Double>?
    package let A: UnsafeMutablePointer<Double>?
    package let penalty: Double

    package init(
      P: UnsafeMutablePointer<Double>?, A: UnsafeMutablePointer<Double>?, penalty: Double
    ) {
      self.P = P
      self.A = A
      self.penalty = penalty
    }
  }

  /// Writes the tangent of the next state.
  ///
  /// - Parameters:
  ///   - scratch: `n + m` numbers.
  ///   - next: may be the memory of `tangent`.
  package func jvp(
    at state: Point, _ data: Data, penalty: Double, record: Record, tangent: Point,
    _ dataTangent: Data, _ change: MatrixChange, next: Point,
    scratch dw: UnsafeMutablePointer<Double>
  ) {
    guard let factor = factor(penalty: penalty) else { return }
    let (w, t) = (record.w, record.t)
    let (sigma, unit) = (sigma.storage.pointer, rhoAtOne.storage.pointer)
    let n = variables
    for j in 0..<n { dw[j] = sigma[j] * tangent.x[j] - dataTangent.q[j] }
    for i in 0..<rows {
      let rho = penalty * unit[i]
      // The relative change of ρ moves y/ρ on the right and ν/ρ on the left.
      let growth = change.penalty / penalty
      dw[n + i] = tangent.z[i] - (tangent.y[i] + growth * (w[n + i] - state.y[i])) / rho
    }
    if let dP = change.P {
      P.pattern.forEachEntry { entry, i, j in dw[i] -= dP[entry] * w[j] }
    }
    if let dA = change.A {
      A.pattern.forEachEntry { entry, i, j in
        dw[j] -= dA[entry] * w[n + i]
        dw[n + i] -= dA[entry] * w[j]
      }
    }
    factor.solve(dw)
    for j in 0..<n { next.x[j] = relaxation * dw[j] + (1 - relaxation) * tangent.x[j] }
    for i in 0..<rows {
      let rho = penalty * unit[i]
      let growth = change.penalty / penalty
      let (dz, dy) = (tangent.z[i], tangent.y[i])
      let moved = relaxation * (w[n + i] - state.y[i]) + state.y[i]
      let dt = dz + (relaxation * (dw[n + i] - dy) + dy - growth * moved) / rho
      let slope = clipDerivative(t[i], data.lower[i], data.upper[i])
      let clipped =
        slope.t * dt + slope.lower * dataTangent.lower[i] + slope.upper * dataTangent.upper[i]
      let value = min(max(t[i], data.lower[i]), data.upper[i])
      next.z[i] = clipped
      next.y[i] = rho * (dt - clipped + growth * (t[i] - value))
    }
  }

  /// Adds to the cotangents of the state and the data those that belong to a cotangent of the next state,
  /// and returns that of the penalty.
  ///
  /// - Parameters:
  ///   - gradientOfP, gradientOfA: at the stored entries, nil where they are not wanted.
  ///   - scratch: `n + m` numbers.
  package func vjp(
    at state: Point, _ data: Data, penalty: Double, record: Record, cotangent: Point,
    gradient: Point, _ dataGradient: Data, gradientOfP: UnsafeMutablePointer<Double>?,
    gradientOfA: UnsafeMutablePointer<Double>?, scratch adjoint: UnsafeMutablePointer<Double>
  ) -> Double {
    guard let factor = factor(penalty: penalty) else { return .nan }
    let (w, t) = (record.w, record.t)
    let (sigma, unit) = (sigma.storage.pointer, rhoAtOne.storage.pointer)
    let n = variables
    // The sum over the rows of the cotangent of ρ times ρ.
    var growth = 0.0
    for j in 0..<n {
      adjoint[j] = relaxation * cotangent.x[j]
      gradient.x[j] += (1 - relaxation) * cotangent.x[j]
    }
    for i in 0..<rows {
      let rho = penalty * unit[i]
      let value = min(max(t[i], data.lower[i]), data.upper[i])
      let slope = clipDerivative(t[i], data.lower[i], data.upper[i])
      let fromDual = rho * cotangent.y[i]
      let ofValue = cotangent.z[i] - fromDual
      growth += fromDual * (t[i] - value)
      dataGradient.lower[i] += slope.lower * ofValue
      dataGradient.upper[i] += slope.upper * ofValue
      let ofT = fromDual + slope.t * ofValue
      gradient.z[i] += ofT
      gradient.y[i] += (1 - relaxation) * ofT / rho
      adjoint[n + i] = relaxation * ofT / rho
      growth -= ofT * (relaxation * (w[n + i] - state.y[i]) + state.y[i]) / rho
    }
    factor.solve(adjoint)
    for j in 0..<n {
      gradient.x[j] += sigma[j] * adjoint[j]
      dataGradient.q[j] -= adjoint[j]
    }
    for i in 0..<rows {
      let rho = penalty * unit[i]
      gradient.z[i] += adjoint[n + i]
      gradient.y[i] -= adjoint[n + i] / rho
      growth -= adjoint[n + i] * (w[n + i] - state.y[i]) / rho
    }
    if let gradientOfP { P.pattern.addSymmetricProduct(adjoint, w, times: -1, to: gradientOfP) }
    if let gradientOfA {
      A.pattern.addOuterProduct(w + n, adjoint, times: -1, to: gradientOfA)
      A.pattern.addOuterProduct(adjoint + n, w, times: -1, to: gradientOfA)
    }
    return growth / penalty
  }
}
