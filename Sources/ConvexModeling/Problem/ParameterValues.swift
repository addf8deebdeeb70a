import Autodiff

/// Values of parameters: `[price: 2, demand: [1, 2, 3]]`. Diagonal and sparse parameters take a matrix or the
/// vector of their entries.
public struct ParameterValues: ExpressibleByDictionaryLiteral {
  let values: [(parameter: Parameter, value: ModelExpression)]

  public init(dictionaryLiteral elements: (Parameter, any ExpressionConvertible)...) {
    values = elements.map { ($0.0, $0.1.expression) }
  }
}

extension Parameter {
  /// A value as the tensor that layers take.
  func tensor(_ value: ModelExpression) throws(ParameterError) -> Tensor {
    guard let numbers = value.node.constantValues else {
      throw .notNumbers(parameter: name, expression: value.description)
    }
    guard value.shape == shape, valueShape != shape else {
      return Tensor(numbers, shape: value.shape)
    }
    let places =
      if case .sparse(let pattern) = structure {
        pattern.rowMajorPlaces
      } else {
        (0..<valueShape[0]).map { $0 * (shape[0] + 1) }
      }
    var rest = numbers
    for place in places { rest[place] = 0 }
    if let place = rest.firstIndex(where: { $0 != 0 }) {
      throw .outsideOfPattern(
        parameter: name, row: place / shape[1], column: place % shape[1], value: numbers[place])
    }
    return Tensor(places.map { numbers[$0] }, shape: valueShape)
  }
}
