#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension TextBytes {
  /// The text of a file, decompressed if its name ends in `.gz`.
  static func reading(path: String) throws(ProblemFileError) -> TextBytes {
    let text = try readingRaw(path: path)
    return path.lowercasedASCII.hasSuffix(".gz") ? try text.decompressed() : text
  }

  private static func readingRaw(path: String) throws(ProblemFileError) -> TextBytes {
    guard let file = fopen(path, "rb") else { throw .unreadable(path, errno) }
    defer { fclose(file) }
    var status = stat()
    let isKnown = fstat(fileno(file), &status) == 0 && status.st_size > 0
    var bytes = GrowingBytes(capacity: isKnown ? Int(status.st_size) + 1 : 1 << 16)
    while true {
      if bytes.count == bytes.capacity { bytes.grow() }
      let room = bytes.capacity - bytes.count
      let read = fread(bytes.memory + bytes.count, 1, room, file)
      bytes.count += read
      if read < room {
        if ferror(file) != 0 { throw .unreadable(path, errno) }
        break
      }
    }
    return bytes.text(name: path)
  }
}

extension ProblemFileError {
  fileprivate static func unreadable(_ path: String, _ code: Int32) -> ProblemFileError {
    ProblemFileError(
      .unreadable, file: path, reason: "cannot be read: \(String(cString: strerror(code)))")
  }
}

extension String {
  /// The string with the letters A to Z made small, without the rules of any language.
  var lowercasedASCII: String {
    String(
      decoding: utf8.map { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") ? $0 | 0x20 : $0 },
      as: UTF8.self)
  }
}
