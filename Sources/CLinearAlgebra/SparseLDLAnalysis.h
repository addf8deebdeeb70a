// The supernodal structure that the analysis finds and the factorization uses.
#ifndef ARGMIN_SPARSE_LDL_ANALYSIS_H
#define ARGMIN_SPARSE_LDL_ANALYSIS_H

#include "SparseLDL.h"

// Supernode s: the columns first[s] ..< first[s + 1] of L, which have the rows
// rows[row_starts[s] ..< row_starts[s + 1]] (its own columns first, then the others in increasing order).
// Its panel is a dense column-major matrix at panel[s] of the factor's numbers.
struct la_ldl_analysis {
  int32_t n;
  int32_t supernodes;
  int32_t *order;          // order[new] = old
  int32_t *first;          // supernodes + 1
  int64_t *row_starts;     // supernodes + 1
  int32_t *rows;
  int64_t *panel;          // supernodes + 1
  int32_t *parent;         // supernode of the first row below, -1 for a root
  int32_t *last_child;     // the last child of each supernode, -1 for none
  int32_t *sibling;        // the child of the same parent before it, -1 for none
  int32_t *relative;       // like rows: place of each row below in the rows of the parent
  int64_t *entry_starts;   // supernodes + 1: the entries of the matrix that belong to each supernode
  int64_t *entries;        // their place in the given order
  int64_t *targets;        // and in the panel
  int64_t stack_size;      // the most numbers of update matrices alive at once
  int32_t largest_front;
  int32_t largest_pivots;  // the most columns of a supernode
  double work;
};

#endif
