import Foundation

/// One line on standard error that shows how far long work has come, only on a terminal and only once
/// the work has taken a while.
///
/// Used from one thread at a time.
final class ProgressLine: @unchecked Sendable {
  private let name: String
  private let isShown: Bool
  private let start = ContinuousClock.now
  private var last: ContinuousClock.Instant?
  private let delay = Duration.milliseconds(500)
  private let interval = Duration.milliseconds(100)

  init(_ name: String, isShown: Bool = StandardError.isTerminal) {
    self.name = name
    self.isShown = isShown
  }

  /// Shows that `fraction` of the work is done, and what is being done now.
  func show(_ fraction: Double, _ stage: String = "") {
    guard isShown else { return }
    let now = ContinuousClock.now
    guard now - start >= delay, last.map({ now - $0 >= interval }) ?? true else { return }
    last = now
    let width = 24
    let share = max(0, min(1, fraction.isFinite ? fraction : 0))
    let filled = Int(share * Double(width))
    let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
    let elapsed = (now - start) / .seconds(1)
    let rest = share > 0.02 ? ", \(NumberText.duration(elapsed / share - elapsed)) left" : ""
    StandardError.write("\r\u{1B}[K\(name) [\(bar)] \(Int(share * 100)) %\(rest)  \(stage)")
  }

  /// Removes the line.
  func end() {
    guard last != nil else { return }
    StandardError.write("\r\u{1B}[K")
    last = nil
  }
}
