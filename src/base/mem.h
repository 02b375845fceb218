/* Memory: allocations that report failure, aligned blocks for numbers, a growing arena.
 *
 * Everything returns NULL when memory is short; callers turn that into ERR_NOMEM.  mem_free(NULL) is legal. */
#ifndef GUSTO_BASE_MEM_H
#define GUSTO_BASE_MEM_H

#include <stddef.h>

void *mem_alloc(size_t n);
void *mem_calloc(size_t count, size_t size); /* NULL also where count * size overflows */
void *mem_realloc(void *p, size_t count, size_t size);
void mem_free(void *p);

/* 64-byte aligned, zeroed; blocks of 2 MB and more ask for huge pages.  Freed by mem_aligned_free. */
void *mem_aligned(size_t bytes);
void mem_aligned_free(void *p);

char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t n);

/* An arena: allocations live until arena_reset or arena_free.  Zero-initialise to start: {0}. */
struct arena_block;
struct arena {
	struct arena_block *head;
};
void *arena_alloc(struct arena *a, size_t n); /* 16-byte aligned, zeroed */
char *arena_strdup(struct arena *a, const char *s);
void arena_free(struct arena *a); /* frees every block; the arena can be used again */

/* Grows *items (a heap array of elements of `size` bytes) so that it holds at least `need`;
 * *cap is its capacity in elements.  False where memory is short (nothing changed). */
_Bool mem_grow(void *items_ptr, size_t *cap, size_t need, size_t size);

#endif
