import Argmin
import Foundation
import ProblemFiles

/// The images of Debian's package dataset-fashion-mnist (Xiao, Rasul and Vollgraf 2017), 28 x 28 pixels.
enum FashionImages {
  private static let file =
    "/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz"

  /// Brightness from 0 to 1 of the first images, `[count, 784]`, float32.
  ///
  /// - Throws: `ExperimentError.data` where the package is not installed or its file is damaged.
  static func training(count: Int) throws(ExperimentError) -> Tensor {
    func fail(_ reason: String) -> ExperimentError { .data(file: file, reason: reason) }
    guard let packed = FileManager.default.contents(atPath: file) else {
      throw fail("is missing; install it by: apt-get install dataset-fashion-mnist")
    }
    guard let bytes = try? decompressedGzip(packed, file: file) else {
      throw fail("is no gzip file")
    }
    func number(_ place: Int) -> Int {
      bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
    }
    guard bytes.count > 16, number(0) == 2051, number(8) == 28, number(12) == 28,
      bytes.count == 16 + number(4) * 784
    else { throw fail("holds no images of 28 x 28 pixels") }
    let count = min(count, number(4))
    return Tensor(
      bytes[16..<16 + count * 784].map { Double($0) / 255 }, shape: [count, 784], dtype: .float32)
  }
}
