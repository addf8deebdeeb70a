// Instantiates a file of functions for one type: TK_BODY is compiled with `real` and NAME set.
// Included twice, for float and double, by the files that implement TensorKernels.h.
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define NAME(function) JOIN(function, SUFFIX)

#define real float
#define SUFFIX _f32
#include TK_BODY
#undef real
#undef SUFFIX

#define real double
#define SUFFIX _f64
#include TK_BODY
#undef real
#undef SUFFIX
