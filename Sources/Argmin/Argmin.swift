@_exported import AmortizedOptimization
@_exported import Autodiff
@_exported import ConvexSolvers
@_exported import DifferentiableOptimization
@_exported import LinearAlgebra
@_exported import NeuralNetworks
@_exported import OptimalTransport
@_exported import OptimizationCore
