#include "eval/metric.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METRIC(name) extern const struct metric_class metric_##name;
#include "eval/metrics.def"
#undef METRIC

static const struct desc *const rows[] = {
#define METRIC(name) &metric_##name.desc,
#include "eval/metrics.def"
#undef METRIC
};

const struct registry metric_registry = {"metric", rows, sizeof rows / sizeof rows[0]};

static enum err_code parse_cutoff(const char *text, const char *at, struct metric *out, struct err *e)
{
	char *end;
	long k = at ? strtol(at + 1, &end, 10) : 0;
	if (at && (at[1] < '0' || at[1] > '9' || *end != '\0' || k < 1 || k > 1000000000))
		return err_set(
			e, ERR_ARG, "metric '%s': the cut-off after @ must be a whole number of at least 1", text);
	out->k = (int)k;
	if (at && !out->class->cutoff)
		return err_set(e, ERR_ARG, "metric '%s': %s takes no cut-off", text, out->class->desc.name);
	if (!at && out->class->needs == METRIC_LISTS)
		return err_set(e, ERR_ARG, "metric '%s' needs a cut-off: %s@10", text, text);
	return OK;
}

enum err_code metric_parse(const char *text, struct metric *out, struct err *e)
{
	const char *at = strchr(text, '@');
	size_t n = at ? (size_t)(at - text) : strlen(text);
	if (strlen(text) >= sizeof out->name)
		return err_set(e, ERR_ARG, "the metric name '%.60s...' is too long", text);
	memcpy(out->name, text, n);
	out->name[n] = '\0';
	const struct desc *d = registry_need(&metric_registry, out->name, e);
	if (!d)
		return ERR_NOTFOUND;
	out->class = (const struct metric_class *)d;
	snprintf(out->name, sizeof out->name, "%s", text);
	return parse_cutoff(text, at, out, e);
}
