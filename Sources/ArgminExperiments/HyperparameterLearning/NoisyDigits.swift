import Argmin

/// Handwritten digits of which some training labels are wrong.
struct NoisyDigits: Sendable {
  /// What a classifier is trained on, float64.
  struct Samples: TensorStructure {
    /// `[count, 64]`
    var pixels: Tensor
    /// One-hot, `[count, 10]`
    var labels: Tensor

    mutating func visitTensors(_ visit: inout TensorVisitor) {
      visit("pixels", &pixels)
      visit("labels", &labels)
    }

    var classes: IndexTensor { labels.argMax(axis: -1) }
  }

  let training: Samples
  let validation: Samples
  let test: Samples
  /// Whether a training label is wrong.
  let isWrong: [Bool]

  /// - Parameter share: of training labels that become another digit.
  init(training: Int, validation: Int, wrongShare share: Double, key: RandomKey) throws {
    let keys = key.split(into: 3)
    let images = try DigitImages.all()
    let order = keys[0].permutation(images.count)
    func samples(_ places: ArraySlice<Int>, changing wrong: Set<Int> = [], by shifts: [Int] = [])
      -> Samples
    {
      let chosen = images.selecting(Array(places))
      let classes = chosen.classes.values.enumerated().map { index, digit in
        wrong.contains(index) ? (digit + 1 + shifts[index]) % 10 : digit
      }
      return Samples(
        pixels: chosen.pixels.asType(.float64),
        labels: Tensor.oneHot(IndexTensor(classes), count: 10, dtype: .float64))
    }
    let wrong = Set(
      keys[1].choice(Int((share * Double(training)).rounded()), of: training))
    self.training = samples(
      order[..<training], changing: wrong, by: keys[2].integers(training, below: 9))
    self.validation = samples(order[training..<training + validation])
    test = samples(order[(training + validation)...])
    isWrong = (0..<training).map(wrong.contains)
  }
}

/// The area under the curve of true over false positives: the probability that a score of a positive is
/// larger than that of a negative (Mann and Whitney 1947).
func areaUnderCurve(_ scores: [Double], isPositive: [Bool]) -> Double {
  let order = scores.indices.sorted { scores[$0] < scores[$1] }
  var rankSum = 0.0
  var start = 0
  while start < order.count {
    var end = start
    while end < order.count, scores[order[end]] == scores[order[start]] { end += 1 }
    // Equal scores share their ranks.
    let rank = Double(start + 1 + end) / 2
    rankSum += order[start..<end].reduce(0) { $0 + (isPositive[$1] ? rank : 0) }
    start = end
  }
  let positives = Double(isPositive.count { $0 })
  let negatives = Double(isPositive.count) - positives
  return (rankSum - positives * (positives + 1) / 2) / (positives * negatives)
}
