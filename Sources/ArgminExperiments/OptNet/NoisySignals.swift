import Argmin

/// Piecewise constant signals with noise, as Amos and Kolter (2017, section 4.3) make them: 100 samples, 1 to 9
/// pieces, whole heights from 10 to 99, normal noise of standard deviation 10.
enum NoisySignals {
  static let length = 100

  /// Noisy signals and clean ones, `[count, 100]` each.
  static func make(_ count: Int, key: RandomKey) -> Pair<Tensor, Tensor> {
    let keys = key.split(into: 2)
    var clean: [Double] = []
    for key in keys[0].split(into: count) {
      let parts = key.split(into: 3)
      let pieces = 1 + parts[0].integers(1, below: 9)[0]
      let breaks = parts[1].choice(pieces - 1, of: length - 2).map { $0 + 1 }.sorted()
      let heights = parts[2].integers(pieces, below: 90).map { Double($0 + 10) }
      for (piece, height) in heights.enumerated() {
        let start = piece == 0 ? 0 : breaks[piece - 1]
        let end = piece == pieces - 1 ? length : breaks[piece]
        clean += [Double](repeating: height, count: end - start)
      }
    }
    let targets = Tensor(clean, shape: [count, length])
    let noise = keys[1].normal([count, length], standardDeviation: 10, dtype: .float64)
    return Pair(targets + noise, targets)
  }
}

extension Pair<Tensor, Tensor> {
  /// The first items, and those after them.
  func split(at count: Int) -> (Pair, Pair) {
    func part(_ range: Range<Int>) -> Pair { mapLeaves { $0.slice(axis: 0, range) } }
    return (part(0..<count), part(count..<first.shape[0]))
  }
}
