import LinearAlgebra

/// The logarithm of expressions of positive variables as expressions of the variables' logarithms, which
/// makes a convex program of a geometric one (Boyd, Kim, Vandenberghe and Hassibi 2007; Agrawal, Diamond and
/// Boyd 2019).
struct LogTransform {
  /// The logarithms that stand for the variables.
  private(set) var variables: [(variable: Variable, logarithm: Variable)] = []
  /// Expressions without a logarithm, and why.
  private(set) var failures: [(node: Node, reason: String)] = []
  /// The entries that are zero whatever the variables are, whose logarithm is given as zero.
  private var zeros: [ObjectIdentifier: Set<Int>] = [:]
  private var known: [ObjectIdentifier: (node: Node, logarithm: ModelExpression?)] = [:]

  /// The logarithm, entry by entry, with the shape of the node; nil if there is none, which is noted among
  /// the failures.
  mutating func logarithm(of node: Node) -> ModelExpression? {
    let key = ObjectIdentifier(node)
    if let found = known[key] { return found.logarithm }
    let result = newLogarithm(node)
    known[key] = (node, result)
    return result
  }

  private mutating func newLogarithm(_ node: Node) -> ModelExpression? {
    if let values = node.constantValues {
      guard values.allSatisfy({ $0 >= 0 }) else {
        return fail(node, "numbers must be positive")
      }
      zeros[ObjectIdentifier(node)] = Set(values.indices.filter { values[$0] == 0 })
      return ModelExpression(
        values.map { $0 == 0 ? 0 : LinearAlgebra.logarithm($0) }, shape: node.shape)
    }
    if node.isConstant {
      guard node.sign == .nonnegative else {
        return fail(node, "parameters must be positive: declare them with the sign .nonnegative")
      }
      return log(ModelExpression(node))
    }
    switch node.kind {
    case .variable(let variable): return logarithm(of: variable, node)
    case .linear(let name, let maps):
      guard maps.allSatisfy(\.sign.isNonnegative) else {
        return fail(
          node, "\(name == "-" ? "a difference" : "a negative multiple") is not log-log convex")
      }
      for argument in node.arguments where logarithm(of: argument) == nil { return nil }
      return sum(of: node, linearTerms(node, maps))
    case .product(_, let map):
      var terms: [Term] = []
      for argument in node.arguments where logarithm(of: argument) == nil { return nil }
      let zeros = node.arguments.map { isZero($0) }
      map.forEach { output, left, right in
        if zeros[0].contains(left) || zeros[1].contains(right) { return }
        terms.append(Term(output: output, factors: [(0, left), (1, right)], logarithm: 0))
      }
      return sum(of: node, terms)
    case .atom(let atom) where atom.isPowerWithExponent:
      guard let base = logarithm(of: node.arguments[0]) else { return nil }
      guard isZero(node.arguments[0]).isEmpty else { return fail(node, "the base is zero") }
      return multiply(ModelExpression(node.arguments[1]), base)
    case .atom(let atom):
      guard let rule = atom.logarithm else {
        return fail(node, "\(atom.name) has no rule for geometric programs")
      }
      let arguments = node.arguments.compactMap { logarithm(of: $0) }
      guard arguments.count == node.arguments.count else { return nil }
      guard node.arguments.allSatisfy({ isZero($0).isEmpty }) else {
        return fail(node, "an argument of \(atom.name) is zero")
      }
      return rule(arguments).reshaped(to: node.shape)
    default: return fail(node, "has no rule for geometric programs")
    }
  }

  /// The entries of a node that are zero whatever the variables are; its logarithm must have been asked for.
  func isZero(_ node: Node) -> Set<Int> { zeros[ObjectIdentifier(node)] ?? [] }

  /// A product of entries of the arguments, with the logarithm of its coefficient.
  private struct Term {
    let output: Int
    let factors: [(argument: Int, entry: Int)]
    let logarithm: Double
  }

  private func linearTerms(_ node: Node, _ maps: [LinearMap]) -> [Term] {
    var terms: [Term] = []
    for (index, map) in maps.enumerated() {
      let zeros = isZero(node.arguments[index])
      for k in 0..<map.count
      where map.coefficient[k] != 0 && !zeros.contains(Int(map.column[k])) {
        terms.append(
          Term(
            output: Int(map.row[k]), factors: [(index, Int(map.column[k]))],
            logarithm: LinearAlgebra.logarithm(map.coefficient[k])))
      }
    }
    return terms
  }

  /// The logarithms of sums of terms.
  private mutating func sum(of node: Node, _ terms: [Term]) -> ModelExpression? {
    var count = [Int](repeating: 0, count: node.count)
    for term in terms { count[term.output] += 1 }
    // A term of its own, of logarithm zero, stands for an entry that is zero.
    var terms = terms
    zeros[ObjectIdentifier(node)] = Set(count.indices.filter { count[$0] == 0 })
    for output in count.indices where count[output] == 0 {
      terms.append(Term(output: output, factors: [], logarithm: 0))
    }
    var total = ModelExpression(terms.map(\.logarithm), shape: [terms.count])
    for (index, argument) in node.arguments.enumerated() {
      guard let logarithm = logarithm(of: argument) else { return nil }
      var places = LinearMap(outputs: terms.count, inputs: argument.count, capacity: terms.count)
      for (k, term) in terms.enumerated() {
        for factor in term.factors where factor.argument == index { places.add(k, factor.entry, 1) }
      }
      let part = Node.linear("terms", [logarithm.node], [places], shape: [terms.count])
      total = total + ModelExpression(part)
    }
    let groups = terms.map(\.output)
    if terms.count == node.count {
      var order = [Int](repeating: 0, count: node.count)
      for (k, output) in groups.enumerated() { order[output] = k }
      let map = LinearMap(gathering: order, of: terms.count)
      return ModelExpression(.linear("product", [total.node], [map], shape: node.shape))
    }
    return ModelExpression(
      .atom(.logSumExp(groups: groups), [total.node], shape: node.shape))
  }

  private mutating func logarithm(of variable: Variable, _ node: Node) -> ModelExpression? {
    if case .full = variable.structure {
    } else {
      return fail(node, "a variable of a geometric program cannot be \(variable.structure)")
    }
    if let upper = variable.upper, upper <= 0 {
      return fail(node, "its upper bound \(upper) is not positive")
    }
    if let found = variables.first(where: { $0.variable === variable }) {
      return found.logarithm.expression
    }
    func bound(_ value: Double?) -> Double? {
      value.flatMap { $0 > 0 ? LinearAlgebra.logarithm($0) : nil }
    }
    let stand = Variable(
      shape: variable.shape, structure: .full, lower: bound(variable.lower),
      upper: bound(variable.upper), name: "log(\(variable.name))")
    variables.append((variable, stand))
    return stand.expression
  }

  private mutating func fail(_ node: Node, _ reason: String) -> ModelExpression? {
    failures.append((node, reason))
    return nil
  }
}
