/// What the derivative says about one sample, and what training again says.
struct InfluenceVerification: Sendable {
  /// The place of the sample in the training set.
  let place: Int
  /// How fast the boundary moves as the sample moves in the most effective direction.
  let influence: Double
  /// The relative error of the derivative against a central difference of the boundary with the small
  /// step, in that direction.
  var differenceError: Double = .nan
  /// How far the boundary moves with the large step, by the derivative and by training again.
  var predictedMove = Double.nan
  var actualMove = Double.nan
  /// |actual - predicted| / |actual| of the moves as vectors.
  var moveError = Double.nan
  /// How the held-out loss changes with the large step.
  var predictedLossChange = Double.nan
  var actualLossChange = Double.nan
  /// How the held-out loss changes without the sample: -C_i ∂loss/∂C_i, and by training again.
  var predictedRemovalChange = Double.nan
  var actualRemovalChange = Double.nan
}

/// Moves samples and leaves them out, trains again, and compares with what the derivative predicts.
struct InfluenceVerifier {
  let machine: SupportVectorMachine
  let cost: Double
  let derivative: BoundaryDerivative
  let loss: HeldOutLoss
  let lossGradient: BoundaryGradient
  /// In standard deviations of the features: the step of the central difference, and one that a person
  /// would call a change.
  static let smallStep = 1e-4
  static let largeStep = 0.1

  /// Machines trained together; more would only cost memory.
  private static let chunk = 8

  /// - Parameters:
  ///   - places: the samples to verify.
  ///   - differences: for how many of them, from the first, a central difference is taken.
  ///   - progress: called with the share of the work that is done.
  func verify(
    _ places: [Int], differences: Int, progress: (Double) -> Void
  ) throws -> [InfluenceVerification] {
    let directions = places.map { derivative.mostEffectiveDirection($0) }
    var results = places.indices.map {
      InfluenceVerification(place: places[$0], influence: directions[$0].influence)
    }
    let samples = machine.samples
    var done = 0
    func trained(
      _ range: Range<Int>, _ change: (Int) -> LabelledSamples,
      _ body: (Int, SupportVectorMachine) -> Void
    ) throws {
      for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.chunk) {
        let part = start..<min(start + Self.chunk, range.upperBound)
        let machines = try SupportVectorMachine.train(part.map(change), cost: cost)
        for (index, machine) in zip(part, machines) { body(index, machine) }
        done += part.count
        progress(Double(done) / Double(2 * places.count + 2 * differences))
      }
    }
    let base = loss.value(machine)

    try trained(places.indices) {
      samples.moving(places[$0], by: directions[$0].direction, times: Self.largeStep)
    } _: { index, moved in
      let step = directions[index].direction.map { Self.largeStep * $0 }
      let predicted = derivative.change(places[index], step: step)
      let actual = difference(moved.boundary, machine.boundary)
      results[index].predictedMove = norm(predicted)
      results[index].actualMove = norm(actual)
      results[index].moveError = norm(difference(actual, predicted)) / norm(actual)
      results[index].predictedLossChange = zip(lossGradient.features.row(places[index]), step)
        .reduce(0) { $0 + $1.0 * $1.1 }
      results[index].actualLossChange = loss.value(moved) - base
    }
    try trained(places.indices) {
      samples.leavingOut(places[$0])
    } _: { index, rest in
      let place = places[index]
      results[index].predictedRemovalChange = -machine.costs[place] * lossGradient.costs[place]
      results[index].actualRemovalChange = loss.value(rest) - base
    }
    try verifyDifferences(
      &results, directions: directions.map(\.direction), count: differences, trained)
    return results
  }

  /// How far the boundary moves without each of these samples.
  func moves(withoutEachOf places: [Int]) throws -> [Double] {
    var moves: [Double] = []
    for start in stride(from: 0, to: places.count, by: Self.chunk) {
      let part = places[start..<min(start + Self.chunk, places.count)]
      let machines = try SupportVectorMachine.train(
        part.map(machine.samples.leavingOut), cost: cost)
      moves += machines.map { norm(difference($0.boundary, machine.boundary)) }
    }
    return moves
  }

  private func verifyDifferences(
    _ results: inout [InfluenceVerification], directions: [[Double]], count: Int,
    _ trained: (
      Range<Int>, (Int) -> LabelledSamples, (Int, SupportVectorMachine) -> Void
    ) throws -> Void
  ) throws {
    var boundaries = [[[Double]]](repeating: [], count: count)
    for sign in [1.0, -1.0] {
      try trained(0..<count) {
        machine.samples.moving(results[$0].place, by: directions[$0], times: sign * Self.smallStep)
      } _: { index, moved in
        boundaries[index].append(moved.boundary)
      }
    }
    for index in 0..<count {
      let slope = difference(boundaries[index][0], boundaries[index][1])
        .map { $0 / (2 * Self.smallStep) }
      let predicted = derivative.change(results[index].place, step: directions[index])
      results[index].differenceError = norm(difference(slope, predicted)) / norm(predicted)
    }
  }
}

/// The correlation of two lists (Pearson).
func correlation(_ left: [Double], _ right: [Double]) -> Double {
  let count = Double(left.count)
  let leftMean = left.reduce(0, +) / count
  let rightMean = right.reduce(0, +) / count
  var product = 0.0
  var leftSquare = 0.0
  var rightSquare = 0.0
  for (a, b) in zip(left, right) {
    product += (a - leftMean) * (b - rightMean)
    leftSquare += (a - leftMean) * (a - leftMean)
    rightSquare += (b - rightMean) * (b - rightMean)
  }
  return product / (leftSquare * rightSquare).squareRoot()
}
