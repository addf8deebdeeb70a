import ConvexSolvers

/// Why a layer has no second derivatives; thrown by a call whose data change in two nested derivatives.
public enum SecondDerivativeError: Error, Sendable, Equatable {
  /// First derivatives only are offered for programs with this cone.
  case cone(Cone)
  /// First derivatives only are offered with the policy `.smoothed`.
  case smoothed
}

extension SecondDerivativeError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .cone(let cone):
      "second derivatives are offered for zero, free, nonnegative, second-order and semidefinite cones, "
        + "not for \(cone)"
    case .smoothed: "second derivatives are not offered with the policy smoothed"
    }
  }
}

extension Cone {
  /// Whether complementarity is bilinear in slack and dual.
  var isSymmetric: Bool {
    switch self {
    case .zero, .free, .nonnegative, .secondOrder, .semidefinite: true
    case .exponential, .dualExponential, .power: false
    }
  }
}
