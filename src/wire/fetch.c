#include "wire/fetch.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "codec/digest.h"
#include "codec/json.h"
#include "wire/fetch_part.h"
#include "wire/http_retry.h"
#include "wire/registry.h"
#include "wire/url.h"

#define FETCH_MAX_BYTES ((uint64_t)4 << 30)
#define FETCH_REDIRECTS 8
#define FETCH_ROUNDS 16
/* A round that brings less is not followed by another. */
#define ROUND_MIN_BYTES (64u << 10)
#define COPY_BYTES (64u << 10)

struct fetch {
	const struct fetch_options *o;
	const char *url;
	struct fetch_part part;
	struct sha256 *sum; /* NULL: none is wanted */
	uint64_t total;     /* 0: unknown */
	uint64_t max;
};

static int take(void *ctx, str bytes, struct err *e)
{
	struct fetch *f = ctx;
	int r;

	if (bytes.n > f->max || f->part.bytes > f->max - bytes.n)
		return err_set(e, E2BIG, "longer than %llu bytes", (unsigned long long)f->max);
	r = fetch_part_write(&f->part, bytes, e);
	if (r < 0)
		return r;
	if (f->sum)
		sha256_update(f->sum, bytes);
	if (f->o->progress)
		f->o->progress(f->o->progress_ctx, f->part.bytes, f->total);
	return 0;
}

static int start(void *ctx, const struct http_response *r, struct err *e)
{
	struct fetch *f = ctx;

	if (!r->is_partial) {
		int result = fetch_part_restart(&f->part, http_header(r, "etag"), e);

		if (result < 0)
			return result;
	}
	f->total = r->content_length == UINT64_MAX ? 0 : f->part.bytes + r->content_length;
	return 0;
}

static int status_error(const struct fetch *f, int status, struct err *e)
{
	OWNED_BUF shown = BUF_INIT;
	int code = status == 401 || status == 403   ? EACCES
		   : status == 404 || status == 410 ? ENOENT
		   : status == 429 || status >= 500 ? EHOSTUNREACH
						    : EPROTO;

	url_redact(&shown, str_from(f->url));
	return err_set(e, code, "%s answers %d", buf_cstr(&shown), status);
}

/* @return 0 all came, 1 the peer has nothing to add to the part, or an error */
static int round_trip(struct fetch *f, struct http_client *c, struct err *e)
{
	OWNED_BUF condition = BUF_INIT;
	const char *headers[2] = { NULL, NULL };
	struct http_request q = { .url = f->url,
				  .headers = headers,
				  .offset = f->part.bytes,
				  .on_start = start,
				  .on_body = take,
				  .ctx = f };
	struct http_response r;
	int result, status;

	if (q.offset) {
		buf_printf(&condition, "If-Range: %s", buf_cstr(&f->part.etag));
		headers[0] = buf_cstr(&condition);
	}
	result = http_retry(c, &q, &r, e);
	if (result < 0)
		return result;
	status = r.status;
	http_response_done(&r);
	if (status == 416 && q.offset)
		return 1;
	return status / 100 == 2 ? 0 : status_error(f, status, e);
}

static int fetch_http(struct fetch *f, struct err *e)
{
	struct http_options ho = { .ca_file = f->o->ca_file,
				   .insecure = f->o->insecure,
				   .stall_s = f->o->stall_s,
				   .max_redirects = FETCH_REDIRECTS };
	struct http_client *c;
	int r = http_client_new(&ho, &c, e);

	if (r < 0)
		return r;
	for (int round = 0; round < FETCH_ROUNDS; round++) {
		uint64_t before = f->part.bytes;

		r = round_trip(f, c, e);
		if (r == 1) {
			/* A part as long as the whole, or longer: which of them, only a fresh copy tells. */
			r = fetch_part_restart(&f->part, S(""), e);
			if (r < 0)
				break;
			continue;
		}
		if ((r != -EPROTO && r != -ETIMEDOUT) || !f->part.etag.n ||
		    f->part.bytes < before + ROUND_MIN_BYTES)
			break;
	}
	http_client_free(c);
	return r;
}

static int fetch_local(struct fetch *f, const char *path, struct err *e)
{
	OWNED_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	OWNED char *chunk = malloc(COPY_BYTES);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, errno, "%s", path);
	if (!chunk)
		return err_set(e, ENOMEM, "no memory for a copy");
	if (!S_ISREG(st.st_mode))
		return err_set(e, EINVAL, "%s is not a file", path);
	f->total = (uint64_t)st.st_size;
	r = fetch_part_restart(&f->part, S(""), e);
	while (r == 0) {
		ssize_t n = read(fd, chunk, COPY_BYTES);

		if (n == 0)
			break;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, errno, "%s", path);
		r = take(f, (str){ chunk, (size_t)n }, e);
	}
	return r;
}

/* The layer an artifact consists of. */
static int find_layer(struct registry *g, const struct reference *ref, struct arena *a,
		      str *ret_digest, uint64_t *ret_bytes, struct err *e)
{
	struct registry_document d;
	const struct value *layer;
	uint8_t sum[SHA256_BYTES];
	struct value v;
	int64_t size;
	int r = registry_manifest(g, ref->digest.n ? ref->digest : ref->tag, a, &d, e);

	if (r == 0)
		r = json_parse(d.bytes, a, &v, e);
	if (r < 0)
		return r;
	layer = value_at(value_get(&v, "layers"), 0);
	size = value_int(value_get(layer, "size"), 0);
	if (!layer || size <= 0)
		return err_set(e, EBADMSG, "the artifact has no layer");
	*ret_digest = value_get_str(layer, "digest");
	*ret_bytes = (uint64_t)size;
	return digest_parse(*ret_digest, sum, e);
}

static int fetch_blob(struct fetch *f, struct registry *g, const struct reference *ref,
		      struct arena *a, struct err *e)
{
	char text[DIGEST_TEXT_BYTES];
	uint8_t sum[SHA256_BYTES];
	uint64_t bytes = 0;
	str digest;
	int r = find_layer(g, ref, a, &digest, &bytes, e);

	if (r == 0 && bytes > f->max)
		r = err_set(e, E2BIG, "the artifact is longer than %llu bytes",
			    (unsigned long long)f->max);
	if (r == 0)
		r = fetch_part_restart(&f->part, S(""), e);
	if (r == 0)
		r = sha256_new(&f->sum, e);
	if (r < 0)
		return r;
	f->total = bytes;
	r = registry_blob_stream(g, digest, bytes, take, f, e);
	sha256_final(f->sum, sum);
	sha256_free(f->sum);
	digest_render(sum, text);
	if (r == 0 && !str_is(digest, text))
		r = err_set(e, EPROTO, "the artifact has the wrong digest: %s, not %.*s", text,
			    STR_ARG(digest));
	return r;
}

static int fetch_oci(struct fetch *f, const char *name, struct err *e)
{
	struct registry_options ro = { .ca_file = f->o->ca_file,
				       .docker_config = f->o->docker_config,
				       .insecure = f->o->insecure,
				       .stall_s = f->o->stall_s };
	struct registry *g = NULL;
	struct reference ref;
	struct arena a;
	int r;

	arena_init(&a, 64u << 20);
	r = reference_parse(str_from(name), &a, &ref, e);
	if (r == 0)
		r = registry_new(&ro, &ref, &g, e);
	if (r == 0)
		r = fetch_blob(f, g, &ref, &a, e);
	registry_free(g);
	arena_done(&a);
	return r;
}

static int dispatch(struct fetch *f, struct err *e)
{
	str s = str_from(f->url);
	struct url u;

	if (str_starts(s, S("file://")))
		return fetch_local(f, f->url + 7, e);
	if (str_starts(s, S("file:")))
		return fetch_local(f, f->url + 5, e);
	if (str_starts(s, S("oci://")))
		return fetch_oci(f, f->url + 6, e);
	if (str_starts(s, S("oci:")))
		return fetch_oci(f, f->url + 4, e);
	if (!url_split(s, &u) || !(str_is(u.scheme, "https") || str_is(u.scheme, "http")))
		return err_set(e, EINVAL, "the URL is none of https:, http:, file: and oci:");
	if (str_is(u.scheme, "http") && !url_is_loopback(u.host) && !f->o->insecure)
		return err_set(
			e, EACCES,
			"plain http to %.*s is refused: use https, or allow it with --insecure",
			STR_ARG(u.host));
	return fetch_http(f, e);
}

int fetch_file(const char *url, const char *path, const struct fetch_options *o, struct err *e)
{
	struct fetch f = { .o = o,
			   .url = url,
			   .max = o->max_bytes ? o->max_bytes : FETCH_MAX_BYTES };
	int r = fetch_part_open(path, url, &f.part, e);

	if (r < 0)
		return r;
	r = dispatch(&f, e);
	if (r == 0)
		r = fetch_part_finish(&f.part, e);
	fetch_part_close(&f.part);
	return r;
}
