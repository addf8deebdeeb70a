import Argmin
import ArgminExperiments
import Testing

/// A few samples in the plane that no line separates.
private func someSamples(_ count: Int = 12, seed: UInt64 = 3) -> LabelledSamples {
  var generator = SeededGenerator(seed: seed)
  let labels = (0..<count).map { $0 % 2 == 0 ? 1.0 : -1.0 }
  let features = labels.flatMap { label in
    [label * 0.7 + generator.normal(), label * 0.4 + generator.normal()]
  }
  return LabelledSamples(
    features: Matrix(rows: count, columns: 2, elements: features), labels: labels,
    numbers: Array(1...count))
}

private func largestDifference(_ left: [Double], _ right: [Double]) -> Double {
  zip(left, right).map { abs($0 - $1) }.max() ?? 0
}

@Suite struct SupportVectorMachineTests {
  @Test func twoSamplesHaveTheClosedForm() throws {
    // minimize ½ w² + C ξ² with w = 1 - ξ.
    let samples = LabelledSamples(features: [[1], [-1]], labels: [1, -1], numbers: [1, 2])
    let machine = try SupportVectorMachine.train(samples, cost: 3)
    #expect(abs(machine.weights[0] - 6.0 / 7) < 1e-12)
    #expect(abs(machine.offset) < 1e-12)
    #expect(machine.accuracy(samples) == 1)
    #expect(machine.supportVectors == [0, 1])
  }

  @Test func theDerivativeOfTheBoundaryAgreesWithDifferences() throws {
    let samples = someSamples()
    let machine = try SupportVectorMachine.train(samples, cost: 0.8)
    let derivative = try BoundaryDerivative(machine)
    let step = 1e-5
    for place in 0..<samples.count {
      for feature in 0..<2 {
        var unit = [0.0, 0.0]
        unit[feature] = 1
        let moved = try [step, -step].map {
          try SupportVectorMachine.train(samples.moving(place, by: unit, times: $0), cost: 0.8)
        }
        let slope = zip(moved[0].boundary, moved[1].boundary).map { ($0 - $1) / (2 * step) }
        #expect(largestDifference(slope, derivative.change(place, step: unit)) < 1e-7)
      }
    }
  }

  @Test func aSampleBeyondItsMarginHasNoInfluence() throws {
    let samples = someSamples(40)
    let machine = try SupportVectorMachine.train(samples, cost: 10)
    let derivative = try BoundaryDerivative(machine)
    let vectors = Set(machine.supportVectors)
    let others = (0..<samples.count).filter { !vectors.contains($0) }
    try #require(!others.isEmpty)
    for place in others {
      #expect(derivative.mostEffectiveDirection(place).influence < 1e-12)
    }
    let rest = try SupportVectorMachine.train(samples.leavingOut(others[0]), cost: 10)
    #expect(largestDifference(rest.boundary, machine.boundary) < 1e-12)
  }

  @Test func theMostEffectiveDirectionIsMostEffective() throws {
    let machine = try SupportVectorMachine.train(someSamples(), cost: 1)
    let derivative = try BoundaryDerivative(machine)
    let place = machine.supportVectors[0]
    let best = derivative.mostEffectiveDirection(place)
    for angle in stride(from: 0.0, to: 6.3, by: 0.1) {
      let turned = [
        best.direction[0] * (1 - angle / 10) - best.direction[1] * angle / 10,
        best.direction[1] * (1 - angle / 10) + best.direction[0] * angle / 10,
      ]
      let length = (turned[0] * turned[0] + turned[1] * turned[1]).squareRoot()
      let change = derivative.change(place, step: turned.map { $0 / length })
      #expect(change.reduce(0) { $0 + $1 * $1 }.squareRoot() <= best.influence * (1 + 1e-9))
    }
  }

  @Test func theHeldOutLossHasItsGradient() throws {
    let samples = someSamples(10, seed: 8)
    let loss = HeldOutLoss(samples: someSamples(6, seed: 9))
    let machine = try SupportVectorMachine.train(samples, cost: 0.5)
    let gradient = try machine.gradient(loss.gradient(machine))
    #expect(gradient.certificate.kind == .exact)
    let step = 1e-5
    for place in 0..<samples.count {
      let moved = try [step, -step].map {
        loss.value(
          try SupportVectorMachine.train(samples.moving(place, by: [1, 0], times: $0), cost: 0.5))
      }
      #expect(abs((moved[0] - moved[1]) / (2 * step) - gradient.features[place, 0]) < 1e-8)
    }
    // All costs at once: the sum of the derivatives.
    let priced = try [0.5 + step, 0.5 - step].map {
      loss.value(try SupportVectorMachine.train(samples, cost: $0))
    }
    let total = gradient.costs.reduce(0, +)
    #expect(abs((priced[0] - priced[1]) / (2 * step) - total) < 1e-8)
  }
}
