import Autodiff

/// Computes expressions of numbers and parameters by tensor operations, so that they have derivatives.
struct ParameterEvaluator {
  /// The values of the parameters, `[B, ...]`, or `[1, ...]` for shared ones.
  private let parameters: [ObjectIdentifier: Tensor]
  private var known: [ObjectIdentifier: (node: Node, value: Tensor)] = [:]

  init(_ parameters: [ObjectIdentifier: Tensor]) { self.parameters = parameters }

  /// The value, `[B] + node.shape`.
  mutating func value(of node: Node) -> Tensor {
    let key = ObjectIdentifier(node)
    if let known = known[key] { return known.value }
    let value = newValue(node)
    known[key] = (node, value)
    return value
  }

  private mutating func newValue(_ node: Node) -> Tensor {
    switch node.kind {
    case .constant(let values): return Tensor(values, shape: [1] + node.shape)
    case .parameter(let parameter):
      guard let value = parameters[ObjectIdentifier(parameter)] else {
        preconditionFailure("ParameterEvaluator: no value for \(parameter.name)")
      }
      return value
    case .linear(_, let maps):
      var sum: Tensor?
      for (argument, map) in zip(node.arguments, maps) {
        let part = map(value(of: argument).flatItems)
        sum = sum.map { $0 + part } ?? part
      }
      let total = sum ?? Tensor.zeros([1, node.count])
      return total.reshaped(to: [total.shape[0]] + node.shape)
    case .product(_, let map):
      let left = value(of: node.arguments[0]).flatItems
      let right = value(of: node.arguments[1]).flatItems
      var (fromLeft, fromRight, to): ([Int], [Int], [Int]) = ([], [], [])
      map.forEach { output, l, r in
        to.append(output)
        fromLeft.append(l)
        fromRight.append(r)
      }
      var sums = LinearMap(outputs: node.count, inputs: to.count, capacity: to.count)
      for (k, output) in to.enumerated() { sums.add(output, k, 1) }
      let a = LinearMap(gathering: fromLeft, of: left.shape[1])(left)
      let b = LinearMap(gathering: fromRight, of: right.shape[1])(right)
      let products = sums(a * b)
      return products.reshaped(to: [products.shape[0]] + node.shape)
    case .atom(let atom):
      return atom.value(node.arguments.map { value(of: $0) })
    case .variable, .perspective, .invalid:
      preconditionFailure("ParameterEvaluator: \(node.text) depends on variables")
    }
  }
}
