/* Checkpoints: weights as safetensors (readable by the reference Python library), the rest beside them.
 *
 *   <dir>/<step>.safetensors   parameters by name, dtype REAL_NAME (F32; read back from F32 or F64)
 *   <dir>/<step>.state         safetensors too: optimizer state tensors, with everything else (step, epoch, early
 *                              stopping, ...) as strings in its __metadata__
 * Written to temporary names, fsynced, renamed (state first, then weights): whoever dies in between leaves the last
 * good pair. */
#ifndef GUSTO_NN_CHECKPOINT_H
#define GUSTO_NN_CHECKPOINT_H

#include "nn/optim.h"
#include "nn/paramset.h"

struct meta_entry {
	char *key, *value;
};
struct meta {
	struct meta_entry *row;
	size_t n, cap;
};
enum err_code meta_set(struct meta *m, const char *key, const char *value, struct err *e);
const char *meta_get(const struct meta *m, const char *key); /* NULL: none */
void meta_free(struct meta *m);

enum err_code checkpoint_save(
	const char *dir, int64_t step, const struct paramset *s, struct optim *o, const struct meta *m, struct err *e);

/* State of other parts that must survive (replay buffers, environments, chains): named bytes, saved with the optimizer's state. */
struct checkpoint_block {
	char name[160];
	void *data;
	size_t bytes;
};
enum err_code checkpoint_save_with(const char *dir, int64_t step, const struct paramset *s, struct optim *o,
	const struct meta *m, const struct checkpoint_block *blocks, size_t n, struct err *e);
/* Fills the blocks; ERR_FORMAT names one that is missing or of another size, nothing was changed then. */
enum err_code checkpoint_load_blocks(
	const char *dir, int64_t step, const struct checkpoint_block *blocks, size_t n, struct err *e);
/* Fills the parameters of s by name; a missing, extra or misshaped tensor is an error that names it; nothing
 * was changed then.  A state that belongs to other weights is found after the weights were read.  o and m may be
 * NULL; without both, the weights alone are read. */
enum err_code checkpoint_load(
	const char *dir, int64_t step, struct paramset *s, struct optim *o, struct meta *m, struct err *e);

/* The newest step below `before` (INT64_MAX: any) of which both files are there and well-formed.  Should loading it say
 * that the two do not belong together (a crash in the middle of saving a step anew), ask again with before = that
 * step. */
enum err_code checkpoint_latest(const char *dir, int64_t before, int64_t *step, struct err *e);

/* ---- safetensors ---- */
struct st_tensor {
	char *name;
	char dtype[8]; /* "F32", "F64", "I64", ... */
	int ndim;
	int64_t dim[8];
	const void *data;
	size_t bytes;
};
enum err_code st_write(const char *path, const struct st_tensor *t, size_t n, const struct meta *m, struct err *e);
struct st_file;
enum err_code st_open(
	const char *path, struct st_file **out, struct err *e); /* checks header, offsets, sizes, overlaps */
enum err_code st_open_memory(
	const void *bytes, size_t n, struct st_file **out, struct err *e); /* for fuzzing; copies nothing */
void st_close(struct st_file *f);
size_t st_count(const struct st_file *f);
const struct st_tensor *st_get(const struct st_file *f, size_t i);
const struct st_tensor *st_find(const struct st_file *f, const char *name);
const struct meta *st_meta(const struct st_file *f);

#endif
