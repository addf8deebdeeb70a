import Autodiff
import LinearAlgebra

/// What can stand in a model: expressions, variables, parameters, numbers, arrays, matrices and tensors.
public protocol ExpressionConvertible {
  /// The value as an expression.
  var expression: ModelExpression { get }
}

/// An expression that was built from variables or parameters.
public protocol ModelTerm: ExpressionConvertible {}

/// An expression of variables, parameters and numbers: an immutable tree that knows its shape, sign and
/// curvature.
///
/// ```swift
/// let x = Variable(3)
/// let loss = sumSquares(x - 1) + 0.1 * norm1(x)
/// loss.curvature  // .convex
/// ```
///
/// Entries are in row-major order. Scalars have the shape `[]`. Shapes that do not fit each other are
/// reported, with all other mistakes, by `Problem`.
public struct ModelExpression: ModelTerm, Sendable, CustomStringConvertible {
  let node: Node

  init(_ node: Node) { self.node = node }

  public var expression: ModelExpression { self }
  /// The lengths of the axes, at most two; empty for a scalar.
  public var shape: [Int] { node.shape }
  /// What the rules establish about the curvature.
  public var curvature: Curvature { node.curvature }
  /// What is known about the signs of the entries.
  public var sign: Sign { node.sign }
  /// The expression as it would be written.
  public var description: String { node.text }

  /// A constant.
  ///
  /// - Parameters:
  ///   - values: the entries in row-major order.
  ///   - shape: at most two lengths, whose product is the number of entries.
  public init(_ values: [Double], shape: [Int]) {
    guard shape.count <= 2, shape.reduce(1, *) == values.count else {
      node = Node(invalid: "\(values.count) numbers do not have the shape \(shape)")
      return
    }
    node = Node(constant: values, shape: shape)
  }
}

extension Double: ExpressionConvertible {
  public var expression: ModelExpression { ModelExpression([self], shape: []) }
}
extension Int: ExpressionConvertible {
  public var expression: ModelExpression { ModelExpression([Double(self)], shape: []) }
}
extension Array: ExpressionConvertible where Element == Double {
  public var expression: ModelExpression { ModelExpression(self, shape: [count]) }
}
extension Vector: ExpressionConvertible {
  public var expression: ModelExpression { ModelExpression(array, shape: [count]) }
}
extension Matrix: ExpressionConvertible {
  public var expression: ModelExpression { ModelExpression(array, shape: [rows, columns]) }
}
extension SparseMatrix: ExpressionConvertible {
  public var expression: ModelExpression { dense.expression }
}
extension Tensor: ExpressionConvertible {
  public var expression: ModelExpression { ModelExpression(scalars, shape: shape) }
}
