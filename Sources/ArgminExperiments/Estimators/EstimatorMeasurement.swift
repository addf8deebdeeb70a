import Argmin
import ProblemFiles

/// What one way of taking a gradient costs and how far it is from the full one.
struct EstimatorMeasurement: Sendable {
  let name: String
  /// All elements of the gradient.
  let gradient: [Double]
  /// The shortest of several runs.
  let seconds: Double
  /// Tensor memory at the peak beyond what was alive before.
  let peakBytes: Int

  init(_ name: String, repetitions: Int = 3, _ gradient: () -> [Double]) {
    self.name = name
    var seconds = Double.infinity
    var values: [Double] = []
    TensorMemory.resetPeak()
    let before = TensorMemory.liveBytes
    for _ in 0..<repetitions {
      let start = ContinuousClock.now
      values = gradient()
      seconds = min(seconds, (ContinuousClock.now - start) / .seconds(1))
    }
    self.gradient = values
    self.seconds = seconds
    peakBytes = max(TensorMemory.peakBytes - before, 0)
  }

  /// The cosine of the angle to another gradient, nil if one of them is zero.
  func cosine(to other: EstimatorMeasurement) -> Double? {
    let product = zip(gradient, other.gradient).reduce(0) { $0 + $1.0 * $1.1 }
    let size = norm(gradient) * norm(other.gradient)
    return size > 0 ? product / size : nil
  }

  /// The length of the difference to another gradient relative to the length of that one.
  func relativeError(to other: EstimatorMeasurement) -> Double {
    norm(zip(gradient, other.gradient).map { $0 - $1 }) / norm(other.gradient)
  }

  private func norm(_ values: [Double]) -> Double {
    values.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }
}

/// Gradients of one quantity by several estimators, the first of which is the reference.
struct EstimatorComparison: Sendable {
  let title: String
  let measurements: [EstimatorMeasurement]

  var table: ResultTable {
    var table = ResultTable(
      title: title,
      columns: [
        .init("estimator", .left), .init("cosine"), .init("relative error"), .init("peak kB"),
        .init("milliseconds"),
      ])
    for item in measurements {
      table.append([
        item.name, item.cosine(to: measurements[0]).map { String(format: "%.4f", $0) } ?? "zero",
        String(format: "%.1e", item.relativeError(to: measurements[0])),
        String(format: "%.0f", Double(item.peakBytes) / 1000),
        String(format: "%.2f", 1000 * item.seconds),
      ])
    }
    return table
  }

  func write(to json: inout JSONWriter) {
    for item in measurements {
      json.object(.inline) { json in
        json.write(item.name, for: "estimator")
        json.write(item.cosine(to: measurements[0]), for: "cosine")
        json.write(item.relativeError(to: measurements[0]), for: "relativeError")
        json.write(item.peakBytes, for: "peakBytes")
        json.write(item.seconds, for: "seconds")
      }
    }
  }
}
