#include "SparseLDLAnalysis.h"

#include <stdlib.h>
#include <string.h>

// SuiteSparse's approximate minimum degree ordering (Amestoy, Davis and Duff 2004), by our own prototype.
int amd_order(int32_t n, const int32_t *starts, const int32_t *rows, int32_t *order,
              double *control, double *info);

static void *allocate(int64_t count, size_t size) {
  return malloc((size_t)(count < 1 ? 1 : count) * size);
}

#define NEW(type, count) ((type *)allocate((count), sizeof(type)))

// The rows of a symmetric permuted matrix: row i of the strict lower triangle, its columns in `columns`.
typedef struct {
  int64_t *starts;
  int32_t *columns;
} lower_rows;

static int permuted_rows(int32_t n, const int64_t *starts, const int32_t *rows,
                         const int32_t *inverse, lower_rows *out) {
  int64_t entries = starts[n];
  out->starts = calloc((size_t)n + 1, sizeof(int64_t));
  out->columns = NEW(int32_t, entries);
  int64_t *next = NEW(int64_t, n);
  if (!out->starts || !out->columns || !next) {
    free(next);
    return 0;
  }
  for (int pass = 0; pass < 2; pass++) {
    for (int32_t j = 0; j < n; j++) {
      for (int64_t e = starts[j]; e < starts[j + 1]; e++) {
        int32_t a = inverse[rows[e]], b = inverse[j];
        if (a == b) continue;
        int32_t row = a > b ? a : b, column = a > b ? b : a;
        if (pass == 0) out->starts[row + 1]++;
        else out->columns[next[row]++] = column;
      }
    }
    if (pass == 0) {
      for (int32_t i = 0; i < n; i++) out->starts[i + 1] += out->starts[i];
      memcpy(next, out->starts, (size_t)n * sizeof(int64_t));
    }
  }
  free(next);
  return 1;
}

// Liu's elimination tree by path compression.
static void elimination_tree(int32_t n, const lower_rows *lower, int32_t *parent,
                             int32_t *ancestor) {
  for (int32_t i = 0; i < n; i++) {
    parent[i] = ancestor[i] = -1;
    for (int64_t e = lower->starts[i]; e < lower->starts[i + 1]; e++) {
      int32_t j = lower->columns[e];
      while (j != -1 && j < i) {
        int32_t next = ancestor[j];
        ancestor[j] = i;
        if (next == -1) parent[j] = i;
        j = next;
      }
    }
  }
}

// A postorder of the forest; children in increasing order.
static void postorder(int32_t n, const int32_t *parent, int32_t *order, int32_t *head,
                      int32_t *next, int32_t *stack) {
  for (int32_t i = 0; i < n; i++) head[i] = -1;
  for (int32_t i = n - 1; i >= 0; i--) {
    if (parent[i] < 0) continue;
    next[i] = head[parent[i]];
    head[parent[i]] = i;
  }
  int32_t count = 0;
  for (int32_t root = 0; root < n; root++) {
    if (parent[root] >= 0) continue;
    int32_t top = 0;
    stack[0] = root;
    while (top >= 0) {
      int32_t node = stack[top];
      if (head[node] >= 0) {
        stack[++top] = head[node];
        head[node] = next[head[node]];
      } else {
        order[count++] = node;
        top--;
      }
    }
  }
}

// The number of entries of each column of L, the diagonal included: every row's subtree is walked.
static int64_t column_counts(int32_t n, const lower_rows *lower, const int32_t *parent,
                             int32_t *mark, int32_t *counts, int64_t limit) {
  int64_t total = n;
  for (int32_t i = 0; i < n; i++) {
    counts[i] = 1;
    mark[i] = -1;
  }
  for (int32_t i = 0; i < n; i++) {
    mark[i] = i;
    for (int64_t e = lower->starts[i]; e < lower->starts[i + 1]; e++) {
      for (int32_t j = lower->columns[e]; mark[j] != i; j = parent[j]) {
        mark[j] = i;
        counts[j]++;
        total++;
      }
    }
    if (total > limit) return -1;
  }
  return total;
}

// Whether two supernodes should be one although that stores zeros: few columns, or few zeros.
static int should_merge(int64_t columns, double zeros, double entries) {
  double share = zeros / entries;
  return columns <= 4 || (columns <= 16 && share < 0.5) || (columns <= 48 && share < 0.1)
      || share < 0.03;
}

// Fundamental supernodes, then a supernode is joined with the child right before it where that pays.
static int32_t find_supernodes(int32_t n, const int32_t *parent, const int32_t *counts,
                               int32_t *first, double *zeros) {
  int32_t top = 0;  // supernodes so far, a stack: first[top] is the next column
  int32_t column = 0;
  first[0] = 0;
  while (column < n) {
    int32_t end = column + 1;
    while (end < n && parent[end - 1] == end && counts[end] == counts[end - 1] - 1) end++;
    first[top] = column;
    zeros[top] = 0;
    first[++top] = end;
    column = end;
    while (top >= 2) {
      int32_t child = first[top - 2], own = first[top - 1], stop = first[top];
      if (parent[own - 1] < own || parent[own - 1] >= stop) break;
      int64_t child_columns = own - child, own_columns = stop - own;
      // The child's columns get the rows of the whole supernode.
      int64_t rows_below = counts[stop - 1] - 1;
      int64_t child_rows = counts[own - 1] - 1;
      double extra = (double)child_columns * (double)(own_columns + rows_below - child_rows);
      double total_zeros = zeros[top - 2] + zeros[top - 1] + extra;
      double columns = (double)(child_columns + own_columns);
      double entries = columns * (columns + 1) / 2 + columns * (double)rows_below;
      if (!should_merge(child_columns + own_columns, total_zeros, entries)) break;
      zeros[top - 2] = total_zeros;
      first[top - 1] = stop;
      top--;
    }
  }
  return top;
}

void la_ldl_free_analysis(la_ldl_analysis *a) {
  if (!a) return;
  free(a->order); free(a->first); free(a->row_starts); free(a->rows); free(a->panel);
  free(a->parent); free(a->last_child); free(a->sibling); free(a->relative); free(a->entry_starts);
  free(a->entries); free(a->targets); free(a);
}

static int compare(const void *a, const void *b) {
  int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
  return (x > y) - (x < y);
}

// The rows of each supernode: those of the matrix and of its children.
static int find_rows(la_ldl_analysis *a, const lower_rows *lower, const int32_t *counts,
                     int32_t *supernode_of, int32_t *mark) {
  int32_t n = a->n, count = a->supernodes;
  // The columns of the lower triangle, from its rows.
  int64_t *starts = calloc((size_t)n + 1, sizeof(int64_t));
  int32_t *below = NEW(int32_t, lower->starts[n]);
  if (!starts || !below) {
    free(starts); free(below);
    return 0;
  }
  for (int64_t e = 0; e < lower->starts[n]; e++) starts[lower->columns[e] + 1]++;
  for (int32_t j = 0; j < n; j++) starts[j + 1] += starts[j];
  for (int32_t i = 0; i < n; i++) {
    for (int64_t e = lower->starts[i]; e < lower->starts[i + 1]; e++) {
      below[starts[lower->columns[e]]++] = i;
    }
  }
  memmove(starts + 1, starts, (size_t)n * sizeof(int64_t));
  starts[0] = 0;

  int64_t capacity = 0;
  for (int32_t s = 0; s < count; s++) {
    a->last_child[s] = a->sibling[s] = -1;
    // An upper bound: merged supernodes have the rows of the last column plus their own columns.
    capacity += counts[a->first[s + 1] - 1] + (a->first[s + 1] - a->first[s]);
  }
  a->rows = NEW(int32_t, capacity);
  if (!a->rows) {
    free(starts); free(below);
    return 0;
  }
  for (int32_t i = 0; i < n; i++) mark[i] = -1;
  int64_t place = 0;
  for (int32_t s = 0; s < count; s++) {
    a->row_starts[s] = place;
    int32_t stop = a->first[s + 1];
    for (int32_t j = a->first[s]; j < stop; j++) {
      a->rows[place++] = j;
      mark[j] = s;
    }
    int64_t others = place;
    for (int32_t j = a->first[s]; j < stop; j++) {
      for (int64_t e = starts[j]; e < starts[j + 1]; e++) {
        if (mark[below[e]] != s) {
          mark[below[e]] = s;
          a->rows[place++] = below[e];
        }
      }
    }
    for (int32_t c = a->last_child[s]; c >= 0; c = a->sibling[c]) {
      int64_t own = a->first[c + 1] - a->first[c];
      for (int64_t e = a->row_starts[c] + own; e < a->row_starts[c + 1]; e++) {
        if (mark[a->rows[e]] != s) {
          mark[a->rows[e]] = s;
          a->rows[place++] = a->rows[e];
        }
      }
    }
    qsort(a->rows + others, (size_t)(place - others), sizeof(int32_t), compare);
    a->row_starts[s + 1] = place;
    a->parent[s] = place > others ? supernode_of[a->rows[others]] : -1;
    if (a->parent[s] >= 0) {
      a->sibling[s] = a->last_child[a->parent[s]];
      a->last_child[a->parent[s]] = s;
    }
  }
  free(starts); free(below);
  return 1;
}

// Where everything goes: panels, update matrices, and the entries of the matrix.
static int find_places(la_ldl_analysis *a, const int64_t *starts, const int32_t *rows,
                       const int32_t *inverse, const int32_t *supernode_of, int32_t *place_of) {
  int32_t n = a->n, count = a->supernodes;
  int64_t entries = starts[n];
  a->relative = NEW(int32_t, a->row_starts[count]);
  a->entry_starts = calloc((size_t)count + 2, sizeof(int64_t));
  a->entries = NEW(int64_t, entries);
  a->targets = NEW(int64_t, entries);
  if (!a->relative || !a->entry_starts || !a->entries || !a->targets) return 0;

  a->panel[0] = 0;
  for (int32_t s = 0; s < count; s++) {
    int64_t columns = a->first[s + 1] - a->first[s], height = a->row_starts[s + 1] - a->row_starts[s];
    a->panel[s + 1] = a->panel[s] + columns * height;
    if (height > a->largest_front) a->largest_front = (int32_t)height;
    if (columns > a->largest_pivots) a->largest_pivots = (int32_t)columns;
    for (int64_t k = 0; k < columns; k++) {
      double below = (double)(height - k);
      a->work += below * below / 2;
    }
  }
  // Places of rows in the parent's rows.
  for (int32_t s = 0; s < count; s++) {
    int32_t parent = a->parent[s];
    if (parent < 0) continue;
    int64_t e = a->row_starts[parent];
    for (int64_t d = a->row_starts[s] + (a->first[s + 1] - a->first[s]); d < a->row_starts[s + 1];
         d++) {
      while (a->rows[e] != a->rows[d]) e++;
      a->relative[d] = (int32_t)(e - a->row_starts[parent]);
    }
  }
  // The stack of update matrices in postorder.
  int64_t *sizes = NEW(int64_t, count + 1);
  if (!sizes) return 0;
  int32_t top = 0;
  int64_t used = 0;
  for (int32_t s = 0; s < count; s++) {
    int64_t below = a->row_starts[s + 1] - a->row_starts[s] - (a->first[s + 1] - a->first[s]);
    if (used + below * below > a->stack_size) a->stack_size = used + below * below;
    for (int32_t c = a->last_child[s]; c >= 0; c = a->sibling[c]) used -= sizes[--top];
    sizes[top++] = below * below;
    used += below * below;
  }
  free(sizes);
  // The entries, by supernode.
  for (int32_t j = 0; j < n; j++) {
    for (int64_t e = starts[j]; e < starts[j + 1]; e++) {
      int32_t p = inverse[rows[e]], q = inverse[j];
      a->entry_starts[supernode_of[p < q ? p : q] + 2]++;
    }
  }
  for (int32_t s = 0; s < count; s++) a->entry_starts[s + 2] += a->entry_starts[s + 1];
  for (int32_t j = 0; j < n; j++) {
    for (int64_t e = starts[j]; e < starts[j + 1]; e++) {
      int32_t p = inverse[rows[e]], q = inverse[j];
      int64_t target = a->entry_starts[supernode_of[p < q ? p : q] + 1]++;
      a->entries[target] = e;
      // The panel's row and column for now: the row is looked up below.
      a->targets[target] = ((int64_t)(p < q ? q : p) << 32) | (p < q ? p : q);
    }
  }
  for (int32_t s = 0; s < count; s++) {
    int64_t height = a->row_starts[s + 1] - a->row_starts[s];
    for (int64_t e = 0; e < height; e++) place_of[a->rows[a->row_starts[s] + e]] = (int32_t)e;
    for (int64_t t = a->entry_starts[s]; t < a->entry_starts[s + 1]; t++) {
      int32_t row = (int32_t)(a->targets[t] >> 32), column = (int32_t)a->targets[t];
      a->targets[t] = place_of[row] + (column - a->first[s]) * height;
    }
  }
  return 1;
}

la_ldl_analysis *la_ldl_analyze(int32_t n, const int64_t *starts, const int32_t *rows,
                                int64_t limit) {
  if (starts[n] > INT32_MAX) return NULL;
  la_ldl_analysis *a = calloc(1, sizeof(*a));
  lower_rows lower = {NULL, NULL};
  int32_t *work[7];
  int complete = a != NULL;
  for (int i = 0; i < 7; i++) complete &= (work[i] = NEW(int32_t, n + 1)) != NULL;
  int32_t *amd_starts = NEW(int32_t, n + 1);
  double *zeros = NEW(double, n + 1);
  int32_t *inverse = work[0], *parent = work[1], *counts = work[2], *order = work[3];
  complete &= amd_starts && zeros;
  if (complete) {
    a->n = n;
    a->order = NEW(int32_t, n);
    for (int32_t j = 0; j <= n; j++) amd_starts[j] = (int32_t)starts[j];
    complete = a->order && amd_order(n, amd_starts, rows, a->order, NULL, NULL) >= 0;
  }
  if (complete) {
    // Reorder once more so that the elimination tree is postordered.
    for (int32_t i = 0; i < n; i++) inverse[a->order[i]] = i;
    complete = permuted_rows(n, starts, rows, inverse, &lower);
  }
  if (complete) {
    elimination_tree(n, &lower, parent, work[4]);
    postorder(n, parent, order, work[4], work[5], work[6]);
    for (int32_t i = 0; i < n; i++) work[4][i] = a->order[order[i]];
    memcpy(a->order, work[4], (size_t)n * sizeof(int32_t));
    for (int32_t i = 0; i < n; i++) inverse[a->order[i]] = i;
    free(lower.starts);
    free(lower.columns);
    complete = permuted_rows(n, starts, rows, inverse, &lower);
  }
  if (complete) {
    elimination_tree(n, &lower, parent, work[4]);
    complete = column_counts(n, &lower, parent, work[4], counts, limit) >= 0;
  }
  if (complete) {
    a->first = NEW(int32_t, n + 1);
    complete = a->first != NULL;
  }
  if (complete) {
    a->supernodes = find_supernodes(n, parent, counts, a->first, zeros);
    a->row_starts = NEW(int64_t, a->supernodes + 1);
    a->panel = NEW(int64_t, a->supernodes + 1);
    a->parent = NEW(int32_t, a->supernodes);
    a->last_child = NEW(int32_t, a->supernodes);
    a->sibling = NEW(int32_t, a->supernodes);
    for (int32_t s = 0; s < a->supernodes; s++) {
      for (int32_t j = a->first[s]; j < a->first[s + 1]; j++) work[5][j] = s;
    }
    a->row_starts[0] = 0;
    complete = a->row_starts && a->panel && a->parent && a->last_child
        && a->sibling && find_rows(a, &lower, counts, work[5], work[4])
        && find_places(a, starts, rows, inverse, work[5], work[4]);
  }
  for (int i = 0; i < 7; i++) free(work[i]);
  free(amd_starts);
  free(zeros);
  free(lower.starts);
  free(lower.columns);
  if (!complete) {
    la_ldl_free_analysis(a);
    return NULL;
  }
  return a;
}

int64_t la_ldl_entries(const la_ldl_analysis *a) { return a->panel[a->supernodes]; }
double la_ldl_work(const la_ldl_analysis *a) { return a->work; }
int32_t la_ldl_supernodes(const la_ldl_analysis *a) { return a->supernodes; }
