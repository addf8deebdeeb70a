import LinearAlgebra

/// A guess of the solution of one item, in the terms of the data as given.
struct ConicWarmPoint {
  let x: UnsafePointer<Double>
  let y: UnsafePointer<Double>
  let s: UnsafePointer<Double>

  /// Puts the guess, scaled and moved into the interior, into an iterate.
  func place(
    _ point: ConicIterate, _ layout: ConicLayout, _ data: ConicEquilibration,
    _ scalings: [any ConeScaling]
  ) {
    for j in 0..<layout.variables { point.x[j] = x[j] / data.D[j] }
    for (row, original) in layout.originalRows.enumerated() {
      point.s[row] = s[original] * data.E[row]
      point.z[row] = y[original] * data.costScale / data.E[row]
    }
    // A point of the central path near the guess: both slack and dual at least this far inside.
    let inside = 1e-2
    for (scaling, block) in zip(scalings, layout.blocks) {
      let slack = point.s + block.start
      let dual = point.z + block.start
      if scaling.isSymmetric {
        if case .zero = block.cone { slack.update(repeating: 0, count: block.count) }
        for v in [slack, dual] where scaling.degree > 0 {
          let margin = scaling.margin(v)
          if margin < inside { scaling.shift(v, by: inside - margin) }
        }
      } else if let scaling = scaling as? NonsymmetricScaling {
        scaling.moveInside(s: slack, z: dual, by: inside)
      }
    }
  }
}

extension NonsymmetricScaling {
  /// Adds multiples of the starting points until both are in the interior.
  func moveInside(s: Numbers, z: Numbers, by amount: Double) {
    var unit = [0.0, 0, 0]
    var dualUnit = [0.0, 0, 0]
    unit.withUnsafeMutableBufferPointer { unit in
      dualUnit.withUnsafeMutableBufferPointer { dualUnit in
        guard let unit = unit.baseAddress, let dualUnit = dualUnit.baseAddress else { return }
        setUnit(unit)
        setDualUnit(dualUnit)
        var factor = amount
        repeat {
          for i in 0..<3 {
            s[i] += factor * unit[i]
            z[i] += factor * dualUnit[i]
          }
          factor *= 2
        } while !contains(s: s, z: z) && factor < 1e12
      }
    }
  }
}
