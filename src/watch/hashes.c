#include "watch/hashes.h"

#include <stdlib.h>

enum { SETS = 1024, WAYS = 4 };

enum state { FREE, ASKED, KNOWN, FAILED };

struct entry {
	struct hash_file file;
	enum state state;
	enum hash_gap gap; /* FAILED */
	bool passing;      /* forgotten once those who waited have seen it */
	uint64_t used;
	struct digest_sums sums;
};

struct hashes {
	uint32_t kinds;
	struct siphash_key key;
	hash_asker ask;
	void *ctx;
	bool wanted, missed;
	enum hash_gap gap;
	uint64_t clock;                    /* counts uses */
	struct entry entries[SETS * WAYS]; /* sets one behind the other */
};

const char *hash_gap_name(enum hash_gap g)
{
	static const char *const names[HASH_GAP_COUNT] = {
#define HASH_GAP_NAME(id, name) [HASH_##id] = name,
		HASH_GAPS(HASH_GAP_NAME)
#undef HASH_GAP_NAME
	};

	return names[g];
}

int hashes_new(uint32_t kinds, const struct siphash_key *key, hash_asker ask, void *ctx,
	       struct hashes **ret, struct err *e)
{
	struct hashes *h = calloc(1, sizeof(*h));

	if (!h)
		return err_set(e, ENOMEM, "watch: no memory for hashes of files");
	h->kinds = kinds;
	h->key = *key;
	h->ask = ask;
	h->ctx = ctx;
	*ret = h;
	return 0;
}

void hashes_free(struct hashes *h)
{
	free(h);
}

uint32_t hashes_kinds(const struct hashes *h)
{
	return h ? h->kinds : 0;
}

static struct hash_file file_of(const struct program *g)
{
	return (struct hash_file){ g->exe_inode, g->exe_ctime_ns, g->exe_mtime_ns, g->exe_device };
}

static bool is_same(const struct hash_file *a, const struct hash_file *b)
{
	return a->inode == b->inode && a->ctime_ns == b->ctime_ns && a->mtime_ns == b->mtime_ns &&
	       a->device == b->device;
}

static struct entry *set_of(struct hashes *h, const struct hash_file *f)
{
	const uint64_t words[] = { f->inode, f->ctime_ns, f->mtime_ns, f->device };

	return &h->entries[siphash(&h->key, (str){ (const char *)words, sizeof(words) }) % SETS *
			   WAYS];
}

static struct entry *find(struct hashes *h, const struct hash_file *f)
{
	struct entry *set = set_of(h, f);

	for (size_t i = 0; i < WAYS; i++)
		if (set[i].state != FREE && is_same(&set[i].file, f)) {
			set[i].used = ++h->clock;
			return &set[i];
		}
	return NULL;
}

void hashes_begin(struct hashes *h)
{
	if (h)
		h->wanted = h->missed = false;
}

static bool miss(struct hashes *h, enum hash_gap why, bool wanted)
{
	h->missed = true;
	h->wanted |= wanted;
	h->gap = why;
	return false;
}

bool hashes_get(struct hashes *h, const struct program *g, enum digest_kind k, const uint8_t **ret)
{
	struct hash_file f = file_of(g);
	const struct entry *e;

	/* The kernel side could not tell which file it is. */
	if (!f.inode)
		return miss(h, HASH_UNREADABLE, false);
	e = find(h, &f);
	if (!e || e->state == ASKED)
		return miss(h, HASH_LATE, true);
	if (e->state == FAILED)
		return miss(h, e->gap, false);
	if (!(e->sums.kinds & 1u << k))
		return miss(h, HASH_UNREADABLE, false);
	*ret = e->sums.sum[k];
	return true;
}

bool hashes_wanted(const struct hashes *h)
{
	return h && h->wanted;
}

bool hashes_missed(const struct hashes *h, enum hash_gap *ret)
{
	if (!h || !h->missed)
		return false;
	*ret = h->gap;
	return true;
}

static uint64_t number_of(const struct hashes *h, const struct entry *e)
{
	return (uint64_t)(e - h->entries) + 1;
}

/* A place for a file; one whose answer is awaited stays. NULL: there is none */
static struct entry *place_for(struct hashes *h, const struct hash_file *f)
{
	struct entry *set = set_of(h, f), *best = NULL;

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].state == FREE)
			return &set[i];
		if (set[i].state != ASKED && (!best || set[i].used < best->used))
			best = &set[i];
	}
	return best;
}

uint64_t hashes_ask(struct hashes *h, const struct program *g, struct hash_question *q)
{
	struct entry *e;

	q->file = file_of(g);
	q->kinds = h->kinds;
	e = find(h, &q->file);
	if (e)
		return number_of(h, e);
	e = place_for(h, &q->file);
	if (!e || !h->ask(h->ctx, q)) {
		miss(h, HASH_BUSY, false);
		return 0;
	}
	*e = (struct entry){ .file = q->file, .state = ASKED, .used = ++h->clock };
	return number_of(h, e);
}

uint64_t hashes_answer(struct hashes *h, const struct hash_answer *a)
{
	struct entry *e = h ? find(h, &a->file) : NULL;

	if (!e || e->state != ASKED)
		return 0;
	e->state = a->known ? KNOWN : FAILED;
	e->gap = a->gap;
	e->sums = a->sums;
	/* What was too large is so next time; anything else may go better. */
	e->passing = !a->settled || (!a->known && a->gap != HASH_TOO_LARGE);
	return number_of(h, e);
}

void hashes_answered(struct hashes *h, uint64_t number)
{
	struct entry *e = &h->entries[number - 1];

	if (e->passing)
		e->state = FREE;
}
