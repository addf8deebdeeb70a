#ifndef ARGMIN_C_KERNELS_H
#define ARGMIN_C_KERNELS_H
#include "SmallDense.h"
#endif
