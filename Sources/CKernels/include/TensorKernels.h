// The arithmetic of tensors: elementwise functions, reductions, copies with strides, and the fused steps
// of optimizers, for contiguous float32 and float64 data.
//
// `type` is TK_F32 or TK_F64 and says what the void pointers point to. Every element's result depends on
// its operands only: the same bits at any position, in any batch and on any thread. Counts may be zero.
// Outputs may be the same memory as an input where the function is elementwise, and may not overlap one
// otherwise. Nothing here allocates but tk_allocate.
#ifndef ARGMIN_TENSOR_KERNELS_H
#define ARGMIN_TENSOR_KERNELS_H

#include <stddef.h>
#include <stdint.h>

enum { TK_F32 = 0, TK_F64 = 1 };

// MARK: - Memory

// Memory for at least `bytes` bytes on a 64-byte boundary, from lists of free blocks that each thread
// keeps; released with the same number of bytes, on any thread.
void *tk_allocate(size_t bytes);
void tk_release(void *memory, size_t bytes);
// Bytes that are allocated and not yet released, by the whole process, and the largest number since the
// last call of tk_reset_peak.
int64_t tk_live_bytes(void);
int64_t tk_peak_bytes(void);
void tk_reset_peak(void);

// MARK: - Elementwise

enum {
  TK_NEGATE, TK_ABS, TK_SIGN, TK_RECIPROCAL, TK_SQUARE, TK_SQRT, TK_EXP, TK_EXPM1, TK_LOG, TK_LOG1P,
  TK_SIN, TK_COS, TK_TAN, TK_ATAN, TK_SINH, TK_COSH, TK_TANH, TK_ERF,
  TK_SIGMOID, TK_SOFTPLUS, TK_RELU, TK_ELU, TK_GELU, TK_FLOOR, TK_CEIL, TK_ROUND, TK_IS_FINITE
};
// y := f(x). elu has alpha 1; gelu is x (1 + erf(x / sqrt 2)) / 2; round goes to even; sign(0) = 0;
// softplus(x) = log(1 + exp x) without overflow; is_finite gives 1 or 0. NaN gives NaN (is_finite: 0).
void tk_unary(int type, int op, long n, const void *x, void *y);
// out := g f'(x), where y = f(x) is at hand. At 0: relu' = 0, abs' = 0. Piecewise constant f: 0.
void tk_unary_vjp(int type, int op, long n, const void *x, const void *y, const void *g, void *out);

enum {
  TK_ADD, TK_SUBTRACT, TK_MULTIPLY, TK_DIVIDE, TK_POW, TK_MAXIMUM, TK_MINIMUM, TK_ATAN2,
  TK_LESS, TK_LESS_EQUAL, TK_EQUAL, TK_NOT_EQUAL
};
// out[rows, n] := a op b. Operand a has its rows a_row apart and the elements of a row a_step apart, of
// which a_step is 0 or 1; so has b. Comparisons give 1 or 0; maximum and minimum pass on NaN.
void tk_binary(int type, int op, long rows, long n, const void *a, long a_row, long a_step,
               const void *b, long b_row, long b_step, void *out);
// out := condition != 0 ? a : b
void tk_select(int type, long n, const void *condition, const void *a, const void *b, void *out);
void tk_clip(int type, long n, double low, double high, const void *x, void *y);
void tk_fill(int type, long n, double value, void *out);
// y := x in the other type
void tk_convert(int from, int to, long n, const void *x, void *y);
// y := scale * x + shift
void tk_affine(int type, long n, double scale, double shift, const void *x, void *y);
// y := y + scale * x
void tk_add_scaled(int type, long n, double scale, const void *x, void *y);

// MARK: - Reductions of x[outer, n, inner] over the middle axis

enum { TK_SUM, TK_MAX, TK_MIN, TK_PRODUCT, TK_SUM_SQUARES };
// y[outer, inner]. The sum of nothing is 0, the product 1, the maximum -infinity, the minimum infinity.
// Sums are added up in several partial sums in an order that depends on n and inner only.
void tk_reduce(int type, int op, long outer, long n, long inner, const void *x, void *y);
// The position of the first largest (TK_MAX) or smallest (TK_MIN) element; that of the first NaN if any.
void tk_arg_reduce(int type, int op, long outer, long n, long inner, const void *x, int64_t *position);
// y := log sum exp x without overflow; -infinity for nothing or if all are -infinity; infinity if any is.
void tk_log_sum_exp(int type, long outer, long n, long inner, const void *x, void *y);
// out := g exp(x - y), 0 where y is -infinity; x and out [outer, n, inner], y and g [outer, inner]
void tk_log_sum_exp_vjp(int type, long outer, long n, long inner, const void *x, const void *y,
                        const void *g, void *out);
void tk_softmax(int type, long outer, long n, long inner, const void *x, void *y);
// out := y (g - sum(g y))
void tk_softmax_vjp(int type, long outer, long n, long inner, const void *y, const void *g, void *out);
void tk_log_softmax(int type, long outer, long n, long inner, const void *x, void *y);
// out := g - exp(y) sum(g)
void tk_log_softmax_vjp(int type, long outer, long n, long inner, const void *y, const void *g, void *out);
// y[o, k, i] := sum of x[o, j, i] over j <= k, or over j >= k if `reversed`
void tk_cumulative_sum(int type, int reversed, long outer, long n, long inner, const void *x, void *y);
double tk_dot(int type, long n, const void *x, const void *y);

// MARK: - Movement

// out[dims] (contiguous) := x with the given strides in elements, which may be 0 or negative; x points to
// the element of index 0.
void tk_strided_copy(int type, int rank, const long *dims, const long *strides, const void *x, void *out);
// The transpose of it: out with strides += x[dims] (contiguous).
void tk_strided_add(int type, int rank, const long *dims, const long *strides, const void *x, void *out);
// out[o, k, i] := x[o, index[k], i] with x [outer, n, inner], out [outer, count, inner]
void tk_gather(int type, long outer, long n, long inner, long count, const int64_t *index, const void *x,
               void *out);
// out[o, index[k], i] += x[o, k, i] with x [outer, count, inner], out [outer, n, inner]
void tk_scatter_add(int type, long outer, long n, long inner, long count, const int64_t *index,
                    const void *x, void *out);

// MARK: - Steps of optimizers, in place

// m := beta1 m + (1 - beta1) g; v := beta2 v + (1 - beta2) g^2;
// x := x - rate (m / correction1) / (sqrt(v / correction2) + epsilon) - rate decay x
void tk_adam(int type, long n, double rate, double beta1, double beta2, double epsilon, double decay,
             double correction1, double correction2, const void *g, void *m, void *v, void *x);

#endif
