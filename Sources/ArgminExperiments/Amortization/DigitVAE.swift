import Argmin

/// The evidence bound of a variational autoencoder as a problem (Kingma and Welling 2014): for an image x the
/// posterior over codes z is sought, a normal distribution given by mean and logarithmic deviation, `[B, 2, d]`:
///
///     f(q; x) = -E log p(x | z) + KL(q | standard normal)
///
/// The decoder p is the problem's own parameter. Pixels are probabilities of a Bernoulli variable.
struct EvidenceProblem: ParametricProblem {
  var decoder: MLP
  /// Codes drawn for each image.
  var samples = 1

  func value(of posterior: Tensor, for image: Tensor) -> Tensor {
    value(of: posterior, for: image, key: RandomKey(seed: 0))
  }

  func value(of posterior: Tensor, for image: Tensor, key: RandomKey) -> Tensor {
    let q = DiagonalGaussian(
      mean: posterior.slice(axis: 1, 0..<1).squeezingAxis(1),
      logStandardDeviation: posterior.slice(axis: 1, 1..<2).squeezingAxis(1))
    let codes = q.sample(key, shape: [samples])
    let logits = decoder(codes)
    // log p = x l - softplus(l)
    let likelihood = (logits * image - softplus(logits)).sum(axis: -1).mean(axis: 0)
    return q.kullbackLeibler(to: .standard(q.mean.shape, dtype: image.dtype)) - likelihood
  }

  mutating func visitTensors(_ visit: inout TensorVisitor) { visit("decoder", &decoder) }
}

/// An encoder: from an image to the posterior.
typealias Encoder = Predictor<EvidenceProblem, MLP>

extension EvidenceProblem {
  static let codeLength = 8

  init(key: RandomKey) { self.init(decoder: MLP([Self.codeLength, 128, 64], key: key)) }

  /// - Parameter hidden: the widths of the encoder; empty for a linear one.
  func encoder(hidden: [Int], key: RandomKey) -> Encoder {
    Predictor(MLP([64] + hidden + [2 * Self.codeLength], key: key), of: self) { network, x, _ in
      network(x).reshaped(to: [x.shape[0], 2, Self.codeLength])
    }
  }

  /// The posteriors that Adam finds from a start, each image by itself, with the same random numbers in all
  /// steps, and the mean bounds on the way.
  ///
  /// - Parameters:
  ///   - counts: numbers of steps after which the bound is measured.
  ///   - evaluation: measures a bound.
  func optimized(
    _ images: Tensor, from start: Tensor, after counts: [Int], rate: Double = 0.03, key: RandomKey,
    measuredBy evaluation: (Tensor) -> Double
  ) -> [Double] {
    var problem = self
    problem.samples = 32
    let optimizer = Adam(learningRate: rate)
    var posterior = start
    var state = optimizer.initialState(for: posterior)
    var made = 0
    return counts.map { count in
      while made < count {
        // Other numbers in each step: the bound, not its sample, is made large.
        let oracle = Oracle(problem, images, key: key.folded(in: made))
        optimizer.update(&posterior, gradient: oracle.gradient(at: posterior), state: &state)
        made += 1
      }
      return evaluation(posterior)
    }
  }

  /// The mean bound with many codes for each image.
  func bound(_ posterior: Tensor, _ images: Tensor) -> Double {
    var problem = self
    problem.samples = 128
    return -problem.value(of: posterior, for: images, key: RandomKey(seed: 7)).mean().item
  }
}
