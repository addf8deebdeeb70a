import Autodiff
import ConvexSolvers
import LinearAlgebra

/// The square of each entry; convex, away from zero.
public func square<A: ModelTerm>(_ x: A) -> ModelExpression {
  ModelExpression(.elementwise(.square, x.expression.node))
}

/// The sum of squares, `Σ xᵢ²`; convex, away from zero.
public func sumSquares<A: ModelTerm>(_ x: A) -> ModelExpression {
  ModelExpression(.reducing(.sumSquares, x.expression.node))
}

/// The quadratic form `xᵀ P x`; convex.
///
/// - Parameters:
///   - x: vector, `[n]`, affine.
///   - P: symmetric positive semidefinite matrix of numbers, or a `Parameter` declared `.semidefinite`,
///     or a nonnegative diagonal one, or
///     such a parameter times a nonnegative factor, `[n, n]`. A parameter is possible only in the
///     objective, where the form may be multiplied by nonnegative factors and summed.
public func quadForm<A: ModelTerm, B: ExpressionConvertible>(_ x: A, _ P: B) -> ModelExpression {
  var (node, matrix) = (x.expression.node, P.expression.node)
  guard node.shape.count == 1, matrix.shape == [node.count, node.count] else {
    let reason =
      "quadForm: \(matrix.text) has shape \(matrix.shape), expected "
      + "[\(node.count), \(node.count)] for \(node.text) with shape \(node.shape)"
    return ModelExpression(Node(invalid: reason, arguments: [node, matrix]))
  }
  if let values = matrix.constantValues {
    let n = node.count
    let dense = Matrix(rows: n, columns: n, elements: values)
    let scale = values.reduce(0) { Swift.max($0, $1.magnitude) }
    let asymmetry = (0..<n * n).reduce(0.0) { largest, k in
      Swift.max(largest, (values[k] - values[k % n * n + k / n]).magnitude)
    }
    guard asymmetry <= largestRelativeAsymmetry * scale, values.allSatisfy(\.isFinite) else {
      return invalid(node, "quadForm: the matrix is not symmetric; use (P + Pᵀ)/2")
    }
    let smallest = n == 0 ? 0 : (try? SymmetricEigen(dense).values[0]) ?? .nan
    guard smallest >= -1e-10 * scale * Double(n) else {
      return invalid(
        node, "quadForm: the matrix has the negative eigenvalue \(smallest), so it is not convex")
    }
    if asymmetry > 0 {
      matrix = Node(
        constant: (0..<n * n).map { 0.5 * values[$0] + 0.5 * values[$0 % n * n + $0 / n] },
        shape: [n, n])
    }
  } else if !matrix.isKnownSemidefinite {
    return invalid(
      node,
      "quadForm: \(matrix.text) is not known to be positive semidefinite; declare it as "
        + "Parameter(n, n, structure: .semidefinite)")
  }
  return ModelExpression(.reducing(.quadForm, node, matrix))
}

/// The sum of squares over a scalar, `Σ xᵢ² / y` for y > 0; convex, away from zero in x, nonincreasing in
/// y.
public func quadOverLin<A: ModelTerm, B: ExpressionConvertible>(_ x: A, _ y: B) -> ModelExpression {
  let (node, over) = (x.expression.node, y.expression.node)
  guard over.count == 1 else { return invalid(over, "quadOverLin: the denominator is no scalar") }
  return ModelExpression(.reducing(.quadOverLin, node, over))
}

/// Huber's function of each entry: `x²` up to M, `2 M |x| - M²` beyond; convex, away from zero.
public func huber<A: ModelTerm>(_ x: A, threshold M: Double = 1) -> ModelExpression {
  let node = x.expression.node
  guard M >= 0 else { return invalid(node, "huber: the threshold \(M) is negative") }
  return ModelExpression(.elementwise(.huber(M), node))
}

extension Node {
  /// Whether a matrix of parameters is positive semidefinite by what was promised.
  var isKnownSemidefinite: Bool {
    switch kind {
    case .parameter(let parameter):
      if case .semidefinite = parameter.structure { return true }
      return false
    case .product:
      let (a, b) = (arguments[0], arguments[1])
      return a.isKnownSemidefinite && b.isNonnegativeFactor
        || b.isKnownSemidefinite && a.isNonnegativeFactor
    case .linear(let name, _):
      if name == "scattered", case .parameter(let parameter) = arguments[0].kind,
        case .diagonal = parameter.structure
      {
        return parameter.sign.isNonnegative
      }
      return name == "+" && arguments.allSatisfy(\.isKnownSemidefinite)
    default: return false
    }
  }

  /// Whether all entries are one nonnegative number.
  private var isNonnegativeFactor: Bool {
    if case .linear("broadcast", _) = kind { return arguments[0].isNonnegativeFactor }
    return sign.isNonnegative && count == 1
  }
}

extension Atom {
  static let square = Atom(
    "square", .convex, sign: alwaysNonnegative, monotonicity: awayFromZero, quadratic: .squares,
    logarithm: { 2 * $0[0] },
    value: { Autodiff.square($0[0]) },
    graph: { cones, x, node in
      let t = cones.fresh(node.count)
      cones.addRotated(x[0], t, .ones(node.count))
      return t
    })

  static let sumSquares = Atom(
    "sumSquares", .convex, sign: alwaysNonnegative, monotonicity: awayFromZero,
    quadratic: .squares,
    logarithm: { ConvexModeling.logSumExp(2 * $0[0]) },
    value: { Autodiff.square($0[0].flatItems).sum(axis: 1) },
    graph: { cones, x, _ in ratio(cones, x[0], .ones(1)) })

  static let quadOverLin = Atom(
    "quadOverLin", .convex, sign: alwaysNonnegative,
    monotonicity: { [Monotonicity(coefficientsOfSign: $0[0]), .nonincreasing] },
    quadratic: .overConstant,
    logarithm: { ConvexModeling.logSumExp(2 * $0[0]) - $0[1].reshaped(to: []) },
    value: { Autodiff.square($0[0].flatItems).sum(axis: 1) / $0[1].reshaped(to: [$0[1].shape[0]]) },
    graph: { cones, x, _ in ratio(cones, x[0], x[1]) })

  static let quadForm = Atom(
    "quadForm", .convex, sign: alwaysNonnegative,
    monotonicity: { _ in [.neither, .neither] }, quadratic: .form,
    value: { arguments in
      let x = arguments[0].expandingAxis(1)
      return (matmul(x, arguments[1]) * x).sum(axes: [1, 2])
    },
    graph: { cones, x, node in
      // P = FᵀF by eigenvectors: ‖F x‖². Problem refuses parameters here.
      let n = node.arguments[0].count
      guard n > 0 else { return AffineForm(count: 1) }
      guard let values = node.arguments[1].constantValues,
        let eigen = try? SymmetricEigen(Matrix(rows: n, columns: n, elements: values))
      else {
        cones.refuse(node)
        return AffineForm(count: 1)
      }
      let vectors = eigen.vectors
      var factor = LinearMap(outputs: n, inputs: n)
      for k in 0..<n where eigen.values[k] > 0 {
        for i in 0..<n {
          factor.add(k, i, eigen.values[k].squareRoot() * vectors[i, k])
        }
      }
      return ratio(cones, x[0].mapped(by: factor), .ones(1))
    })

  static func huber(_ threshold: Double) -> Atom {
    Atom(
      "huber", .convex, sign: alwaysNonnegative, monotonicity: awayFromZero,
      quadratic: .huber(threshold: threshold),
      value: { x in
        let size = Autodiff.abs(x[0])
        return select(
          size .<= threshold, Autodiff.square(x[0]),
          size * (2 * threshold) - threshold * threshold)
      },
      graph: { cones, x, node in
        let inner = cones.fresh(node.count)
        let squares = cones.fresh(node.count)
        let outer = cones.fresh(node.count)
        cones.addRotated(inner, squares, .ones(node.count))
        cones.addNonnegative(outer - (x[0] - inner))
        cones.addNonnegative(outer + (x[0] - inner))
        return squares + outer.scaled(by: 2 * threshold)
      })
  }

  /// t with `‖x‖² ≤ t y`.
  private static func ratio(_ cones: Canonicalizer, _ x: AffineForm, _ y: AffineForm) -> AffineForm
  {
    let t = cones.fresh(1)
    let n = x.count
    cones.addSecondOrder(
      t + y, x.scaled(by: 2).placed(in: n + 1) { $0 } + (t - y).placed(in: n + 1) { _ in n })
    return t
  }
}
