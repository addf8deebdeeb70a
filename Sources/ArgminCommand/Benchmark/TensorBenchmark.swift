import Argmin
import Foundation
import ProblemFiles

/// What is timed in one cell of the tensor benchmark.
protocol TensorTask {
  /// Does the work once.
  mutating func step() throws
  /// The number that is compared between systems; asked for once, of a fresh task.
  mutating func check() throws -> Double
}

/// The timings of tensors and derivatives. `Benchmarks/peers/tensors` times other systems on the same
/// mathematics and the same numbers, and says there what each cell is.
struct TensorBenchmark: Sendable {
  let name: String
  let make: @Sendable () -> any TensorTask

  struct Result {
    let cell: String
    /// The median over groups of steps.
    let milliseconds: Double
    let check: Double
  }

  static let all: [TensorBenchmark] =
    pair("mlp-64-b32") { NetworkTraining(size: 64, batch: 32, dtype: $0) }
    + pair("mlp-256-b256") { NetworkTraining(size: 256, batch: 256, dtype: $0) }
    + pair("maml") { MetaTraining(dtype: $0) }
    + pair("hvp-64-b32") { HessianProduct(size: 64, batch: 32, dtype: $0) }
    + [10, 50].map { size in
      TensorBenchmark(name: "cholesky-\(size)-b128-float64") {
        PositiveDefiniteSolve(size: size, batch: 128, dtype: .float64)
      }
    }
    + pair("sinkhorn-256") { TransportGradient(size: 256, dtype: $0) }
    + [
      TensorBenchmark(name: "chain-forward-16-float32") {
        OperationChain(size: 16, dtype: .float32)
      },
      TensorBenchmark(name: "chain-gradient-16-float32") {
        OperationChainGradient(size: 16, dtype: .float32)
      },
    ]

  /// A cell in single and one in double precision.
  private static func pair(
    _ name: String, _ make: @escaping @Sendable (DType) -> any TensorTask
  ) -> [TensorBenchmark] {
    [DType.float32, .float64].map { dtype in
      TensorBenchmark(name: "\(name)-\(dtype)") { make(dtype) }
    }
  }

  /// The cells whose names match a shell pattern.
  static func matching(_ pattern: String) -> [TensorBenchmark] {
    all.filter { fnmatch(pattern, $0.name, 0) == 0 }
  }

  func run() throws -> Result {
    var fresh = make()
    let check = try fresh.check()
    var task = make()
    return Result(cell: name, milliseconds: try Self.medianMilliseconds(&task), check: check)
  }

  /// The median time of a step over groups of about 10 ms, for 0.3 s after a warm-up of 0.06 s.
  private static func medianMilliseconds(_ task: inout any TensorTask) throws -> Double {
    let clock = ContinuousClock()
    func milliseconds(steps: Int) throws -> Double {
      let duration = try clock.measure { for _ in 0..<steps { try task.step() } }
      return duration / .milliseconds(1) / Double(steps)
    }
    var single = try milliseconds(steps: 2)
    let start = clock.now
    while clock.now - start < .milliseconds(60) {
      single = try milliseconds(steps: max(1, Int(5 / single)))
    }
    let steps = max(1, Int((10 / single).rounded()))
    var times: [Double] = []
    while times.count < 5 || times.reduce(0, +) * Double(steps) < 300 {
      times.append(try milliseconds(steps: steps))
    }
    times.sort()
    return times[times.count / 2]
  }
}

// MARK: - JSON

extension TensorBenchmark.Result {
  func write(to json: inout JSONWriter, threads: Int) {
    json.object(.inline) { json in
      json.write(cell, for: "cell")
      json.write(threads, for: "threads")
      json.write(milliseconds, for: "milliseconds")
      json.write(check, for: "check")
    }
  }
}
