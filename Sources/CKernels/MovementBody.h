// Copies and sums with strides of both types. `add` is a constant of the caller: 0 copies a strided
// array to a contiguous one, 1 adds a contiguous array to a strided one. In either case `s` walks
// the strided array and `c` the contiguous one.

#define MOVE(c, s)         \
  do {                     \
    if (add) *(s) += *(c); \
    else *(c) = *(s);      \
  } while (0)

// c[0 ..< n] and s[0 ..< n], next to each other both.
OVERLOAD void move_row(int add, long n, real *c, real *s) {
  long i = 0;
  for (; i + WIDTH <= n; i += WIDTH) {
    if (add) store(s + i, load(s + i) + load(c + i));
    else store(c + i, load(s + i));
  }
  if (i == n) return;
  if (add) store_some(s + i, n - i, load_some(s + i, n - i) + load_some(c + i, n - i));
  else store_some(c + i, n - i, load_some(s + i, n - i));
}

// One number s[0] and a row c[0 ..< n].
OVERLOAD void move_constant(int add, long n, real *c, real *s) {
  if (!add) {
    const vector value = V(*s);
    for (long i = 0; i < n; i += WIDTH) store_up_to(c + i, n - i, value);
    return;
  }
  vector sum = V(0);
  for (long i = 0; i < n; i += WIDTH) {
    const vector v = load_up_to(c + i, n - i);
    sum += n - i >= WIDTH ? v : once(v, n - i) ? v : V(0);
  }
  for (int half = WIDTH / 2; half > 0; half /= 2)
    for (int lane = 0; lane < half; lane++) sum[lane] += sum[lane + half];
  *s += sum[0];
}

typedef real TABLE(octet) __attribute__((ext_vector_type(8)));
#define octet TABLE(octet)

OVERLOAD octet load_octet(const real *p) { return PART(octet, p); }

// The transpose of an 8 x 8 block whose rows are `step` apart.
OVERLOAD void transpose_block(const real *x, long step, octet *t) {
  octet a[8], b[8];
  for (int i = 0; i < 8; i++) a[i] = load_octet(x + i * step);
  for (int i = 0; i < 4; i++) {
    b[2 * i] = SHUFFLE(a[2 * i], a[2 * i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
    b[2 * i + 1] = SHUFFLE(a[2 * i], a[2 * i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
  }
  for (int i = 0; i < 8; i++) {
    const int first = (i & ~3) | (i & 1);
    a[i] = i & 2 ? SHUFFLE(b[first], b[first + 2], 2, 3, 10, 11, 6, 7, 14, 15)
                 : SHUFFLE(b[first], b[first + 2], 0, 1, 8, 9, 4, 5, 12, 13);
  }
  for (int i = 0; i < 8; i++) {
    t[i] = i & 4 ? SHUFFLE(a[i & 3], a[(i & 3) + 4], 4, 5, 6, 7, 12, 13, 14, 15)
                 : SHUFFLE(a[i & 3], a[(i & 3) + 4], 0, 1, 2, 3, 8, 9, 10, 11);
  }
}

// c[i c_step + j], s[i + j s_step] for i < rows, j < columns, in blocks.
OVERLOAD void move_transposed(int add, long rows, long columns, real *c, long c_step, real *s,
                              long s_step) {
  const long whole_rows = rows & ~7L, whole_columns = columns & ~7L;
  for (long i = 0; i < whole_rows; i += 8)
    for (long j = 0; j < whole_columns; j += 8) {
      octet t[8];
      real *from = add ? c + i * c_step + j : s + i + j * s_step;
      transpose_block(from, add ? c_step : s_step, t);
      for (int k = 0; k < 8; k++) {
        real *to = add ? s + i + (j + k) * s_step : c + (i + k) * c_step + j;
        const octet value = add ? load_octet(to) + t[k] : t[k];
        memcpy(to, &value, sizeof value);
      }
    }
  for (long i = 0; i < rows; i++)
    for (long j = i < whole_rows ? whole_columns : 0; j < columns; j++)
      MOVE(c + i * c_step + j, s + i + j * s_step);
}
#undef octet

// All axes; `transposed` is the axis with stride 1 whose blocks with the last axis are transposed,
// or -1.
MULTIVERSION static void TABLE(move_axes)(int add, int rank, const long *dims, const long *strides,
                                          const long *c_strides, int transposed, real *c, real *s);

OVERLOAD void move_last_axis(int add, long n, long stride, real *c, real *s) {
  if (stride == 1) move_row(add, n, c, s);
  else if (stride == 0) move_constant(add, n, c, s);
  else
    for (long i = 0; i < n; i++, c++, s += stride) MOVE(c, s);
}

OVERLOAD void move_last_axes(int add, int rank, const long *dims, const long *strides,
                             const long *c_strides, int transposed, real *c, real *s) {
  if (rank == 0) {
    MOVE(c, s);
  } else if (rank == 1) {
    move_last_axis(add, dims[0], strides[0], c, s);
  } else if (rank == 2 && transposed == 0) {
    move_transposed(add, dims[0], dims[1], c, c_strides[0], s, strides[1]);
  } else if (rank == 2) {
    for (long i = 0; i < dims[0]; i++, c += c_strides[0], s += strides[0])
      move_last_axis(add, dims[1], strides[1], c, s);
  } else {
    for (long i = 0; i < dims[0]; i++, c += c_strides[0], s += strides[0])
      TABLE(move_axes)(add, rank - 1, dims + 1, strides + 1, c_strides + 1, transposed - 1, c, s);
  }
}

MULTIVERSION static void TABLE(move_axes)(int add, int rank, const long *dims, const long *strides,
                                          const long *c_strides, int transposed, real *c, real *s) {
  if (add) move_last_axes(1, rank, dims, strides, c_strides, transposed, c, s);
  else move_last_axes(0, rank, dims, strides, c_strides, transposed, c, s);
}

// Axes of length 1 go, and axes that follow each other in both arrays become one; an axis with
// stride 1 that is not the last moves before the last, if there the blocks are worth transposing.
OVERLOAD void move_strided(int add, int rank, const long *dims, const long *strides, real *c,
                           real *s) {
  long n[LARGEST_RANK], step[LARGEST_RANK], c_step[LARGEST_RANK];
  int count = 0;
  for (int axis = 0; axis < rank; axis++) {
    if (dims[axis] <= 0) return;
    if (dims[axis] == 1) continue;
    if (count > 0 && step[count - 1] == strides[axis] * dims[axis]) {
      n[count - 1] *= dims[axis];
      step[count - 1] = strides[axis];
    } else {
      if (count == LARGEST_RANK) abort();
      n[count] = dims[axis], step[count] = strides[axis], count++;
    }
  }
  long product = 1;
  for (int axis = count - 1; axis >= 0; axis--) c_step[axis] = product, product *= n[axis];
  int transposed = -1;
  if (count >= 2 && step[count - 1] != 1 && step[count - 1] != 0 && n[count - 1] >= 8) {
    for (int axis = 0; axis < count - 1; axis++)
      if (step[axis] == 1 && n[axis] >= 8) transposed = axis;
    if (transposed >= 0) {
      const long length = n[transposed], distance = c_step[transposed];
      for (int axis = transposed; axis < count - 2; axis++)
        n[axis] = n[axis + 1], step[axis] = step[axis + 1], c_step[axis] = c_step[axis + 1];
      transposed = count - 2;
      n[transposed] = length, step[transposed] = 1, c_step[transposed] = distance;
    }
  }
  TABLE(move_axes)(add, count, n, step, c_step, transposed, c, s);
}
#undef MOVE

OVERLOAD void gather(long outer, long n, long inner, long count, const int64_t *index,
                     const real *x, real *out) {
  for (long o = 0; o < outer; o++, x += n * inner) {
    if (inner == 1) {
      for (long k = 0; k < count; k++) *out++ = x[index[k]];
    } else {
      for (long k = 0; k < count; k++, out += inner) {
        const real *row = x + index[k] * inner;
        for (long i = 0; i < inner; i += WIDTH)
          store_up_to(out + i, inner - i, load_up_to(row + i, inner - i));
      }
    }
  }
}

OVERLOAD void scatter_add(long outer, long n, long inner, long count, const int64_t *index,
                          const real *x, real *out) {
  for (long o = 0; o < outer; o++, out += n * inner) {
    if (inner == 1) {
      for (long k = 0; k < count; k++) out[index[k]] += *x++;
    } else {
      for (long k = 0; k < count; k++, x += inner) {
        real *row = out + index[k] * inner;
        for (long i = 0; i < inner; i += WIDTH)
          store_up_to(row + i, inner - i,
                      load_up_to(row + i, inner - i) + load_up_to(x + i, inner - i));
      }
    }
  }
}
