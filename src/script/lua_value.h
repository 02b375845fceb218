/* Values: what scripts compute with.
 *
 *   value    a number of the trace being recorded; dead when the trace has ended
 *   tensor   numbers made by hand (repl, closed forms), with the values computed from them
 *   param    a parameter of a layer, or one of the model's own (nn.parameter)
 *   number   a constant */
#ifndef GUSTO_SCRIPT_LUA_VALUE_H
#define GUSTO_SCRIPT_LUA_VALUE_H

#include "graph/program.h"
#include "nn/paramset.h"
#include "script/lua_common.h"

#define VALUE_TYPE "gusto.value"
#define TENSOR_TYPE "gusto.tensor"
#define PARAM_TYPE "gusto.param"
#define LAYER_TYPE "gusto.layer"
#define BOX_TYPE "gusto.box"

struct value_box {
	int index;
	int32_t below; /* a column of ids: they are less than this; 0: unknown */
	uint64_t generation;
};

struct tensor_box {
	enum field_type type;
	struct shape shape;
	int64_t rows; /* 1 for AXIS_FIXED */
	int32_t *i;
	real *v;
	struct param *constant; /* the same numbers as a trace reads them; made when first needed */
};

/* A parameter, or the declaration of one that gets its name when build ends. */
struct param_box {
	struct param *p; /* a reference; NULL while only declared */
	struct shape shape;
	char init[24];
	double scale, mean;
	bool trainable, lazy;
	char where[512];
};

/* Any C resource while something can raise: freed by the collector. */
struct box {
	void *p;
	void (*free)(void *);
};
struct box *box_new(lua_State *L, void (*free_it)(void *));

/* A reference to an operand on the Lua stack. */
struct operand_ref {
	enum { REF_VALUE, REF_TENSOR, REF_PARAM, REF_NUMBER } kind;
	int index;
	int32_t below; /* see value_box */
	struct tensor_box *tensor;
	struct param_box *param;
	double number;
};
bool operand_is(lua_State *L, int idx);	       /* a value, tensor, parameter or number */
bool operand_is_object(lua_State *L, int idx); /* the same without numbers */
/* Raises where it is none, or is dead. */
void operand_read(lua_State *L, int idx, const char *what, struct operand_ref *out);

/* The shape of a parameter or tensor, which ids may look up; NULL: it is neither. */
const struct shape *operand_table(const struct operand_ref *ref);
/* Raises where ids of `ref` reach beyond a table of so many rows. */
void operand_check_ids(lua_State *L, const char *what, const struct operand_ref *ref, int n, int32_t rows);

/* What a call records: an op or a layer, into a trace. */
typedef int (*record_fn)(const void *ctx, struct trace *t, const int *in, int n_in, struct err *e);
/* Records into the current trace and pushes a value; outside of one, computes at once and pushes a tensor. */
int value_apply(lua_State *L, record_fn record, const void *ctx, const struct operand_ref *ref, int n);

/* Pushes a value of the current trace, or raises e where index < 0. */
int value_push(lua_State *L, int index, const struct err *e);
/* The index of the value at idx in the current trace. */
int value_index(lua_State *L, int idx, const char *what);
/* Pushes a tensor of zeros. */
struct tensor_box *tensor_push(lua_State *L, enum field_type type, const struct shape *shape, int64_t rows);
void param_push(lua_State *L, struct param *p);
/* Pushes the batch of the current trace. */
void value_batch_push(lua_State *L);

/* ---- between the files that value_open opens: lua_value.c, lua_tensor.c, lua_eager.c, lua_object.c, lua_batch.c ---- */

static inline int64_t tensor_numbers(const struct tensor_box *t)
{
	return t->rows * shape_width(&t->shape);
}
/* The operand as an index into t; < 0 with e. */
int operand_index(struct trace *t, const struct operand_ref *r, struct err *e);
/* The tensor as a parameter that is not trained; it keeps the reference. */
enum err_code tensor_constant(struct tensor_box *t, struct param **out, struct err *e);
/* Records into a program of its own, runs it and pushes the tensor. */
int value_compute(lua_State *L, record_fn record, const void *ctx, const struct operand_ref *ref, int n);
int tensor_gc(lua_State *L);
void tensor_open(lua_State *L, int core);
void object_open(lua_State *L, int core);
void batch_open(lua_State *L);

#endif
