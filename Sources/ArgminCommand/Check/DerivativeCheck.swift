import Argmin
import ArgminExperiments

/// Compares the derivatives of one problem's solution map with finite differences.
///
/// For every entry of every datum, or a sample of them, the entry is moved and the problem is solved
/// again. In reverse mode the derivative of a random linear function of the solution (primal and dual)
/// is compared; in forward mode the change of the whole solution. The step is swept over several
/// decades, as no single one suits all data: an entry counts with the step that agrees best, and
/// contradicts the derivative if all disagree by more than the differences themselves are unsure.
struct DerivativeCheck<Program: CheckedProgram> {
  let program: Program
  /// Entries checked of each datum, nil for a number that fits the size of the problem.
  var samples: Int?
  let seed: UInt64

  typealias DatumResult = DerivativeCheckResult.DatumResult

  /// Relative differences up to this are no contradiction.
  private var tolerance: Double { 1e-6 }
  /// Differences that change more than this from step to step excuse no disagreement beyond it.
  private static var largestUnsureness: Double { 1e-2 }
  /// An entry that agrees as well as this is not tried with another step.
  private var goodEnough: Double { 1e-8 }
  /// The steps of the sweep, relative to the scale of the entry.
  private var relativeSteps: [Double] { [1e-4, 1e-5, 1e-6, 1e-3, 1e-7] }

  func run(progress: (Double) -> Void = { _ in }) throws -> DerivativeCheckResult {
    let solution = try program.solve()
    guard solution.status == .optimal else {
      return DerivativeCheckResult(status: solution.status, certificate: nil, data: [])
    }
    var generator = SeededGenerator(seed: seed)
    let upstream = program.parts.map { generator.normals($0) }
    let (gradient, certificate) = try solution.gradient(upstream: upstream)
    let point = SolutionPoint(solution.numbers, upstream: upstream)
    var data: [DatumResult] = []
    // The largest derivative of all: entries far below it are judged on its scale.
    let largest = program.data.flatMap { gradient[$0.name] ?? [] }
      .reduce(0) { $1.isNaN ? $0 : max($0, abs($1)) }
    for (index, datum) in program.data.enumerated() where !datum.places.isEmpty {
      let sample = EntrySample(
        datum, gradient: gradient[datum.name] ?? [], count: sampleCount, generator: &generator)
      data.append(
        try check(
          sample, gradient: gradient[datum.name] ?? [], certificate: certificate,
          solution: solution, point: point, largest: largest
        ) { progress((Double(index) + $0) / Double(program.data.count)) })
    }
    return DerivativeCheckResult(
      status: solution.status, certificate: certificate, data: data)
  }

  /// Fewer entries the larger the problem, whose every solve costs the cube of its size.
  private var sampleCount: Int {
    if let samples { return samples }
    let size = Double(program.size)
    return Int(max(16, min(256, 1e9 / (size * size * size))))
  }

  // MARK: - One datum

  /// What is known of an entry while the step is swept.
  private struct Comparison {
    let entry: DatumEntry
    /// The derivative of the linear function, and of the solution.
    let reverse: Double
    let forward: [Double]
    /// The differences of the steps so far.
    var reverseDifferences: [Double] = []
    var forwardDifferences: [[Double]] = []
  }

  private func check(
    _ sample: EntrySample, gradient: [Double], certificate: DerivativeCertificate,
    solution: Program.Solved, point: SolutionPoint, largest: Double, progress: (Double) -> Void
  ) throws -> DatumResult {
    let datum = sample.datum
    let differences = SolutionDifferences(program: program, base: point)
    var comparisons = try sample.entries.map { entry in
      Comparison(
        entry: entry, reverse: entry.place.derivative(gradient),
        forward: try solution.tangent(
          datum, direction: entry.place.direction(count: datum.numbers.count)))
    }
    var result = DatumResult(
      datum: datum.name, entries: sample.total, checked: comparisons.count)
    var pending = Array(comparisons.indices)
    // A derivative that is not exact need not agree: no use in looking for a step with which it does.
    let steps = relativeSteps.prefix(certificate.kind == .exact ? .max : 1)
    var scale = DifferenceScale(largest: largest, point: point)
    for (index, step) in steps.enumerated() where !pending.isEmpty {
      let found = try differences.differences(
        pending.map { comparisons[$0].entry }, of: datum, relativeStep: step)
      for (place, difference) in zip(pending, found) {
        comparisons[place].reverseDifferences.append(difference.reverse)
        comparisons[place].forwardDifferences.append(difference.forward)
      }
      if index == 0 {
        for comparison in comparisons {
          scale.include(comparison.reverse, comparison.forward)
          scale.include(comparison.reverseDifferences[0], comparison.forwardDifferences[0])
        }
      }
      pending = pending.filter {
        let (reverse, forward) = errors(comparisons[$0], scale: scale)
        return !(reverse.best <= goodEnough && forward.best <= goodEnough)
      }
      progress(Double(index + 1) / Double(steps.count))
    }
    let estimate = certificate.errorEstimate
    // An estimate that allows for anything excuses nothing.
    let allowed = max(tolerance, estimate.isFinite ? min(10 * estimate, 1e-3) : 0)
    for comparison in comparisons {
      let (reverse, forward) = errors(comparison, scale: scale)
      result.reverseError = Self.larger(result.reverseError, reverse.best)
      result.forwardError = Self.larger(result.forwardError, forward.best)
      // Nor do differences that do not settle.
      if !(reverse.best <= allowed + min(10 * reverse.unsure, Self.largestUnsureness))
        || !(forward.best <= allowed + min(10 * forward.unsure, Self.largestUnsureness))
      {
        result.isContradicted = true
      }
    }
    return result
  }

  /// NaN counts as the largest.
  private static func larger(_ left: Double, _ right: Double) -> Double {
    left.isNaN || right.isNaN ? .nan : max(left, right)
  }

  /// The relative error with the best step in either mode, and how unsure the differences are: the
  /// smallest change from one step to the next.
  private func errors(
    _ comparison: Comparison, scale: DifferenceScale
  ) -> (reverse: (best: Double, unsure: Double), forward: (best: Double, unsure: Double)) {
    func summary<Value>(
      _ values: [Value], _ exact: Value, _ size: (Value, Value) -> Double
    ) -> (best: Double, unsure: Double) {
      let errors = values.map { size($0, exact) }.filter { !$0.isNaN }
      let changes = zip(values, values.dropFirst()).map { size($0, $1) }.filter { !$0.isNaN }
      return (errors.min() ?? .nan, changes.min() ?? 0)
    }
    return (
      summary(comparison.reverseDifferences, comparison.reverse) {
        abs($0 - $1) / scale.reverse
      },
      summary(comparison.forwardDifferences, comparison.forward) {
        largestDifference($0, $1) / scale.forward
      }
    )
  }
}

/// What was found for a problem.
struct DerivativeCheckResult {
  /// What was found for one datum.
  struct DatumResult {
    /// The name of the datum.
    let datum: String
    /// The number of entries (of a symmetric matrix, those of one triangle), and how many were
    /// checked.
    let entries: Int
    let checked: Int
    /// The worst error over the entries, relative to the largest derivative with respect to the
    /// datum; NaN if the problem could not be solved again.
    var reverseError = 0.0
    var forwardError = 0.0
    /// Whether the differences contradict the derivative.
    var isContradicted = false
  }

  let status: SolveStatus
  let certificate: DerivativeCertificate?
  let data: [DatumResult]

  /// Whether the derivative claims to be exact and is not.
  var isContradicted: Bool {
    certificate?.kind == .exact && data.contains { $0.isContradicted }
  }
}

/// What errors of the derivatives with respect to one datum are relative to.
private struct DifferenceScale {
  private(set) var reverse: Double
  private(set) var forward: Double

  /// Nothing is judged on a scale below a thousandth of the largest derivative.
  init(largest: Double, point: SolutionPoint) {
    reverse = max(1e-3 * largest, 1e-9)
    forward = max(1e-3 * largest / max(point.upstreamNorm, 1), 1e-9)
  }

  mutating func include(_ reverse: Double, _ forward: [Double]) {
    if reverse.isFinite { self.reverse = max(self.reverse, abs(reverse)) }
    let size = forward.reduce(0) { max($0, abs($1)) }
    if size.isFinite { self.forward = max(self.forward, size) }
  }
}

/// The largest difference of two lists; NaN if any is.
func largestDifference(_ left: [Double], _ right: [Double]) -> Double {
  var largest = 0.0
  for (a, b) in zip(left, right) {
    let difference = abs(a - b)
    if difference.isNaN { return .nan }
    largest = max(largest, difference)
  }
  return largest
}
