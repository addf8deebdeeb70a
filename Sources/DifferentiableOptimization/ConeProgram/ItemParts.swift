import Autodiff

/// The items within tensors that hold a vector per item, `[B, length]`, or one that is shared by all,
/// `[length]`; without a batch axis anywhere there is one item.
struct ItemParts: Sendable {
  let items: Int
  /// Whether any datum has a batch axis.
  let isBatched: Bool

  /// Whether a tensor belongs to all items.
  private func isWhole(_ tensor: Tensor) -> Bool { !isBatched || tensor.rank == 1 }

  /// The elements that an item has in a tensor.
  private func part(_ tensor: Tensor, _ item: Int) -> UnsafeMutableBufferPointer<Double> {
    if isWhole(tensor) {
      return UnsafeMutableBufferPointer(start: tensor.doubles, count: tensor.count)
    }
    let size = tensor.shape[1]
    return UnsafeMutableBufferPointer(start: tensor.doubles + item * size, count: size)
  }

  /// Puts zeros in the place of items with a number that is not finite, which the solver would not see
  /// for what it is, and returns those items.
  func removeNotFinite(_ tensors: inout [Tensor?]) -> Set<Int> {
    var broken = Set<Int>()
    for (index, tensor) in tensors.enumerated() {
      guard let tensor, !tensor.isFinite else { continue }
      if isWhole(tensor) {
        broken.formUnion(0..<items)
        tensors[index] = nil
        continue
      }
      let copy = Tensor(tensor.scalars, shape: tensor.shape)
      for item in 0..<items where !part(tensor, item).allSatisfy(\.isFinite) {
        broken.insert(item)
        part(copy, item).update(repeating: 0)
      }
      tensors[index] = copy
    }
    return broken
  }

  /// Writes NaN for some items, and everywhere into what is summed over them.
  func spoil(_ tensor: Tensor, _ items: Set<Int>) {
    for item in items { part(tensor, item).update(repeating: .nan) }
  }

  /// NaN for some items, and zero for the others.
  func undefined(like tensors: [Tensor], _ items: Set<Int>) -> [Tensor] {
    tensors.map { tensor in
      let result = Tensor.zeros(like: tensor)
      spoil(result, items)
      return result
    }
  }

  /// The values of some items, and zero for the others. A tensor that is shared is kept.
  func only(_ items: [Int], _ tensors: [Tensor]) -> [Tensor] {
    tensors.map { tensor in
      if isWhole(tensor) { return items.isEmpty ? Tensor.zeros(like: tensor) : tensor }
      let result = Tensor.zeros(like: tensor)
      for item in items { _ = part(result, item).update(fromContentsOf: part(tensor, item)) }
      return result
    }
  }

  /// Those of some items for which one of the tensors is not zero.
  func nonzero(_ items: [Int], _ tensors: [Tensor]) -> Set<Int> {
    Set(items.filter { item in tensors.contains { part($0, item).contains { $0 != 0 } } })
  }
}
