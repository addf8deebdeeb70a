import LinearAlgebra

/// The objective as `½ xᵀPx + cᵀx + offset`: squares stay quadratic instead of becoming cones.
struct QuadraticObjective {
  /// Terms of P, both triangles: row and column (from 0), parameter, coefficient.
  private(set) var quadratic: [(row: Int, column: Int, parameter: Int, value: Double)] = []
  /// The affine part, one row.
  private(set) var affine = AffineForm(count: 1)
  private let canonicalizer: Canonicalizer
  private let multipliesOut: Bool
  /// Whether anything was multiplied out.
  private(set) var hasProducts = false

  /// The objective to be minimized; convex.
  ///
  /// - Parameter multipliesOut: whether squares of few variables in many rows become FᵀF instead of squares of
  ///   variables that are equal to the rows.
  init(_ node: Node, _ canonicalizer: Canonicalizer, multipliesOut: Bool) {
    self.canonicalizer = canonicalizer
    self.multipliesOut = multipliesOut
    add(node, scale: ModelExpression([1], shape: []))
  }

  /// Adds the scalar expression times a factor without variables.
  private mutating func add(_ node: Node, scale: ModelExpression) {
    switch node.kind {
    case .linear(_, let maps) where !node.isConstant:
      for (argument, map) in zip(node.arguments, maps) {
        // Only sums with one coefficient keep the factor scalar.
        if let first = map.coefficient.first, map.coefficient.allSatisfy({ $0 == first }),
          map.outputs == 1, isSumOfAllEntries(map)
        {
          addEntries(argument, scale: scale * first)
        } else {
          let part = Node.linear("part", [argument], [map], shape: [])
          addAffine(part, scale: scale)
        }
      }
    case .product where node.count == 1 && node.arguments.allSatisfy { $0.count == 1 }:
      let (left, right) = (node.arguments[0], node.arguments[1])
      if left.isConstant {
        add(right, scale: scale * scalar(left))
      } else {
        add(left, scale: scale * scalar(right))
      }
    case .atom: addEntries(node, scale: scale)
    default: addAffine(node, scale: scale)
    }
  }

  private func scalar(_ node: Node) -> ModelExpression { ModelExpression(node).reshaped(to: []) }

  private func isSumOfAllEntries(_ map: LinearMap) -> Bool {
    map.count == map.inputs && Set(map.column).count == map.inputs
  }

  /// Adds the sum of all entries times a factor without variables.
  private mutating func addEntries(_ node: Node, scale: ModelExpression) {
    if case .atom(let atom) = node.kind, !node.isConstant, scale.sign.isNonnegative {
      switch atom.quadratic {
      case .squares: return addSquares(canonicalizer.form(node.arguments[0]), scale: scale)
      case .form: return addForm(node.arguments[0], node.arguments[1], scale: scale)
      case .overConstant where node.arguments[1].isConstant:
        let factor = scale / ModelExpression(node.arguments[1])
        return addSquares(canonicalizer.form(node.arguments[0]), scale: factor)
      case .huber(let threshold):
        return addHuber(canonicalizer.form(node.arguments[0]), threshold, scale: scale)
      case .overConstant, .none: break
      }
    }
    if node.count == 1, !isAtom(node) { return add(node, scale: scale) }
    addAffine(sum(ModelExpression(node)).node, scale: scale)
  }

  private func isAtom(_ node: Node) -> Bool { if case .atom = node.kind { true } else { false } }

  private mutating func addAffine(_ node: Node, scale: ModelExpression) {
    let product = multiply(scale, ModelExpression(node))
    affine.accumulate(canonicalizer.form(product.node)) { _ in 0 }
  }

  /// Adds `scale · Σ formᵢ²`.
  private mutating func addSquares(_ form: AffineForm, scale: ModelExpression) {
    var form = form
    // Dense rows would fill P: their values become variables instead.
    let starts = form.byRow().starts
    let products = (0..<form.count).reduce(0) { total, row in
      let terms = starts[row + 1] - starts[row]
      return total + terms * terms
    }
    if form.hasParameters || products > 9 * form.count {
      if multipliesOut, let matrix = FactorMatrix(form, canonicalizer) {
        hasProducts = true
        return addProducts(of: matrix, scale: scale)
      }
      form = canonicalizer.named(form)
    }
    addSparseSquares(form, factorTerms(scale))
  }

  /// Adds `scale · ‖F (1, x)‖²`.
  private mutating func addProducts(of matrix: FactorMatrix, scale: ModelExpression) {
    let products = Node.atom(
      .gram, [matrix.node], shape: [matrix.columns.count, matrix.columns.count])
    let entries = canonicalizer.form(multiply(scale, ModelExpression(products)).node)
    let width = matrix.columns.count
    for k in 0..<entries.terms {
      let (i, j) = (Int(entries.row[k]) / width, Int(entries.row[k]) % width)
      addProduct(
        matrix.columns[i], matrix.columns[j], Int(entries.parameter[k]), 2 * entries.coefficient[k])
    }
  }

  private mutating func addSparseSquares(
    _ form: AffineForm, _ factor: (parameter: Int, value: Double)
  ) {
    let (order, starts) = form.byRow()
    for row in 0..<form.count {
      let places = order[starts[row]..<starts[row + 1]]
      for a in places {
        for b in places {
          let value = 2 * form.coefficient[a] * form.coefficient[b]
          addProduct(
            Int(form.column[a]), Int(form.column[b]), factor.parameter, value * factor.value)
        }
      }
    }
  }

  /// Adds `scale · xᵀ M x`.
  private mutating func addForm(_ x: Node, _ matrix: Node, scale: ModelExpression) {
    var form = canonicalizer.form(x)
    if form.hasParameters || form.terms > form.count { form = canonicalizer.named(form) }
    let scaled = multiply(scale, ModelExpression(matrix)).node
    let entries = canonicalizer.form(scaled)
    let (order, starts) = form.byRow()
    let n = form.count
    for k in 0..<entries.terms {
      let (i, j) = (Int(entries.row[k]) / n, Int(entries.row[k]) % n)
      for a in order[starts[i]..<starts[i + 1]] {
        for b in order[starts[j]..<starts[j + 1]] {
          // The symmetric part: half of it at each of both places.
          let value = entries.coefficient[k] * form.coefficient[a] * form.coefficient[b]
          let (p, q) = (Int(form.column[a]), Int(form.column[b]))
          addProduct(p, q, Int(entries.parameter[k]), value)
          addProduct(q, p, Int(entries.parameter[k]), value)
        }
      }
    }
  }

  /// Adds `scale · Σ huber(formᵢ)`: r² + 2 M |form - r|.
  private mutating func addHuber(_ form: AffineForm, _ threshold: Double, scale: ModelExpression) {
    let inner = canonicalizer.fresh(form.count)
    let outer = canonicalizer.fresh(form.count)
    let rest = form - inner
    canonicalizer.addNonnegative(outer - rest)
    canonicalizer.addNonnegative(outer + rest)
    addSquares(inner, scale: scale)
    let factor = factorTerms(scale)
    for k in 0..<outer.terms {
      affine.add(0, Int(outer.column[k]), factor.parameter, 2 * threshold * factor.value)
    }
  }

  private func factorTerms(_ scale: ModelExpression) -> (parameter: Int, value: Double) {
    if let values = scale.node.constantValues { return (0, values[0]) }
    return (canonicalizer.leaf(scale.node).lowerBound, 1)
  }

  /// Half of `value · x_p x_q` for columns, of which 0 is the number 1.
  private mutating func addProduct(_ p: Int, _ q: Int, _ parameter: Int, _ value: Double) {
    if p > 0 && q > 0 {
      quadratic.append((p - 1, q - 1, parameter, value))
    } else {
      affine.add(0, max(p, q), parameter, value / 2)
    }
  }
}
