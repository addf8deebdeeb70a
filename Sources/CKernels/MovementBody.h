// Returns the number of elements written.
static long NAME(copy_axes)(int rank, const long *dims, const long *strides, const real *x, real *out) {
  if (rank == 0) { *out = *x; return 1; }
  long count = 0;
  for (long i = 0; i < dims[0]; i++)
    count += NAME(copy_axes)(rank - 1, dims + 1, strides + 1, x + i * strides[0], out + count);
  return count;
}

static long NAME(add_axes)(int rank, const long *dims, const long *strides, const real *x, real *out) {
  if (rank == 0) { *out += *x; return 1; }
  long count = 0;
  for (long i = 0; i < dims[0]; i++)
    count += NAME(add_axes)(rank - 1, dims + 1, strides + 1, x + count, out + i * strides[0]);
  return count;
}

static void NAME(strided_copy)(int rank, const long *dims, const long *strides, const real *x, real *out) {
  NAME(copy_axes)(rank, dims, strides, x, out);
}

static void NAME(strided_add)(int rank, const long *dims, const long *strides, const real *x, real *out) {
  NAME(add_axes)(rank, dims, strides, x, out);
}

static void NAME(gather)(long outer, long n, long inner, long count, const int64_t *index, const real *x,
                         real *out) {
  for (long o = 0; o < outer; o++)
    for (long k = 0; k < count; k++)
      for (long i = 0; i < inner; i++)
        out[(o * count + k) * inner + i] = x[(o * n + index[k]) * inner + i];
}

static void NAME(scatter_add)(long outer, long n, long inner, long count, const int64_t *index,
                              const real *x, real *out) {
  for (long o = 0; o < outer; o++)
    for (long k = 0; k < count; k++)
      for (long i = 0; i < inner; i++)
        out[(o * n + index[k]) * inner + i] += x[(o * count + k) * inner + i];
}
