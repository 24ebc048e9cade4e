#include "watch/fold.h"

#include "codec/digest.h"
#include "watch/alert_copy.h"

enum { BUCKETS = 64, WAYS = 8, TELL_FROM = 16, HEX_RUN = 8, PART_MOST = 512 };

#define SLACK_NS ((uint64_t)1000000000)

struct place {
	uint8_t key[FOLD_KEY_BYTES];
	struct alert *alert; /* owned; NULL: free */
	uint64_t count, told;
	uint64_t since_ns, last_ns;
};

struct fold {
	uint64_t window_ns;
	fold_teller tell;
	void *ctx;
	struct sha256 *sum; /* owned; for keys */
	struct place places[BUCKETS][WAYS];
};

int fold_new(uint64_t window_ns, fold_teller tell, void *ctx, struct fold **ret, struct err *e)
{
	struct fold *f = calloc(1, sizeof(*f));
	int r = f ? sha256_new(&f->sum, e) : err_set(e, ENOMEM, "watch: no memory to fold alerts");

	if (r < 0) {
		free(f);
		return r;
	}
	f->window_ns = window_ns;
	f->tell = tell;
	f->ctx = ctx;
	*ret = f;
	return 0;
}

static void tell(struct fold *f, struct place *p)
{
	p->alert->count = p->count;
	p->alert->last_ns = p->last_ns;
	p->told = p->count;
	f->tell(f->ctx, p->alert);
}

static void close_place(struct fold *f, struct place *p)
{
	if (p->alert && p->count > p->told)
		tell(f, p);
	free(p->alert);
	*p = (struct place){ 0 };
}

void fold_free(struct fold *f)
{
	if (!f)
		return;
	for (int i = 0; i < BUCKETS * WAYS; i++)
		close_place(f, &f->places[i / WAYS][i % WAYS]);
	sha256_free(f->sum);
	free(f);
}

void fold_key(struct fold *f, const str *parts, size_t count, uint8_t ret[FOLD_KEY_BYTES])
{
	uint8_t sum[SHA256_BYTES];

	/* A part's length stands before it, so that its end cannot be moved. */
	for (size_t i = 0; i < count; i++) {
		str part = str_take(parts[i], PART_MOST);
		uint32_t n = (uint32_t)part.n;

		sha256_update(f->sum, (str){ (const char *)&n, sizeof(n) });
		sha256_update(f->sum, part);
	}
	sha256_final(f->sum, sum);
	memcpy(ret, sum, FOLD_KEY_BYTES);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

size_t fold_normalise(str text, char *ret, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n && n < max;) {
		size_t hex = 0, digits = 0;

		while (i + hex < text.n && is_hex(text.p[i + hex]))
			hex++;
		while (i + digits < text.n && is_digit(text.p[i + digits]))
			digits++;
		if (hex >= HEX_RUN)
			ret[n++] = 'x';
		else if (digits)
			ret[n++] = '0';
		else
			ret[n++] = text.p[i];
		i += hex >= HEX_RUN ? hex : MAX(digits, (size_t)1);
	}
	return n;
}

static struct place *find(struct fold *f, const uint8_t key[FOLD_KEY_BYTES], bool *ret_found)
{
	struct place *bucket = f->places[key[0] % BUCKETS], *oldest = bucket;

	for (int i = 0; i < WAYS; i++) {
		if (bucket[i].alert && memcmp(bucket[i].key, key, FOLD_KEY_BYTES) == 0) {
			*ret_found = true;
			return &bucket[i];
		}
		if (!bucket[i].alert)
			oldest = &bucket[i];
		else if (oldest->alert && bucket[i].since_ns < oldest->since_ns)
			oldest = &bucket[i];
	}
	*ret_found = false;
	return oldest;
}

/* Alerts of a second earlier are of the same time still; beyond that the clock was set back. */
static bool is_over(const struct fold *f, const struct place *p, uint64_t now_ns)
{
	if (now_ns < p->since_ns)
		return p->since_ns - now_ns > SLACK_NS;
	return now_ns - p->since_ns >= f->window_ns;
}

bool fold_count(struct fold *f, const uint8_t key[FOLD_KEY_BYTES], uint64_t time_ns)
{
	bool found;
	struct place *p = find(f, key, &found);

	if (!found || is_over(f, p, time_ns))
		return false;
	p->count++;
	p->last_ns = MAX(p->last_ns, time_ns);
	if (p->count >= TELL_FROM && p->count >= 2 * p->told && (p->count & (p->count - 1)) == 0)
		tell(f, p);
	return true;
}

void fold_add(struct fold *f, const uint8_t key[FOLD_KEY_BYTES], const struct alert *a)
{
	bool found;
	struct place *p = find(f, key, &found);

	close_place(f, p);
	p->alert = alert_copy(a);
	memcpy(p->key, key, FOLD_KEY_BYTES);
	p->count = p->told = 1;
	p->last_ns = a->time_ns;
	p->since_ns = a->time_ns;
	f->tell(f->ctx, a);
}

void fold_tick(struct fold *f, uint64_t now_ns)
{
	for (int i = 0; i < BUCKETS * WAYS; i++) {
		struct place *p = &f->places[i / WAYS][i % WAYS];

		if (p->alert && is_over(f, p, now_ns))
			close_place(f, p);
	}
}
