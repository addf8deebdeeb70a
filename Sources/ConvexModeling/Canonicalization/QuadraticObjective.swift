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
    add(node, weights: ModelExpression([1], shape: []))
  }

  /// Adds `Σ weightsᵢ nodeᵢ`.
  ///
  /// - Parameter weights: an expression without variables, one entry for all of the node's or one for each.
  private mutating func add(_ node: Node, weights: ModelExpression) {
    guard !node.isConstant, node.hasQuadratic else { return addAffine(node, weights) }
    switch node.kind {
    case .linear(_, let maps):
      for (argument, map) in zip(node.arguments, maps) {
        add(argument, weights: pulledBack(weights, through: map, shape: argument.shape))
      }
    case .product(_, let map):
      let (left, right) = (node.arguments[0], node.arguments[1])
      let (factor, other) = left.isConstant ? (left, right) : (right, left)
      // Entry by entry, out = map(factor, other), so the weights of `other` are bilinear in the factor and those
      // of `out`.
      let pull = BilinearMap(shape: other.shape) { body in
        map.forEach { output, l, r in
          if left.isConstant { body(r, output, l) } else { body(l, output, r) }
        }
      }
      let each =
        weights.node.count == 1
        ? weights.reshaped(to: []).node.broadcast(to: node.shape) : weights.node
      add(other, weights: ModelExpression(.product("weights", each, factor, pull)))
    case .atom(let atom) where weights.sign.isNonnegative:
      addAtom(atom, node, weights: weights)
    default: addAffine(node, weights)
    }
  }

  /// The weights of the inputs of a map, from those of its outputs; one entry where all inputs have the same.
  private func pulledBack(
    _ weights: ModelExpression, through map: LinearMap, shape: [Int]
  ) -> ModelExpression {
    if weights.node.count == 1 {
      var sums = [Double](repeating: 0, count: map.inputs)
      for k in 0..<map.count { sums[Int(map.column[k])] += map.coefficient[k] }
      let scalar = weights.reshaped(to: [])
      if let first = sums.first, sums.allSatisfy({ $0 == first }) { return scalar * first }
      return multiply(scalar, ModelExpression(sums, shape: shape))
    }
    var transposed = LinearMap(outputs: map.inputs, inputs: map.outputs, capacity: map.count)
    for k in 0..<map.count {
      transposed.add(Int(map.column[k]), Int(map.row[k]), map.coefficient[k])
    }
    return ModelExpression(.linear("weights", [weights.node], [transposed], shape: shape))
  }

  /// Adds the weighted sum of the entries of an atom; the weights are nonnegative.
  private mutating func addAtom(_ atom: Atom, _ node: Node, weights: ModelExpression) {
    let argument = node.arguments[0]
    switch atom.quadratic {
    case .squares: addSquares(canonicalizer.form(argument), weights)
    case .form: addForm(argument, node.arguments[1], scale: weights.reshaped(to: []))
    case .overConstant where node.arguments[1].isConstant:
      let factor = weights.reshaped(to: []) / ModelExpression(node.arguments[1]).reshaped(to: [])
      addSquares(canonicalizer.form(argument), factor)
    case .huber(let threshold): addHuber(canonicalizer.form(argument), threshold, weights)
    case .overConstant, .none: addAffine(node, weights)
    }
  }

  /// Adds the weighted sum of the entries by their affine forms, with cones for what is not affine.
  private mutating func addAffine(_ node: Node, _ weights: ModelExpression) {
    let total =
      weights.node.count == 1
      ? multiply(weights.reshaped(to: []), sum(ModelExpression(node)))
      : sum(multiply(weights, ModelExpression(node)))
    affine.accumulate(canonicalizer.form(total.node)) { _ in 0 }
  }

  /// Adds `Σ weightsᵢ formᵢ²`.
  private mutating func addSquares(_ form: AffineForm, _ weights: ModelExpression) {
    var form = form
    // Dense rows would fill P: their values become variables instead.
    let starts = form.byRow().starts
    let products = (0..<form.count).reduce(0) { total, row in
      let terms = starts[row + 1] - starts[row]
      return total + terms * terms
    }
    if form.hasParameters || products > 9 * form.count {
      if multipliesOut, let (rows, scale) = equallyWeighted(form, weights),
        let matrix = FactorMatrix(rows, canonicalizer)
      {
        hasProducts = true
        return addProducts(of: matrix, scale: scale)
      }
      form = canonicalizer.named(form)
    }
    addSparseSquares(form, factors(weights, form.count))
  }

  /// The form and one weight, or nil: numbers that weigh the rows go into them as their square roots.
  private func equallyWeighted(
    _ form: AffineForm, _ weights: ModelExpression
  ) -> (AffineForm, ModelExpression)? {
    if weights.node.count == 1 { return (form, weights.reshaped(to: [])) }
    guard let values = weights.node.constantValues else { return nil }
    var roots = LinearMap(outputs: form.count, inputs: form.count, capacity: form.count)
    for (row, value) in values.enumerated() { roots.add(row, row, value.squareRoot()) }
    return (form.mapped(by: roots), ModelExpression([1], shape: []))
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
    _ form: AffineForm, _ factors: [(parameter: Int, coefficient: Double)]
  ) {
    let (order, starts) = form.byRow()
    for row in 0..<form.count where factors[row].coefficient != 0 {
      let (parameter, factor) = factors[row]
      let places = order[starts[row]..<starts[row + 1]]
      for a in places {
        for b in places {
          let value = 2 * form.coefficient[a] * form.coefficient[b]
          addProduct(Int(form.column[a]), Int(form.column[b]), parameter, value * factor)
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

  /// Adds `Σ weightsᵢ huber(formᵢ)`: r² + 2 M |form - r|.
  private mutating func addHuber(
    _ form: AffineForm, _ threshold: Double, _ weights: ModelExpression
  ) {
    let inner = canonicalizer.fresh(form.count)
    let outer = canonicalizer.fresh(form.count)
    let rest = form - inner
    canonicalizer.addNonnegative(outer - rest)
    canonicalizer.addNonnegative(outer + rest)
    addSquares(inner, weights)
    let factors = factors(weights, form.count)
    for k in 0..<outer.terms {
      let (parameter, factor) = factors[Int(outer.row[k])]
      affine.add(0, Int(outer.column[k]), parameter, 2 * threshold * factor)
    }
  }

  /// The weight of each of `count` rows: a number times a parameter.
  private func factors(
    _ weights: ModelExpression, _ count: Int
  ) -> [(parameter: Int, coefficient: Double)] {
    let entries = canonicalizer.factors(weights.node)
    return entries.count == count ? entries : Array(repeating: entries[0], count: count)
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

extension Node {
  /// Whether a sum of an atom that is quadratic, or may be, occurs outside of other functions.
  fileprivate var hasQuadratic: Bool {
    switch kind {
    case .atom(let atom): atom.quadratic != nil
    case .linear, .product: arguments.contains { !$0.isConstant && $0.hasQuadratic }
    default: false
    }
  }
}
