import ConvexSolvers
import LinearAlgebra

/// The gradient of a loss with respect to the solution of one problem; nil parts are zero.
public struct Upstream: Sendable {
  /// Shape `[n]`.
  public var x: Vector?
  /// Shape `[m]`.
  public var lambda: Vector?
  /// Shape `[e]`.
  public var nu: Vector?
  /// Of a cone program the dual and the slack, shape `[m]`.
  public var y: Vector?
  public var s: Vector?

  public init(
    x: Vector? = nil, lambda: Vector? = nil, nu: Vector? = nil, y: Vector? = nil, s: Vector? = nil
  ) {
    self.x = x
    self.lambda = lambda
    self.nu = nu
    self.y = y
    self.s = s
  }
}

/// The upstream gradients for the problems of a file: an object for a single problem, a list with
/// null for none for a batch.
///
///     {"x": [..], "lambda": [..], "nu": [..]}      for a qp
///     {"x": [..], "y": [..], "s": [..]}            for a cone program
public struct UpstreamFile: Sendable {
  /// One per problem of the file; nil where the list has null.
  public let items: [Upstream?]

  /// Reads the file and checks its shapes against those of the problems.
  ///
  /// - Throws: `ProblemFileError`.
  public init(path: String, for problems: ProblemFile) throws(ProblemFileError) {
    self = try UpstreamFile(TextBytes.reading(path: path), for: problems)
  }

  /// Reads the bytes of an upstream file that has been loaded already.
  public init(
    bytes: some Collection<UInt8>, name: String, for problems: ProblemFile
  ) throws(ProblemFileError) {
    self = try UpstreamFile(TextBytes(name: name, copying: bytes), for: problems)
  }

  private init(_ text: TextBytes, for problems: ProblemFile) throws(ProblemFileError) {
    var reader = JSONReader(text)
    items = try withExtendedLifetime(text) { () throws(ProblemFileError) in
      try reader.readPerProblem(problems, "an upstream gradient") {
        (reader, group) throws(ProblemFileError) in
        try reader.readUpstream(of: group)
      }
    }
  }

  /// The upstream gradients for the batch of a group; a part that no item has is nil, otherwise the
  /// items that lack it have zeros.
  public func batched(
    for group: QuadraticGroup
  ) -> (x: BatchedVector?, lambda: BatchedVector?, nu: BatchedVector?) {
    let own = group.indices.map { items[$0] }
    return (
      BatchedVector(own.map { $0?.x }, count: group.batch.variables),
      BatchedVector(own.map { $0?.lambda }, count: group.batch.inequalities),
      BatchedVector(own.map { $0?.nu }, count: group.batch.equalities)
    )
  }

  /// The upstream gradients for the batch of a group of cone programs.
  public func batched(
    for group: ConeGroup
  ) -> (x: BatchedVector?, y: BatchedVector?, s: BatchedVector?) {
    let own = group.indices.map { items[$0] }
    return (
      BatchedVector(own.map { $0?.x }, count: group.batch.variables),
      BatchedVector(
        own.map { $0.flatMap { dual($0, group.batch.cones) } }, count: group.batch.rows),
      BatchedVector(own.map { $0?.s }, count: group.batch.rows)
    )
  }

  /// The part for y: that for nu in the zero rows, that for lambda in the nonnegative ones.
  private func dual(_ item: Upstream, _ cones: ConeProduct) -> Vector? {
    if let y = item.y { return y }
    guard item.nu != nil || item.lambda != nil else { return nil }
    let nu = item.nu?.array ?? [Double](repeating: 0, count: cones.zero)
    let lambda = item.lambda?.array ?? [Double](repeating: 0, count: cones.nonnegative)
    return Vector(nu + lambda)
  }
}

// MARK: - Reading

extension JSONReader {
  fileprivate mutating func readUpstream(
    of group: ProblemGroup
  ) throws(ProblemFileError) -> Upstream {
    var item = Upstream()
    let shape = UpstreamShape(group)
    try readObject("an upstream gradient (an object)") { (reader, key) throws(ProblemFileError) in
      switch (key, shape.isCone) {
      case ("x", _): item.x = try reader.readVector(count: shape.variables, "variable")
      case ("y", true): item.y = try reader.readVector(count: shape.rows, "row")
      case ("s", true): item.s = try reader.readVector(count: shape.rows, "row")
      case ("lambda", false):
        item.lambda = try reader.readVector(count: shape.inequalities, "inequality")
      case ("nu", false): item.nu = try reader.readVector(count: shape.equalities, "equality")
      default:
        throw reader.malformed(
          "unknown key; an upstream gradient has x, \(shape.isCone ? "y and s" : "lambda and nu")")
      }
    }
    return item
  }
}

/// The sizes of the parts of an upstream gradient.
private struct UpstreamShape {
  let isCone: Bool
  let variables: Int
  let inequalities: Int
  let equalities: Int
  var rows: Int { inequalities }

  init(_ group: ProblemGroup) {
    switch group {
    case .quadratic(let group):
      isCone = false
      variables = group.batch.variables
      inequalities = group.batch.inequalities
      equalities = group.batch.equalities
    case .cone(let group):
      isCone = !group.isQuadraticProgram
      variables = group.batch.variables
      equalities = isCone ? 0 : group.batch.cones.zero
      inequalities = group.batch.rows - equalities
    }
  }
}

// MARK: - Reading one value per problem

extension JSONReader {
  /// Reads an object for a single problem, or a list of objects and nulls for a batch.
  mutating func readPerProblem<Item>(
    _ problems: ProblemFile, _ noun: String,
    item: (inout JSONReader, ProblemGroup) throws(ProblemFileError) -> Item
  ) throws(ProblemFileError) -> [Item?] {
    var items: [Item?] = []
    guard problems.isBatch else {
      items.append(try item(&self, problems.groups[0]))
      try readEnd()
      return items
    }
    let place = position()
    try readList("a list with \(noun) or null for each problem of the batch") {
      (reader, index) throws(ProblemFileError) in
      if reader.peek() == .null {
        items.append(nil)
        return try reader.readNull()
      }
      guard index < problems.count else {
        items.append(nil)
        return try reader.skipValue()
      }
      let group = problems.groups[problems.location(of: index).group]
      items.append(try item(&reader, group))
    }
    try readEnd()
    guard items.count == problems.count else {
      throw error(
        .invalid, at: place,
        "the list has \(items.count.counted("item")), the batch \(problems.count.counted("problem"))"
      )
    }
    return items
  }

  /// Reads a list of numbers whose length is known.
  mutating func readVector(
    count: Int, _ noun: String
  ) throws(ProblemFileError) -> Vector {
    let place = position()
    let vector = try readVector()
    guard vector.count == count else {
      throw error(
        .invalid, at: place,
        "has \(vector.count.counted("number")), expected \(count): one per \(noun)")
    }
    return vector
  }
}

extension BatchedVector {
  /// One vector per item, zeros for those that have none; nil if no item has one.
  init?(_ vectors: [Vector?], count: Int) {
    guard vectors.contains(where: { $0 != nil }) else { return nil }
    self.init(vectors.map { $0 ?? Vector.zeros(count) }, count: count)
  }
}
