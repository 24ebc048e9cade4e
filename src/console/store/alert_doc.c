/* Documents, compressed each by itself with a dictionary learned from the first thousand. */
#include "console/store/alerts_priv.h"

enum { LEARN_DOCS = 1000, LEARN_BYTES = 3 << 20, DICTIONARY_BYTES = 64 << 10, LEVEL = 1 };

static int load_dictionary(struct store *s, struct alert_cache *c, int64_t id,
			   struct alert_dictionary **ret, struct err *e)
{
	struct alert_dictionary *d;
	OWNED_ROWS *rows = NULL;
	int r = 0;

	for (size_t i = 0; i < c->dictionary_count; i++)
		if (c->dictionaries[i].id == id) {
			*ret = &c->dictionaries[i];
			return 0;
		}
	if (c->dictionary_count == ALERT_DICTIONARIES)
		zstd_unpacker_free(c->dictionaries[--c->dictionary_count].unpacker);
	d = &c->dictionaries[c->dictionary_count];
	*d = (struct alert_dictionary){ .id = id };
	if (id) {
		r = sql_query(s->sql, "SELECT bytes FROM alert_dictionary WHERE id = ?1",
			      SQL_ARGS(SQL_I(id)), &rows, e);
		r = r < 0 ? r : sql_next(rows, e);
		if (r == 0)
			r = err_set(e, EUCLEAN, "dictionary %lld is missing", (long long)id);
	}
	r = r < 0 ? r
		  : zstd_unpacker_new(id ? sql_blob(rows, 0) : (str){ NULL, 0 }, &d->unpacker, e);
	if (r < 0)
		return r;
	c->dictionary_count++;
	*ret = d;
	return 0;
}

static int make_packer(struct store *s, struct alert_cache *c, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int64_t id = 0;
	int r = sql_query(s->sql, "SELECT id, bytes FROM alert_dictionary ORDER BY id DESC LIMIT 1",
			  SQL_NONE, &rows, e);

	r = r < 0 ? r : sql_next(rows, e);
	if (r > 0)
		id = sql_int(rows, 0);
	r = r < 0 ? r
		  : zstd_packer_new(r ? sql_blob(rows, 1) : (str){ NULL, 0 }, LEVEL, &c->packer, e);
	if (r == 0)
		c->packs = id;
	return r;
}

/* Until there is a dictionary, documents are kept to learn one from. */
static void keep_sample(struct alert_cache *c, str doc)
{
	if (!c->sample_sizes)
		c->sample_sizes = calloc(LEARN_DOCS, sizeof(*c->sample_sizes));
	if (!c->sample_sizes || c->sample_count == LEARN_DOCS || c->samples.n + doc.n > LEARN_BYTES)
		return;
	buf_add(&c->samples, doc);
	c->sample_sizes[c->sample_count++] = doc.n;
}

int alert_doc_ready(struct store *s, struct alert_cache *c, struct err *e)
{
	int r = 0;

	/* Another connection may have learned one since. */
	if (c->packs == 0) {
		zstd_packer_free(TAKE(&c->packer));
		r = make_packer(s, c, e);
	}
	return r < 0 ? r : c->packs != 0;
}

int alert_doc_pack(struct store *s, struct alert_cache *c, str doc, int64_t *ret_dictionary,
		   struct buf *out, struct err *e)
{
	int r = c->packer ? 0 : make_packer(s, c, e);

	if (r < 0)
		return r;
	if (c->packs == 0)
		keep_sample(c, doc);
	*ret_dictionary = c->packs;
	return zstd_pack(c->packer, doc, out, e);
}

int alert_doc_unpack(struct store *s, struct alert_cache *c, str stored, int64_t dictionary,
		     int64_t size, struct arena *a, str *ret, struct err *e)
{
	struct alert_dictionary *d = NULL;
	char *out;
	int r;

	if (size < 0 || size > ALERT_DOC_MAX)
		return err_set(e, EUCLEAN, "a stored document of %lld bytes", (long long)size);
	r = load_dictionary(s, c, dictionary, &d, e);
	if (r < 0)
		return r;
	out = arena_alloc(a, (size_t)size + 1);
	if (!out)
		return err_set(e, ENOBUFS, "too many documents of alerts at once");
	r = zstd_unpack(d->unpacker, stored, out, (size_t)size, e);
	if (r == 0)
		*ret = (str){ out, (size_t)size };
	return r == -EBADMSG ? -EUCLEAN : r;
}

int alert_doc_learn(struct store *s, struct alert_cache *c, int64_t now_ns, struct err *e)
{
	OWNED_BUF dictionary = BUF_INIT;
	int r;

	if (c->packs || c->sample_count < LEARN_DOCS / 2 ||
	    (c->sample_count < LEARN_DOCS && c->samples.n < LEARN_BYTES / 2))
		return 0;
	r = zstd_train(buf_str(&c->samples), c->sample_sizes, c->sample_count, DICTIONARY_BYTES,
		       &dictionary, e);
	buf_done(&c->samples);
	c->samples = (struct buf)BUF_INIT;
	c->sample_count = 0;
	if (r < 0 || dictionary.n == 0)
		return r;
	c->learning = sql_transaction(s->sql);
	r = sql_do(s->sql, "INSERT INTO alert_dictionary (made_ns, bytes) VALUES (?1, ?2)",
		   SQL_ARGS(SQL_I(now_ns), SQL_B(buf_str(&dictionary))), e);
	zstd_packer_free(TAKE(&c->packer));
	return MIN(r, 0);
}
