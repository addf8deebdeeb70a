import LinearAlgebra

/// The linearized equations of ũ are, with h = q + (2 P x / τ, 0) and s = R_τ + xᵀPx / τ²,
///
///     (R + M) dz + q dτ = R dμ - dM z - dq τ,    -hᵀ dz + s dτ = R_τ dη + xᵀ dP x / τ + dqᵀ z
///
/// and one elimination with r = (R + M)⁻¹ q solves them and their transpose with one solve each.
extension HomogeneousSplittingStep {
  /// Changes of the data of a step, nil for none.
  package struct DataChange {
    package var c: UnsafeMutablePointer<Double>?
    package var b: UnsafeMutablePointer<Double>?
    package var P: UnsafeMutablePointer<Double>?
    package var A: UnsafeMutablePointer<Double>?
    package var scale: Double

    package init(
      c: UnsafeMutablePointer<Double>?, b: UnsafeMutablePointer<Double>?,
      P: UnsafeMutablePointer<Double>?, A: UnsafeMutablePointer<Double>?, scale: Double
    ) {
      self.c = c
      self.b = b
      self.P = P
      self.A = A
      self.scale = scale
    }
  }

  /// h, s and the derivative of max(2τ - η, 0).
  private func slopes(
    _ record: Record, _ w: UnsafePointer<Double>, c: UnsafePointer<Double>,
    b: UnsafePointer<Double>, h: UnsafeMutablePointer<Double>
  ) -> (s: Double, tau: Double) {
    let n = variables
    h.update(from: c, count: n)
    (h + n).update(from: b, count: rows)
    for row in absentRows { h[n + row] = 1 }
    var s = weightOfTau
    // At τ = 0 the embedding has xᵀPx = 0, and with it Px = 0.
    if let P, record.tau > 0 {
      let Px = AlignedBuffer(repeating: 0, count: n)
      P.addProduct(record.z, to: Px.pointer)
      for j in 0..<n {
        s += record.z[j] * Px.pointer[j] / (record.tau * record.tau)
        h[j] += 2 * Px.pointer[j] / record.tau
      }
    }
    let reflected = 2 * record.tau - w[n + rows]
    return (s, reflected > 0 ? 1 : reflected < 0 ? 0 : 0.5)
  }

  /// Writes the tangent of the next state, which may be the memory of `tangent`.
  package func jvp(
    at w: UnsafePointer<Double>, c: UnsafePointer<Double>, b: UnsafePointer<Double>, scale: Double,
    record: Record, tangent dw: UnsafePointer<Double>, _ change: DataChange,
    next: UnsafeMutablePointer<Double>
  ) {
    guard let factor = factor(scale: scale) else { return }
    let n = variables
    let size = n + rows
    let weights = weights(scale: scale)
    let scratch = AlignedBuffer(repeating: 0, count: 2 * size + rows)
    let (R, f, h) = (weights.storage.pointer, scratch.pointer, scratch.pointer + size)
    let (z, tau) = (record.z, record.tau)
    let (s, slopeOfTau) = slopes(record, w, c: c, b: b, h: h)
    var g = weightOfTau * dw[size]
    for index in 0..<size { f[index] = R[index] * dw[index] }
    for row in n..<size { f[row] -= R[row] / scale * change.scale * (w[row] - z[row]) }
    if let dP = change.P, let P {
      P.pattern.forEachEntry { entry, i, j in
        f[i] -= dP[entry] * z[j]
        if tau > 0 { g += z[i] * dP[entry] * z[j] / tau }
      }
    }
    if let dA = change.A {
      let isAbsent = absentFlags
      A.pattern.forEachEntry { entry, i, j in
        if !isAbsent[i] {
          f[j] -= dA[entry] * z[n + i]
          f[n + i] += dA[entry] * z[j]
        }
      }
    }
    if let dc = change.c {
      for j in 0..<n {
        f[j] -= dc[j] * tau
        g += dc[j] * z[j]
      }
    }
    if let db = change.b {
      let isAbsent = absentFlags
      for i in 0..<rows where !isAbsent[i] {
        f[n + i] -= db[i] * tau
        g += db[i] * z[n + i]
      }
    }
    solve(factor, f)
    var denominator = s
    for index in 0..<size {
      denominator += h[index] * record.r[index]
      g += h[index] * f[index]
    }
    let dtau = g / denominator
    for index in 0..<size { f[index] -= dtau * record.r[index] }
    // f is dz now; h becomes the direction of the projection.
    for row in 0..<rows { h[n + row] = 2 * f[n + row] - dw[n + row] }
    let du = scratch.pointer + 2 * size
    applyProjections(record, h + n, du)
    for j in 0..<n { next[j] = dw[j] + relaxation * (f[j] - dw[j]) }
    for row in 0..<rows {
      next[n + row] = dw[n + row] + relaxation * (du[row] - f[n + row])
    }
    let last = dw[size]
    next[size] = last + relaxation * (slopeOfTau * (2 * dtau - last) - dtau)
  }

  /// Adds to the cotangents of the state and the data those that belong to a cotangent of the next state,
  /// and returns that of the scale.
  package func vjp(
    at w: UnsafePointer<Double>, c: UnsafePointer<Double>, b: UnsafePointer<Double>, scale: Double,
    record: Record, cotangent: UnsafePointer<Double>, gradient: UnsafeMutablePointer<Double>,
    _ dataGradient: DataChange
  ) -> Double {
    guard let factor = factor(scale: scale) else { return .nan }
    let n = variables
    let size = n + rows
    let weights = weights(scale: scale)
    let scratch = AlignedBuffer(repeating: 0, count: 2 * size + 2 * rows)
    let (R, adjoint, h) = (weights.storage.pointer, scratch.pointer, scratch.pointer + size)
    let (z, tau) = (record.z, record.tau)
    let (s, slopeOfTau) = slopes(record, w, c: c, b: b, h: h)
    // w⁺ = w + α (u - ũ), u the projection of t = 2ũ - w.
    let scaled = scratch.pointer + 2 * size
    let ofT = scaled + rows
    for row in 0..<rows { scaled[row] = relaxation * cotangent[n + row] }
    applyProjections(record, scaled, ofT)
    for j in 0..<n {
      let part = relaxation * cotangent[j]
      adjoint[j] = part
      gradient[j] += cotangent[j] - part
    }
    for row in 0..<rows {
      adjoint[n + row] = 2 * ofT[row] - scaled[row]
      gradient[n + row] += cotangent[n + row] - ofT[row]
    }
    let part = relaxation * cotangent[size]
    var ofTau = 2 * slopeOfTau * part - part
    gradient[size] += cotangent[size] - slopeOfTau * part
    var denominator = s
    for index in 0..<size {
      denominator += h[index] * record.r[index]
      ofTau -= record.r[index] * adjoint[index]
    }
    let adjointTau = ofTau / denominator
    for index in 0..<size { adjoint[index] += adjointTau * h[index] }
    solveTransposed(factor, adjoint)
    var ofScale = 0.0
    for index in 0..<size { gradient[index] += R[index] * adjoint[index] }
    for row in n..<size { ofScale -= R[row] / scale * adjoint[row] * (w[row] - z[row]) }
    gradient[size] += weightOfTau * adjointTau
    let isAbsent = absentFlags
    if let gc = dataGradient.c {
      for j in 0..<n { gc[j] += adjointTau * z[j] - tau * adjoint[j] }
    }
    if let gb = dataGradient.b {
      for i in 0..<rows where !isAbsent[i] {
        gb[i] += adjointTau * z[n + i] - tau * adjoint[n + i]
      }
    }
    if let gP = dataGradient.P, let P {
      P.pattern.addSymmetricProduct(adjoint, z, times: -1, to: gP)
      if tau > 0 { P.pattern.addSymmetricProduct(z, z, times: adjointTau / tau, to: gP) }
    }
    if let gA = dataGradient.A {
      A.pattern.forEachEntry { entry, i, j in
        if !isAbsent[i] { gA[entry] += adjoint[n + i] * z[j] - z[n + i] * adjoint[j] }
      }
    }
    return ofScale
  }

  private var absentFlags: [Bool] {
    var flags = [Bool](repeating: false, count: rows)
    for row in absentRows { flags[row] = true }
    return flags
  }
}
