import Foundation

/// The number of cores that this process may use: on Linux those that it is pinned to, elsewhere all.
var availableCoreCount: Int {
  // Swift's Glibc lacks sched_getaffinity; the same mask stands here in hexadecimal.
  let key = "Cpus_allowed:"
  if let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
    let line = status.split(separator: "\n").first(where: { $0.hasPrefix(key) })
  {
    let mask = line.dropFirst(key.count)
    return max(1, mask.reduce(0) { $0 + ($1.hexDigitValue ?? 0).nonzeroBitCount })
  }
  return ProcessInfo.processInfo.activeProcessorCount
}
