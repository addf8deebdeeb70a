import ArgminExperiments
import Foundation
import Testing

@Suite struct OutputTests {
  /// A folder that is removed with the test.
  private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("argmin-tests-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  @Test func columnsAreAligned() {
    var table = ResultTable(title: "title", columns: [.init("name", .left), .init("value")])
    table.append(["a", "1.5"])
    table.append(["longer", "10"])
    #expect(table.lines == ["title", "name    value", "a         1.5", "longer     10"])
  }

  @Test func withoutGnuplotDataAndScriptAreWritten() throws {
    try withFolder { location in
      var folder = try OutputFolder(location)
      let figure = Figure(
        name: "line", size: (200, 100), commands: "plot \"line.dat\"",
        data: [("line.dat", [[0, 1], [1, .nan]])])
      let note = try #require(try figure.write(to: &folder, searchPath: "/nowhere"))
      #expect(note.contains("gnuplot is not installed"))
      #expect(folder.files == ["line.dat", "line.gnuplot"])
      let data = try String(
        contentsOf: location.appendingPathComponent("line.dat"), encoding: .utf8)
      #expect(data == "0.0 1.0\n1.0 NaN\n")
    }
  }

  @Test func aFolderThatCannotBeMadeIsAnError() {
    #expect(throws: ExperimentError.self) {
      try OutputFolder(URL(fileURLWithPath: "/dev/null/folder"))
    }
  }

  @Test func experimentsHaveNames() {
    #expect(Experiments.named("svm-sensitivity") != nil)
    #expect(Experiments.named("nothing") == nil)
    #expect(Set(Experiments.all.map(\.name)).count == Experiments.all.count)
    #expect(Experiments.all.allSatisfy { !$0.summary.contains("\n") })
  }
}
