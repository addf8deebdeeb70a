import Foundation

/// The mean logistic loss log(1 + exp(-y (w·x + b))) on samples that were not trained on.
package struct HeldOutLoss: Sendable {
  let samples: LabelledSamples

  package init(samples: LabelledSamples) {
    self.samples = samples
  }

  package func value(_ machine: SupportVectorMachine) -> Double {
    // log(1 + exp(-m)) without overflow.
    machine.margins(samples).reduce(0) { $0 + max(-$1, 0) + log1p(exp(-abs($1))) }
      / Double(samples.count)
  }

  /// The gradient with respect to the boundary `[w, b]`.
  package func gradient(_ machine: SupportVectorMachine) -> [Double] {
    var gradient = [Double](repeating: 0, count: samples.featureCount + 1)
    for (place, margin) in machine.margins(samples).enumerated() {
      let slope = -samples.labels[place] / (1 + exp(margin)) / Double(samples.count)
      let row = samples.features.row(place)
      for feature in row.indices { gradient[feature] += slope * row[feature] }
      gradient[samples.featureCount] += slope
    }
    return gradient
  }
}
