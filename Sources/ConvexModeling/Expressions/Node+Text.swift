extension Node {
  /// The expression as it would be written, long parts left out.
  var text: String { text(depth: 5) }

  private func text(depth: Int) -> String {
    if depth == 0, !arguments.isEmpty { return "…" }
    let parts = arguments.map { $0.text(depth: depth - 1) }
    switch kind {
    case .constant(let values):
      if shape.isEmpty { return number(values[0]) }
      return values.count <= 4 && shape.count == 1
        ? "[" + values.map(number).joined(separator: ", ") + "]" : "constant\(shape)"
    case .variable(let variable): return variable.name
    case .parameter(let parameter): return parameter.name
    case .atom(let atom): return "\(atom.name)(\(parts.joined(separator: ", ")))"
    case .perspective: return "perspective(\(parts.joined(separator: ", ")))"
    case .invalid: return "invalid(\(parts.joined(separator: ", ")))"
    case .linear(let name, _):
      switch name {
      case "broadcast", "reshaped", "scattered": return parts[0]
      case "+", "-": return "(\(parts[0]) \(name) \(parts[1]))"
      case "sparse *": return "sparse * \(parts[0])"
      case "* sparse": return "\(parts[0]) * sparse"
      case "negative": return "-\(parts[0])"
      case _ where name.hasPrefix("["): return parts[0] + name
      default: return "\(name)(\(parts.joined(separator: ", ")))"
      }
    case .product(let name, _):
      return name == "*"
        ? "\(parts[0]) * \(parts[1])" : "\(name)(\(parts.joined(separator: ", ")))"
    }
  }

  private func number(_ value: Double) -> String {
    value == value.rounded() && value.magnitude < 1e15 ? "\(Int(value))" : "\(value)"
  }
}
