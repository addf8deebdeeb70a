extension CBFReader {
  /// Reads the number of scalar variables or constraints and their cones, such as `3 2`, `L+ 1`, `Q 2`.
  mutating func readBlocks(
    _ noun: String
  ) throws(ProblemFileError) -> (count: Int, blocks: [CBFStructure.Block]) {
    _ = scanner.skipBlanks()
    let beginning = scanner.cursor
    let count = try readSize("the number of \(noun)")
    guard ConeLimits.isPlausible(count, in: scanner.text) else {
      throw scanner.error(
        .unsupported, at: beginning, "there are more \(noun), \(count), than the file has bytes")
    }
    _ = scanner.skipBlanks()
    let place = scanner.cursor
    let cones = try readSize("the number of cones")
    var blocks: [CBFStructure.Block] = []
    var next = 0
    for _ in 0..<cones {
      _ = scanner.skipBlanks()
      let start = scanner.cursor
      guard let name = scanner.word() else {
        throw scanner.error(
          .malformed, at: start,
          "expected \(cones.counted("cone")), found the end of the file after \(blocks.count)")
      }
      let size = try readSize("the dimension of the cone \(name)")
      guard size <= count - next else {
        throw scanner.error(
          .invalid, at: start, "the cones have more than the \(count) \(noun) that are announced")
      }
      let range = next..<next + size
      next += size
      blocks.append(
        CBFStructure.Block(domain: try domain(name, size: size, at: start), range: range))
    }
    guard next == count else {
      throw scanner.error(
        .invalid, at: place, "the cones have \(next) of the \(count) \(noun) that are announced")
    }
    return (count, blocks.filter { !$0.range.isEmpty })
  }

  private func domain(
    _ name: String, size: Int, at position: UnsafePointer<UInt8>
  ) throws(ProblemFileError) -> CBFStructure.Domain {
    func check(_ isRight: Bool, _ expected: String) throws(ProblemFileError) {
      if !isRight {
        throw scanner.error(
          .invalid, at: position, "the cone \(name) has dimension \(size), expected \(expected)")
      }
    }
    switch name {
    case "F": return .free
    case "L+": return .nonnegative
    case "L-": return .nonpositive
    case "L=": return .zero
    case "Q":
      try check(size >= 1, "at least 1")
      return .secondOrder
    case "QR":
      try check(size >= 2, "at least 2")
      return .rotatedSecondOrder
    case "EXP", "EXP*":
      try check(size == 3, "3")
      return name == "EXP" ? .exponential : .dualExponential
    case "SVECPSD":
      let order = Int(((8 * Double(size) + 1).squareRoot() - 1) / 2)
      try check(order * (order + 1) / 2 == size, "n(n + 1)/2 for some n")
      return .semidefinite(order: order)
    case "GMEANABS", "GMEANABS*":
      throw scanner.error(.unsupported, at: position, "the cone \(name) is not supported")
    default:
      return try powerDomain(name, size: size, at: position)
    }
  }

  /// `@k:POW` or `@k:POW*`, of the k-th list of exponents.
  private func powerDomain(
    _ name: String, size: Int, at position: UnsafePointer<UInt8>
  ) throws(ProblemFileError) -> CBFStructure.Domain {
    let parts = name.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].first == "@", let index = Int(parts[0].dropFirst()),
      parts[1] == "POW" || parts[1] == "POW*"
    else { throw scanner.error(.malformed, at: position, "unknown cone \(quoted(name))") }
    let isDual = parts[1] == "POW*"
    let lists = isDual ? structure.dualPowerCones : structure.powerCones
    guard lists.indices.contains(index) else {
      throw scanner.error(
        .invalid, at: position,
        "the cone \(name) refers to list \(index) of \(isDual ? "POW*CONES" : "POWCONES"), which has "
          + lists.count.counted("list"))
    }
    guard size == 3, lists[index].count == 2 else {
      throw scanner.error(
        .unsupported, at: position,
        "power cones of dimension \(size) with \(lists[index].count.counted("exponent")) are not "
          + "supported; those of dimension 3 with two are")
    }
    let exponent = lists[index][0] / (lists[index][0] + lists[index][1])
    return .power(isDual ? -exponent : exponent)
  }

  /// Reads lists of exponents of power cones: how many lists and exponents in all, then each list as
  /// its length and its numbers.
  mutating func readExponents() throws(ProblemFileError) -> [[Double]] {
    let count = try readSize("the number of power cones")
    _ = scanner.skipBlanks()
    let place = scanner.cursor
    let total = try readSize("the number of exponents in all")
    var lists: [[Double]] = []
    var rest = total
    for _ in 0..<count {
      let length = try readSize("the number of exponents of a power cone")
      rest -= length
      guard rest >= 0 else { break }
      var list: [Double] = []
      for _ in 0..<length {
        _ = scanner.skipBlanks()
        let start = scanner.cursor
        let exponent = try scanner.number("an exponent")
        guard exponent > 0 else {
          throw scanner.error(
            .invalid, at: start, "the exponent \(exponent) of a power cone is not positive")
        }
        list.append(exponent)
      }
      lists.append(list)
    }
    guard rest == 0 else {
      throw scanner.error(
        .invalid, at: place,
        "the power cones have \(rest < 0 ? "more" : "fewer") than the \(total) exponents that are "
          + "announced")
    }
    return lists
  }

  /// Reads the number of matrices and their orders.
  mutating func readOrders() throws(ProblemFileError) -> [Int] {
    let count = try readSize("the number of matrices")
    var orders: [Int] = []
    var entries = 0
    for _ in 0..<count {
      _ = scanner.skipBlanks()
      let start = scanner.cursor
      let order = try readSize("the order of a matrix")
      guard order >= 1 else {
        throw scanner.error(.invalid, at: start, "a matrix has order 0")
      }
      entries += SymmetricVector(order: min(order, 1 << 20)).count
      guard entries <= ConeLimits.largestCount else {
        throw scanner.error(
          .unsupported, at: start, "the matrices have more than \(ConeLimits.largestCount) entries")
      }
      orders.append(order)
    }
    return orders
  }

  private mutating func readSize(_ noun: String) throws(ProblemFileError) -> Int {
    _ = scanner.skipBlanks()
    let start = scanner.cursor
    let value = try scanner.integer(noun)
    guard value >= 0 else {
      throw scanner.error(.invalid, at: start, "\(noun) is \(value), but cannot be negative")
    }
    guard value <= ConeLimits.largestCount else {
      throw scanner.error(
        .unsupported, at: start, "\(noun) is \(value), more than \(ConeLimits.largestCount)")
    }
    return value
  }
}
