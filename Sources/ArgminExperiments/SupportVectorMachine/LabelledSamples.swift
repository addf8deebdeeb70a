import Argmin
import Foundation

/// Samples of two classes.
package struct LabelledSamples: Sendable {
  /// Shape `[samples, features]`.
  package var features: Matrix
  /// +1 or -1 for each sample.
  package var labels: [Double]
  /// The number of each sample in the file that it comes from, from 1.
  package var numbers: [Int]

  package init(features: Matrix, labels: [Double], numbers: [Int]) {
    self.features = features
    self.labels = labels
    self.numbers = numbers
  }

  package var count: Int { labels.count }
  var featureCount: Int { features.columns }

  /// The samples at these places.
  func selecting(_ places: [Int]) -> LabelledSamples {
    LabelledSamples(
      features: Matrix(
        rows: places.count, columns: featureCount,
        elements: places.flatMap { features.row($0).array }),
      labels: places.map { labels[$0] },
      numbers: places.map { numbers[$0] })
  }

  /// All samples but one.
  package func leavingOut(_ place: Int) -> LabelledSamples {
    selecting((0..<count).filter { $0 != place })
  }

  /// The samples with one of them moved.
  package func moving(_ place: Int, by step: [Double], times factor: Double) -> LabelledSamples {
    var result = self
    for (feature, change) in step.enumerated() {
      result.features[place, feature] += factor * change
    }
    return result
  }

  /// The mean and the standard deviation of each feature.
  var scales: [(mean: Double, deviation: Double)] {
    (0..<featureCount).map { feature in
      let values = (0..<count).map { features[$0, feature] }
      let mean = values.reduce(0, +) / Double(count)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
      return (mean, variance > 0 ? variance.squareRoot() : 1)
    }
  }

  /// The samples in units of the given standard deviations from the given means.
  func standardized(by scales: [(mean: Double, deviation: Double)]) -> LabelledSamples {
    var result = self
    for place in 0..<count {
      for (feature, scale) in scales.enumerated() {
        result.features[place, feature] =
          (features[place, feature] - scale.mean) / scale.deviation
      }
    }
    return result
  }

  /// Splits the samples at random, each class in the same proportion.
  package func split(
    trainingShare: Double, seed: UInt64
  ) -> (training: LabelledSamples, heldOut: LabelledSamples) {
    var generator = SeededGenerator(seed: seed)
    var training: [Int] = []
    var heldOut: [Int] = []
    for label in [1.0, -1.0] {
      let places = (0..<count).filter { labels[$0] == label }
      let order = generator.permutation(places.count).map { places[$0] }
      let share = Int((trainingShare * Double(order.count)).rounded())
      training += order.prefix(share)
      heldOut += order.dropFirst(share)
    }
    return (selecting(training.sorted()), selecting(heldOut.sorted()))
  }
}

// MARK: - The data set

extension LabelledSamples {
  /// The breast cancer data of the package: malignant is +1, benign -1.
  ///
  /// - Throws: `ExperimentError.data`.
  package static func breastCancer() throws(ExperimentError) -> LabelledSamples {
    let name = "BreastCancer/breast_cancer.csv"
    let location = Bundle.module.bundleURL.appendingPathComponent("Data/\(name)")
    guard let text = try? String(contentsOf: location, encoding: .utf8) else {
      throw .data(file: location.path, reason: "cannot be read")
    }
    return try LabelledSamples(csv: text, name: name)
  }

  /// Reads the format of the file: the first line holds the numbers of samples and of features and
  /// the names of the classes, each further line the features of a sample and its class, 0 or 1.
  package init(csv text: String, name: String) throws(ExperimentError) {
    let lines = text.split(whereSeparator: \.isNewline)
    let head = lines.first?.split(separator: ",").compactMap { Int($0) } ?? []
    guard head.count >= 2, head[0] > 0, head[1] > 0 else {
      throw .data(file: name, line: 1, reason: "expected the numbers of samples and features")
    }
    guard lines.count == head[0] + 1 else {
      throw .data(file: name, reason: "has \(lines.count - 1) samples, expected \(head[0])")
    }
    var elements: [Double] = []
    var labels: [Double] = []
    for (index, line) in lines.dropFirst().enumerated() {
      let numbers = line.split(separator: ",").map { Double($0) ?? .nan }
      guard numbers.count == head[1] + 1, numbers.allSatisfy(\.isFinite),
        numbers[head[1]] == 0 || numbers[head[1]] == 1
      else {
        throw .data(
          file: name, line: index + 2, reason: "expected \(head[1]) numbers and a class, 0 or 1")
      }
      elements += numbers.dropLast()
      labels.append(numbers[head[1]] == 0 ? 1 : -1)
    }
    self.init(
      features: Matrix(rows: head[0], columns: head[1], elements: elements), labels: labels,
      numbers: Array(1...head[0]))
  }
}
