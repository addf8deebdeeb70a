#ifndef ARGMIN_MEMORY_H
#define ARGMIN_MEMORY_H
#include <stddef.h>

// Asks the system to back fresh memory by large pages, where it offers them.
void ck_prefer_large_pages(void *start, size_t bytes);
#endif
