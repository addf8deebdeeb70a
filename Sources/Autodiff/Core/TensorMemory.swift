import CKernels

/// The memory of all tensors of the process, to compare what ways of computing a derivative keep.
public enum TensorMemory {
  /// Bytes of tensors that are alive.
  public static var liveBytes: Int { Int(tk_live_bytes()) }

  /// The largest number of bytes since `resetPeak`.
  public static var peakBytes: Int { Int(tk_peak_bytes()) }

  /// Begins a new measurement of the peak, from what is alive now.
  public static func resetPeak() { tk_reset_peak() }
}
