import Autodiff

/// The linear systems behind the derivatives of an implicit function, solved without a matrix and
/// differentiable themselves to any order.
struct ImplicitSystem: Sendable {
  /// From the tensors that the matrix depends on to v -> A v.
  typealias Operator = @Sendable (_ parameters: [Tensor]) -> ([Tensor]) -> [Tensor]

  let name: String
  let solver: ImplicitLinearSolver
  let vectors: FlatVectors
  let certificate: ImplicitCertificate
  let multiply: Operator
  let multiplyTransposed: Operator

  /// The system with the transposed matrix.
  private var transposed: ImplicitSystem {
    ImplicitSystem(
      name: name, solver: solver, vectors: vectors, certificate: certificate,
      multiply: multiplyTransposed, multiplyTransposed: multiply)
  }

  /// The solution w of `A(parameters) w = b`, or with the transposed matrix.
  ///
  /// From `dA w + A dw = db` follow both modes: `dw = A⁻¹(db - dA w)`, and with `u = A⁻ᵀ g` the cotangents u
  /// of b and `-(d(A w)/d parameters)ᵀ u` of the parameters.
  func solve(_ parameters: [Tensor], _ b: [Tensor], isTransposed: Bool = false) -> [Tensor] {
    if isTransposed { return transposed.solve(parameters, b) }
    let count = parameters.count
    return primitive(
      named: "\(name)'s linear system", parameters + b,
      { operands in solvePlain(Array(operands[..<count]), Array(operands[count...])) },
      vjp: { operands, w, cotangents, isWanted in
        let parameters = Array(operands[..<count])
        let u = solve(parameters, orZeros(cotangents, w), isTransposed: true)
        guard isWanted[..<count].contains(true) else { return parameters.map { _ in nil } + u }
        let product = vjp(at: parameters) { multiply($0)(w) }.pullback(u)
        return product.map { -$0 } + u
      },
      jvp: { operands, w, tangents in
        let parameters = Array(operands[..<count])
        var right = orZeros(Array(tangents[count...]), w)
        if tangents[..<count].contains(where: { $0 != nil }) {
          let change = jvp(
            at: parameters, along: orZeros(Array(tangents[..<count]), parameters)
          ) { multiply($0)(w) }.tangent
          right = zip(right, change).map { $0 - $1 }
        }
        return solve(parameters, right)
      })
  }

  private func solvePlain(_ parameters: [Tensor], _ b: [Tensor]) -> [Tensor] {
    let product = multiply(parameters)
    var run = MatrixFreeSolver(attainableTolerance: vectors.attainableTolerance) {
      vectors.flattened(product(vectors.unflattened($0)))
    }
    let solution = run.solve(vectors.flattened(b), by: solver)
    certificate.add(
      products: run.products, residual: run.residual, indefinite: run.indefiniteItems,
      singular: run.singularItems)
    return vectors.unflattened(solution)
  }
}

/// Zeros in place of what is missing, like its counterpart.
func orZeros(_ tensors: [Tensor?], _ counterparts: [Tensor]) -> [Tensor] {
  zip(tensors, counterparts).map { $0 ?? Tensor.zeros(like: $1) }
}
