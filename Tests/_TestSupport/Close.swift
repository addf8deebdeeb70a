import LinearAlgebra

/// The outcome of comparing two lists of numbers: `#expect(isClose(a, b).holds)` prints it on failure.
package struct Closeness: Sendable, CustomStringConvertible {
  package let holds: Bool
  package let description: String
}

/// Whether `|a - b| <= absoluteTolerance + relativeTolerance * largest |b|` for every element.
///
/// The scale is that of the whole list, as rounding errors of linear algebra have it. NaN is close to
/// nothing.
package func isClose(
  _ actual: some Collection<Double>, _ expected: some Collection<Double>,
  relativeTolerance: Double = 1e-10, absoluteTolerance: Double = 1e-12
) -> Closeness {
  guard actual.count == expected.count else {
    return Closeness(
      holds: false, description: "\(actual.count) elements, expected \(expected.count)")
  }
  let scale = expected.reduce(0) { max($0, abs($1)) }
  let allowed = absoluteTolerance + relativeTolerance * scale
  var worst = (index: 0, actual: 0.0, expected: 0.0, error: 0.0)
  for (index, (a, b)) in zip(actual, expected).enumerated() {
    let error = a == b ? 0 : abs(a - b)
    if error > worst.error || error.isNaN { worst = (index, a, b, error) }
    if error.isNaN { break }
  }
  return Closeness(
    holds: worst.error <= allowed,
    description: "worst at \(worst.index): \(worst.actual), expected \(worst.expected), "
      + "off by \(worst.error), allowed \(allowed)")
}

package func isClose(
  _ actual: Matrix, _ expected: Matrix, relativeTolerance: Double = 1e-10,
  absoluteTolerance: Double = 1e-12
) -> Closeness {
  guard actual.rows == expected.rows, actual.columns == expected.columns else {
    return Closeness(
      holds: false,
      description: "shape [\(actual.rows), \(actual.columns)], "
        + "expected [\(expected.rows), \(expected.columns)]")
  }
  return isClose(
    actual.array, expected.array, relativeTolerance: relativeTolerance,
    absoluteTolerance: absoluteTolerance)
}

package func isClose(
  _ actual: Double, _ expected: Double, relativeTolerance: Double = 1e-10,
  absoluteTolerance: Double = 1e-12
) -> Closeness {
  isClose(
    CollectionOfOne(actual), CollectionOfOne(expected), relativeTolerance: relativeTolerance,
    absoluteTolerance: absoluteTolerance)
}
