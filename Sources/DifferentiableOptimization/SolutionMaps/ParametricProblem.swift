import Autodiff
import OptimizationCore

/// A problem with a context x: `y*(x) = argmin f(y; x)` over y in C(x), as far as learning needs to know it.
///
/// All methods take a batch: the first axis of every tensor of a context and of a point counts the items.
/// Parameters of the problem itself that are learned (a decoder, a critic) are its tensors, named in
/// `visitTensors`; problems without any need not write that method.
///
/// ```swift
/// struct Projection: ParametricProblem {  // onto the line: f(y; x) = |y (1, 1) - x|²
///   func value(of y: Tensor, for x: Tensor) -> Tensor { square(y - x).sum(axis: -1) }
/// }
/// ```
///
/// More can be known of a problem: how it is solved (`SolutionMap`), what one step of an iteration does
/// (`IterativeMap`), a bound on its optimal value (`BoundedProblem`), coordinates without constraints
/// (`ChartedProblem`).
public protocol ParametricProblem: TensorStructure {
  /// What the problem depends on.
  associatedtype Context: TensorStructure
  /// What is minimized over.
  associatedtype Point: TensorStructure

  /// f(y; x): `[B]`. Of a random objective the value for one fixed choice of the random numbers.
  func value(of point: Point, for context: Context) -> Tensor

  /// f(y; x) with the random numbers of a key; the default takes none. With the same key the numbers are the
  /// same, so that the steps of an optimizer see one function.
  func value(of point: Point, for context: Context, key: RandomKey) -> Tensor

  /// By how much the constraints are violated: `[B]`, zero where they are met. The default is zero.
  func violation(of point: Point, for context: Context) -> Tensor
}

extension ParametricProblem {
  public func value(of point: Point, for context: Context, key: RandomKey) -> Tensor {
    value(of: point, for: context)
  }

  public func violation(of point: Point, for context: Context) -> Tensor {
    Tensor.zeros([context.batchCount], dtype: context.leaves.first?.dtype ?? .float64)
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {}
}

/// A problem whose domain has coordinates without constraints: a sphere by normalization, a simplex by softmax,
/// the solutions of equations by completion.
public protocol ChartedProblem: ParametricProblem {
  associatedtype Coordinates: TensorStructure

  /// The point of the domain with these coordinates.
  func point(at coordinates: Coordinates, for context: Context) -> Point
}

/// A problem of which a state of the solver bounds the optimal value from below, as dual points do.
public protocol BoundedProblem: SolutionMap {
  /// `[B]`, at most the optimal value: -infinity where nothing is known.
  func lowerBound(of state: State, for context: Context) -> Tensor
}

extension TensorStructure {
  /// The number of items of a batch: the length of the first axis of the first tensor, 0 without tensors.
  public var batchCount: Int { leaves.first?.shape.first ?? 0 }

  /// Makes sure that this is a batch of contexts: every tensor has one axis more than that of one item, and all
  /// have the same number of items.
  ///
  /// - Parameters:
  ///   - names: what errors call the tensors; "context" without it.
  ///   - ranks: the rank of each tensor for one item; nil where any will do.
  package func requireBatch(names: [String]? = nil, ranks: [Int]? = nil) throws(ProblemError) {
    let leaves = self.leaves
    for (place, leaf) in leaves.enumerated() {
      let name = names?[place] ?? (leaves.count == 1 ? "context" : "context[\(place)]")
      if leaf.rank < (ranks?[place] ?? 0) + 1 {
        throw .batchAxis(argument: name, actual: leaf.shape)
      }
      if leaf.shape[0] != leaves[0].shape[0] {
        throw .batchSize(argument: name, expected: leaves[0].shape[0], actual: leaf.shape[0])
      }
    }
  }

  /// Some items of a batch, by their places.
  public func items(_ places: [Int]) -> Self { mapLeaves { $0.gathering(places, axis: 0) } }

  /// The items of two batches, one after the other.
  public func appending(_ other: Self) -> Self {
    zipLeaves(other) { concatenate([$0, $1.asType($0.dtype)], axis: 0) }
  }

  /// The batch with other items at some places.
  public func replacingItems(_ places: [Int], with other: Self) -> Self {
    guard !places.isEmpty else { return self }
    var source = Array(0..<batchCount)
    for (index, place) in places.enumerated() { source[place] = batchCount + index }
    return appending(other).items(source)
  }
}
