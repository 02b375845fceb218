/* Words of texts, the corpus of a split, and batches of kind "reviews". */
#include "base/rng.h"
#include "data/batcher.h"
#include "data/corpus.h"
#include "data/kind.h"
#include "data/text.h"
#include "data/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- words ---- */

/* The words of `text`, each in brackets. */
static const char *bracketed(const char *text, size_t n)
{
	static char out[1024];
	struct words w = {text, text + n};
	char word[WORD_MAX];
	size_t at = 0, len;
	out[0] = '\0';
	while ((len = words_next(&w, word)) > 0)
		at += (size_t)snprintf(out + at, sizeof out - at, "[%.*s]", (int)len, word);
	assert_ptr_equal(w.at, w.end);
	return out;
}

static void words_follow_the_rules(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{"", ""},
		{" \t.,!?--", ""},
		{"It's GREAT, isn't it?", "[it's][great][isn't][it]"},
		{"'quoted' o'clock '", "[quoted][o'clock]"},
		{"rock'n'roll 90's", "[rock'n'roll][90][s]"},
		{"don\u2019t", "[don't]"},
		{"e-mail me@web.com", "[e][mail][me][web][com]"},
		{"MP3 24bit", "[mp3][24bit]"},
		{"\u00c4RGER stra\u00dfe \u00c9t\u00e9", "[\u00e4rger][stra\u00dfe][\u00e9t\u00e9]"},
		{"\u0160koda \u0179le \u017daba", "[\u0161koda][\u017ale][\u017eaba]"},
		{"\u041f\u0440\u0418\u0432\u0415\u0442", "[\u043f\u0440\u0438\u0432\u0435\u0442]"},
		{"\u0386\u03a3", "[\u03ac\u03c3]"},
		{"\u4f60\u597dabc", "[\u4f60][\u597d][abc]"},
		{"\u30ae\u30bf\u30fc", "[\u30ae][\u30bf][\u30fc]"},
		{"5\u00d73 \u00bd a\u00b7b \u20ac9 ok\U0001f600ok", "[5][3][a][b][9][ok][ok]"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(bracketed(cases[i].text, strlen(cases[i].text)), cases[i].words);
}

static void broken_bytes_separate(void **state)
{
	assert_string_equal(bracketed("ab\xff"
				      "cd\xc3",
				    6),
		"[ab][cd]");
	assert_string_equal(bracketed("a\0b", 3), "[a][b]");
	assert_string_equal(bracketed("a\xe4\xbd", 3), "[a]"); /* cut in the middle of a character */
}

static void long_words_are_cut_at_a_character(void **state)
{
	char text[400], word[WORD_MAX];
	for (int i = 0; i < 100; i++)
		memcpy(text + 2 * i + 1, "\u00e9", 2);
	text[0] = 'x';
	memcpy(text + 201, " end", 4);
	struct words w = {text, text + 205};
	assert_int_equal(words_next(&w, word), WORD_MAX - 1); /* x and 31 characters of two bytes */
	assert_int_equal(words_next(&w, word), 3);
	assert_memory_equal(word, "end", 3);
}

/* Whatever the bytes: it ends, words are not too long, and they are UTF-8 without capitals of ASCII. */
static void any_bytes_are_cut_into_words(void **state)
{
	for (uint64_t k = 0; k < 2000; k++) {
		struct rng r = rng_stream(3, RNG_TEST, k, 0);
		char text[200], word[WORD_MAX];
		size_t n = (size_t)rng_below(&r, sizeof text), len, words = 0;
		for (size_t i = 0; i < n; i++) /* half of them letters, so that there are long words */
			text[i] = (char)(k % 2 ? rng_below(&r, 256) : 0x60 + rng_below(&r, 0x90));
		struct words w = {text, text + n};
		while ((len = words_next(&w, word)) > 0) {
			assert_true(len <= WORD_MAX);
			assert_int_equal(text_utf8_check(word, len), len);
			for (size_t i = 0; i < len; i++)
				assert_false(word[i] >= 'A' && word[i] <= 'Z');
			assert_true(++words <= n);
		}
		assert_ptr_equal(w.at, text + n);
	}
}

/* ---- corpus ---- */

/* Items 0..n-1 of each user, each with a text; the last of each user is its test, the one before its validation. */
static struct split *reviews(int users, int items, const char *(*text)(int u, int i))
{
	struct builder *b = builder_new("reviews");
	struct dataset *d = NULL;
	struct split *s = NULL;
	for (int u = 0; u < users; u++)
		for (int k = 0; k < items; k++) {
			char user[16], item[16];
			int i = (u + k) % (items + 1);
			const char *t = text(u, i);
			struct builder_row row = {user, item, (size_t)snprintf(user, sizeof user, "u%d", u),
				(size_t)snprintf(item, sizeof item, "i%d", i), (float)(1 + i % 5), 100 * k + u};
			assert_int_equal(builder_add(b, &row, NULL), OK);
			assert_int_equal(builder_row_text(b, "review", COLUMN_TEXT, t, strlen(t), NULL), OK);
		}
	assert_int_equal(builder_finish(b, &d, NULL), OK);
	builder_free(b);
	assert_int_equal(split_new(d, &(struct split_options){.kind = "leave_one_out"}, &s, NULL), OK);
	dataset_unref(d);
	return s;
}

/* Says who wrote it and about what, and that twice. */
static const char *says_who(int u, int i)
{
	static char text[64];
	snprintf(text, sizeof text, "User%d item%d, USER%d item%d common.", u, i, u, i);
	return text;
}

static int word_of(const struct corpus *c, const char *word)
{
	for (int32_t i = 0; i < c->vocabulary.n; i++) {
		const char *bytes;
		size_t n = strtab_get(&c->vocabulary, i, &bytes);
		if (n == strlen(word) && memcmp(bytes, word, n) == 0)
			return i;
	}
	return -1;
}

static void a_corpus_holds_training_texts_only(void **state)
{
	enum { USERS = 5, ITEMS = 6 };
	struct split *s = reviews(USERS, ITEMS, says_who);
	const struct corpus *c, *again;
	struct corpus_options o = {"review", 100, 0, 0};
	assert_int_equal(corpus_of(s, &o, &c, NULL), OK);
	assert_int_equal(c->texts, s->count[PART_TRAIN]);
	assert_int_equal(c->texts, USERS * (ITEMS - 2));
	/* "common" stands once in each training text, users twice as often as they have texts */
	assert_int_equal(word_of(c, "common"), 0);
	for (int32_t u = 0; u < USERS; u++)
		for (int64_t t = s->train_start[u]; t < s->train_start[u + 1]; t++) {
			char user[32], item[32], id[16];
			strtab_copy(&s->data->items, s->train_item[t], id, sizeof id);
			snprintf(user, sizeof user, "user%d", u);
			snprintf(item, sizeof item, "item%s", id + 1);
			assert_int_equal(c->start[t + 1] - c->start[t], 5);
			assert_int_equal(c->text_user[t], u);
			assert_int_equal(c->word[c->start[t]], word_of(c, user));
			assert_int_equal(c->word[c->start[t] + 1], word_of(c, item));
		}
	/* by item, oldest first */
	for (int32_t i = 0; i < s->data->n_items; i++)
		for (int64_t k = c->item_start[i]; k < c->item_start[i + 1]; k++)
			assert_int_equal(s->train_item[c->item_text[k]], i);
	assert_int_equal(c->item_start[s->data->n_items], c->texts);
	assert_int_equal(corpus_of(s, &o, &again, NULL), OK);
	assert_ptr_equal(c, again);
	split_unref(s);
}

/* A word that only held-out texts have. */
static const char *secret_at_the_end(int u, int i)
{
	return (i - u + 7) % 7 >= 4 ? "secret secret secret" : "plain words";
}

static void held_out_words_are_unknown(void **state)
{
	struct split *s = reviews(5, 6, secret_at_the_end);
	const struct corpus *c;
	assert_int_equal(corpus_of(s, &(struct corpus_options){"review", 100, 0, 0}, &c, NULL), OK);
	assert_int_equal(c->words, 2);
	assert_int_equal(word_of(c, "secret"), -1);
	split_unref(s);
}

static void vocabularies_are_cut(void **state)
{
	struct split *s = reviews(5, 6, says_who);
	const struct corpus *c;
	assert_int_equal(corpus_of(s, &(struct corpus_options){"review", 3, 0, 0}, &c, NULL), OK);
	assert_int_equal(c->words, 3);
	for (int32_t i = 0; i < c->start[c->texts]; i++)
		assert_true(c->word[i] >= -1 && c->word[i] < 3);
	assert_int_equal(corpus_of(s, &(struct corpus_options){"review", 100, 15, 2}, &c, NULL), OK);
	assert_int_equal(c->words, 1); /* only "common" is that frequent; it counts although the cut drops it */
	assert_int_equal(c->start[1], 2);
	struct err e;
	assert_int_equal(corpus_of(s, &(struct corpus_options){"text", 100, 0, 0}, &c, &e), ERR_ARG);
	assert_non_null(strstr(e.text, "no text column 'text'"));
	assert_int_equal(corpus_of(s, &(struct corpus_options){"review", 0, 0, 0}, &c, &e), ERR_ARG);
	split_unref(s);
}

/* ---- batches ---- */

static const int32_t *ints(const struct batch *b, const char *name)
{
	for (int i = 0; i < b->nfields; i++)
		if (strcmp(b->spec[i].name, name) == 0)
			return b->column[i];
	fail_msg("no column %s", name);
	return NULL;
}

/* The reviews of one example, by enumeration. */
static void check_example(const struct split *s, const struct batch *b, int32_t k, int most)
{
	int32_t user = ints(b, "user")[k], item = ints(b, "item")[k];
	const int32_t *of_user = b->offsets[AXIS_TOKEN], *of_item = b->offsets[AXIS_TOKEN2];
	int wrote = 0, about = 0;
	for (int32_t u = 0; u < s->data->n_users; u++)
		for (int64_t t = s->train_start[u]; t < s->train_start[u + 1]; t++) {
			wrote += u == user && s->train_item[t] != item;
			about += u != user && s->train_item[t] == item;
		}
	assert_int_equal(of_user[k + 1] - of_user[k], wrote < most ? wrote : most);
	assert_int_equal(of_item[k + 1] - of_item[k], about < most ? about : most);
	for (int32_t r = of_user[k]; r < of_user[k + 1]; r++) {
		int32_t t = ints(b, "user_review")[r];
		assert_true(t >= s->train_start[user] && t < s->train_start[user + 1]);
		assert_int_equal(s->train_item[t], ints(b, "reviewed")[r]);
		assert_int_not_equal(s->train_item[t], item);
		assert_true(r == of_user[k] || t > ints(b, "user_review")[r - 1]);
	}
	for (int32_t r = of_item[k]; r < of_item[k + 1]; r++) {
		int32_t t = ints(b, "item_review")[r], who = ints(b, "reviewer")[r];
		assert_int_equal(s->train_item[t], item);
		assert_int_not_equal(who, user);
		assert_true(t >= s->train_start[who] && t < s->train_start[who + 1]);
	}
}

static void pairs_see_all_reviews_but_their_own(void **state)
{
	struct split *s = reviews(7, 6, says_who);
	struct err e = {0};
	for (int most = 1; most <= 30; most += 29) {
		struct batch_options o = {.kind = "reviews", .batch = 5, .seed = 2};
		struct batcher *b = NULL;
		struct batch x;
		int32_t seen = 0;
		o.args.num[3] = most;
		o.args.given[3] = true;
		if (batcher_new(s, &o, &b, &e) != OK)
			fail_msg("%s", e.text);
		for (int64_t i = 0; i < batcher_steps(b); i++) {
			batcher_get(b, 0, i, &x);
			for (int32_t k = 0; k < x.examples; k++, seen++)
				check_example(s, &x, k, most);
			for (int a = AXIS_TOKEN; a <= AXIS_TOKEN2; a++)
				assert_true(x.offsets[a][x.examples] <= batcher_max_rows(b, (enum axis)a));
		}
		assert_int_equal(seen, s->count[PART_TRAIN]);
		/* evaluation sees the same */
		struct eval_source src = {.split = s, .part = PART_TEST, .kind = "reviews", .args = &o.args};
		struct eval_scratch *scratch = NULL;
		int32_t users[] = {0, 3, 6}, items[] = {6, 5, 1, 2, 0};
		int64_t start[] = {0, 2, 2, 5};
		if (eval_rating_batch(&src, users, 3, items, start, &scratch, &x, &e) != OK)
			fail_msg("%s", e.text);
		assert_int_equal(x.examples, 5);
		for (int32_t k = 0; k < x.examples; k++) {
			assert_int_equal(ints(&x, "item")[k], items[k]);
			check_example(s, &x, k, most);
		}
		assert_non_null(ints(&x, "word"));
		eval_scratch_free(scratch);
		batcher_free(b);
	}
	split_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_follow_the_rules),
		cmocka_unit_test(broken_bytes_separate),
		cmocka_unit_test(long_words_are_cut_at_a_character),
		cmocka_unit_test(any_bytes_are_cut_into_words),
		cmocka_unit_test(a_corpus_holds_training_texts_only),
		cmocka_unit_test(held_out_words_are_unknown),
		cmocka_unit_test(vocabularies_are_cut),
		cmocka_unit_test(pairs_see_all_reviews_but_their_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
