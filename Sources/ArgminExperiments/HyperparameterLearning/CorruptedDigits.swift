import Argmin

/// Digits in three parts, with some wrong labels in the first.
package struct CorruptedDigits: Sendable {
  private let images: DigitImages
  /// The digits as the training sees them.
  private let labels: [Int]
  /// Whether the label of each training sample was replaced.
  package let isWrong: [Bool]
  package let validation: HyperparameterProblem.Samples
  package let test: DigitImages

  /// - Throws: `ExperimentError.data`.
  package init(training: Int, validation: Int, wrongShare: Double, key: RandomKey) throws {
    let keys = key.split(into: 3)
    let all = try DigitImages.all()
    let order = keys[0].permutation(all.count)
    images = all.selecting(Array(order[..<training]))
    self.validation = HyperparameterProblem.Samples(
      all.selecting(Array(order[training..<training + validation])))
    test = all.selecting(Array(order[(training + validation)...]))
    let wrong = Set(keys[1].choice(Int((wrongShare * Double(training)).rounded()), of: training))
    let shifts = keys[2].integers(training, below: 9)
    isWrong = (0..<training).map(wrong.contains)
    labels = images.classes.values.enumerated().map { index, digit in
      wrong.contains(index) ? (digit + 1 + shifts[index]) % 10 : digit
    }
  }

  package var count: Int { labels.count }
  package var wrongCount: Int { isWrong.count { $0 } }

  /// The training samples with the labels as they are.
  package var corrupted: HyperparameterProblem.Samples {
    HyperparameterProblem.Samples(pixels: images.pixels.asType(.float64), digits: labels)
  }

  /// Those of the training samples whose labels are right.
  package var onlyRight: HyperparameterProblem.Samples {
    HyperparameterProblem.Samples(
      images.selecting(isWrong.indices.filter { !isWrong[$0] }))
  }

  /// The first training samples with their right labels.
  package func few(_ count: Int) -> HyperparameterProblem.Samples {
    HyperparameterProblem.Samples(images.selecting(Array(0..<min(count, labels.count))))
  }

  /// How well weights tell right labels from wrong ones: the area under the curve.
  package func separation(_ weights: [Double]) -> Double {
    areaUnderCurve(
      weights.indices.filter { !isWrong[$0] }.map { weights[$0] },
      over: weights.indices.filter { isWrong[$0] }.map { weights[$0] })
  }
}
