import OptimizationCore

/// What is done with the point that the interior point ended with.
struct ItemFinish {
  let batch: ConeProgramBatch
  let item: Int
  let solver: ConicInteriorPoint
  let point: ItemPoint
  let settings: ConeProgramSettings

  /// Takes the point out of the interior point and makes it as accurate as it can be: by Newton steps on its
  /// faces, and by projections where the equations themselves are not met.
  ///
  /// - Parameter status: optimal afterwards if only accuracy was missing and has been reached.
  func finish(
    _ status: inout SolveStatus,
    shouldStop: (ConicInteriorPoint, ConicResiduals, Double, Double) -> SolveStatus?
  ) -> Residuals {
    point.extract(solver)
    var residuals = point.residuals()
    // Whoever stopped the iteration does not want to wait for more.
    let isStopped = status == .timeLimit || status == .cancelled
    guard settings.polishes, !isStopped else { return residuals }
    residuals = polished(residuals)
    if status == .optimal, residuals.largest > 1e-11 {
      residuals = continued(residuals, shouldStop: shouldStop)
    }
    if residuals.largest > settings.relativeTolerance, residuals.largest < 1e-3 {
      let corrected = solver.correctByProjections(
        point, from: residuals, tolerance: 0.1 * settings.relativeTolerance)
      if corrected.largest < residuals.largest { residuals = polished(corrected) }
    }
    let isUnfinished = status == .numericalError || status == .iterationLimit
    if isUnfinished, residuals.largest <= settings.relativeTolerance { status = .optimal }
    return residuals
  }

  /// Where to try the polish for the first time: the last steps to an exponential or power cone's boundary are
  /// short, and the polish saves them. Nil for symmetric cones, where they are few.
  func earlyTolerance(_ tolerance: Double) -> Double? {
    guard settings.polishes, !solver.isSymmetric, tolerance < 1e-6 else { return nil }
    return 5e-5
  }

  /// The residuals of the polished point, if the polish caught.
  func finishEarly() -> Residuals? {
    point.extract(solver)
    let residuals = polished(point.residuals())
    return residuals.largest <= min(1e-11, settings.relativeTolerance) ? residuals : nil
  }

  /// Where the polish did not catch on, the faces are not yet to be told from the point: it is brought closer.
  private func continued(
    _ residuals: Residuals,
    shouldStop: (ConicInteriorPoint, ConicResiduals, Double, Double) -> SolveStatus?
  ) -> Residuals {
    let kept = point.copy()
    let outcome = solver.solve(
      tolerance: 1e-3 * residuals.largest, maximumIterations: 15, warmStart: nil,
      isContinued: true, shouldStop: shouldStop)
    if outcome != .primalInfeasible, outcome != .dualInfeasible {
      point.extract(solver)
      let found = polished(point.residuals())
      if found.largest < residuals.largest { return found }
    }
    point.restore(kept)
    return residuals
  }

  private func polished(_ residuals: Residuals) -> Residuals {
    guard residuals.largest < 1e-4 else { return residuals }
    // Faces are found in cones whose rows are scaled alike.
    let scaled =
      solver.isRescaled
      ? ScaledItem(item, of: batch)
      : ScaledItem(
        data: solver.data, P: solver.system.P, A: solver.system.A, owner: solver.system)
    return FacePolisher(batch: batch, item: item, point: point, scaled: scaled)
      .polish(from: residuals)
  }

  /// Tries another method where the first gave out: the proximal one for symmetric cones, the dual scaling for
  /// the others. The better of both points stays.
  func solveAgain(
    _ status: inout SolveStatus, _ residuals: inout Residuals, tolerance: Double,
    shouldStop: (ConicInteriorPoint, ConicResiduals, Double, Double) -> SolveStatus?
  ) {
    let kept = point.copy()
    var second =
      solver.isSymmetric
      ? solver.solveByProximalSteps(
        tolerance: tolerance, maximumIterations: settings.maximumIterations,
        shouldStop: shouldStop)
      : solver.solve(
        tolerance: tolerance, maximumIterations: settings.maximumIterations, warmStart: nil,
        dualOnly: true, shouldStop: shouldStop)
    guard second != .primalInfeasible, second != .dualInfeasible else {
      status = second
      return
    }
    let found = finish(&second, shouldStop: shouldStop)
    if found.largest < residuals.largest {
      residuals = found
      status = second
    } else {
      point.restore(kept)
      // A stop is a stop, whatever the point.
      if second == .timeLimit || second == .cancelled { status = second }
    }
    if status == .numericalError {
      solveRescaled(&status, &residuals, tolerance: tolerance, shouldStop: shouldStop)
    }
  }

  /// Scales the item to the point at hand and begins anew, as long as that leads further: variables of 1e8 beside
  /// such of one cost the homogeneous embedding as many digits.
  private func solveRescaled(
    _ status: inout SolveStatus, _ residuals: inout Residuals, tolerance: Double,
    shouldStop: (ConicInteriorPoint, ConicResiduals, Double, Double) -> SolveStatus?
  ) {
    var best = point.copy()
    for _ in 0..<8 where status == .numericalError && residuals.largest.isFinite {
      // From the point of the last round, even if it was not better: its sizes are nearer to the solution's.
      solver.rescale(to: point.x, s: point.s)
      var next = solver.solve(
        tolerance: tolerance, maximumIterations: settings.maximumIterations, warmStart: nil,
        shouldStop: shouldStop)
      guard next != .primalInfeasible, next != .dualInfeasible else {
        status = next
        return
      }
      let before = point.copy()
      let found = finish(&next, shouldStop: shouldStop)
      if found.largest < residuals.largest {
        residuals = found
        status = next
        best = point.copy()
      }
      // A stop is a stop, whatever the point.
      if next == .timeLimit || next == .cancelled {
        status = next
        break
      }
      let hasGrown = (0..<batch.variables).contains {
        point.x[$0].magnitude > 2 * max(1, before.pointer[$0].magnitude)
      }
      if !found.largest.isFinite || !hasGrown && found.largest >= residuals.largest { break }
    }
    point.restore(best)
  }
}
