/* The texts of the training rows as word numbers: what text models read.
 *
 * Text t is that of training row t of the split (split->train_item[t]): the rows of user u are the texts
 * train_start[u]..train_start[u+1].  Texts of validation and test rows are not in the corpus and do not count in the
 * vocabulary: what somebody wrote about an item cannot be an input when the rating beside it is to be predicted.
 *
 * The vocabulary is the `words` most frequent words (data/words.h) of those texts that occur at least `least` times, the
 * most frequent first, of equally frequent ones the one that was met first.  Any other word is -1, which embeddings read
 * as zeros. */
#ifndef GUSTO_DATA_CORPUS_H
#define GUSTO_DATA_CORPUS_H

#include "data/split.h"

struct corpus_options {
	char column[32]; /* text column of the interactions */
	int32_t words;	 /* of the vocabulary, at most */
	int32_t least;	 /* occurrences of a word */
	int32_t length;	 /* words kept of a text, from its beginning; 0: all */
};

struct corpus {
	struct corpus_options o;
	int32_t texts;
	const int32_t *start; /* [texts + 1] into word */
	const int32_t *word;  /* [start[texts]], and room for one more */
	int32_t words;	      /* in the vocabulary */
	struct strtab vocabulary;
	/* The texts about each item, oldest first, and who wrote them: item_text[item_start[i]..item_start[i+1]). */
	const int64_t *item_start; /* [n_items + 1] */
	const int32_t *item_text;
	const int32_t *text_user; /* [texts] */
	struct corpus *next;	  /* behind it in the split's cache */
	void *owner;
};

enum err_code corpus_new(const struct split *s, const struct corpus_options *o, struct corpus **out, struct err *e);
void corpus_free(struct corpus *c); /* and those behind it; NULL is legal */

/* The corpus of the split with these options: made when first asked for, kept by the split as long as it lives. */
enum err_code corpus_of(
	const struct split *s, const struct corpus_options *o, const struct corpus **out, struct err *e);

#endif
