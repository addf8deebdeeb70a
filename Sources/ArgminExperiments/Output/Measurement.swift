import Argmin

/// What a computation gave and what it took.
struct Measurement<Result> {
  let result: Result
  let seconds: Double
  /// The most memory of tensors at once, less what was there before.
  let bytes: Int

  init(_ body: () throws -> Result) rethrows {
    let before = TensorMemory.liveBytes
    TensorMemory.resetPeak()
    let start = ContinuousClock.now
    result = try body()
    seconds = (ContinuousClock.now - start) / .seconds(1)
    bytes = TensorMemory.peakBytes - before
  }
}
