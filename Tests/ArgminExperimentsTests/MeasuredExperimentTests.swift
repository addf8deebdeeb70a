import Testing

/// Experiments that measure the memory of tensors, or take much of it: one at a time, for the count is that of
/// the process.
@Suite(.serialized) struct MeasuredExperimentTests {}
