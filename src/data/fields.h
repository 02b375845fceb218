/* Fields: what a click-through model sees of an interaction, beside its label (Rendle 2010).
 *
 *   category   one value of a vocabulary: a global index first + code, -1 where missing
 *   list       several of them (genres), at most two such fields in a set
 *   number     a value, transformed, 0 where missing
 *   cross      the pair of two categories, hashed into an index space of its own (Wide & Deep)
 * A field belongs to the user, to the item, or to the interaction (its context).  The set is written as one text,
 *
 *   "user,item,weekday,user.age:category,item.genres,item.year:standard,city:hash=1000,user*item:hash=100000"
 *
 * names are columns of interactions, of users (user.NAME) or of items (item.NAME); a bare name is looked for in that order.
 * Options: hash=N puts the words of an open vocabulary (or a cross) into N buckets; a column of numbers is `log`
 * (sign(x) log(1 + |x|)), `standard` (mean 0 and deviation 1 over the training rows) or `category` (each value a word).
 * Vocabularies are those of the whole data set: a word that never trains keeps its start. */
#ifndef GUSTO_DATA_FIELDS_H
#define GUSTO_DATA_FIELDS_H

#include "data/split.h"

enum fieldset_kind { FIELDSET_CATEGORY, FIELDSET_LIST, FIELDSET_NUMBER, FIELDSET_CROSS };
enum fieldset_owner { OWNER_USER, OWNER_ITEM, OWNER_ROW };

struct fieldset_field {
	char name[72];
	enum fieldset_kind kind;
	enum fieldset_owner owner; /* whose id (or data row) indexes code, start and value */
	int32_t first, size; /* global indices first..first+size-1; of crosses: in their own space; numbers: 0, 0 */
	const int32_t
		*code; /* categories: by owner, -1 missing; NULL: the owner's id itself.  lists: [start[owner]..) */
	const int64_t *start; /* lists */
	int32_t most;	      /* lists: the longest */
	const float *value;   /* numbers: by owner */
	int a, b;	      /* crosses: the categories (indices in field[]) */
};

enum { FIELDSET_MAX = 64, FIELDSET_LISTS = 2 };

struct fieldset {
	int n, n_kind[4]; /* fields, and how many of each kind */
	struct fieldset_field field[FIELDSET_MAX];
	int32_t features, crossed; /* sizes of the two index spaces */
	void *owner;
};

/* spec NULL or "": user, item and every column that is no title and no text.  ERR_ARG names the field that the data lack,
 * and those that they have. */
enum err_code fieldset_new(const struct split *s, const char *spec, struct fieldset **out, struct err *e);
void fieldset_free(struct fieldset *f); /* NULL is legal */

static inline int64_t fieldset_owner_of(const struct fieldset_field *f, int32_t user, int32_t item, int64_t row)
{
	return f->owner == OWNER_USER ? user : f->owner == OWNER_ITEM ? item : row;
}

/* The global index of a category, -1 where missing. */
static inline int32_t fieldset_category(const struct fieldset_field *f, int32_t user, int32_t item, int64_t row)
{
	int64_t at = fieldset_owner_of(f, user, item, row);
	int32_t code = f->code ? f->code[at] : (int32_t)at;
	return code < 0 ? -1 : f->first + code;
}

/* The bucket of a cross, -1 where a side is missing. */
int32_t fieldset_cross(
	const struct fieldset *s, const struct fieldset_field *f, int32_t user, int32_t item, int64_t row);

#endif
