#include "cli/estimate.h"

#include "run/bench.h"

#include <stdio.h>
#include <sys/resource.h>

static const double sample_seconds = 0.2;

/* 0.8 s, 42 s, 3.5 min, 2.1 h */
static void print_time(double seconds)
{
	if (seconds < 90)
		printf("%.*f s", seconds < 10 ? 1 : 0, seconds);
	else if (seconds < 5400)
		printf("%.1f min", seconds / 60);
	else
		printf("%.1f h", seconds / 3600);
}

enum err_code estimate_print(struct experiment *x, int threads, struct err *e)
{
	const struct bench_options o = {.seconds = sample_seconds, .threads = threads};
	double epochs = knobset_number(&x->knobs, "epochs", x->train.epochs);
	struct bench_result r;
	struct rusage u;
	if (x->world || epochs <= 0)
		return OK;
	enum err_code code = bench_run(x, &o, &r, e);
	if (code != OK)
		return code == ERR_ARG ? OK : code; /* nothing is trained by gradient */
	getrusage(RUSAGE_SELF, &u);
	printf("estimate: %.0f steps and ", r.epoch_s * r.steps_per_s);
	print_time(r.epoch_s);
	printf(" an epoch, ");
	print_time(r.epoch_s * epochs);
	printf(" for %.0f epoch%s without evaluations, %.0f MB\n", epochs, epochs == 1 ? "" : "s",
		(double)u.ru_maxrss / 1024);
	fflush(stdout);
	return OK;
}
