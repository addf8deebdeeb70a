import CZlib

extension TextBytes {
  /// The text inside these bytes, which must be gzip (one member or several).
  ///
  /// - Parameter largestSize: the most bytes that they may unfold to.
  func decompressed(largestSize: Int = TextBytes.largestSize) throws(ProblemFileError) -> TextBytes
  {
    guard count >= 2, start[0] == 0x1F, start[1] == 0x8B else {
      throw malformedGzip("is named .gz but is not gzip data")
    }
    var stream = z_stream()
    let windowBitsForGzip: Int32 = 15 + 16
    guard
      inflateInit2_(
        &stream, windowBitsForGzip, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { throw malformedGzip("cannot be decompressed: zlib does not start") }
    defer { inflateEnd(&stream) }

    var output = GrowingBytes(capacity: min(4 * count, 1 << 28))
    var consumed = 0
    while true {
      if output.count == output.capacity { output.grow() }
      if output.count > largestSize { throw .tooLarge(name, largestSize) }
      let input = min(count - consumed, 1 << 30)
      let room = min(output.capacity - output.count, 1 << 30)
      stream.next_in = UnsafeMutablePointer(mutating: start + consumed)
      stream.avail_in = UInt32(input)
      stream.next_out = output.memory + output.count
      stream.avail_out = UInt32(room)
      let code = inflate(&stream, Z_NO_FLUSH)
      let used = input - Int(stream.avail_in)
      let written = room - Int(stream.avail_out)
      consumed += used
      output.count += written
      switch code {
      case Z_STREAM_END:
        if output.count > largestSize { throw .tooLarge(name, largestSize) }
        if isOnlyZeros(from: consumed) { return output.text(name: name) }
        guard inflateReset(&stream) == Z_OK else {
          throw malformedGzip("cannot be decompressed: zlib does not start again")
        }
      case Z_OK, Z_BUF_ERROR:
        if consumed == count && written < room {
          throw malformedGzip("is truncated: the gzip data ends too early")
        }
      default:
        let detail = stream.msg.map { String(cString: $0) } ?? "error \(code)"
        throw malformedGzip("has damaged gzip data (\(detail))")
      }
    }
  }

  /// Whether nothing but padding follows: tapes and some file systems fill up with zeros.
  private func isOnlyZeros(from offset: Int) -> Bool {
    UnsafeBufferPointer(start: start + offset, count: count - offset).allSatisfy { $0 == 0 }
  }

  private func malformedGzip(_ reason: String) -> ProblemFileError {
    ProblemFileError(.malformed, file: name, reason: reason)
  }
}

/// The contents of gzip data.
///
/// - Parameter file: what errors call it.
package func decompressedGzip(
  _ bytes: some Collection<UInt8>, file: String
) throws(ProblemFileError) -> [UInt8] {
  let text = try TextBytes(name: file, copying: bytes).decompressed()
  return Array(UnsafeBufferPointer(start: text.start, count: text.count))
}
