import Foundation
import Testing

/// Code of a test that a page of the documentation shows: the lines between `// BEGIN name` and
/// `// END name`.
struct DocumentedExample {
  /// The lines of the example, without their common indentation.
  let lines: [String]
  private let root: URL

  init(_ name: String, file: String = #filePath) throws {
    let location = URL(fileURLWithPath: file)
    root = location.deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let source = try String(contentsOf: location, encoding: .utf8).components(separatedBy: "\n")
    func mark(_ word: String) -> Int? {
      source.firstIndex { $0.drop { $0 == " " } == "// \(word) \(name)" }
    }
    let first = try #require(mark("BEGIN"), "no example \(name)")
    let last = try #require(mark("END"), "no end of example \(name)")
    let indentation = source[first].prefix { $0 == " " }.count
    lines = source[first + 1..<last].map { String($0.dropFirst(indentation)) }
  }

  /// Fails unless the page shows exactly this code, after `preamble`.
  func requireShown(in page: String, preamble: [String] = []) throws {
    let text = try String(contentsOf: root.appendingPathComponent(page), encoding: .utf8)
    let code = (preamble + lines).joined(separator: "\n")
    #expect(text.contains("```swift\n\(code)\n```"), "\(page) shows other code")
  }

  /// Fails unless what was printed is what the comments behind `print` say, up to a colon: the same
  /// words, and the same numbers but for rounding.
  func requirePrinted(_ printed: [String]) {
    let expected = lines.filter { $0.hasPrefix("print(") }.map { line in
      line.components(separatedBy: "// ").last!.split(separator: ":")[0]
    }
    #expect(printed.count == expected.count)
    for (actual, comment) in zip(printed, expected) {
      #expect(Self.areSame(actual, String(comment)), "printed \(actual), promised \(comment)")
    }
  }

  private static func areSame(_ actual: String, _ expected: String) -> Bool {
    func parts(_ text: String) -> [Substring] { text.split { "[], ".contains($0) } }
    return parts(actual).elementsEqual(parts(expected)) { a, b in
      guard let x = Double(a), let y = Double(b) else { return a == b }
      return abs(x - y) <= 1e-12
    }
  }
}

/// What an example printed.
struct Output {
  private(set) var lines: [String] = []

  mutating func append(_ items: [Any]) {
    lines.append(items.map { "\($0)" }.joined(separator: " "))
  }
}
