#include "prog/agent/census.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/time.h"

struct thing {
	struct thing *next;
	uint64_t doc_hash;
	uint32_t pass; /* of its kind, when it was seen last */
	uint16_t kind, id_n;
	bool doubtful;
	char id[];
};

struct census {
	census_teller tell;
	void *ctx;
	struct thing **slots;
	size_t slot_count, count;
	uint32_t pass[CENSUS_KIND_COUNT];
	bool renew[CENSUS_KIND_COUNT];    /* from the next pass on */
	bool renewing[CENSUS_KIND_COUNT]; /* everything is told, the end of the snapshot is owed */
	uint64_t cut, cut_before;         /* when census_cut_began() was asked last */
	bool cutting;
	struct buf doc;
};

enum { SLOTS = 16384 };

static const char *const names[] = {
#define CENSUS_NAME(id, name) [CENSUS_##id] = (name),
	CENSUS_KINDS(CENSUS_NAME)
#undef CENSUS_NAME
};

int census_new(census_teller tell, void *ctx, struct census **ret, struct err *e)
{
	struct census *c = calloc(1, sizeof(*c));

	if (c)
		c->slots = calloc(SLOTS, sizeof(*c->slots));
	if (!c || !c->slots) {
		census_free(c);
		return err_sys(e, ENOMEM, "census");
	}
	c->slot_count = SLOTS;
	c->tell = tell;
	c->ctx = ctx;
	census_renew(c);
	*ret = c;
	return 0;
}

void census_free(struct census *c)
{
	if (!c)
		return;
	for (size_t i = 0; c->slots && i < c->slot_count; i++)
		for (struct thing *t = c->slots[i], *next; t; t = next) {
			next = t->next;
			free(t);
		}
	free(c->slots);
	buf_done(&c->doc);
	free(c);
}

static struct thing **find(struct census *c, enum census_kind k, str id)
{
	struct thing **at = &c->slots[(str_hash(id) + (uint64_t)k * 0x9e37u) % c->slot_count];

	while (*at && !((*at)->kind == k && str_eq((str){ (*at)->id, (*at)->id_n }, id)))
		at = &(*at)->next;
	return at;
}

static void put_time(struct buf *out, uint64_t ns)
{
	char text[TIME_TEXT_BYTES];

	time_render((int64_t)(ns / SECOND_NS), text);
	buf_printf(out, "%.19s.%09lluZ", text, (unsigned long long)(ns % SECOND_NS));
}

/** {"time":"...",MEMBERS} */
static int tell(struct census *c, const char *kind, str doc)
{
	buf_reset(&c->doc);
	buf_add(&c->doc, S("{\"time\":\""));
	put_time(&c->doc, clock_ns(CLOCK_REALTIME));
	buf_add(&c->doc, S("\","));
	buf_add(&c->doc, str_skip(doc, 1));
	return buf_error(&c->doc) ? buf_error(&c->doc) : c->tell(c->ctx, kind, buf_str(&c->doc));
}

static int tell_gone(struct census *c, enum census_kind k, str id)
{
	OWNED_BUF doc = BUF_INIT;
	struct json_out j;

	json_out_init(&j, &doc, false);
	json_object_open(&j);
	json_put_cstr(&j, "kind", names[k]);
	json_put_str(&j, "id", id);
	json_object_close(&j);
	return buf_error(&doc) ? buf_error(&doc) : tell(c, "gone", buf_str(&doc));
}

static struct thing *add(struct census *c, struct thing **at, enum census_kind k, str id)
{
	struct thing *t = c->count < CENSUS_MAX ? malloc(sizeof(*t) + id.n) : NULL;

	if (!t)
		return NULL;
	*t = (struct thing){ .kind = (uint16_t)k, .id_n = (uint16_t)id.n };
	memcpy(t->id, id.p, id.n);
	*at = t;
	c->count++;
	return t;
}

void census_put(struct census *c, enum census_kind k, str id, str doc)
{
	struct thing **at = find(c, k, id), *t = *at;
	uint64_t hash = str_hash(doc) | 1;

	if (!t && (id.n == 0 || id.n > CENSUS_ID_MAX || !(t = add(c, at, k, id)))) {
		c->cut++;
		return;
	}
	t->pass = c->pass[k];
	t->doubtful = false;
	if (t->doc_hash == hash && !c->renewing[k])
		return;
	/* What cannot be told now is told with the next pass. */
	t->doc_hash = tell(c, names[k], doc) < 0 ? 0 : hash;
}

void census_put_doc(struct census *c, enum census_kind k, str id, const struct buf *doc)
{
	if (buf_error(doc))
		c->cut++;
	else
		census_put(c, k, id, buf_str(doc));
}

bool census_keep(struct census *c, enum census_kind k, str id)
{
	struct thing *t = *find(c, k, id);

	if (!t || !t->doc_hash || t->doubtful || c->renewing[k])
		return false;
	t->pass = c->pass[k];
	return true;
}

void census_doubt(struct census *c, enum census_kind k, str id)
{
	struct thing *t = *find(c, k, id);

	if (t)
		t->doubtful = true;
}

bool census_has(struct census *c, enum census_kind k, str id)
{
	const struct thing *t = *find(c, k, id);

	return t && t->pass == c->pass[k];
}

static void forget(struct census *c, struct thing **at)
{
	struct thing *t = *at;

	*at = t->next;
	free(t);
	c->count--;
}

void census_drop(struct census *c, enum census_kind k, str id, str last_doc)
{
	struct thing **at = find(c, k, id);

	if (last_doc.n && tell(c, names[k], last_doc) < 0)
		return;
	if (tell_gone(c, k, id) == 0 && *at)
		forget(c, at);
}

static int tell_snapshot(struct census *c, enum census_kind k, const char *state)
{
	char doc[80];

	snprintf(doc, sizeof(doc), "{\"kind\":\"%s\",\"state\":\"%s\"}", names[k], state);
	return tell(c, "snapshot", str_from(doc));
}

void census_begin(struct census *c, enum census_kind k)
{
	c->pass[k]++;
	if (c->renew[k] && tell_snapshot(c, k, "begin") == 0) {
		c->renew[k] = false;
		c->renewing[k] = true;
	}
}

void census_end(struct census *c, enum census_kind k)
{
	for (size_t i = 0; i < c->slot_count; i++)
		for (struct thing **at = &c->slots[i]; *at;) {
			struct thing *t = *at;

			if (t->kind == k && t->pass != c->pass[k] &&
			    tell_gone(c, k, (str){ t->id, t->id_n }) == 0)
				forget(c, at);
			else
				at = &t->next;
		}
	if (c->renewing[k] && tell_snapshot(c, k, "end") == 0)
		c->renewing[k] = false;
}

void census_renew(struct census *c)
{
	for (int k = 0; k < CENSUS_KIND_COUNT; k++)
		c->renew[k] = true;
}

uint64_t census_cut(const struct census *c)
{
	return c->cut;
}

bool census_cut_began(struct census *c)
{
	const bool cuts = c->cut > c->cut_before, began = cuts && !c->cutting;

	c->cut_before = c->cut;
	c->cutting = cuts;
	return began;
}
