import Argmin
import ArgminExperiments
import Foundation
import Testing

@Suite struct DigitClassificationTests {
  @Test func theDataAreComplete() throws {
    let images = try DigitImages.all()
    #expect(images.count == 1797)
    #expect(images.pixels.shape == [1797, 64])
    #expect(images.pixels.min().item == 0 && images.pixels.max().item == 1)
    #expect(Set(images.classes.values) == Set(0...9))
    let (training, heldOut) = images.split(heldOut: 0.25, by: RandomKey(seed: 1))
    #expect(training.count == 1348 && heldOut.count == 449)
  }

  @Test(arguments: ["1,2,3", String(repeating: "17,", count: 64) + "1"])
  func wrongDataAreNamed(_ line: String) {
    let good = String(repeating: "0,", count: 64) + "3\n"
    #expect(throws: ExperimentError.self) { try DigitImages(csv: good + line, name: "data.csv") }
  }

  @Test func aShortTrainingLearns() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    let results = try DigitClassification(epochs: 8, runs: 1)
      .run(output: folder, seed: 1) { _, _ in }
    let parsed = try JSONSerialization.jsonObject(
      with: Data(contentsOf: folder.appendingPathComponent("results.json")))
    let runs = try #require((parsed as? [String: Any])?["runs"] as? [[String: Any]])
    let accuracy = try #require(runs[0]["heldOutAccuracy"] as? Double)
    #expect(accuracy > 0.93)
    #expect(results.files.contains("network.safetensors"))

    // The stored parameters are those of a network with that accuracy.
    var network = MLP([64, 256, 128, 10], key: RandomKey(seed: 0))
    try network.load(from: folder.appendingPathComponent("network.safetensors"))
    let images = try DigitImages.all()
    #expect(Argmin.accuracy(network(images.pixels), classes: images.classes) > 0.95)
  }
}
