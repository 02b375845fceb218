/* gusto: train, watch, steer and question recommender models. */
#include "base/str.h"
#include "base/version.h"
#include "cli/command.h"
#include "cli/workbench.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void help(void)
{
	printf("gusto: a terminal workbench for deep recommender models\n\n"
	       "  gusto                 open the workbench (runs of ./runs, or of $GUSTO_RUNS)\n");
	for (size_t i = 0; i < command_registry.n; i++) {
		const struct desc *d = command_registry.rows[i];
		const char *stop = strpbrk(d->help, ".\n");
		printf("  gusto %-15s %.*s\n", d->name, (int)(stop ? (size_t)(stop - d->help) : strlen(d->help)),
			d->help);
	}
	printf("\n`gusto help COMMAND` tells a command's options, `gusto doc NAME` a layer, op, model, metric, ...\n");
}

static int fail(const struct err *e, int status)
{
	fflush(stdout);
	fprintf(stderr, "gusto: %s\n", e->text);
	return status;
}

static int run_command(const struct command *k, int argc, char **argv)
{
	struct err e = {OK, ""};
	struct command_line c;
	int status = 0;
	if (command_parse(k, argc, argv, &c, &e) != OK)
		status = fail(&e, 2);
	else if (k->run(&c, &e) != OK)
		status = fail(&e, e.code == ERR_ARG ? 2 : 1);
	command_line_free(&c);
	if (fflush(stdout) != 0 && status == 0) {
		perror("gusto: standard output");
		status = 1;
	}
	return status;
}

static int help_on(const char *name)
{
	struct err e = {OK, ""};
	const struct desc *d = registry_need(&command_registry, name, &e);
	if (!d)
		return fail(&e, 2);
	command_help((const struct command *)d);
	return 0;
}

/* Closed forms, products of programs that couple the batch, and preparations run on OpenMP's threads (the steps of training have a team of
 * their own, base/team.h).  libgomp reads its environment when it is loaded, and its default makes an idle thread spin for milliseconds,
 * which takes the core from whoever has work where cores are shared (the team, the workbench, a second run). */
static void spin_briefly(char **argv)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (n <= 0 || getenv("GOMP_SPINCOUNT") || getenv("OMP_WAIT_POLICY"))
		return;
	self[n] = '\0';
	setenv("GOMP_SPINCOUNT", "2000", 1);
	execv(self, argv); /* where this fails, the default serves */
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		printf("gusto %s\n", GUSTO_VERSION);
		return 0;
	}
	spin_briefly(argv);
	struct err e = {OK, ""};
	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a limit of the file size is an error of write, like a full disk */
	if (argc < 2)
		return workbench_open(NULL, &e) == OK ? 0 : fail(&e, 1);
	const char *name = argv[1];
	if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
		if (argc > 2)
			return help_on(argv[2]);
		help();
		return 0;
	}
	const struct desc *d = registry_need(&command_registry, name, &e);
	if (!d)
		return fail(&e, 2);
	if (argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0))
		return help_on(name);
	return run_command((const struct command *)d, argc - 2, argv + 2);
}
