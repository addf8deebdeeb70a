import Autodiff
import NeuralNetworks
import Testing
import _TestSupport

/// Variances and bounds of new weights.
struct InitializerTests {
  let key = RandomKey(seed: 31)

  /// The standard kinds with their variance for 200 inputs and 300 outputs.
  enum Kind: String, CaseIterable, Sendable {
    case glorotUniform, glorotNormal, heUniform, heNormal, lecunUniform, lecunNormal

    var initializer: Initializer {
      switch self {
      case .glorotUniform: .glorotUniform
      case .glorotNormal: .glorotNormal
      case .heUniform: .heUniform
      case .heNormal: .heNormal
      case .lecunUniform: .lecunUniform
      case .lecunNormal: .lecunNormal
      }
    }

    var variance: Double {
      switch self {
      case .glorotUniform, .glorotNormal: 2 / 500
      case .heUniform, .heNormal: 2 / 200
      case .lecunUniform, .lecunNormal: 1 / 200
      }
    }
  }

  @Test(arguments: Kind.allCases) func variances(_ kind: Kind) {
    let expected = kind.variance
    let weights = kind.initializer([200, 300], inputs: 200, outputs: 300, key: key)
    #expect(weights.dtype == .float32)
    // 60000 numbers: the variance is known to about 0.6 % (normal), the mean to 0.4 % of a deviation.
    let variance = weights.asType(.float64).variance(axes: [0, 1]).item
    #expect(Swift.abs(variance / expected - 1) < 0.03)
    #expect(Swift.abs(weights.mean().item) < 0.02 * expected.squareRoot())
    let largest = abs(weights).max().item
    if kind.rawValue.hasSuffix("Uniform") {
      #expect(largest <= (3 * expected).squareRoot() * 1.000001)
    } else {
      #expect(largest > (3 * expected).squareRoot() * 1.5)
    }
  }

  @Test(arguments: [[7, 7], [9, 4], [4, 9], [2, 3, 5], [1, 1], [3, 0]])
  func orthogonal(_ shape: [Int]) {
    let weights = Initializer.orthogonal(gain: 2)(
      shape, inputs: 1, outputs: 1, key: key, dtype: .float64)
    #expect(weights.shape == shape)
    let (rows, columns) = (shape[shape.count - 2], shape[shape.count - 1])
    let gram =
      rows >= columns
      ? matmul(weights, weights, transposeA: true) : matmul(weights, weights, transposeB: true)
    let identity = (Tensor.identity(min(rows, columns)) * 4).broadcast(to: gram.shape)
    #expect(isClose(gram.scalars, identity.scalars, relativeTolerance: 1e-13).holds)
  }

  @Test func sameKeySameWeights() {
    let a = MLP([3, 4, 2], key: key)
    #expect(a.leafScalars == MLP([3, 4, 2], key: key).leafScalars)
    #expect(a.leafScalars != MLP([3, 4, 2], key: key.folded(in: 1)).leafScalars)
    #expect(
      Initializer.constant(3)([2], inputs: 1, outputs: 1, key: key).scalars == [3, 3])
    #expect(Initializer.zeros([2], inputs: 1, outputs: 1, key: key).scalars == [0, 0])
  }
}
