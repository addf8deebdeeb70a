/// What the first half of a CBF file says: the variables and constraints and their cones.
struct CBFStructure {
  /// The cones of the format.
  enum Domain: Equatable {
    case free, nonnegative, nonpositive, zero
    case secondOrder, rotatedSecondOrder
    case exponential, dualExponential
    /// With the exponent of `Cone.power`: negative for the dual.
    case power(Double)
    /// Vectorized matrices of this order.
    case semidefinite(order: Int)
  }

  /// A cone, and the constraints or variables that lie in it.
  struct Block {
    let domain: Domain
    let range: Range<Int>
  }

  var isMaximized: Bool?
  var variables = 0
  var variableBlocks: [Block] = []
  var constraints = 0
  var constraintBlocks: [Block] = []
  /// The orders of the matrix variables and of the matrix constraints.
  var matrixVariables: [Int] = []
  var matrixConstraints: [Int] = []
  /// The exponents of the power cones, and those of their duals.
  var powerCones: [[Double]] = []
  var dualPowerCones: [[Double]] = []
}
