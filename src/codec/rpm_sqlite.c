#include "codec/rpm_sqlite.h"

#include "codec/rpm_bytes_priv.h"
#include "codec/rpm_pager_priv.h"

enum {
	PAGE_INTERIOR = 5,
	PAGE_LEAF = 13,
	MAX_DEPTH = 20, /* SQLite's own bound */
	MAX_SCHEMA_ROW = 65536,
	FIRST_PAGE_HEADER = 100,
};

struct tree {
	struct rpm_pager *pager;
	const struct rpm_sink *sink;
	struct buf payload;
	/* Handles a row; anything but 0 ends the walk. */
	int (*row)(struct tree *t, str record, uint64_t offset);
	uint32_t packages_root; /* found in the schema */
	uint64_t budget;        /* bytes of rows that may still be handled */
};

bool rpm_sqlite_is(str file, str wal)
{
	return rpm_pager_is(file, wal);
}

/* Takes a variable-length integer (fileformat2, 1.6) off the head of s. */
static bool take_varint(str *s, uint64_t *ret)
{
	uint64_t v = 0;

	for (size_t i = 0; i < 9 && i < s->n; i++) {
		uint32_t b = rpm_u8(*s, i);

		if (i == 8) {
			v = v << 8 | b;
		} else {
			v = v << 7 | (b & 0x7f);
			if (b & 0x80)
				continue;
		}
		*s = str_skip(*s, i + 1);
		*ret = v;
		return true;
	}
	return false;
}

/* How much of a payload of `bytes` lies in its leaf cell (fileformat2, 1.6). */
static uint64_t local_bytes(const struct rpm_pager *p, uint64_t bytes)
{
	uint64_t usable = p->usable_bytes, most = usable - 35;
	uint64_t least = (usable - 12) * 32 / 255 - 23;
	uint64_t k;

	if (bytes <= most)
		return bytes;
	k = least + (bytes - least) % (usable - 4);
	return k <= most ? k : least;
}

/* Puts a cell's payload together; one without overflow pages is not copied. */
static bool join_payload(struct tree *t, str cell, str *ret, uint64_t *ret_used)
{
	struct rpm_pager *p = t->pager;
	uint64_t bytes, rowid, local;
	size_t whole = cell.n;
	uint32_t next;

	if (!take_varint(&cell, &bytes) || !take_varint(&cell, &rowid) ||
	    bytes > RPM_SINK_MAX_BLOB + 64 || bytes > t->budget)
		return false;
	t->budget -= bytes;
	local = local_bytes(p, bytes);
	if (cell.n < local || (local < bytes && cell.n < local + 4))
		return false;
	*ret = str_take(cell, (size_t)local);
	*ret_used = MAX(whole - cell.n + local + (local < bytes ? 4 : 0), (uint64_t)4);
	if (local == bytes)
		return true;
	buf_reset(&t->payload);
	buf_add(&t->payload, *ret);
	next = rpm_be32(cell, (size_t)local);
	while (t->payload.n < bytes) {
		str page = rpm_pager_visit(p, next);

		if (!page.n)
			return false;
		next = rpm_be32(page, 0);
		buf_add(&t->payload,
			str_take(str_skip(page, 4),
				 MIN(p->usable_bytes - 4, (size_t)bytes - t->payload.n)));
		if (buf_error(&t->payload) < 0)
			return false;
	}
	*ret = buf_str(&t->payload);
	return true;
}

/* One level of the walk: a page and which of its cells comes next. */
struct level {
	str page;
	uint32_t number;
	uint32_t cells;
	uint32_t next;
	size_t header; /* where the b-tree's header begins */
	uint64_t used; /* bytes of the cells that were seen */
	bool is_leaf;
};

static bool enter_page(struct tree *t, uint32_t number, struct level *l)
{
	str page = rpm_pager_visit(t->pager, number);
	size_t header = number == 1 ? FIRST_PAGE_HEADER : 0;
	uint32_t type, cells;
	size_t index;

	if (!page.n)
		return false;
	page = str_take(page, t->pager->usable_bytes);
	type = rpm_u8(page, header);
	cells = rpm_be16(page, header + 3);
	index = header + (type == PAGE_LEAF ? 8 : 12) + 2 * (size_t)cells;
	if ((type != PAGE_LEAF && type != PAGE_INTERIOR) || index > page.n)
		return false;
	*l = (struct level){ .page = page,
			     .number = number,
			     .cells = cells,
			     .header = header,
			     .is_leaf = type == PAGE_LEAF };
	return true;
}

static str cell_of(const struct level *l, uint32_t i)
{
	size_t index = l->header + (l->is_leaf ? 8 : 12) + 2 * (size_t)i;

	return str_skip(l->page, rpm_be16(l->page, index));
}

static int take_row(struct tree *t, struct level *l, uint32_t i)
{
	uint64_t offset = rpm_pager_offset(t->pager, l->number), used = 0;
	bool whole;
	str record;

	whole = join_payload(t, cell_of(l, i), &record, &used);
	l->used += used;
	if (whole)
		return t->row(t, record, offset);
	if (buf_error(&t->payload) == -ENOMEM)
		return -ENOMEM;
	rpm_sink_damage(t->sink, offset, "the pages of a row are broken");
	return 0;
}

/* The i-th child; the last one stands in the header. */
static uint32_t child_of(struct level *l, uint32_t i)
{
	str cell, rest;
	uint64_t rowid;

	if (i == l->cells)
		return rpm_be32(l->page, l->header + 8);
	cell = cell_of(l, i);
	rest = str_skip(cell, 4);
	if (cell.n < 4 || !take_varint(&rest, &rowid))
		return 0;
	l->used += cell.n - rest.n;
	return rpm_be32(cell, 0);
}

/*
 * Whether the cells, the free blocks and the stray bytes of a page add up to its content area (as SQLite's own
 * integrity check demands): a page that claims fewer cells than it has would lose packages unseen.
 */
static bool adds_up(const struct level *l)
{
	uint32_t start = rpm_be16(l->page, l->header + 5);
	uint32_t block = rpm_be16(l->page, l->header + 1);
	uint64_t sum = l->used + rpm_u8(l->page, l->header + 7);
	uint32_t last = 0;

	while (block) {
		if (block <= last || (size_t)block + 4 > l->page.n)
			return false;
		last = block;
		sum += rpm_be16(l->page, (size_t)block + 2);
		block = rpm_be16(l->page, block);
	}
	return sum + (start ? start : 65536) == l->page.n;
}

static int walk(struct tree *t, uint32_t root)
{
	struct level stack[MAX_DEPTH];
	size_t depth = 0;

	if (!enter_page(t, root, &stack[0])) {
		rpm_sink_damage(t->sink, rpm_pager_offset(t->pager, root),
				"a table's root is broken");
		return 0;
	}
	for (;;) {
		struct level *l = &stack[depth];
		int r = 0;

		if (l->next >= l->cells + !l->is_leaf) {
			if (!adds_up(l))
				rpm_sink_damage(t->sink, rpm_pager_offset(t->pager, l->number),
						"a page of a table has lost rows");
			if (!depth)
				return 0;
			depth--;
			continue;
		}
		if (l->is_leaf) {
			r = take_row(t, l, l->next++);
		} else {
			uint32_t child = child_of(l, l->next++);

			if (depth + 1 < MAX_DEPTH && enter_page(t, child, &stack[depth + 1]))
				depth++;
			else
				rpm_sink_damage(t->sink, rpm_pager_offset(t->pager, child),
						"a page of a table is missing or broken");
		}
		if (r < 0)
			return r;
	}
}

/* Bytes of a column by its serial type (fileformat2, 2.1). */
static uint64_t column_bytes(uint64_t type)
{
	static const uint8_t fixed[] = { 0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0 };

	return type < 12 ? fixed[type] : (type - 12) / 2;
}

/* The column's bytes and serial type. */
static bool column_of(str record, unsigned int column, str *ret, uint64_t *ret_type)
{
	str header = record;
	uint64_t header_bytes, at, type;

	if (!take_varint(&header, &header_bytes) || header_bytes > record.n ||
	    header_bytes < record.n - header.n)
		return false;
	at = header_bytes;
	header = str_take(header, (size_t)header_bytes - (record.n - header.n));
	for (unsigned int i = 0; take_varint(&header, &type); i++) {
		uint64_t bytes = column_bytes(type);

		if (bytes > record.n - at)
			return false;
		if (i == column) {
			*ret = str_take(str_skip(record, (size_t)at), (size_t)bytes);
			*ret_type = type;
			return true;
		}
		at += bytes;
	}
	return false;
}

static bool is_text(uint64_t type)
{
	return type >= 13 && type % 2;
}

static bool integer_of(str bytes, uint64_t type, uint64_t *ret)
{
	uint64_t v = 0;

	if (type == 8 || type == 9) {
		*ret = type - 8;
		return true;
	}
	if (!type || type > 6)
		return false;
	for (size_t i = 0; i < bytes.n; i++)
		v = v << 8 | rpm_u8(bytes, i);
	*ret = v;
	return true;
}

/* A row of sqlite_schema: type, name, tbl_name, rootpage, sql */
static int schema_row(struct tree *t, str record, uint64_t offset)
{
	str kind, name, root;
	uint64_t kind_type, name_type, root_type, number;

	if (record.n > MAX_SCHEMA_ROW || !column_of(record, 0, &kind, &kind_type) ||
	    !column_of(record, 1, &name, &name_type) || !column_of(record, 3, &root, &root_type) ||
	    !is_text(kind_type) || !is_text(name_type)) {
		rpm_sink_damage(t->sink, offset, "a row of the schema is broken");
		return 0;
	}
	if (str_is(kind, "table") && str_is(name, "Packages") &&
	    integer_of(root, root_type, &number) && number <= UINT32_MAX)
		t->packages_root = (uint32_t)number;
	return 0;
}

/* A row of Packages: hnum INTEGER PRIMARY KEY (hence NULL here), blob */
static int package_row(struct tree *t, str record, uint64_t offset)
{
	str blob;
	uint64_t type;

	if (column_of(record, 1, &blob, &type) && type >= 12 && type % 2 == 0)
		return t->sink->blob(t->sink->ctx, blob);
	rpm_sink_damage(t->sink, offset, "a row holds no header");
	return 0;
}

int rpm_sqlite_read(str file, str wal, const struct rpm_sink *sink, struct err *e)
{
	struct rpm_pager pager;
	struct tree t = {
		.pager = &pager,
		.sink = sink,
		.row = schema_row,
		/* Sound cells do not overlap. Some slack keeps one broken row from starving the
			   * others; the bound keeps a hostile file from keeping us busy. */
		.budget = 4 * ((uint64_t)file.n + wal.n),
		.payload = { .max = RPM_SINK_MAX_BLOB + 64 }
	};
	int r = rpm_pager_open(&pager, file, wal, e);

	if (r < 0)
		return r;
	r = walk(&t, 1);
	if (r == 0 && !t.packages_root) {
		r = err_set(e, EBADMSG, "SQLite: there is no table of packages");
	} else if (r == 0) {
		t.row = package_row;
		r = walk(&t, t.packages_root);
		if (r < 0)
			r = err_set(e, -r, "SQLite: reading ended early");
	}
	buf_done(&t.payload);
	rpm_pager_close(&pager);
	return r;
}
