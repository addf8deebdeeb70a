import Argmin

/// The plane on which samples spread most: where to look at data of many dimensions.
package struct PrincipalPlane: Sendable {
  let center: [Double]
  /// Two orthonormal directions.
  package let axes: [[Double]]
  /// The share of the variance along each.
  package let shares: [Double]

  /// The leading eigenvectors of the covariance, by power iteration and deflation.
  package init(_ features: Matrix) {
    let count = features.rows
    let dimension = features.columns
    var center = [Double](repeating: 0, count: dimension)
    for row in 0..<count {
      for column in 0..<dimension { center[column] += features[row, column] / Double(count) }
    }
    var covariance = [[Double]](
      repeating: [Double](repeating: 0, count: dimension), count: dimension)
    for row in 0..<count {
      let deviation = difference(features.row(row).array, center)
      for i in 0..<dimension {
        for j in 0..<dimension {
          covariance[i][j] += deviation[i] * deviation[j] / Double(count)
        }
      }
    }
    let total = (0..<dimension).reduce(0) { $0 + covariance[$1][$1] }
    var axes: [[Double]] = []
    var shares: [Double] = []
    for _ in 0..<2 {
      // A start that no eigenvector is orthogonal to, in all but freak cases.
      var axis = (0..<dimension).map { 1 + 0.1 * Double($0) }
      var variance = 0.0
      for _ in 0..<1000 {
        let image = covariance.map { row in zip(row, axis).reduce(0) { $0 + $1.0 * $1.1 } }
        variance = norm(image)
        guard variance > 0 else { break }
        axis = image.map { $0 / variance }
      }
      axes.append(axis)
      shares.append(total > 0 ? variance / total : 0)
      for i in 0..<dimension {
        for j in 0..<dimension { covariance[i][j] -= variance * axis[i] * axis[j] }
      }
    }
    self.center = center
    self.axes = axes
    self.shares = shares
  }

  /// The coordinates of a sample on the plane.
  package func coordinates(_ features: Vector) -> [Double] {
    let deviation = difference(features.array, center)
    return axes.map { axis in zip(axis, deviation).reduce(0) { $0 + $1.0 * $1.1 } }
  }

  /// Where w·x + b = 0 cuts the plane: the coefficients of c₀ + c₁ u + c₂ v = 0.
  package func trace(weights: [Double], offset: Double) -> [Double] {
    func product(_ values: [Double]) -> Double {
      zip(weights, values).reduce(0) { $0 + $1.0 * $1.1 }
    }
    return [offset + product(center)] + axes.map(product)
  }
}
