#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension TextBytes {
  /// The most bytes that a file may have, compressed or not: a device has no end, and a few kilobytes of gzip
  /// data can hide terabytes.
  static let largestSize = 4 << 30

  /// The text of a file, decompressed if its name ends in `.gz`.
  ///
  /// - Throws: `ProblemFileError` of the kind `unreadable` for a file that the system does not give or that is
  ///   larger than `largestSize`, and `malformed` for one that is no text.
  static func reading(
    path: String, largestSize: Int = TextBytes.largestSize
  ) throws(ProblemFileError) -> TextBytes {
    let isCompressed = path.lowercasedASCII.hasSuffix(".gz")
    let text = try readingRaw(path: path, isText: !isCompressed, largestSize: largestSize)
    return isCompressed ? try text.decompressed(largestSize: largestSize) : text
  }

  /// The bytes of a file.
  ///
  /// - Parameter isText: whether a zero byte is a mistake, which ends the reading of a device early.
  fileprivate static func readingRaw(
    path: String, isText: Bool, largestSize: Int
  ) throws(ProblemFileError) -> TextBytes {
    guard let file = fopen(path, "rb") else { throw .unreadable(path, errno) }
    defer { fclose(file) }
    var status = stat()
    let size = fstat(fileno(file), &status) == 0 ? Int(status.st_size) : 0
    guard size <= largestSize else { throw .tooLarge(path, largestSize) }
    var bytes = GrowingBytes(capacity: size > 0 ? size + 1 : 1 << 16)
    while true {
      if bytes.count == bytes.capacity { bytes.grow() }
      let room = min(bytes.capacity - bytes.count, 1 << 24)
      let place = bytes.memory + bytes.count
      let read = fread(place, 1, room, file)
      if isText, let zero = memchr(place, 0, read) {
        let offset = bytes.count + (zero - UnsafeMutableRawPointer(place))
        throw ProblemFileError(
          .malformed, file: path, reason: "is no text: byte \(offset) is zero")
      }
      bytes.count += read
      if bytes.count > largestSize { throw .tooLarge(path, largestSize) }
      if read < room {
        if ferror(file) != 0 { throw .unreadable(path, errno) }
        break
      }
    }
    return bytes.text(name: path)
  }
}

/// The bytes of a file.
///
/// - Throws: `ProblemFileError` of the kind `unreadable`, with the system's reason, also for a file of more than
///   4 GiB.
package func contents(ofFile path: String) throws(ProblemFileError) -> [UInt8] {
  let text = try TextBytes.readingRaw(
    path: path, isText: false, largestSize: TextBytes.largestSize)
  return Array(UnsafeBufferPointer(start: text.start, count: text.count))
}

extension ProblemFileError {
  fileprivate static func unreadable(_ path: String, _ code: Int32) -> ProblemFileError {
    ProblemFileError(
      .unreadable, file: path, reason: "cannot be read: \(String(cString: strerror(code)))")
  }

  /// A file that is larger, perhaps only when decompressed, than is read.
  static func tooLarge(_ path: String, _ limit: Int) -> ProblemFileError {
    ProblemFileError(.unreadable, file: path, reason: "has more than \(limit) bytes")
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
