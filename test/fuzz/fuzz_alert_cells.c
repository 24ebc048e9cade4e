/*
 * Packed counters of alerts: nothing past the bytes is read, no cell has a place that cannot be; and what was read, added up and packed
 * is read again as it was.
 */
#include "fuzz.h"

#include "console/store/alert_cells.h"

enum { CELLS = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct alert_cell cells[CELLS];
	struct alert_cells c;
	struct alert_cell x;
	OWNED_BUF packed = BUF_INIT;
	size_t n = 0;
	int r = alert_cells_open((str){ (const char *)data, size }, &c, NULL);

	while (r == 0 && n < CELLS && alert_cells_next(&c, &x, NULL) > 0) {
		assert(x.hour >= 0 && x.series >= 0 && x.state >= 0 && x.state < 4);
		cells[n++] = x;
	}
	n = alert_cells_fold(cells, n);
	alert_cells_render(cells, n, &packed);
	assert(alert_cells_open(buf_str(&packed), &c, NULL) == 0);
	for (size_t i = 0; i < n; i++) {
		assert(alert_cells_next(&c, &x, NULL) == 1);
		assert(x.hour == cells[i].hour && x.series == cells[i].series &&
		       x.state == cells[i].state && x.n == cells[i].n);
	}
	assert(alert_cells_next(&c, &x, NULL) == 0);
	return 0;
}
