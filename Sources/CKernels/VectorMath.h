// Elementary functions of vectors, without branches but for angles beyond LIMIT_OF_REDUCTION and
// infinite or NaN operands of powers, whose lanes go to the C library. The errors are measured by
// the tests: at most 2 units in the last place, for tan and sigmoid 2.5, for gelu 6. A product that
// feeds a sum may be fused or not, depending on the processor; nothing here relies on either.
#ifndef ARGMIN_VECTOR_MATH_H
#define ARGMIN_VECTOR_MATH_H

#include "VectorMathTables.h"
#include "Vectors.h"

#define LIMIT_OF_REDUCTION 1e5

// Adding it rounds to an integer, which then is in the lowest bits.
#define ROUNDER (1.5 * (double)(1L << FRACTION_BITS))

#define REAL_BODY "VectorExponential.h"
#include "Real.h"
#define REAL_BODY "VectorTrigonometry.h"
#include "Real.h"
#define REAL_BODY "VectorErrorFunction.h"
#include "Real.h"
#include "VectorPower.h"

#endif
