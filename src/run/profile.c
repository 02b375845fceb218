#include "run/profile.h"

#include <stdio.h>

enum { OPS_MAX = 512 };

static double print_program(const struct program *p, int64_t steps, double seconds)
{
	struct op_time times[OPS_MAX];
	int n = program_times(p, times, OPS_MAX);
	double inside = 0;
	for (int k = 0; k < n; k++) {
		double spent = times[k].forward + times[k].backward;
		printf("%-20s %-32s %10.1f %10.1f %8.1f %%", times[k].op, times[k].scope,
			1e6 * times[k].forward / (double)steps, 1e6 * times[k].backward / (double)steps,
			100 * spent / seconds);
		if (times[k].work.bytes > 0 && spent > 0)
			printf(" %10.1f %8.1f", 1e-9 * times[k].work.flops / spent, 1e-9 * times[k].work.bytes / spent);
		printf("\n");
		inside += spent;
	}
	return inside;
}

void profile_print(const struct rig *r, int64_t steps, double seconds, double loading)
{
	double inside = 0;
	if (steps < 1 || seconds <= 0)
		return;
	printf("%-20s %-32s %10s %10s %10s %10s %8s  us a step, first worker\n", "op", "layer", "forward", "backward",
		"share", "GFLOP/s", "GB/s");
	for (int k = 0; k < r->n_losses; k++)
		inside += print_program(r->losses[k].program, steps, seconds);
	printf("ops %.1f us, batches %.1f us, all else (optimizer, waiting) %.1f us, whole step %.1f us\n",
		1e6 * inside / (double)steps, 1e6 * loading / (double)steps,
		1e6 * (seconds - inside - loading) / (double)steps, 1e6 * seconds / (double)steps);
}
