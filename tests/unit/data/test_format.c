#include "data/cache.h"
#include "data/format.h"

#include "base/fs.h"
#include "base/mem.h"

#include <archive.h>
#include <archive_entry.h>
#include <math.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static enum err_code read_text(
	struct builder *b, const char *format, const struct format_options *o, const char *text, struct err *e)
{
	return format_read_memory(b, "f", text, strlen(text), format, o, e);
}

/* What the readers made of it, in one line: "user:item/rating@time ..." in CSR order. */
static const char *show(struct builder *b, char *buf, size_t size)
{
	struct err e;
	struct dataset *d;
	size_t n = 0;
	char user[64], item[64];
	buf[0] = '\0';
	assert_int_equal(builder_finish(b, &d, &e), OK);
	builder_free(b);
	for (int32_t u = 0; u < d->n_users; u++)
		for (int64_t i = d->start[u]; i < d->start[u + 1]; i++) {
			n += (size_t)snprintf(buf + n, size - n, "%s%s:%s", n ? " " : "",
				strtab_copy(&d->users, u, user, 64), strtab_copy(&d->items, d->item[i], item, 64));
			if (d->rating && !isnan(d->rating[i]))
				n += (size_t)snprintf(buf + n, size - n, "/%g", (double)d->rating[i]);
			if (d->time && d->time[i] != INT64_MIN)
				n += (size_t)snprintf(buf + n, size - n, "@%lld", (long long)d->time[i]);
			if (d->part && d->part[i] != PART_TRAIN)
				n += (size_t)snprintf(buf + n, size - n, "%c", "?vth"[d->part[i]]);
		}
	dataset_unref(d);
	return buf;
}

static void reads(const char *format, const struct format_options *o, const char *text, const char *want)
{
	struct err e = {0};
	struct builder *b = builder_new("x");
	char buf[1024];
	if (read_text(b, format, o, text, &e) != OK)
		fail_msg("%s", e.text);
	assert_string_equal(show(b, buf, sizeof buf), want);
}

static void refuses(const char *format, const struct format_options *o, const char *text, const char *want)
{
	struct err e = {0};
	struct builder *b = builder_new("x");
	assert_int_not_equal(read_text(b, format, o, text, &e), OK);
	assert_string_equal(e.text, want);
	builder_free(b);
}

#define OPTIONS(...) (&(struct format_options){__VA_ARGS__})

/* Rows that are not for training carry v, t or h (history). */
static void parts_of_rows(void **state)
{
	reads("sessions", NULL, "3 4 3\n\n5\n", "train 1:3 train 1:4 train 1:3 train 3:5");
	reads("sessions", OPTIONS(.part = "test"), "3 4\t3\n\t5\n", "test 1:3h test 1:4h test 1:3t test 2:5t");
	reads("sessions", OPTIONS(.part = "valid"), "3\t4\n", "valid 1:3h valid 1:4v");
	refuses("sessions", NULL, "1 2\t3\n",
		"f:1:4: a target after a tab: such a file is read with part = \"test\" or \"valid\"");
	refuses("sessions", OPTIONS(.part = "test"), "1 2\t3 4\n",
		"f:1:5: 2 items after the tab, where one target was expected");
	refuses("sessions", OPTIONS(.part = "test"), "1\t\n",
		"f:1:3: 0 items after the tab, where one target was expected");
	reads("baskets", NULL, "train u 1,2 1\ntest v 3 1,3 2,1\nvalidate w 1 2\n",
		"train u:1@1 train u:2@1 train u:1@2 test v:3@1h test v:1@2h test v:3@2h test v:2@3t test v:1@3t "
		"validate w:1@1h validate w:2@2v");
	refuses("baskets", NULL, "train u 1\ntset v 1 2\n",
		"f:2:1: the part of a user is train, valid or test, got 'tset'");
	refuses("baskets", NULL, "train u 1,,2\n", "f:1:11: the item id is empty");
	refuses("baskets", NULL, "train u 1,\n", "f:1:11: the item id is empty");
	refuses("baskets", NULL, "train u\n", "f:1:8: 2 words where \"part user basket basket ...\" was expected");
}

static void parts_in_a_file_of_their_own(void **state)
{
	struct err e;
	char buf[256];
	struct builder *b = builder_new("x");
	assert_int_equal(read_text(b, "pairs", NULL, "u 1\nv 2\nu 3\nv 4\n", &e), OK);
	assert_int_equal(read_text(b, "parts", NULL, "0\n2\n1\n3\n", &e), OK);
	assert_string_equal(show(b, buf, sizeof buf), "u:1 u:3v v:2t v:4h");
	b = builder_new("x");
	assert_int_equal(read_text(b, "pairs", NULL, "u 1\nv 2\n", &e), OK);
	assert_int_equal(read_text(b, "parts", NULL, "0\n4\n", &e), ERR_FORMAT);
	assert_string_equal(
		e.text, "f:2:1: expected a part: 0 (train), 1 (validation), 2 (test) or 3 (history), got '4'");
	assert_int_equal(read_text(b, "parts", NULL, "0\n", &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "there are parts for 1 interactions, but 2 were read before"));
	assert_int_not_equal(read_text(b, "parts", NULL, "0\n1\n2\n", &e), OK);
	builder_free(b);
}

static void interactions_of_every_format(void **state)
{
	reads("movielens", NULL, "1\t10\t4\t7\n2\t11\t3\t6\n1\t12\t5\t6\n", "1:12/5@6 1:10/4@7 2:11/3@6");
	reads("movielens", NULL, "1::10::4::7\r\n2::11::3.5::6", "1:10/4@7 2:11/3.5@6");
	reads("tsv", NULL,
		"\xef\xbb\xbf"
		"a b\tx\t1\n\nc\ty\t\n",
		"a b:x/1 c:y");
	reads("tsv", OPTIONS(.columns = "time,-,item,user", .separator = "; "), "5; q; i; u\n", "u:i@5");
	reads("tsv", OPTIONS(.columns = "user,item,...", .separator = " "), "u i 1 2 3\nu j 7\nv i\n", "u:i u:j v:i");
	reads("csv", OPTIONS(.header = true), "timestamp,userId,movieId,score\n1.9,u,m,3\n", "u:m@1");
	reads("csv", OPTIONS(.header = true, .map = "who=user, what=item ,score=rating"), "what,who,score\ni,u,2\n",
		"u:i/2");
	reads("csv", OPTIONS(.header = true, .columns = "item,user"), "what,who\ni,u\n", "u:i");
	reads("recbole", NULL,
		"user_id:token\titem_id:token\trating:float\ttimestamp:float\tx:float\nu\ti\t2\t978300760.0\t\n",
		"u:i/2@978300760");
	reads("recbole", OPTIONS(.map = "session_id=user"), "session_id:token\titem_id:token\ns\ti\n", "s:i");
	reads("sequence", NULL, "u1 c b a\nu2  b\tc \nu3\nu1 z\n", "u1:c u1:b u1:a u1:z u2:b u2:c");
	reads("pairs", NULL, "1 2\n1\t1\n 2 1 \n", "1:2 1:1 2:1");
}

static void quotes(void **state)
{
	reads("csv", NULL, "\"u,1\",\"i \"\"x\"\"\"\nu 5\" tall,j\n", "u,1:i \"x\" u 5\" tall:j");
	reads("csv", NULL, "\"u\n\n2\",i\r\n\"v\",\"j\"\n", "u\n\n2:i v:j");
	reads("csv", OPTIONS(.separator = "::"), "\"a::b\"::i\n", "a::b:i");
	refuses("csv", NULL, "a,b\n\"u\"x,i\n",
		"f:2:4: text follows the quoted field that begins at character 1; write \"\" for a quote inside "
		"quotes");
	refuses("csv", NULL, "a,b\nc,\"d\ne,f\n",
		"f:2:1: a quoted field of this record is never closed; write \"\" for a quote inside quotes");
	refuses("csv", NULL, "a,b\n\"c\nd\",\"e\",x,y,1\n", "f:3:8: 5 fields, 2 were expected");
}

static void places_of_errors(void **state)
{
	refuses("movielens", NULL, "1\t2\t3\t4\n1\t2\tfour\t4\n", "f:2:5: expected a number, got 'four'");
	refuses("tsv", NULL, "1\t2\t3\t4\n1\t2\t3\n", "f:2:6: the line ends after 3 of 4 fields");
	refuses("tsv", NULL, "1\t2\n1\t2\t3\n", "f:2:5: 3 fields, 2 were expected");
	refuses("tsv", NULL, "1\t2\n\t2\n", "f:2:1: the user id is empty");
	refuses("tsv", NULL, "1\t2\t3\t2001-01-01\n",
		"f:1:7: expected a time as a number (seconds, or any count), got '2001-01-01'; if this line names the "
		"columns, "
		"set header = true");
	/* Columns count characters, not bytes; control characters do not reach the terminal. */
	refuses("tsv", NULL, "\xc3\xa9\xc3\xa9\t2\t\x1b[2J\n",
		"f:1:6: expected a number, got '?[2J'; if this line names the columns, set header = true");
	refuses("csv", NULL, "user_id,item_id\nann,x\n", "f:1:1: this line names the columns: set header = true");
	refuses("tsv", NULL, "a\tb\nAm\xe9lie\tb\n",
		"f:2:3: the byte 0xE9 is not UTF-8; if the file is in ISO-8859-1, set encoding = \"latin-1\"");
	refuses("csv", OPTIONS(.header = true), "a,b\n1,2\n",
		"f:1:1: no column is the user in this header; name it with map = \"their_name=user,their_name=item\"");
	refuses("csv", OPTIONS(.header = true), "user,item,user\n1,2,3\n", "f:1:11: the column 'user' is there twice");
	refuses("csv", NULL, "only\n",
		"f:1:1: 1 field where user,item[,rating[,time]] was expected; name them with columns = \"...\", or set "
		"separator");
	refuses("csv", NULL, "\n\r\n", "f: there is not one row in it");
	refuses("pairs", NULL, "1 2\n1 2 3\n", "f:2:5: 3 words where \"user item\" was expected");
	refuses("negatives", NULL, "(1,2)\t3\n(1;2)\t3\n", "f:2:1: '(1;2)' where \"(user,item)\" was expected");
	refuses("negatives", NULL, "(1,)\t3\n", "f:1:4: the item id is empty");
	refuses("leave_one_out", NULL, "1 2\n1 3\n", "f:2:1: user '1' has a held-out item already");
	refuses("pairs", OPTIONS(.id_offset_user = 1), "x 2\n",
		"f:1:1: the user id 'x' is not a whole number, so id_offset_user cannot be added");
	struct err e;
	struct builder *b = builder_new("x");
	assert_int_equal(format_read_memory(b, "f", "a\tb\0\n", 5, "tsv", NULL, &e), ERR_FORMAT);
	assert_string_equal(e.text, "f:1:4: a NUL byte; data files are text in UTF-8 or latin-1");
	builder_free(b);
}

static void wrong_options(void **state)
{
	refuses("csb", NULL, "", "there is no format 'csb'; did you mean 'csv'?");
	refuses("pairs", OPTIONS(.header = true), "", "f: format pairs has no option 'header'; usage: pairs {}");
	refuses("csv", OPTIONS(.table = "movie"), "", "f: table must be inter, user or item, got \"movie\"");
	refuses("csv", OPTIONS(.encoding = "utf-16"), "", "f: encoding must be utf-8 or latin-1, got \"utf-16\"");
	refuses("csv", OPTIONS(.columns = "user,movie"), "", "f: no column is the item; columns must name it");
	refuses("csv", OPTIONS(.columns = "user,rating"), "", "f: no column is the item; columns must name it");
	refuses("csv", OPTIONS(.columns = "user,item,item.year:int32"), "",
		"f: the column 'item.year' has the unknown type 'int32'; types are token, real, tokens, words, "
		"text");
	refuses("tsv", OPTIONS(.table = "user", .columns = "user,item.x"), "",
		"f: columns: 'item.x' does not describe what the rows of a user table are about; write - to skip it");
}

static const char *cell(const struct dataset *d, bool of_item, const char *id, const char *column, char *buf)
{
	const struct column *c = of_item ? dataset_item_column(d, column) : dataset_user_column(d, column);
	int32_t i = of_item ? dataset_find_item(d, id) : dataset_find_user(d, id);
	assert_non_null(c);
	assert_true(i >= 0);
	if (c->type == COLUMN_REAL)
		snprintf(buf, 64, "%g", (double)c->real[i]);
	else
		strtab_copy(&c->text, i, buf, 64);
	return buf;
}

static void must(enum err_code code, const struct err *e)
{
	if (code != OK)
		fail_msg("%s", e->text);
}

static struct dataset *finish(struct builder *b)
{
	struct err e = {0};
	struct dataset *d = NULL;
	must(builder_finish(b, &d, &e), &e);
	builder_free(b);
	return d;
}

static void attributes(void **state)
{
	struct err e = {0};
	char buf[64];
	struct builder *b = builder_new("x");
	must(read_text(b, "movielens", NULL, "1\t1\t4\t7\n2\t2\t3\t6\n", &e), &e);
	const struct format_options *item = OPTIONS(.table = "item", .encoding = "latin-1");
	must(read_text(b, "movielens", item,
		     "1|Am\xe9lie (2001)|01-Jan-1995||http://x|0|0|0|1|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0\n"
		     "9|Gone|||u|0|0|0|1|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0\n",
		     &e),
		&e);
	must(read_text(b, "movielens", OPTIONS(.table = "item"), "2::Heat (1995)::Action|Crime\n", &e), &e);
	must(read_text(b, "movielens", OPTIONS(.table = "user"), "1|24|M|technician|85711\n3|53|F|other|94043\n", &e),
		&e);
	must(read_text(b, "csv", OPTIONS(.table = "item", .columns = "item,year:real,tags:words"),
		     "2,1995,a  b|c\n1,,\n", &e),
		&e);
	struct dataset *d = finish(b);
	assert_int_equal(d->n_items, 2);
	assert_int_equal(d->n_users, 2);
	assert_string_equal(dataset_item_label(d, 0, buf, sizeof buf), "Am\xc3\xa9lie (2001)");
	assert_string_equal(cell(d, true, "1", "genres", buf), "Animation|Children's|Comedy");
	assert_string_equal(cell(d, true, "2", "genres", buf), "Action|Crime");
	assert_string_equal(cell(d, true, "2", "year", buf), "1995");
	assert_string_equal(cell(d, true, "1", "year", buf), "nan");
	assert_string_equal(cell(d, true, "2", "tags", buf), "a|b/c");
	assert_string_equal(cell(d, false, "1", "age", buf), "24");
	assert_string_equal(cell(d, false, "1", "zip", buf), "85711");
	assert_string_equal(cell(d, false, "2", "zip", buf), "");
	dataset_unref(d);
}

static void attributes_of_recbole_and_rows(void **state)
{
	struct err e = {0};
	char buf[64];
	struct builder *b = builder_new("x");
	must(read_text(b, "csv", OPTIONS(.columns = "user,user.age:real,item,item.title"),
		     "u,30,i,\"A, B\"\nu,30,j,C\n", &e),
		&e);
	must(read_text(b, "recbole", NULL,
		     "item_id:token\tmovie_title:token_seq\tgenre:token_seq\tyear:float\ni\tToy Story\tfun "
		     "kids\t1995\n",
		     &e),
		&e);
	must(read_text(b, "recbole", NULL, "user_id:token\tgender:token\nu\tF\n", &e), &e);
	assert_int_equal(read_text(b, "recbole", NULL, "user_id:token\tgender:token\nU\tF\n", &e), ERR_FORMAT);
	assert_string_equal(
		e.text, "f: none of its 1 ids occurs in the interactions; read those first, or give an id map");
	struct dataset *d = finish(b);
	assert_string_equal(cell(d, true, "i", "title", buf), "Toy Story");
	assert_string_equal(cell(d, true, "j", "title", buf), "C");
	assert_string_equal(cell(d, true, "i", "genre", buf), "fun|kids");
	assert_string_equal(cell(d, false, "u", "gender", buf), "F");
	assert_string_equal(cell(d, false, "u", "age", buf), "30");
	dataset_unref(d);
}

/* The columns of the interactions, row by row: "name=value name=value; ..." */
static const char *show_cells(const struct dataset *d, char *buf, size_t size)
{
	size_t n = 0;
	char word[64];
	buf[0] = '\0';
	for (int64_t i = 0; i < d->n; i++) {
		for (int k = 0; k < d->n_row_columns; k++) {
			const struct row_column *c = &d->row_columns[k];
			n += (size_t)snprintf(buf + n, size - n, "%s%s=", k ? " " : i ? "; " : "", c->name);
			if (c->type == COLUMN_REAL)
				n += (size_t)snprintf(buf + n, size - n, "%g", (double)c->real[i]);
			else if (c->type == COLUMN_TEXT)
				n += (size_t)snprintf(
					buf + n, size - n, "%s", strtab_copy(&c->words, (int32_t)i, word, sizeof word));
			else if (c->type == COLUMN_TOKEN)
				n += (size_t)snprintf(
					buf + n, size - n, "%s", strtab_copy(&c->words, c->code[i], word, sizeof word));
			for (int64_t j = c->first ? c->first[i] : 0; c->first && j < c->first[i + 1]; j++)
				n += (size_t)snprintf(buf + n, size - n, "%s%s", j > c->first[i] ? "|" : "",
					strtab_copy(&c->words, c->code[j], word, sizeof word));
		}
	}
	return buf;
}

static void reads_cells(const char *format, const struct format_options *o, const char *text, const char *want)
{
	struct err e = {0};
	struct builder *b = builder_new("x");
	char buf[1024];
	must(read_text(b, format, o, text, &e), &e);
	struct dataset *d = finish(b);
	assert_string_equal(show_cells(d, buf, sizeof buf), want);
	dataset_unref(d);
}

/* Whatever an interaction's other fields hold stays with it, in the order of time. */
static void columns_of_interactions(void **state)
{
	reads_cells("csv", OPTIONS(.columns = "user,item,time,mood,tags:tokens,weight:real,review:text"),
		"u,i,2,sad,a|b||a,1.5,\"not, bad\"\nu,j,1,,,,\nu,k,3,glad,c,,\n",
		"mood= tags= weight=nan review=; mood=sad tags=a|b|a weight=1.5 review=not, bad; mood=glad tags=c "
		"weight=nan review=");
	reads_cells("csv", OPTIONS(.header = true, .map = "userId=user,movieId=item,n=n:real,zip=-"),
		"userId,movieId,n,zip,city\nu,i,1,x,Ulm\n", "n=1 city=Ulm");
	reads_cells("recbole", NULL, "user_id:token\titem_id:token\tx:float\ttags:token_seq\nu\ti\t.5\tb a\n",
		"x=0.5 tags=b|a");
}

static void json_lines(void **state)
{
	const char *map = "who=user,what=item,stars=rating,when=time,text=review:text,helpful=helpful:tokens,mood";
	char buf[256];
	reads("jsonl", OPTIONS(.map = map),
		"{\"who\": \"A\", \"what\": 7, \"stars\": 4.0, \"when\": 1393545600, \"other\": "
		"{}}\n{\"who\":\"B\",\"what\":\"x\"}\n",
		"A:7/4@1393545600 B:x");
	reads_cells("jsonl", OPTIONS(.map = map),
		"{\"who\":\"A\",\"what\":\"x\",\"text\":\"a\\n\\u00e9\",\"helpful\":[1,2],\"mood\":null}\n",
		"review=a\n\xc3\xa9 helpful=1|2 mood=");
	refuses("jsonl", NULL, "{}\n", "f: jsonl needs map = \"their_name=user,their_name=item,...\"");
	refuses("jsonl", OPTIONS(.map = "a=user,b=item"), "{\"a\":\"u\"}\n", "f:1:1: the item id is empty");
	refuses("jsonl", OPTIONS(.map = "a=user,b=item"), "{\"a\":\"u\",\"b\":{}}\n",
		"f:1:1: the member 'b' is an object or a list of lists; text, a number or a list was expected");
	refuses("jsonl", OPTIONS(.map = "a=user,b=item"), "[1]\n",
		"f:1:1: an object { ... } was expected on each line");
	struct err e;
	struct builder *b = builder_new("x");
	assert_int_equal(read_text(b, "jsonl", OPTIONS(.map = "a=user,b=item"), "{'a': 1}\n", &e), ERR_FORMAT);
	snprintf(buf, sizeof buf, "%.16s", e.text);
	assert_string_equal(buf, "f:1:2: not JSON:");
	builder_free(b);
}

static void libfm_rows(void **state)
{
	reads("libfm", OPTIONS(.columns = "user,item,mood"), "-1 3:1 9:1 12:1\n1 3:1 8:1 13:1\n", "3:9/-1 3:8/1");
	reads_cells("libfm", OPTIONS(.columns = "user,item,mood,weight:real"), "1 3:1 9:1 12:1 14:0.5\n",
		"mood=12 weight=0.5");
	refuses("libfm", OPTIONS(.columns = "user,item"), "1 3:1 9\n", "f:1:7: '9' where index:value was expected");
	refuses("libfm", OPTIONS(.columns = "user,item"), "1 3:1\n", "f:1:6: the line ends after 2 of 3 fields");
	refuses("libfm", NULL, "1 3:1\n",
		"f: libfm needs columns = \"user,item,...\": what the features of a line are");
}

/* ---- files ---- */

static char *temp_folder(char *buf)
{
	strcpy(buf, "/tmp/gusto-format-XXXXXX");
	assert_non_null(mkdtemp(buf));
	return buf;
}

static void remove_folder(const char *folder)
{
	char command[256];
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	assert_int_equal(system(command), 0);
}

static void libfm_names_its_features(void **state)
{
	char folder[64], path[96], buf[256];
	struct err e = {0};
	snprintf(path, sizeof path, "%s/features.tsv", temp_folder(folder));
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs("3\tuser\tAnn\n9\titem\tchess\n12\tmood\tquite sad\n", f);
	assert_int_equal(fclose(f), 0);
	struct format_options o = {.columns = "user,item,mood", .features = path};
	reads("libfm", &o, "1 3:1 9:1 12:1\n", "Ann:chess/1");
	reads_cells("libfm", &o, "1 3:1 9:1 12:1\n", "mood=quite sad");
	struct builder *b = builder_new("x");
	assert_int_equal(read_text(b, "libfm", &o, "1 4:1 9:1 12:1\n", &e), ERR_FORMAT);
	snprintf(buf, sizeof buf, "f:1:3: the feature 4 is not in %s", path);
	assert_string_equal(e.text, buf);
	builder_free(b);
	remove_folder(folder);
}

static const char big_line[] = "user7,it3\n";

static void given_ids(void **state)
{
	struct err e = {0};
	char folder[64], path[128];
	temp_folder(folder);
	snprintf(path, sizeof path, "%s/map", folder);
	must(fs_write_atomic(path, "0\t1193\n1\t661\n2\t914\n", 19, &e), &e);
	struct builder *b = builder_new("x");
	const struct format_options *o = OPTIONS(.id_offset_user = 1, .item_map = path);
	must(read_text(b, "tsv", NULL, "1\t1193\n1\t661\n2\t914\n", &e), &e);
	must(read_text(b, "leave_one_out", o, "0\t1\t5\t978824351\n1\t0\t3\t1\n", &e), &e);
	must(read_text(b, "negatives", o, "(0,1)\t2\n(1,0)\t1\t2\t1\n", &e), &e);
	assert_int_equal(read_text(b, "negatives", o, "(0,2)\t1\n", &e), ERR_FORMAT);
	assert_string_equal(e.text, "f:1:1: (0,2) is not the held-out item that another file gave this user");
	assert_int_equal(read_text(b, "negatives", o, "(0,3)\t1\n", &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "f:1:4: the item id '3' is not in the id map "));
	struct dataset *d = finish(b);
	assert_int_equal(d->n_users, 2);
	assert_int_equal(d->n_items, 3);
	assert_int_equal(d->n, 2); /* (1, 661) is held out */
	assert_int_equal(d->held_out[0], dataset_find_item(d, "661"));
	assert_int_equal(d->held_out[1], dataset_find_item(d, "1193"));
	assert_int_equal(d->candidate_start[1], 1);
	assert_int_equal(d->candidate_start[2], 4);
	assert_int_equal(d->candidate[1], dataset_find_item(d, "661"));
	dataset_unref(d);
	remove_folder(folder);
}

static void write_archive(
	const char *path, int (*format)(struct archive *), int filter, int files, const char *text, size_t n)
{
	struct archive *a = archive_write_new();
	assert_int_equal(archive_write_add_filter(a, filter), ARCHIVE_OK);
	assert_int_equal(format(a), ARCHIVE_OK);
	assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
	for (int i = 0; i < files; i++) {
		struct archive_entry *entry = archive_entry_new();
		archive_entry_set_pathname(entry, i ? "folder/other.csv" : "folder/ratings.csv");
		archive_entry_set_size(entry, (la_int64_t)n);
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_entry_set_perm(entry, 0644);
		assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
		assert_int_equal(archive_write_data(a, text, n), (la_ssize_t)n);
		archive_entry_free(entry);
	}
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
}

static void expect_rows(const char *path, int64_t want)
{
	struct err e = {0};
	struct builder *b = builder_new("x");
	must(format_read(b, path, "csv", NULL, &e), &e);
	assert_int_equal(builder_rows(b), want);
	builder_free(b);
}

static void expect_error(const char *path, const char *part)
{
	struct err e = {0};
	struct builder *b = builder_new("x");
	assert_int_not_equal(format_read(b, path, "csv", NULL, &e), OK);
	if (!strstr(e.text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, e.text);
	builder_free(b);
}

/* Enough rows that lines straddle the pieces in which a file is read, and a last line without an end. */
static void compressed_in_place(void **state)
{
	enum { ROWS = 60000 };
	char folder[64], path[128], member[160];
	size_t n = (size_t)ROWS * (sizeof big_line - 1) - 1;
	char *text = mem_alloc(n + 2), *back;
	for (int i = 0; i < ROWS; i++)
		memcpy(text + (size_t)i * 10, big_line, 10);
	temp_folder(folder);
	struct err e = {0};
	snprintf(path, sizeof path, "%s/plain.csv", folder);
	must(fs_write_atomic(path, text, n, &e), &e);
	expect_rows(path, ROWS);
	static const int filters[] = {ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_XZ, ARCHIVE_FILTER_ZSTD};
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/packed-%d", folder, i);
		write_archive(path, archive_write_set_format_raw, filters[i], 1, text, n);
		expect_rows(path, ROWS);
		size_t size;
		must(fs_read_all(path, &back, &size, &e), &e);
		must(fs_write_atomic(path, back, size / 2, &e), &e);
		expect_error(path, "the file may be incomplete");
		mem_free(back);
	}
	snprintf(path, sizeof path, "%s/one.zip", folder);
	write_archive(path, archive_write_set_format_zip, ARCHIVE_FILTER_NONE, 1, text, n);
	expect_rows(path, ROWS);
	snprintf(path, sizeof path, "%s/two.tar.gz", folder);
	write_archive(path, archive_write_set_format_ustar, ARCHIVE_FILTER_GZIP, 2, text, n);
	expect_error(path, "holds 2 files; name one as \"two.tar.gz!member\": folder/ratings.csv, folder/other.csv");
	snprintf(member, sizeof member, "%s!other.csv", path);
	expect_rows(member, ROWS);
	snprintf(member, sizeof member, "%s!folder/ratings.csv", path);
	expect_rows(member, ROWS);
	snprintf(member, sizeof member, "%s!none", path);
	expect_error(member, "there is no 'none' in ");
	snprintf(member, sizeof member, "%s/plain.csv!x", folder);
	expect_error(member, "is no archive");
	expect_error("/nonexistent/file.csv", "there is no file /nonexistent/file.csv");
	mem_free(text);
	remove_folder(folder);
}

static void finds_raw_files(void **state)
{
	struct err e = {0};
	char folder[64], list[160], path[256], want[128], *before = getenv("GUSTO_DATA");
	before = before ? mem_strdup(before) : NULL;
	temp_folder(folder);
	snprintf(want, sizeof want, "%s/set", folder);
	must(fs_mkdirs(want, &e), &e);
	snprintf(want, sizeof want, "%s/set/a.csv.xz", folder);
	must(fs_write_atomic(want, "x", 1, &e), &e);
	snprintf(list, sizeof list, "/nonexistent::%s", folder);
	setenv("GUSTO_DATA", list, 1);
	must(format_find("set/a.csv", "the net", path, sizeof path, &e), &e);
	assert_string_equal(path, want);
	assert_int_equal(format_find("set/b.csv", "https://example.org", path, sizeof path, &e), ERR_NOTFOUND);
	assert_non_null(strstr(e.text, "get it from https://example.org"));
	if (before)
		setenv("GUSTO_DATA", before, 1);
	else
		unsetenv("GUSTO_DATA");
	mem_free(before);
	remove_folder(folder);
}

static void every_format_is_documented(void **state)
{
	assert_true(format_registry.n > 0);
	for (size_t i = 0; i < format_registry.n; i++) {
		const struct desc *d = format_registry.rows[i];
		assert_true(strlen(d->usage) > 0 && strlen(d->help) > 0);
		for (size_t k = 0; k < arg_count(d); k++)
			assert_true(strlen(d->args[k].help) > 0);
		assert_ptr_equal(registry_find(&format_registry, d->name), d);
	}
}

/* ---- the published files; counts from their READMEs ---- */

static bool find(const char *relative, char *path)
{
	struct err e;
	if (getenv("GUSTO_DATA") && format_find(relative, NULL, path, FS_PATH_MAX, &e) == OK)
		return true;
	print_message("skipped: %s is not under GUSTO_DATA\n", relative);
	return false;
}

static void read_file(struct builder *b, const char *path, const char *format, const struct format_options *o)
{
	struct err e = {0};
	must(format_read(b, path, format, o, &e), &e);
}

static void movielens_100k(void **state)
{
	char data[FS_PATH_MAX], item[FS_PATH_MAX], user[FS_PATH_MAX], buf[64];
	if (!find("ml-100k/u.data", data) || !find("ml-100k/u.item", item) || !find("ml-100k/u.user", user))
		skip();
	struct builder *b = builder_new("ml-100k");
	read_file(b, data, "movielens", NULL);
	read_file(b, item, "movielens", OPTIONS(.table = "item", .encoding = "latin-1"));
	read_file(b, user, "movielens", OPTIONS(.table = "user"));
	struct dataset *d = finish(b);
	assert_int_equal(d->n, 100000);
	assert_int_equal(d->n_users, 943);
	assert_int_equal(d->n_items, 1682);
	int64_t first = INT64_MAX, last = INT64_MIN;
	for (int64_t i = 0; i < d->n; i++) {
		first = d->time[i] < first ? d->time[i] : first;
		last = d->time[i] > last ? d->time[i] : last;
	}
	assert_true(first == 874724710 && last == 893286638);
	assert_string_equal(dataset_item_label(d, dataset_find_item(d, "1"), buf, sizeof buf), "Toy Story (1995)");
	assert_string_equal(cell(d, true, "1", "genres", buf), "Animation|Children's|Comedy");
	assert_string_equal(cell(d, false, "1", "occupation", buf), "technician");
	dataset_unref(d);
}

static void movielens_1m_with_the_test_of_ncf(void **state)
{
	char data[FS_PATH_MAX], movies[FS_PATH_MAX], map[FS_PATH_MAX], test[FS_PATH_MAX], negative[FS_PATH_MAX],
		buf[64];
	if (!find("ml-1m/ratings.tsv", data) || !find("ml-1m/movies.dat", movies) ||
		!find("ml-1m/ncf/item_map.tsv", map) || !find("ml-1m/ncf/ml-1m.test.rating", test) ||
		!find("ml-1m/ncf/ml-1m.test.negative", negative))
		skip();
	const struct format_options *ncf = OPTIONS(.id_offset_user = 1, .item_map = map);
	struct builder *b = builder_new("ml-1m");
	read_file(b, data, "tsv", OPTIONS(.columns = "user,item,rating,time"));
	assert_int_equal(builder_rows(b), 1000209);
	read_file(b, movies, "movielens", OPTIONS(.table = "item", .encoding = "latin-1"));
	read_file(b, test, "leave_one_out", ncf);
	read_file(b, negative, "negatives", ncf);
	struct dataset *d = finish(b);
	assert_int_equal(d->n_users, 6040);
	assert_int_equal(d->n_items, 3706);
	assert_int_equal(d->n, 994169); /* each of the 6,040 test pairs stood in the ratings exactly once */
	assert_int_equal(d->candidate_start[6040], 99 * 6040);
	int64_t stars[6] = {0}, twice = 0;
	for (int32_t u = 0; u < d->n_users; u++) {
		bool again = false;
		assert_true(d->held_out[u] >= 0);
		for (int64_t i = d->candidate_start[u]; i < d->candidate_start[u + 1]; i++)
			again |= d->candidate[i] == d->held_out[u];
		twice += again;
	}
	assert_int_equal(twice, 156);
	for (int64_t i = 0; i < d->n; i++)
		stars[(int)d->rating[i]]++;
	assert_true(stars[1] <= 56174 && stars[5] <= 226310 &&
		    stars[1] + stars[2] + stars[3] + stars[4] + stars[5] == d->n);
	/* NCF counts items by first appearance, as the builder does: user 0 holds out item 25. */
	assert_int_equal(d->held_out[0], 25);
	assert_string_equal(cell(d, true, "1", "genres", buf), "Animation|Children's|Comedy");
	assert_string_equal(
		dataset_item_label(d, dataset_find_item(d, "73"), buf, sizeof buf), "Mis\xc3\xa9rables, Les (1995)");
	dataset_unref(d);
}

static void sasrec_and_s3rec_files(void **state)
{
	char path[FS_PATH_MAX];
	if (!find("ml-1m/sasrec/ml-1m.txt", path))
		skip();
	struct builder *b = builder_new("sasrec");
	read_file(b, path, "pairs", NULL);
	struct dataset *d = finish(b);
	assert_int_equal(d->n, 999611);
	assert_int_equal(d->n_users, 6040);
	assert_int_equal(d->n_items, 3416);
	dataset_unref(d);
	if (!find("seq-beauty/Beauty.txt", path))
		skip();
	b = builder_new("beauty");
	read_file(b, path, "sequence", NULL);
	d = finish(b);
	assert_int_equal(d->n, 198502);
	assert_int_equal(d->n_users, 22363);
	assert_int_equal(d->n_items, 12101);
	dataset_unref(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_of_rows),
		cmocka_unit_test(parts_in_a_file_of_their_own),
		cmocka_unit_test(interactions_of_every_format),
		cmocka_unit_test(quotes),
		cmocka_unit_test(places_of_errors),
		cmocka_unit_test(wrong_options),
		cmocka_unit_test(attributes),
		cmocka_unit_test(attributes_of_recbole_and_rows),
		cmocka_unit_test(columns_of_interactions),
		cmocka_unit_test(json_lines),
		cmocka_unit_test(libfm_rows),
		cmocka_unit_test(libfm_names_its_features),
		cmocka_unit_test(given_ids),
		cmocka_unit_test(compressed_in_place),
		cmocka_unit_test(finds_raw_files),
		cmocka_unit_test(every_format_is_documented),
		cmocka_unit_test(movielens_100k),
		cmocka_unit_test(movielens_1m_with_the_test_of_ncf),
		cmocka_unit_test(sasrec_and_s3rec_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
