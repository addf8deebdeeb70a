import Argmin
import Foundation

/// Images of handwritten digits, 8 x 8 pixels.
package struct DigitImages: TensorStructure {
  /// Brightness from 0 to 1, `[count, 64]`, row by row, float32.
  package var pixels: Tensor
  /// The digit of every image, 0 ... 9, as a tensor `[count]`.
  package var digits: Tensor

  package init(pixels: Tensor, digits: Tensor) {
    self.pixels = pixels
    self.digits = digits
  }

  package mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("pixels", &pixels)
    visit("digits", &digits)
  }

  package var count: Int { digits.count }

  /// The digits as classes.
  package var classes: IndexTensor {
    IndexTensor(digits.scalars.map { Int($0) }, shape: digits.shape)
  }

  /// The images at these places.
  package func selecting(_ places: [Int]) -> DigitImages {
    mapLeaves { $0.gathering(places, axis: 0) }
  }

  /// Two parts at random.
  package func split(heldOut share: Double, by key: RandomKey)
    -> (training: DigitImages, heldOut: DigitImages)
  {
    let order = key.permutation(count)
    let heldOut = Int((share * Double(count)).rounded())
    return (selecting(Array(order[heldOut...])), selecting(Array(order[..<heldOut])))
  }

  /// The images of the package.
  ///
  /// - Throws: `ExperimentError.data`.
  package static func all() throws(ExperimentError) -> DigitImages {
    let name = "Digits/digits.csv"
    let location = Bundle.module.bundleURL.appendingPathComponent("Data/\(name)")
    guard let text = try? String(contentsOf: location, encoding: .utf8) else {
      throw .data(file: location.path, reason: "cannot be read")
    }
    return try DigitImages(csv: text, name: name)
  }

  /// Reads lines of 64 whole numbers from 0 to 16 and a digit.
  package init(csv text: String, name: String) throws(ExperimentError) {
    var pixels: [Double] = []
    var digits: [Double] = []
    for (index, line) in text.split(whereSeparator: \.isNewline).enumerated() {
      let numbers = line.split(separator: ",").map { Int($0) ?? -1 }
      guard numbers.count == 65, numbers[..<64].allSatisfy((0...16).contains),
        (0...9).contains(numbers[64])
      else {
        throw .data(
          file: name, line: index + 1, reason: "expected 64 numbers from 0 to 16 and a digit")
      }
      pixels += numbers[..<64].map { Double($0) / 16 }
      digits.append(Double(numbers[64]))
    }
    self.init(
      pixels: Tensor(pixels, shape: [digits.count, 64], dtype: .float32),
      digits: Tensor(digits, dtype: .float32))
  }
}
