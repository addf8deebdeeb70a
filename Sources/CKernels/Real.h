// Compiles the file REAL_BODY twice, for float and for double. There `real` is the type of a
// number, `vector` a vector of WIDTH of them that fills 64 bytes, `mask` the vector of signed
// integers of the same shape (which is what comparisons give), and TABLE(x) the table x of that
// type. Functions of both have the same names: OVERLOAD lets the compiler choose by the type of the
// operands.
#define REAL_JOIN_(a, b) a##b
#define REAL_JOIN(a, b) REAL_JOIN_(a, b)
#define TABLE(name) REAL_JOIN(name, REAL_SUFFIX)
#define V(x) ((vector)(real)(x))

#define real float
#define vector f32x16
#define mask i32x16
#define bits u32x16
#define WIDTH 16
#define FRACTION_BITS 23
#define EXPONENT_BIAS 127
#define REAL_SUFFIX _f32
#define REAL_IS_DOUBLE 0
#include REAL_BODY
#undef real
#undef vector
#undef mask
#undef bits
#undef WIDTH
#undef FRACTION_BITS
#undef EXPONENT_BIAS
#undef REAL_SUFFIX
#undef REAL_IS_DOUBLE

#define real double
#define vector f64x8
#define mask i64x8
#define bits u64x8
#define WIDTH 8
#define FRACTION_BITS 52
#define EXPONENT_BIAS 1023
#define REAL_SUFFIX _f64
#define REAL_IS_DOUBLE 1
#include REAL_BODY
#undef real
#undef vector
#undef mask
#undef bits
#undef WIDTH
#undef FRACTION_BITS
#undef EXPONENT_BIAS
#undef REAL_SUFFIX
#undef REAL_IS_DOUBLE

#undef REAL_JOIN_
#undef REAL_JOIN
#undef TABLE
#undef V
#undef REAL_BODY
