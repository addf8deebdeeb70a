import Argmin
import ArgminExperiments
import Testing

@Suite struct DataTests {
  @Test func theBreastCancerDataAreComplete() throws {
    let samples = try LabelledSamples.breastCancer()
    #expect(samples.count == 569)
    #expect(samples.features.columns == 30)
    #expect(samples.labels.count { $0 > 0 } == 212)
    #expect(samples.features[0, 0] == 17.99)
  }

  @Test func aSplitKeepsTheClassesAndLosesNothing() throws {
    let samples = try LabelledSamples.breastCancer()
    let (training, heldOut) = samples.split(trainingShare: 0.7, seed: 4)
    #expect(Set(training.numbers).isDisjoint(with: heldOut.numbers))
    #expect(training.count + heldOut.count == 569)
    #expect(training.labels.count { $0 > 0 } == 148)
    #expect(samples.split(trainingShare: 0.7, seed: 4).training.numbers == training.numbers)
    #expect(samples.split(trainingShare: 0.7, seed: 5).training.numbers != training.numbers)
  }

  @Test(arguments: [
    ("", 1), ("2,1,a,b\n1,0\n", nil), ("2,1,a,b\n1,0\nx,1\n", 3), ("1,2,a,b\n1,0\n", 2),
    ("1,1,a,b\n1,2\n", 2), ("1,1,a,b\nnan,1\n", 2),
  ])
  func wrongDataAreNamed(_ text: String, _ line: Int?) throws {
    let error = try #require(throws: ExperimentError.self) {
      try LabelledSamples(csv: text, name: "data.csv")
    }
    guard case .data("data.csv", let actual, _) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(actual == line)
  }

  @Test func thePrincipalPlaneFollowsTheSpread() {
    var generator = SeededGenerator(seed: 1)
    let elements = (0..<200).flatMap { _ in
      [0.1 * generator.normal(), 5 * generator.normal(), generator.normal()]
    }
    let features = Matrix(rows: 200, columns: 3, elements: elements)
    let plane = PrincipalPlane(features)
    #expect(abs(plane.axes[0][1]) > 0.99)
    #expect(abs(plane.axes[1][2]) > 0.99)
    #expect(plane.shares[0] > plane.shares[1])
  }

  @Test func randomNumbersFollowTheSeed() {
    var first = SeededGenerator(seed: 7)
    var second = SeededGenerator(seed: 7)
    #expect(first.normals(5) == second.normals(5))
    #expect(first.permutation(10).sorted() == Array(0..<10))
    let many = first.normals(20_000)
    #expect(abs(many.reduce(0, +) / 20_000) < 0.03)
    #expect(abs(many.reduce(0) { $0 + $1 * $1 } / 20_000 - 1) < 0.05)
  }
}
