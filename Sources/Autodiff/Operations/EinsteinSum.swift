/// Sums of products of tensors' elements, written with a letter for every axis (Einstein's
/// convention).
///
/// Axes with one letter go together; letters that are missing after the arrow are summed over:
///
/// ```swift
/// let product = einsum("bij,bjk->bik", a, b)
/// let trace = einsum("ii->", a)
/// let bilinear = einsum("i,ij,j->", x, A, y)
/// ```
///
/// A letter that occurs twice in one operand means its diagonal. Without an arrow the result has
/// the letters that occur once, in alphabetical order. Lengths with one letter must agree; nothing
/// is broadcast.
///
/// Operands are contracted from left to right, each time by one batched matrix product; put those
/// first whose product is small.
public func einsum(_ formula: String, _ operands: Tensor...) -> Tensor {
  let (inputs, output) = parse(formula, operands)
  // What later operands or the result still need of each step's letters.
  func isNeeded(_ letter: Character, after index: Int) -> Bool {
    output.contains(letter) || inputs[(index + 1)...].contains { $0.contains(letter) }
  }
  var result = Labelled(operands[0], inputs[0])
  if operands.count == 1 { return result.arranged(output).tensor }
  for index in 1..<operands.count {
    let right = Labelled(operands[index], inputs[index])
    result = result.contracted(with: right) { isNeeded($0, after: index) }
  }
  return result.arranged(output).tensor
}

private func parse(_ formula: String, _ operands: [Tensor]) -> (
  inputs: [[Character]], output: [Character]
) {
  let text = formula.filter { $0 != " " }
  let isExplicit = text.contains("->")
  let sides = text.replacing("->", with: ">").split(
    separator: ">", maxSplits: 1, omittingEmptySubsequences: false)
  let inputs = sides[0].split(separator: ",", omittingEmptySubsequences: false).map { Array($0) }
  let shapes = operands.map(\.shape)
  precondition(
    inputs.count == operands.count && zip(inputs, shapes).allSatisfy { $0.count == $1.count },
    "einsum: \(formula) for the shapes \(shapes)")
  var lengths: [Character: Int] = [:]
  for (letters, shape) in zip(inputs, shapes) {
    for (letter, length) in zip(letters, shape) {
      precondition(letter.isLetter, "einsum: \(letter) in \(formula) is not a letter")
      precondition(
        lengths[letter, default: length] == length,
        "einsum: \(formula) for the shapes \(shapes), which differ in \(letter)")
      lengths[letter] = length
    }
  }
  let all = inputs.joined()
  let output =
    isExplicit
    ? Array(sides[1]) : lengths.keys.filter { key in all.count { $0 == key } == 1 }.sorted()
  precondition(
    Set(output).count == output.count && output.allSatisfy { lengths[$0] != nil },
    "einsum: the result of \(formula)")
  return (inputs, output)
}

/// A tensor with a letter for every axis, each at most once.
private struct Labelled {
  let tensor: Tensor
  let letters: [Character]

  /// Takes the diagonal of axes with the same letter: along it the strides add up.
  init(_ tensor: Tensor, _ letters: [Character]) {
    let strides = contiguousStrides(tensor.shape)
    var unique: [Character] = []
    var view = StridedView(shape: [], strides: [])
    for (axis, letter) in letters.enumerated() {
      if let place = unique.firstIndex(of: letter) {
        view.strides[place] += strides[axis]
      } else {
        unique.append(letter)
        view.shape.append(tensor.shape[axis])
        view.strides.append(strides[axis])
      }
    }
    self.tensor = unique.count == letters.count ? tensor : tensor.reading(view)
    self.letters = unique
  }

  func length(_ letters: [Character]) -> Int {
    letters.reduce(1) { $0 * tensor.shape[self.letters.firstIndex(of: $1)!] }
  }

  /// The axes in the order of `order`, after summing over those that don't occur in it.
  func arranged(_ order: [Character]) -> Labelled {
    let surplus = letters.indices.filter { !order.contains(letters[$0]) }
    let rest = letters.filter { order.contains($0) }
    let reduced = surplus.isEmpty ? tensor : tensor.sum(axes: surplus)
    if rest == order { return Labelled(reduced, rest) }
    return Labelled(reduced.permutingAxes(order.map { rest.firstIndex(of: $0)! }), order)
  }

  /// The sum over the letters of both that are not needed any more: a batch of matrix products
  /// `[batch, rows, inner] [batch, inner, columns]`.
  func contracted(with other: Labelled, _ isNeeded: (Character) -> Bool) -> Labelled {
    let shared = letters.filter { other.letters.contains($0) }
    let batch = shared.filter(isNeeded)
    let inner = shared.filter { !isNeeded($0) }
    let rows = letters.filter { !shared.contains($0) && isNeeded($0) }
    let columns = other.letters.filter { !shared.contains($0) && isNeeded($0) }
    let left = arranged(batch + rows + inner)
    let right = other.arranged(batch + inner + columns)
    let batchShape = Array(left.tensor.shape.prefix(batch.count))
    let size = left.length(batch)
    let product = matmul(
      left.tensor.reshaped(to: [size, left.length(rows), left.length(inner)]),
      right.tensor.reshaped(to: [size, right.length(inner), right.length(columns)]))
    let shape =
      batchShape + left.tensor.shape[batch.count..<batch.count + rows.count]
      + right.tensor.shape.suffix(columns.count)
    return Labelled(product.reshaped(to: shape), batch + rows + columns)
  }
}
