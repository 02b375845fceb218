#include "data/kind.h"

#include "base/str.h"

#define KIND(name) extern const struct kind_class kind_##name;
#include "data/kinds.def"
#undef KIND

#define KIND(name) &kind_##name.desc,
static const struct desc *const rows[] = {
#include "data/kinds.def"
};
#undef KIND

const struct registry kind_registry = {.kind = "batch", .rows = rows, .n = sizeof rows / sizeof *rows};

struct args kind_args(const struct kind_class *k, const struct args *given)
{
	struct args a;
	args_default(&k->desc, &a);
	for (size_t i = 0; given && i < arg_count(&k->desc); i++)
		if (given->given[i]) {
			a.num[i] = given->num[i];
			a.given[i] = true;
		}
	return a;
}

bool kind_by_item(const struct kind_class *k, const struct args *given)
{
	struct args a = kind_args(k, given);
	return k->by_item && k->by_item(&a);
}

const struct kind_class *kind_need(const char *name, struct err *e)
{
	const struct desc *d = registry_find(&kind_registry, name ? name : "");
	struct str names = {0};
	for (size_t i = 0; !d && i < kind_registry.n; i++)
		str_printf(&names, "%s%s", i ? ", " : "", rows[i]->name);
	if (!d)
		err_set(e, ERR_ARG, "there are no batches of kind '%s'; there are %s", name ? name : "",
			str_text(&names));
	str_free(&names);
	return (const struct kind_class *)d;
}
