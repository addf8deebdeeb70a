import Argmin
import Foundation
import ProblemFiles

/// Daily returns of 20 stocks.
struct StockPrices {
  /// Returns from each day to the next, `[days, stocks]`.
  let returns: Tensor
  var stocks: Int { returns.shape[1] }

  /// The prices of the package.
  ///
  /// - Throws: `ExperimentError.data`.
  init() throws(ExperimentError) {
    let name = "StockPrices/prices.csv.gz"
    let location = Bundle.module.bundleURL.appendingPathComponent("Data/\(name)")
    guard let packed = FileManager.default.contents(atPath: location.path),
      let bytes = try? decompressedGzip(packed, file: name)
    else { throw .data(file: location.path, reason: "cannot be read") }
    let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
    let width = lines.first?.split(separator: ",").count ?? 0
    var prices: [Double] = []
    for (index, line) in lines.enumerated().dropFirst() {
      let numbers = line.split(separator: ",").dropFirst().map { Double($0) ?? .nan }
      guard numbers.count == width - 1, numbers.allSatisfy({ $0 > 0 }) else {
        throw .data(file: name, line: index + 1, reason: "expected a date and \(width - 1) prices")
      }
      prices += numbers
    }
    let table = Tensor(prices, shape: [prices.count / (width - 1), width - 1])
    let days = table.shape[0]
    returns = table.slice(axis: 0, 1..<days) / table.slice(axis: 0, 0..<days - 1) - 1
  }

  /// The mean of the returns up to and including each day, weighted by `decay^age`, `[days, stocks]`.
  func movingMeans(decay: Double) -> Tensor {
    let rows = returns.scalars
    var mean = [Double](repeating: 0, count: stocks)
    var result: [Double] = []
    for day in 0..<returns.shape[0] {
      for stock in 0..<stocks {
        mean[stock] = decay * mean[stock] + (1 - decay) * rows[day * stocks + stock]
      }
      result += mean
    }
    return Tensor(result, shape: returns.shape)
  }

  /// The covariance of the returns of some days, `[stocks, stocks]`.
  func covariance(_ days: Range<Int>) -> Tensor {
    let part = returns.slice(axis: 0, days)
    let centered = part - part.mean(axis: 0)
    return matmul(centered.transposed(), centered) / Double(days.count)
  }
}
