/* Bytes per number of a safetensors type; 0: unknown. */
#ifndef GUSTO_NN_ST_DTYPE_H
#define GUSTO_NN_ST_DTYPE_H

#include <stddef.h>
#include <string.h>

static inline size_t st_dtype_size(const char *dtype)
{
	static const struct {
		char name[8];
		size_t size;
	} row[] = {{"F32", 4}, {"F64", 8}, {"I64", 8}, {"I32", 4}, {"U64", 8}, {"U32", 4}, {"F16", 2}, {"BF16", 2},
		{"I16", 2}, {"U16", 2}, {"I8", 1}, {"U8", 1}, {"BOOL", 1}};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		if (strcmp(row[i].name, dtype) == 0)
			return row[i].size;
	return 0;
}

#endif
