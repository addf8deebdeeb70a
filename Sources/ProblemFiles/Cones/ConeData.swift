import ConvexSolvers
import LinearAlgebra

/// The data of one cone program as they stand in a file.
struct ConeData {
  var P: Located<SparseData>?
  var c: Located<Vector>?
  var A: Located<SparseData>?
  var b: Located<Vector>?
  var cones: Located<ConeProduct>?
  /// Where the object itself begins.
  let position: UnsafePointer<UInt8>

  func position(of key: String) -> UnsafePointer<UInt8> {
    switch key {
    case "P": P?.position ?? position
    case "c": c?.position ?? position
    case "A": A?.position ?? position
    case "b": b?.position ?? position
    case "cone": cones?.position ?? position
    default: position
    }
  }
}

extension JSONReader {
  /// Reads an object of kind cone.
  mutating func readConeProgram() throws(ProblemFileError) -> ConeData {
    var data = ConeData(position: position())
    try readObject("a problem (an object)") { (reader, key) throws(ProblemFileError) in
      let place = reader.position()
      switch key {
      case "kind": _ = try reader.readString("the kind (a string)")
      case "P": data.P = Located(value: try reader.readSparseMatrix(), position: place)
      case "c": data.c = Located(value: try reader.readVector(), position: place)
      case "A": data.A = Located(value: try reader.readSparseMatrix(), position: place)
      case "b": data.b = Located(value: try reader.readVector(absent: true), position: place)
      case "cone": data.cones = Located(value: try reader.readCones(), position: place)
      default: throw reader.malformed("unknown key; a cone program has P, c, A, b and cone")
      }
    }
    return data
  }

  /// Reads `{"z": 2, "f": 0, "l": 5, "q": [3, 4], "s": [2], "ep": 1, "ed": 0, "p": [0.5]}`.
  private mutating func readCones() throws(ProblemFileError) -> ConeProduct {
    var cones = ConeProduct()
    // Sizes and their sum are held down, so that no later arithmetic overflows.
    var rows = 0.0
    let start = position()
    try readObject("the cones (an object)") { (reader, key) throws(ProblemFileError) in
      switch key {
      case "z": cones.zero = try reader.readSize("the number of equalities")
      case "f": cones.free = try reader.readSize("the number of free rows")
      case "l": cones.nonnegative = try reader.readSize("the number of nonnegative rows")
      case "q": cones.secondOrder = try reader.readSizes("dimensions")
      case "s": cones.semidefinite = try reader.readSizes("orders")
      case "ep": cones.exponential = try reader.readSize("the number of exponential cones")
      case "ed": cones.dualExponential = try reader.readSize("the number of dual exponential cones")
      case "p": cones.power = try reader.readExponents()
      default: throw reader.malformed("unknown key; the cones are z, f, l, q, s, ep, ed and p")
      }
    }
    rows += Double(cones.zero) + Double(cones.free) + Double(cones.nonnegative)
    for size in cones.secondOrder { rows += Double(size) }
    for order in cones.semidefinite { rows += Double(order) * Double(order) }
    rows += 3 * (Double(cones.exponential) + Double(cones.dualExponential))
    guard rows <= Double(ConeLimits.largestCount) else {
      throw error(
        .unsupported, at: start, "the cones have more than \(ConeLimits.largestCount) rows")
    }
    return cones
  }

  private mutating func readExponents() throws(ProblemFileError) -> [Double] {
    let place = position()
    let exponents = try readVector()
    for (index, exponent) in exponents.enumerated() {
      guard exponent != 0, exponent.magnitude < 1 else {
        path.append(.index(index))
        throw error(
          .invalid, at: place,
          "is \(exponent); the exponent of a power cone lies between -1 and 1 and is not 0")
      }
    }
    return exponents.array
  }
}

/// What is refused before memory is taken for it.
enum ConeLimits {
  /// The most variables, and the most rows.
  static let largestCount = 100_000_000

  /// Whether a file of this size can mean so many scalars: each stands in it somewhere, or is without
  /// use. Small numbers are believed, as they cost nothing.
  static func isPlausible(_ count: Int, in text: TextBytes) -> Bool {
    count <= max(1_000_000, text.count)
  }
}
