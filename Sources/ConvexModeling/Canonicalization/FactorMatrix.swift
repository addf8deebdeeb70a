import Autodiff
import LinearAlgebra

/// The matrix F of a form `F (1, x)`, for the product FᵀF.
struct FactorMatrix {
  /// F, rows by columns.
  let node: Node
  /// The columns of the variables that occur, 0 for the number 1.
  let columns: [Int]

  /// Nil where FᵀF would not pay: for more than 512 variables, more variables than twice the rows, or a sparse
  /// matrix; or where it would lose more than half of the digits, as far as that is known from numbers.
  init?(_ form: AffineForm, _ canonicalizer: Canonicalizer) {
    var slots = [Int](repeating: -1, count: canonicalizer.variables + 1)
    for column in form.column { slots[Int(column)] = 0 }
    let columns = slots.indices.filter { slots[$0] == 0 }
    let width = columns.count
    guard width <= 513, width <= 2 * form.count + 1, 3 * form.terms >= form.count * width else {
      return nil
    }
    for (slot, column) in columns.enumerated() { slots[column] = slot }
    let shape = [form.count, width]
    func map(inputs: Range<Int>) -> LinearMap {
      var map = LinearMap(outputs: form.count * width, inputs: inputs.count)
      for k in 0..<form.terms where inputs.contains(Int(form.parameter[k])) {
        let place = Int(form.row[k]) * width + slots[Int(form.column[k])]
        map.add(place, Int(form.parameter[k]) - inputs.lowerBound, form.coefficient[k])
      }
      return map
    }
    var arguments: [Node] = [Node(constant: [1], shape: [1])]
    var maps = [map(inputs: 0..<1)]
    var start = 1
    for leaf in canonicalizer.leaves {
      let range = start..<start + leaf.count
      start = range.upperBound
      guard form.parameter.contains(where: { range.contains(Int($0)) }) else { continue }
      arguments.append(leaf)
      maps.append(map(inputs: range))
    }
    if maps.count > 1, maps[0].count == 0 {
      arguments.removeFirst()
      maps.removeFirst()
    }
    node = .linear("matrix", arguments, maps, shape: shape)
    self.columns = columns
    if let values = node.constantValues, !isWellConditioned(values, shape) { return nil }
  }

  /// Whether FᵀF, without the column of numbers, has a condition number below 1e8.
  private func isWellConditioned(_ values: [Double], _ shape: [Int]) -> Bool {
    let F = Matrix(rows: shape[0], columns: shape[1], elements: values)
    let first = columns.first == 0 ? 1 : 0
    let product = F.transpose * F
    let n = shape[1] - first
    var gram = Matrix(rows: n, columns: n, elements: [Double](repeating: 0, count: n * n))
    for i in 0..<n { for j in 0..<n { gram[i, j] = product[i + first, j + first] } }
    guard n > 0, let factor = try? Cholesky(gram) else { return n == 0 }
    return factor.reciprocalConditionEstimate > 1e-8
  }
}

extension Atom {
  /// `FᵀF` of a matrix without variables.
  static let gram = Atom(
    "gram", .unknown, sign: anySign, monotonicity: neither,
    value: { matmul($0[0].permutingAxes([0, 2, 1]), $0[0]) },
    graph: { _, x, _ in x[0] })
}
