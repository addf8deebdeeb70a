#ifndef ARGMIN_C_KERNELS_H
#define ARGMIN_C_KERNELS_H
#include "BatchedFactorizations.h"
#include "LaneKernels.h"
#include "LogProduct.h"
#include "RandomKernels.h"
#include "SmallDense.h"
#include "TensorKernels.h"
#include "TensorScans.h"
#include "TraceSupport.h"
#endif
