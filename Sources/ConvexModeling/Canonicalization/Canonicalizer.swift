/// Turns an expression tree into affine forms over variables that it adds and cones that it collects.
///
/// The form of a convex expression is an upper bound that is reached where it is minimized, of a concave
/// one a lower bound.
final class Canonicalizer {
  /// The number of scalar variables; column k + 1 of the forms is variable k.
  private(set) var variables = 0
  /// Expressions of parameters alone, whose entries are the parameters 1, 2, ... of the forms.
  private(set) var leaves: [Node] = []
  private(set) var parameters = 1
  /// The rows of each kind of cone.
  private(set) var zero = AffineForm.Rows()
  private(set) var nonnegative = AffineForm.Rows()
  private(set) var secondOrder = AffineForm.Rows()
  private(set) var semidefinite = AffineForm.Rows()
  private(set) var exponential = AffineForm.Rows()
  private(set) var power = AffineForm.Rows()
  private(set) var secondOrderSizes: [Int] = []
  private(set) var semidefiniteOrders: [Int] = []
  private(set) var exponents: [Double] = []
  /// The column of the first component of each variable.
  private(set) var firstColumn: [ObjectIdentifier: Int] = [:]
  /// Matrices of parameters where only numbers can stand.
  private(set) var refused: [Node] = []
  private(set) var usedVariables: [Variable] = []
  /// The forms by node; the nodes are kept, so that no other takes their identity.
  private var forms: [ObjectIdentifier: (node: Node, form: AffineForm)] = [:]
  private var leafStart: [ObjectIdentifier: Int] = [:]

  // MARK: - Forms

  func form(_ node: Node) -> AffineForm {
    let key = ObjectIdentifier(node)
    if let known = forms[key] { return known.form }
    let form = newForm(node)
    forms[key] = (node, form)
    return form
  }

  private func newForm(_ node: Node) -> AffineForm {
    if node.isConstant { return AffineForm(factors(node)) }
    switch node.kind {
    case .variable(let variable): return form(variable)
    case .linear(_, let maps):
      var result = AffineForm(count: node.count)
      for (argument, map) in zip(node.arguments, maps) {
        result.accumulate(form(argument).mapped(by: map)) { $0 }
      }
      return result
    case .product(_, let map): return product(node.arguments[0], node.arguments[1], map)
    case .atom(let atom): return atom.graph(self, node.arguments.map(form), node)
    case .perspective: return perspective(node.arguments[0], of: node.arguments[1])
    case .constant, .parameter, .invalid:
      preconditionFailure("Canonicalizer: \(node.text) is no expression of variables")
    }
  }

  /// The parameters that stand for the entries of an expression of parameters alone.
  func leaf(_ node: Node) -> Range<Int> {
    let key = ObjectIdentifier(node)
    if let start = leafStart[key] { return start..<start + node.count }
    leafStart[key] = parameters
    leaves.append(node)
    parameters += node.count
    return parameters - node.count..<parameters
  }

  private func form(_ variable: Variable) -> AffineForm {
    let (places, count) = variable.components
    let key = ObjectIdentifier(variable)
    if let start = firstColumn[key] {
      return AffineForm(columns: places.map { $0.map { start + $0 } })
    }
    // Its bounds hold as they are, also inside of a perspective.
    let outer = homogenizer
    homogenizer = nil
    defer { homogenizer = outer }
    let start = variables + 1
    firstColumn[key] = start
    usedVariables.append(variable)
    variables += count
    let form = AffineForm(columns: places.map { $0.map { start + $0 } })
    let components = AffineForm(columns: (0..<count).map { start + $0 })
    if let lower = variable.lower {
      addNonnegative(
        components - AffineForm(constants: [Double](repeating: lower, count: count)))
    }
    if let upper = variable.upper {
      addNonnegative(
        AffineForm(constants: [Double](repeating: upper, count: count)) - components)
    }
    if variable.structure == .semidefinite {
      addSemidefinite(form, order: variable.shape[0])
    }
    return form
  }

  private func product(_ left: Node, _ right: Node, _ map: BilinearMap) -> AffineForm {
    let isLeftFactor = left.isConstant
    let factor = isLeftFactor ? left : right
    var other = form(isLeftFactor ? right : left)
    let isNumber = factor.constantValues != nil
    // A parameter times a parameter times a variable: the variable's part gets a name of its own.
    if !isNumber, other.hasParameters { other = named(other) }
    let factors = factors(factor)
    let (order, starts) = other.byRow()
    var result = AffineForm(count: map.shape.reduce(1, *))
    result.reserve(Swift.max(other.terms, isNumber ? 0 : factors.count))
    map.forEach { output, l, r in
      let (f, o) = isLeftFactor ? (l, r) : (r, l)
      let value = factors[f].coefficient
      if value == 0 { return }
      for place in order[starts[o]..<starts[o + 1]] {
        let parameter = isNumber ? Int(other.parameter[place]) : factors[f].parameter
        result.add(
          output, Int(other.column[place]), parameter, value * other.coefficient[place])
      }
    }
    return result
  }

  /// The entries of an expression without variables, each a number times one of the parameters (0 for the
  /// number 1). Entries that are picked from a parameter refer to it, others get parameters of their own.
  func factors(_ node: Node) -> [(parameter: Int, coefficient: Double)] {
    if let values = node.constantValues { return values.map { (0, $0) } }
    if case .linear(_, let maps) = node.kind, maps.count == 1, maps[0].isSelection {
      let inner = factors(node.arguments[0])
      var entries = [(parameter: Int, coefficient: Double)](repeating: (0, 0), count: node.count)
      let map = maps[0]
      for k in 0..<map.count {
        let (parameter, coefficient) = inner[Int(map.column[k])]
        entries[Int(map.row[k])] = (parameter, coefficient * map.coefficient[k])
      }
      return entries
    }
    return leaf(node).map { ($0, 1) }
  }

  // MARK: - Perspective

  /// What the number 1 is multiplied by in all rows, inside of a perspective.
  private var homogenizer: AffineForm?

  /// `s f(x / s)`: the rows of the graph of f with s for the number 1.
  private func perspective(_ f: Node, of s: Node) -> AffineForm {
    var scale = form(s)
    if scale.hasParameters || scale.terms > 1 { scale = named(scale) }
    scale = homogenized(scale)
    addNonnegative(scale)
    // The forms of f in here are not those of f elsewhere.
    let (outer, known) = (homogenizer, forms)
    homogenizer = scale
    forms = [:]
    let result = homogenized(form(f))
    homogenizer = outer
    forms = known
    return result
  }

  private func homogenized(_ form: AffineForm) -> AffineForm {
    guard let homogenizer else { return form }
    var result = AffineForm(count: form.count)
    result.reserve(form.terms)
    for k in 0..<form.terms {
      let (row, parameter) = (Int(form.row[k]), Int(form.parameter[k]))
      if form.column[k] != 0 {
        result.add(row, Int(form.column[k]), parameter, form.coefficient[k])
      } else {
        for j in 0..<homogenizer.terms {
          result.add(
            row, Int(homogenizer.column[j]), parameter,
            form.coefficient[k] * homogenizer.coefficient[j])
        }
      }
    }
    return result
  }

  /// Notes an expression that has no graph because its matrix consists of parameters.
  func refuse(_ node: Node) { refused.append(node) }

  // MARK: - Variables and rows

  /// New variables.
  func fresh(_ count: Int) -> AffineForm {
    defer { variables += count }
    return AffineForm(columns: (0..<count).map { variables + 1 + $0 })
  }

  /// New variables that are equal to the form.
  func named(_ form: AffineForm) -> AffineForm {
    let copy = fresh(form.count)
    addZero(copy - form)
    return copy
  }

  @discardableResult
  func addZero(_ form: AffineForm) -> Range<Int> { zero.append(homogenized(form)) }

  @discardableResult
  func addNonnegative(_ form: AffineForm) -> Range<Int> {
    nonnegative.append(homogenized(form))
  }

  /// One cone `t ≥ ‖u‖`.
  func addSecondOrder(_ t: AffineForm, _ u: AffineForm) {
    secondOrder.append(
      homogenized(t.placed(in: 1 + u.count) { $0 } + u.placed(in: 1 + u.count) { $0 + 1 }))
    secondOrderSizes.append(1 + u.count)
  }

  /// A cone for each row: `parts[0] ≥ ‖(parts[1], parts[2], ...)‖`.
  func addSecondOrders(_ parts: [AffineForm]) {
    secondOrder.append(homogenized(interleaved(parts)))
    secondOrderSizes += [Int](repeating: parts.count, count: parts[0].count)
  }

  /// For each row `x² ≤ y z`, y and z nonnegative.
  func addRotated(_ x: AffineForm, _ y: AffineForm, _ z: AffineForm) {
    addSecondOrders([y + z, y - z, x.scaled(by: 2)])
  }

  /// For each row (x, y, z) in the exponential cone.
  func addExponential(_ x: AffineForm, _ y: AffineForm, _ z: AffineForm) {
    exponential.append(homogenized(interleaved([x, y, z])))
  }

  /// For each row `xᵃ y¹⁻ᵃ ≥ |z|`.
  func addPower(_ exponent: Double, _ x: AffineForm, _ y: AffineForm, _ z: AffineForm) {
    power.append(homogenized(interleaved([x, y, z])))
    exponents += [Double](repeating: exponent, count: x.count)
  }

  /// The symmetric part of the matrix, given in row-major order, is positive semidefinite.
  @discardableResult
  func addSemidefinite(_ form: AffineForm, order n: Int) -> Range<Int> {
    var map = LinearMap(outputs: n * (n + 1) / 2, inputs: n * n, capacity: n * n)
    var row = 0
    for j in 0..<n {
      for i in j..<n {
        if i == j {
          map.add(row, i * n + i, 1)
        } else {
          map.add(row, i * n + j, 0.5.squareRoot())
          map.add(row, j * n + i, 0.5.squareRoot())
        }
        row += 1
      }
    }
    semidefiniteOrders.append(n)
    return semidefinite.append(homogenized(form.mapped(by: map)))
  }

  private func interleaved(_ parts: [AffineForm]) -> AffineForm {
    var result = AffineForm(count: parts.count * parts[0].count)
    for (k, part) in parts.enumerated() {
      result.accumulate(part) { $0 * parts.count + k }
    }
    return result
  }
}

extension AffineForm {
  /// Rows of one kind of cone, in the order in which they were added.
  struct Rows {
    private(set) var forms: [AffineForm] = []
    private(set) var count = 0

    @discardableResult
    mutating func append(_ form: AffineForm) -> Range<Int> {
      forms.append(form)
      count += form.count
      return count - form.count..<count
    }
  }

  /// Ones.
  static func ones(_ count: Int) -> AffineForm {
    AffineForm(constants: [Double](repeating: 1, count: count))
  }
}
