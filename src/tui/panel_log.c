#include "tui/text.h"
#include "tui/ui.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct lines {
	int up; /* lines scrolled back from the end */
	bool warnings;
};

static bool shown(const struct lines *s, const struct ui *ui, const struct event_row *e)
{
	const char *f = ui->filter[panel_index("log")];
	if (s->warnings && strcmp(e->level, "info") == 0)
		return false;
	return !f[0] || text_contains(e->text, f) || text_contains(e->kind, f) || text_contains(e->level, f);
}

static int matching(const struct lines *s, const struct ui *ui)
{
	const struct run_view *r = ui->model.open;
	int n = 0;
	for (size_t i = 0; r && i < r->nevents; i++)
		n += shown(s, ui, &r->event[i]);
	return n;
}

static void line(const struct ui *ui, const struct event_row *e, struct pane p, int y)
{
	char when[16] = "", at[32];
	time_t t = (time_t)e->time;
	struct tm tm;
	if (!ui->plain_ago && localtime_r(&t, &tm))
		strftime(when, sizeof when, "%H:%M:%S", &tm);
	uint8_t role = strcmp(e->level, "error") == 0  ? ROLE_BAD
		       : strcmp(e->level, "warn") == 0 ? ROLE_WARN
						       : ROLE_TEXT;
	int x = 1;
	if (when[0])
		x += pane_text(p, x, y, 8, STYLE(ROLE_DIM), when) + 1;
	pane_right(p, x + 9, y, STYLE(ROLE_DIM), num_count(at, sizeof at, (double)e->step));
	x += 10;
	pane_put(p, x, y, role == ROLE_BAD ? 'E' : role == ROLE_WARN ? 'W' : ' ', STYLE_BOLD(role));
	x += 2;
	x += pane_text(p, x, y, 12, STYLE(ROLE_ACCENT), e->kind) + 1;
	pane_text(p, x, y, p.w - x - 1, STYLE(role), e->text);
}

static void log_draw(const void *self, const struct ui *ui, struct pane p)
{
	const struct lines *s = self;
	const struct run_view *r = ui->model.open;
	char note[64];
	int n = matching(s, ui);
	snprintf(note, sizeof note, "%s%d of %zu", s->warnings ? "warnings, " : "", n, r ? r->nevents : 0);
	struct pane in = pane_frame(p, "Log", note, true);
	if (n == 0) {
		pane_text(in, 1, 1, in.w - 2, STYLE(ROLE_TEXT),
			!r	     ? "no run is open"
			: r->nevents ? "no line matches"
				     : "nothing happened yet");
		return;
	}
	int up = s->up > n - in.h ? n - in.h : s->up;
	int last = n - (up < 0 ? 0 : up), first = last - in.h < 0 ? 0 : last - in.h, k = 0;
	for (size_t i = 0; r && i < r->nevents; i++) {
		if (!shown(s, ui, &r->event[i]))
			continue;
		if (k >= first && k < last)
			line(ui, &r->event[i], in, k - first);
		k++;
	}
	pane_cursor(in, 0, last - first - 1);
}

static bool log_act(void *self, struct ui *ui, enum action a)
{
	struct lines *s = self;
	int n = matching(s, ui);
	switch (a) {
	case ACT_UP:
	case ACT_PAGE_UP:
		s->up += a == ACT_UP ? 1 : 10;
		break;
	case ACT_DOWN:
	case ACT_PAGE_DOWN:
		s->up -= a == ACT_DOWN ? 1 : 10;
		break;
	case ACT_TOP:
		s->up = n;
		break;
	case ACT_BOTTOM:
		s->up = 0;
		break;
	case ACT_WARNINGS:
		s->warnings = !s->warnings;
		s->up = 0;
		break;
	default:
		return false;
	}
	s->up = s->up > n - 1 ? n - 1 : s->up;
	s->up = s->up < 0 ? 0 : s->up;
	return true;
}

const struct panel_class panel_log = {
	.desc = {"log", "Log", "What happened in the open run: evaluations, checkpoints, tweaks, warnings."},
	.tab = "6Log",
	.scope = SCOPE_LOG,
	.size = sizeof(struct lines),
	.act = log_act,
	.draw = log_draw,
};
