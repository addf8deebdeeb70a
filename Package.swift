// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "argmin",
  platforms: [.macOS(.v14), .iOS(.v17)],
  products: [
    // The modelling language has generic operators, which would slow the type checker down in files that do
    // not need them: it is imported by its own name.
    .library(name: "Argmin", targets: ["Argmin", "ConvexModeling"]),
    .executable(name: "argmin", targets: ["ArgminCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.4.0"),
  ],
  targets: [
    // Our own prototypes of the BLAS and LAPACK routines that we use: no headers, no pkg-config and
    // no unsafe flags are needed, so that the package can be a dependency of any other.
    .target(
      name: "CLinearAlgebra",
      cSettings: [.define("ACCELERATE_NEW_LAPACK", .when(platforms: [.macOS, .iOS]))],
      linkerSettings: [
        .linkedLibrary("openblas", .when(platforms: [.linux, .android])),
        .linkedLibrary("amd"),
        .linkedLibrary("m", .when(platforms: [.linux, .android])),
        .linkedFramework("Accelerate", .when(platforms: [.macOS, .iOS])),
      ]
    ),
    .target(name: "CKernels"),
    .systemLibrary(
      name: "CZlib",
      providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]
    ),
    .target(
      name: "LinearAlgebra",
      dependencies: ["CLinearAlgebra", "CKernels"]
    ),
    .target(name: "Autodiff", dependencies: ["LinearAlgebra", "CKernels"]),
    .target(name: "NeuralNetworks", dependencies: ["Autodiff", "LinearAlgebra", "CKernels"]),
    .target(name: "OptimizationCore", dependencies: ["LinearAlgebra"]),
    .target(
      name: "ConvexSolvers",
      dependencies: ["OptimizationCore", "LinearAlgebra", "CKernels"]
    ),
    .target(name: "ProblemFiles", dependencies: ["ConvexSolvers", "CZlib"]),
    .target(
      name: "DifferentiableOptimization",
      dependencies: [
        "Autodiff", "NeuralNetworks", "ConvexSolvers", "OptimizationCore", "LinearAlgebra",
      ]
    ),
    .target(
      name: "ConvexModeling",
      dependencies: [
        "DifferentiableOptimization", "Autodiff", "ConvexSolvers", "OptimizationCore",
        "LinearAlgebra",
      ]
    ),
    .target(
      name: "OptimalTransport",
      dependencies: ["DifferentiableOptimization", "Autodiff", "OptimizationCore"]
    ),
    .target(
      name: "AmortizedOptimization",
      dependencies: [
        "DifferentiableOptimization", "NeuralNetworks", "Autodiff", "OptimizationCore",
      ]
    ),
    .target(
      name: "Argmin",
      dependencies: [
        "Autodiff", "LinearAlgebra", "NeuralNetworks", "OptimizationCore", "ConvexSolvers",
        "DifferentiableOptimization", "OptimalTransport", "AmortizedOptimization",
      ]
    ),
    .target(
      name: "ArgminExperiments",
      dependencies: ["Argmin", "ConvexModeling", "ProblemFiles"],
      resources: [.copy("Data")]
    ),
    .executableTarget(
      name: "ArgminCommand",
      dependencies: [
        "Argmin", "ConvexModeling", "ArgminExperiments", "ProblemFiles",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]
    ),
    .target(
      name: "_TestSupport",
      dependencies: ["Autodiff", "LinearAlgebra", "OptimizationCore", "ConvexSolvers"],
      path: "Tests/_TestSupport"
    ),
    .testTarget(name: "DocumentationTests", dependencies: ["Argmin", "ConvexModeling"]),
    .testTarget(
      name: "AutodiffTests", dependencies: ["Autodiff", "CKernels", "_TestSupport"]),
    .testTarget(name: "CKernelsTests", dependencies: ["CKernels"]),
    .testTarget(name: "LinearAlgebraTests", dependencies: ["LinearAlgebra", "_TestSupport"]),
    .testTarget(
      name: "NeuralNetworksTests",
      dependencies: ["NeuralNetworks", "Autodiff", "_TestSupport"]
    ),
    .testTarget(name: "ConvexSolversTests", dependencies: ["ConvexSolvers", "_TestSupport"]),
    .testTarget(
      name: "DifferentiableOptimizationTests",
      dependencies: ["DifferentiableOptimization", "NeuralNetworks", "_TestSupport"]
    ),
    .testTarget(
      name: "ConvexModelingTests", dependencies: ["Argmin", "ConvexModeling", "_TestSupport"],
      // A line of a model that takes the type checker more than three seconds is an error.
      swiftSettings: [.unsafeFlags(["-Xfrontend", "-solver-expression-time-threshold=3"])]),
    .testTarget(
      name: "OptimalTransportTests", dependencies: ["OptimalTransport", "_TestSupport"]),
    .testTarget(
      name: "AmortizedOptimizationTests",
      dependencies: ["Argmin", "ConvexModeling", "_TestSupport"]),
    .testTarget(name: "ProblemFilesTests", dependencies: ["ProblemFiles", "_TestSupport"]),
    .testTarget(
      name: "ArgminExperimentsTests",
      dependencies: ["ArgminExperiments", "Argmin", "_TestSupport"]
    ),
    // Runs the built tool as a process; the dependency has it built beside the tests.
    .testTarget(name: "ArgminCommandTests", dependencies: ["ArgminCommand", "ProblemFiles"]),
  ],
  swiftLanguageModes: [.v6]
)
