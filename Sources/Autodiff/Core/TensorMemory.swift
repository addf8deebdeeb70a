import CKernels

/// How much memory tensors take, in the whole process: what derivatives keep can be measured.
public enum TensorMemory {
  /// Bytes of all tensors that exist.
  public static var liveBytes: Int { Int(tk_live_bytes()) }

  /// The most bytes at once since the process began or `resetPeak` was called. Exact with one thread, else
  /// to 64 KiB per thread.
  public static var peakBytes: Int { Int(tk_peak_bytes()) }

  /// Lets the peak begin anew from what exists now.
  public static func resetPeak() { tk_reset_peak() }
}
