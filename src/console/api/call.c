#include "console/api/dispatch.h"

#include "base/time.h"
#include "base/word.h"
#include "codec/digest.h"

const struct scope *call_scope(struct call *c, enum permission p)
{
	struct caller *as = ARENA_NEW(c->arena, struct caller);

	if (!as)
		return NULL;
	*as = c->who;
	if (caller_narrow(as, p, c->arena, NULL) < 0)
		as->scope = (struct scope){ 0 };
	return &as->scope;
}

int call_header(struct call *c, const char *name, str value)
{
	struct api_header *h;

	assert(c->header_count < API_MAX_HEADERS);
	value = arena_str(c->arena, value);
	if (!value.p)
		return -ENOBUFS;
	h = &c->headers[c->header_count++];
	*h = (struct api_header){ name, value };
	return 0;
}

void call_page_open(struct call *c)
{
	json_object_open(&c->json);
	json_key(&c->json, "items");
	json_array_open(&c->json);
}

void call_page_close(struct call *c, str next, int64_t total)
{
	json_array_close(&c->json);
	json_key(&c->json, "next");
	if (next.n)
		json_str(&c->json, next);
	else
		json_null(&c->json);
	json_key(&c->json, "total");
	if (total >= 0)
		json_int(&c->json, total);
	else
		json_null(&c->json);
	json_object_close(&c->json);
}

int call_sorted_page(struct call *c, struct list_item *items, size_t count, bool descending,
		     call_put_fn *put, const void *ctx, struct err *e)
{
	struct list_slice page;
	int r = list_sort_page(items, count, descending, c->cursor, c->limit, c->arena, &page, e);

	if (r < 0)
		return r;
	call_page_open(c);
	for (size_t i = 0; r == 0 && i < page.count; i++)
		r = put(c, page.items[i].item, ctx, e);
	call_page_close(c, page.next, (int64_t)count);
	return r;
}

str call_query(const struct call *c, const char *name)
{
	return value_get_str(&c->query, name);
}

size_t call_sort(const struct call *c, const char *const *keys, size_t count, bool *ret_descending)
{
	str sort = call_query(c, "sort");
	int i;

	*ret_descending = str_starts(sort, S("-"));
	if (*ret_descending)
		sort = str_skip(sort, 1);
	i = word_find(keys, count, sort);
	return i < 0 ? 0 : (size_t)i;
}

int64_t call_time(const struct value *object, const char *name, int64_t otherwise)
{
	str text = value_get_str(object, name);
	uint64_t ns;

	return text.n && time_parse_ns(text, &ns) == 0 ? (int64_t)ns : otherwise;
}

void call_put_time(struct json_out *j, const char *key, int64_t ns)
{
	char text[TIME_NS_TEXT_BYTES];

	json_key(j, key);
	if (ns == 0) {
		json_null(j);
		return;
	}
	time_render_ns((uint64_t)ns, text);
	json_cstr(j, text);
}

str call_sentence(struct call *c, str english)
{
	OWNED_BUF told = BUF_INIT;
	str out;

	if (c->lang != LANG_ZH || !c->api->zh || !english.n)
		return english;
	c->api->zh->sentence(english, &told);
	out = buf_error(&told) ? (str){ NULL, 0 } : arena_str(c->arena, buf_str(&told));
	return out.p ? out : english;
}

str call_words(struct call *c, str english)
{
	str kept;

	if (c->lang != LANG_ZH || !c->api->zh || !english.n)
		return english;
	kept = arena_str(c->arena, english);
	return kept.p ? str_from(c->api->zh->format(kept.p)) : english;
}

/* The writer has no way to take a document whole: a null is written for it and taken back. */
void call_put_json(struct json_out *j, str document)
{
	json_null(j);
	if (buf_error(j->out))
		return;
	j->out->n -= 4;
	buf_add(j->out, document);
}

str call_body_text(struct call *c)
{
	return arena_str(c->arena, c->request->body);
}

void call_put_labels(str labels, struct json_out *j)
{
	json_object_open(j);
	while (labels.n) {
		str value = str_cut(&labels, ','), key = str_cut(&value, '=');

		if (!key.n)
			continue;
		json_key_str(j, key);
		json_str(j, value);
	}
	json_object_close(j);
}

int call_number(str id, int64_t *ret, struct err *e)
{
	uint64_t n;

	if (str_u64(id, &n) < 0 || n > INT64_MAX)
		return err_set(e, ENOENT, "there is no such thing");
	*ret = (int64_t)n;
	return 0;
}

void call_etag(str body, char ret[CALL_ETAG_BYTES])
{
	uint8_t sum[SHA256_BYTES];

	sha256_of(body, sum);
	ret[0] = '"';
	hex_render(sum, 16, ret + 1);
	memcpy(ret + 33, "\"", 2);
}

int call_match(const struct call *c, str etag, struct err *e)
{
	str wanted = c->request->header(c->request->headers, "If-Match");

	if (!wanted.p || str_is(str_trim(wanted), "*"))
		return 0;
	while (wanted.n)
		if (str_eq(str_trim(str_cut(&wanted, ',')), etag))
			return 0;
	return err_set(e, ESTALE, "it was changed meanwhile; read it again");
}
