/// gzip data made without a compressor: stored blocks, with the header and the checksum of RFC 1952.
func gzip(_ bytes: [UInt8]) -> [UInt8] {
  var result: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
  var rest = bytes[...]
  repeat {
    let block = rest.prefix(60_000)
    rest = rest.dropFirst(block.count)
    result.append(rest.isEmpty ? 1 : 0)
    result += littleEndian(UInt16(block.count)) + littleEndian(~UInt16(block.count)) + block
  } while !rest.isEmpty
  return result + littleEndian(checksum(bytes)) + littleEndian(UInt32(bytes.count))
}

private func littleEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

/// CRC-32 of RFC 1952.
private func checksum(_ bytes: [UInt8]) -> UInt32 {
  var crc = UInt32.max
  for byte in bytes {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
  }
  return ~crc
}
