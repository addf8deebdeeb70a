/// One convex cone of the product in a `ConeProgram`.
public enum Cone: Sendable, Hashable {
  /// {0}, an equality; the dual is free.
  case zero(Int)
  /// No restriction; the dual is zero.
  case free(Int)
  /// s ≥ 0.
  case nonnegative(Int)
  /// {(t, u): t ≥ ‖u‖₂}, of this dimension, t first.
  case secondOrder(Int)
  /// Symmetric positive semidefinite matrices of this order, as the vector of the lower triangle column
  /// by column with the off-diagonals times √2, so that inner products are kept.
  case semidefinite(order: Int)
  /// The closure of {(x, y, z): y > 0, y exp(x / y) ≤ z}.
  case exponential
  /// The closure of {(u, v, w): u < 0, -u exp(v / u) ≤ e w}.
  case dualExponential
  /// For 0 < a < 1 {(x, y, z): xᵃ y¹⁻ᵃ ≥ |z|, x, y ≥ 0}; for -1 < a < 0 the dual of the cone of -a.
  case power(Double)

  /// The number of rows that the cone takes.
  public var rows: Int {
    switch self {
    case .zero(let count), .free(let count), .nonnegative(let count), .secondOrder(let count):
      count
    case .semidefinite(let order): order * (order + 1) / 2
    case .exponential, .dualExponential, .power: 3
    }
  }

  /// The dual cone.
  public var dual: Cone {
    switch self {
    case .zero(let count): .free(count)
    case .free(let count): .zero(count)
    case .nonnegative, .secondOrder, .semidefinite: self
    case .exponential: .dualExponential
    case .dualExponential: .exponential
    case .power(let exponent): .power(-exponent)
    }
  }
}

/// The product of cones of a `ConeProgram`, whose rows stand in this order.
public struct ConeProduct: Sendable, Hashable {
  /// Rows of the zero cone (equalities).
  public var zero: Int
  /// Rows without restriction.
  public var free: Int
  /// Rows of the nonnegative cone.
  public var nonnegative: Int
  /// Dimensions of the second-order cones.
  public var secondOrder: [Int]
  /// Orders of the semidefinite cones.
  public var semidefinite: [Int]
  /// The number of exponential cones.
  public var exponential: Int
  /// The number of dual exponential cones.
  public var dualExponential: Int
  /// The exponents of the power cones, negative ones for their duals.
  public var power: [Double]

  /// A product of the given cones; none by default.
  public init(
    zero: Int = 0, free: Int = 0, nonnegative: Int = 0, secondOrder: [Int] = [],
    semidefinite: [Int] = [], exponential: Int = 0, dualExponential: Int = 0, power: [Double] = []
  ) {
    self.zero = zero
    self.free = free
    self.nonnegative = nonnegative
    self.secondOrder = secondOrder
    self.semidefinite = semidefinite
    self.exponential = exponential
    self.dualExponential = dualExponential
    self.power = power
  }

  /// The number of rows of all cones.
  public var rows: Int { cones.reduce(0) { $0 + $1.rows } }

  /// The cones in the order of their rows; those without rows are left out.
  public var cones: [Cone] {
    var cones: [Cone] = [.zero(zero), .free(free), .nonnegative(nonnegative)]
    cones += secondOrder.map(Cone.secondOrder)
    cones += semidefinite.map { Cone.semidefinite(order: $0) }
    cones += [Cone](repeating: .exponential, count: exponential)
    cones += [Cone](repeating: .dualExponential, count: dualExponential)
    cones += power.map(Cone.power)
    return cones.filter { $0.rows > 0 }
  }

  /// The cones with their rows.
  public var blocks: [(cone: Cone, rows: Range<Int>)] {
    var start = 0
    return cones.map { cone in
      defer { start += cone.rows }
      return (cone, start..<start + cone.rows)
    }
  }
}
