import Autodiff

/// A function of sets (Zaheer et al. 2017): `rho(pool of phi(x) over the elements x)`, the same for any
/// order of the elements.
public struct DeepSets<Phi: Layer, Rho: Layer>: TensorStructure {
  /// How the elements of a set become one.
  public enum Pooling: Sendable, Hashable {
    case sum
    /// Zero for an empty set.
    case mean
  }

  /// Of every element.
  public var phi: Phi
  /// Of the whole.
  public var rho: Rho
  public var pooling: Pooling

  public init(phi: Phi, rho: Rho, pooling: Pooling = .mean) {
    self.phi = phi
    self.rho = rho
    self.pooling = pooling
  }

  /// - Parameters:
  ///   - x: `[..., n, features]`, sets of at most n elements.
  ///   - mask: `[..., n]`, 1 for elements and 0 for places that are not taken, whose content doesn't
  ///     matter if it is finite; nil if all are taken.
  /// - Returns: `[..., outputs]`.
  public func callAsFunction(_ x: Tensor, mask: Tensor? = nil) -> Tensor {
    precondition(x.rank >= 2, "DeepSets: x of shape \(x.shape)")
    var elements = phi(x)
    if let mask {
      precondition(
        mask.shape == Array(x.shape.dropLast()),
        "DeepSets: x of shape \(x.shape), a mask of shape \(mask.shape)")
      elements = elements * mask.expandingAxis(-1)
    }
    var pool = elements.sum(axis: -2)
    if pooling == .mean {
      if let mask {
        pool = pool / maximum(mask.sum(axis: -1, keepsAxis: true), 1)
      } else {
        pool = pool * (1 / Double(max(x.shape[x.rank - 2], 1)))
      }
    }
    return rho(pool)
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("phi", &phi)
    visit("rho", &rho)
  }
}
