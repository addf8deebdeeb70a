import Foundation

/// Standard error: failures, and progress where a person watches.
enum StandardError {
  static var isTerminal: Bool { isatty(FileHandle.standardError.fileDescriptor) == 1 }

  static func write(_ text: String) {
    FileHandle.standardError.write(Data(text.utf8))
  }
}

/// Standard output, in large pieces.
enum StandardOutput {
  static func write(_ bytes: UnsafeRawBufferPointer) {
    var rest = bytes
    while !rest.isEmpty {
      let written = Foundation.write(STDOUT_FILENO, rest.baseAddress, rest.count)
      // A reader that went away, or a full disk: nothing more can be said on standard output.
      guard written > 0 else {
        StandardError.write("argmin: standard output could not be written\n")
        exit(ExitStatus.badInput.rawValue)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
  }

  /// Writes lines of text.
  static func write(lines: [String]) {
    write(lines.map { $0 + "\n" }.joined())
  }

  static func write(_ text: String) {
    var text = text
    text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
  }
}
