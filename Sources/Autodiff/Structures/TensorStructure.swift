/// A value made of tensors and of other structures: parameters of a model, states of an optimizer, the
/// context of a problem. Derivatives are taken with respect to structures, and gradients are structures of
/// the same type.
///
/// A structure names its members once, in one method:
///
/// ```swift
/// struct Affine: TensorStructure {
///   var weight: Tensor  // [inputs, outputs]
///   var bias: Tensor  // [outputs]
///
///   mutating func visitTensors(_ visit: inout TensorVisitor) {
///     visit("weight", &weight)
///     visit("bias", &bias)
///   }
/// }
/// ```
///
/// This one method serves reading, mapping, rebuilding and naming. It is written by hand because that is
/// checked by the compiler, costs nothing to build (a macro would add a minute or two of swift-syntax) and
/// nothing to run (reflection cannot write, key paths are slow). Members that are not tensors (sizes,
/// choices) are simply not visited and stay as they are.
///
/// The method must visit the same members in the same order whenever it is called.
public protocol TensorStructure: Sendable {
  /// Hands every tensor and every structure among the members to the visitor, with its name.
  mutating func visitTensors(_ visit: inout TensorVisitor)
}

/// What a structure hands its members to; see `TensorStructure`.
public struct TensorVisitor {
  private let body: (inout Tensor, _ path: [String]) -> Void
  private let wantsNames: Bool
  private var path: [String] = []

  init(wantsNames: Bool = false, _ body: @escaping (inout Tensor, _ path: [String]) -> Void) {
    self.wantsNames = wantsNames
    self.body = body
  }

  /// Visits a tensor.
  public mutating func callAsFunction(_ name: String, _ tensor: inout Tensor) {
    if wantsNames {
      body(&tensor, path + [name])
    } else {
      body(&tensor, [])
    }
  }

  /// Visits a structure.
  public mutating func callAsFunction<Structure: TensorStructure>(
    _ name: String, _ structure: inout Structure
  ) {
    if wantsNames { path.append(name) }
    structure.visitTensors(&self)
    if wantsNames { path.removeLast() }
  }

  /// The tensor that is a whole structure by itself.
  fileprivate mutating func visitSelf(_ tensor: inout Tensor) {
    body(&tensor, path)
  }
}

extension TensorStructure {
  /// The tensors, in the order of the visit.
  public var leaves: [Tensor] {
    var result: [Tensor] = []
    withoutActuallyEscaping({ (tensor: inout Tensor, _: [String]) in result.append(tensor) }) {
      var visitor = TensorVisitor($0)
      var copy = self
      copy.visitTensors(&visitor)
    }
    return result
  }

  /// The names of the tensors, in the order of the visit: members joined by dots, such as
  /// `layers.0.weight`; empty for a structure that is a tensor itself.
  public var leafNames: [String] {
    var result: [String] = []
    withoutActuallyEscaping(
      { (_: inout Tensor, path: [String]) in result.append(path.joined(separator: ".")) }
    ) {
      var visitor = TensorVisitor(wantsNames: true, $0)
      var copy = self
      copy.visitTensors(&visitor)
    }
    return result
  }

  /// Changes every tensor in place.
  public mutating func updateLeaves(_ body: (_ tensor: inout Tensor, _ index: Int) -> Void) {
    var index = 0
    withoutActuallyEscaping({ (tensor: inout Tensor, _: [String]) in
      body(&tensor, index)
      index += 1
    }) {
      var visitor = TensorVisitor($0)
      visitTensors(&visitor)
    }
  }

  /// The same structure with other tensors.
  public func mapLeaves(_ body: (Tensor) -> Tensor) -> Self {
    var result = self
    result.updateLeaves { tensor, _ in tensor = body(tensor) }
    return result
  }

  /// The same structure with tensors made from those of two structures of the same kind.
  public func zipLeaves(_ other: Self, _ body: (Tensor, Tensor) -> Tensor) -> Self {
    let others = other.leaves
    var result = self
    result.updateLeaves { tensor, index in
      precondition(index < others.count, "zipLeaves: \(others.count) tensors on the right only")
      tensor = body(tensor, others[index])
    }
    return result
  }

  /// The same structure with the given tensors, as many as it has.
  public func replacingLeaves(with tensors: [Tensor]) -> Self {
    var result = self
    var count = 0
    result.updateLeaves { tensor, index in
      precondition(index < tensors.count, "replacingLeaves: only \(tensors.count) tensors")
      tensor = tensors[index]
      count += 1
    }
    precondition(
      count == tensors.count, "replacingLeaves: \(tensors.count) tensors for \(count) leaves")
    return result
  }

  /// All elements of all tensors, one after another: `[leafScalarCount]`.
  public var leafScalars: [Double] { leaves.flatMap(\.scalars) }

  /// The number of elements of all tensors.
  public var leafScalarCount: Int { leaves.reduce(0) { $0 + $1.count } }

  /// Zeros in the same structure.
  public var zerosLike: Self { mapLeaves { Tensor.zeros(like: $0) } }
}

// MARK: - Conformances

extension Tensor: TensorStructure {
  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit.visitSelf(&self)
  }
}

extension Array: TensorStructure where Element: TensorStructure {
  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    for index in indices { visit("\(index)", &self[index]) }
  }
}

extension Optional: TensorStructure where Wrapped: TensorStructure {
  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    self?.visitTensors(&visit)
  }
}

extension Dictionary: TensorStructure where Key == String, Value: TensorStructure {
  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    for key in keys.sorted() { visit(key, &self[key]!) }
  }
}

/// Two structures as one: derivatives with respect to both, or functions with two results.
public struct Pair<First: TensorStructure, Second: TensorStructure>: TensorStructure {
  public var first: First
  public var second: Second

  public init(_ first: First, _ second: Second) {
    self.first = first
    self.second = second
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("first", &first)
    visit("second", &second)
  }
}

/// A structure without tensors, where a generic type asks for one.
public struct EmptyStructure: TensorStructure {
  public init() {}
  public mutating func visitTensors(_ visit: inout TensorVisitor) {}
}
