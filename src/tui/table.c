#include "tui/table.h"

#include "tui/text.h"

struct table table_layout(const struct table_column *column, int n, int width)
{
	struct table t = {.column = column, .n = n < TABLE_COLUMNS ? n : TABLE_COLUMNS};
	int total = 0, growers = 0, highest = 0;
	for (int i = 0; i < t.n; i++) {
		t.w[i] = column[i].width;
		total += t.w[i] + 1;
		highest = column[i].rank > highest ? column[i].rank : highest;
	}
	for (int rank = highest; rank > 0 && total > width; rank--)
		for (int i = t.n - 1; i >= 0 && total > width; i--)
			if (column[i].rank == rank) {
				total -= t.w[i] + 1;
				t.w[i] = 0;
			}
	for (int i = 0; i < t.n; i++)
		growers += column[i].grow && t.w[i] > 0;
	int spare = width > total ? width - total : 0, x = 0;
	for (int i = 0; i < t.n; i++) {
		if (column[i].grow && t.w[i] > 0) {
			t.w[i] += spare / growers;
			spare -= spare / growers;
			growers--;
		}
		t.x[i] = x;
		x += t.w[i] ? t.w[i] + 1 : 0;
	}
	return t;
}

void table_cell(const struct table *t, struct pane p, int y, int column, struct style st, const char *text)
{
	if (t->w[column] == 0)
		return;
	struct pane c = pane_sub(p, t->x[column], y, t->w[column], 1);
	if (t->column[column].right && text_width(text) <= c.w)
		pane_right(c, c.w, 0, st, text);
	else
		pane_text(c, 0, 0, c.w, st, text);
}

void table_header(const struct table *t, struct pane p, int y, int sorted)
{
	for (int i = 0; i < t->n; i++)
		table_cell(t, p, y, i, i == sorted ? STYLE_BOLD(ROLE_ACCENT) : STYLE(ROLE_DIM), t->column[i].title);
}

int table_scroll(int n, int room, int selected)
{
	if (room <= 0 || n <= room)
		return 0;
	int first = selected - room / 2;
	return first < 0 ? 0 : first > n - room ? n - room : first;
}
