import Foundation
import LinearAlgebra

/// Starts the tool anew where OpenBLAS does not know the processor and chose slow kernels, which it can only
/// be talked out of by its environment.
func restartWithFasterKernels() {
  #if os(Linux)
    let variable = "OPENBLAS_CORETYPE"
    guard ProcessInfo.processInfo.environment[variable] == nil, let type = BLAS.missedCoreType
    else { return }
    setenv(variable, type, 0)
    var arguments = CommandLine.arguments.map { strdup($0) }
    arguments.append(nil)
    // Returns only if it fails; then the slow kernels do.
    execv("/proc/self/exe", arguments)
    for argument in arguments { free(argument) }
  #endif
}
