#include "wire/registry_priv.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "codec/json.h"
#include "wire/credentials.h"
#include "wire/http_retry.h"
#include "wire/registry_token.h"
#include "wire/url.h"

#define REGISTRY_REDIRECTS 8
#define REGISTRY_MEMORY (8u << 20)
#define CHALLENGE_MEMORY (1u << 20)
/* A page that says nothing of how long to wait. */
#define WAIT_S 60
enum { PAGE_NAMES = 1000 };

static const char accepted[] = "Accept: application/vnd.oci.image.index.v1+json, "
			       "application/vnd.oci.image.manifest.v1+json, "
			       "application/vnd.docker.distribution.manifest.list.v2+json, "
			       "application/vnd.docker.distribution.manifest.v2+json";

void registry_free(struct registry *g)
{
	if (!g)
		return;
	http_client_free(g->client);
	if (g->authorization.p)
		explicit_bzero(g->authorization.p, g->authorization.n);
	buf_done(&g->base);
	buf_done(&g->realm);
	buf_done(&g->challenge);
	buf_done(&g->repository);
	buf_done(&g->authorization);
	if (g->credential.password.n)
		explicit_bzero((char *)(uintptr_t)g->credential.password.p,
			       g->credential.password.n);
	arena_done(&g->arena);
	free(g);
}

void registry_disconnect(struct registry *g)
{
	http_client_free(TAKE(&g->client));
}

static int connected(struct registry *g, struct err *e)
{
	return g->client ? 0 : http_client_new(&g->http, &g->client, e);
}

static void set_base(struct registry *g, const char *scheme)
{
	buf_reset(&g->base);
	buf_printf(&g->base, "%s://%.*s", scheme, STR_ARG(reference_host(&g->ref)));
}

static int ask_version(struct registry *g, const char *scheme, struct http_response *ret,
		       struct err *e)
{
	OWNED_BUF url = BUF_INIT;
	struct http_request q = { .max_body = 1u << 20 };

	set_base(g, scheme);
	buf_printf(&url, "%s/v2/", buf_cstr(&g->base));
	q.url = buf_cstr(&url);
	return http_exchange(g->client, &q, ret, e);
}

/** @return 1, 0 there is nothing to say but the password that was said, or as registry_token() */
static int learn_authorization(struct registry *g, str challenge, struct err *e)
{
	OWNED_BUF header = BUF_INIT;
	struct auth_challenge ch;
	struct arena a;
	int result;

	arena_init(&a, CHALLENGE_MEMORY);
	result = auth_challenge_parse(challenge, &a, &ch, e);
	if (result == 0)
		result = registry_token(g->client, buf_cstr(&g->base), g->ref.repository, &ch,
					&g->credential, g->insecure, &header, e);
	arena_done(&a);
	if (result == -EACCES && g->note.n)
		err_wrap(e, result, "(%.*s)", STR_ARG(g->note));
	/* A token that is given again counts again. */
	if (result == 0 && (!str_starts(buf_str(&header), S("Authorization: Basic ")) ||
			    !str_eq(buf_str(&header), buf_str(&g->authorization)))) {
		const struct buf was = g->authorization;

		g->authorization = header;
		header = was;
		result = 1;
	}
	if (header.p)
		explicit_bzero(header.p, header.n);
	return result;
}

static void note_challenge(struct registry *g, str challenge)
{
	struct auth_challenge ch;
	struct arena a;

	arena_init(&a, CHALLENGE_MEMORY);
	if (auth_challenge_parse(challenge, &a, &ch, NULL) == 0 && ch.scheme == AUTH_BEARER)
		buf_add(&g->realm, ch.realm);
	arena_done(&a);
	buf_add(&g->challenge, challenge);
}

/*
 * Quay and others do not ask who wants the catalogue: whoever says nothing is shown its public part, or an empty one. So it is said
 * before, where there is something to say.
 */
static int sign_in(struct registry *g, struct err *e)
{
	const struct docker_credential *c = &g->credential;
	int r;

	if (g->authorization.n || !g->challenge.n ||
	    !(c->user.n || c->identity_token.n || c->registry_token.n))
		return 0;
	r = learn_authorization(g, buf_str(&g->challenge), e);
	return r < 0 ? err_wrap(e, r, "registry %.*s", STR_ARG(g->ref.registry)) : 0;
}

/* GET /v2/ tells how the registry is spoken to, and first of all whether with TLS. */
static int probe(struct registry *g, struct err *e)
{
	str host = g->ref.registry;
	struct http_response r;
	struct url u;
	bool plain_allowed, own_machine;
	int result = ask_version(g, "https", &r, e);

	own_machine = url_split(buf_str(&g->base), &u) && url_is_loopback(u.host);
	plain_allowed = g->insecure || own_machine;
	if ((result == -EPROTO || result == -EHOSTUNREACH) && plain_allowed)
		result = ask_version(g, "http", &r, e);
	if (result == -EACCES && !g->insecure)
		return err_wrap(e, result,
				"registry %.*s has a certificate that is not trusted here "
				"(--ca-file adds an authority, --insecure-registry goes without)",
				STR_ARG(host));
	if (result == -EPROTO && !plain_allowed)
		return err_wrap(
			e, result,
			"registry %.*s does not speak TLS (--insecure-registry allows http)",
			STR_ARG(host));
	if (result < 0)
		return err_wrap(e, result, "registry %.*s", STR_ARG(host));
	if (r.status == 401)
		note_challenge(g, http_header(&r, "www-authenticate"));
	/* Without a repository there is nothing yet to ask a token for. */
	if (r.status == 401 && g->ref.repository.n)
		result = learn_authorization(g, http_header(&r, "www-authenticate"), e);
	http_response_done(&r);
	return result < 0 ? err_wrap(e, result, "registry %.*s", STR_ARG(host)) : 0;
}

static int copy_reference(struct registry *g, const struct reference *ref)
{
	g->ref.registry = arena_str(&g->arena, ref->registry);
	buf_add(&g->repository, ref->repository);
	g->ref.repository = buf_str(&g->repository);
	return g->ref.registry.p && !buf_error(&g->repository) ? 0 : -ENOBUFS;
}

static int find_credential(struct registry *g, const struct registry_options *o, struct err *e)
{
	const struct docker_credential *c = o->credential;

	if (!c)
		return credentials_find(o->docker_config, g->ref.registry, &g->arena,
					&g->credential, &g->note, e);
	g->credential = (struct docker_credential){
		.user = arena_str(&g->arena, c->user),
		.password = arena_str(&g->arena, c->password),
		.identity_token = arena_str(&g->arena, c->identity_token),
		.registry_token = arena_str(&g->arena, c->registry_token),
	};
	if (!g->credential.user.p || !g->credential.password.p || !g->credential.identity_token.p ||
	    !g->credential.registry_token.p)
		return err_set(e, ENOBUFS, "memory budget spent");
	return 0;
}

int registry_new(const struct registry_options *o, const struct reference *ref,
		 struct registry **ret, struct err *e)
{
	struct registry *g = calloc(1, sizeof(*g));
	int r;

	if (!g)
		return err_set(e, ENOMEM, "no memory for a registry client");
	arena_init(&g->arena, REGISTRY_MEMORY);
	g->insecure = o->insecure;
	g->gap_ms = o->gap_ms;
	g->http = (struct http_options){ .ca_file = o->ca_file,
					 .insecure = o->insecure,
					 .stall_s = o->stall_s,
					 .reach = o->reach,
					 .max_redirects = REGISTRY_REDIRECTS };
	r = copy_reference(g, ref) < 0 ? err_set(e, ENOBUFS, "memory budget spent") : 0;
	if (r == 0)
		r = find_credential(g, o, e);
	if (r == 0)
		r = connected(g, e);
	if (r == 0)
		r = probe(g, e);
	if (r < 0) {
		registry_free(g);
		return r;
	}
	*ret = g;
	return 0;
}

/* What the registry says went wrong: {"errors": [{"code", "message"}]}, without what a terminal might obey. */
static void add_reason(struct buf *out, const struct http_response *r)
{
	struct arena a;
	struct value v;
	str text;

	arena_init(&a, 1u << 20);
	if (json_parse(buf_str(&r->body), &a, &v, NULL) == 0) {
		const struct value *first = value_at(value_get(&v, "errors"), 0);

		text = value_get_str(first, "message");
		if (!text.n)
			text = value_get_str(first, "code");
		text = str_take(text, 200);
		buf_add(out, text.n ? S(": ") : S(""));
		for (size_t i = 0; i < text.n; i++)
			buf_byte(out, (unsigned char)text.p[i] < 0x20 ? ' ' : text.p[i]);
	}
	arena_done(&a);
}

/* What an answer is about: the repository, or all of the registry. */
static str subject(const struct registry *g)
{
	return g->ref.repository.n ? g->ref.repository : g->ref.registry;
}

int registry_status_error(const struct registry *g, const struct http_response *r, const char *what,
			  struct err *e)
{
	OWNED_BUF reason = BUF_INIT;
	const char *words;
	int code;

	add_reason(&reason, r);
	if (r->status == 401) {
		code = EACCES;
		words = "wants credentials (run \"docker login\") or refuses them";
	} else if (r->status == 403) {
		code = EACCES;
		words = "denies access";
	} else if (r->status == 404) {
		code = ENOENT;
		words = "has no such thing";
	} else if (r->status == 429) {
		code = EHOSTUNREACH;
		words = "says there were too many requests";
	} else if (r->status >= 500) {
		code = EHOSTUNREACH;
		words = "failed";
	} else {
		code = EPROTO;
		words = "answers oddly";
	}
	return err_set(e, code, "%s of %.*s: registry %.*s %s (HTTP %d%s)", what,
		       STR_ARG(subject(g)), STR_ARG(g->ref.registry), words, r->status,
		       buf_cstr(&reason));
}

/* A blob on its way to its receiver, over as many requests as it takes. */
struct stream {
	int (*on_body)(void *ctx, str bytes, struct err *e);
	void *ctx;
	uint64_t delivered;
	uint64_t skip; /* bytes of this answer the receiver has already */
};

static int start_stream(void *ctx, const struct http_response *r, struct err *e)
{
	struct stream *s = ctx;

	(void)e;
	s->skip = r->is_partial ? 0 : s->delivered;
	return 0;
}

static int take_stream(void *ctx, str bytes, struct err *e)
{
	struct stream *s = ctx;
	size_t skip = (size_t)MIN(s->skip, (uint64_t)bytes.n);

	s->skip -= skip;
	bytes = str_skip(bytes, skip);
	s->delivered += bytes.n;
	return bytes.n ? s->on_body(s->ctx, bytes, e) : 0;
}

static void keep_gap(struct registry *g)
{
	uint64_t now = clock_ms(CLOCK_MONOTONIC), left = 0;

	if (g->asked_ms && now - g->asked_ms < g->gap_ms)
		left = g->gap_ms - (now - g->asked_ms);
	if (left)
		nanosleep(&(struct timespec){ .tv_sec = (time_t)(left / 1000),
					      .tv_nsec = (long)(left % 1000) * 1000000 },
			  NULL);
	g->asked_ms = now + left;
}

static void note_wait(struct registry *g, const struct http_response *r)
{
	uint64_t asked = http_retry_after(http_header(r, "retry-after"), time(NULL));

	g->wait_s = r->status != 429 ? 0 : asked ? asked : WAIT_S;
}

uint64_t registry_wait_s(const struct registry *g)
{
	return g->wait_s;
}

int registry_ask(struct registry *g, const struct http_request *q, const char *what,
		 struct http_response *ret, struct err *e)
{
	int r = connected(g, e);

	if (r < 0)
		return r;
	keep_gap(g);
	r = http_retry(g->client, q, ret, e);
	if (r < 0)
		return err_wrap(e, r, "%s of %.*s", what, STR_ARG(subject(g)));
	note_wait(g, ret);
	return 0;
}

/* One request, repeated with fresh credentials when the registry no longer takes the old. A password it refused is not tried again: registries lock
 * out who does that. */
static int exchange(struct registry *g, const struct http_request *q, const struct stream *s,
		    const char *what, struct http_response *ret, struct err *e)
{
	const char *headers[3] = { q->headers ? q->headers[0] : accepted, NULL };
	struct http_request own = *q;
	int r = 1;

	own.headers = headers;
	for (int attempt = 0; r > 0; attempt++) {
		struct http_response answer;

		headers[1] = g->authorization.n ? buf_cstr(&g->authorization) : NULL;
		own.offset = s ? s->delivered : 0;
		r = registry_ask(g, &own, what, &answer, e);
		if (r < 0)
			return r;
		if (answer.status / 100 == 2) {
			*ret = answer;
			return 0;
		}
		r = answer.status == 401 && attempt == 0 &&
				    http_header(&answer, "www-authenticate").n
			    ? learn_authorization(g, http_header(&answer, "www-authenticate"), e)
			    : 0;
		if (r < 0)
			r = err_wrap(e, r, "registry %.*s", STR_ARG(g->ref.registry));
		else if (r == 0)
			r = registry_status_error(g, &answer, what, e);
		http_response_done(&answer);
	}
	return r;
}

static int get(struct registry *g, const char *kind, str name, uint64_t max_bytes, struct stream *s,
	       struct http_response *ret, struct err *e)
{
	struct http_request q = { .max_body = max_bytes };
	OWNED_BUF url = BUF_INIT, what = BUF_INIT;

	buf_printf(&url, "%s/v2/%.*s/%ss/", buf_cstr(&g->base), STR_ARG(g->ref.repository), kind);
	url_escape_path(&url, name);
	buf_printf(&what, "%s %.*s", kind, STR_ARG(name));
	if (buf_error(&url) || buf_error(&what))
		return err_set(e, ENOMEM, "no memory for a request");
	q.url = buf_cstr(&url);
	if (s) {
		q.on_start = start_stream;
		q.on_body = take_stream;
		q.ctx = s;
	}
	return exchange(g, &q, s, buf_cstr(&what), ret, e);
}

static int check_digest(const struct registry *g, str bytes, str expected, char *ret, struct err *e)
{
	uint8_t sum[SHA256_BYTES];

	sha256_of(bytes, sum);
	digest_render(sum, ret);
	if (expected.n == 0 || str_is(expected, ret))
		return 0;
	return err_set(e, EPROTO,
		       "registry %.*s sent a document with the wrong digest: %s, not %.*s",
		       STR_ARG(g->ref.registry), ret, STR_ARG(str_take(expected, 80)));
}

static int take_manifest(const struct registry *g, str name, const struct http_response *r,
			 struct arena *a, struct registry_document *ret, struct err *e)
{
	str type = http_header(r, "content-type"),
	    expected = http_header(r, "docker-content-digest");
	char digest[DIGEST_TEXT_BYTES];
	struct registry_document d;
	int result;

	type = str_trim(str_take(type, str_find(type, ';')));
	if (str_search(type, S("distribution.manifest.v1+")) < type.n)
		return err_set(e, EBADMSG,
			       "%.*s:%.*s is an image manifest of schema 1, which registries gave "
			       "up in 2019 and "
			       "Skep does not read: push the image again with a current client",
			       STR_ARG(g->ref.repository), STR_ARG(name));
	if (str_starts(name, S("sha256:")))
		expected = name;
	else if (!str_starts(expected, S("sha256:")))
		expected = S("");
	result = check_digest(g, buf_str(&r->body), expected, digest, e);
	if (result < 0)
		return result;
	d.bytes = arena_str(a, buf_str(&r->body));
	d.media_type = arena_str(a, type);
	d.digest = arena_str(a, str_from(digest));
	if (!d.bytes.p || !d.media_type.p || !d.digest.p)
		return err_set(e, ENOBUFS, "memory budget spent");
	*ret = d;
	return 0;
}

int registry_manifest(struct registry *g, str tag_or_digest, struct arena *a,
		      struct registry_document *ret, struct err *e)
{
	struct http_response r;
	int result = get(g, "manifest", tag_or_digest, REGISTRY_DOCUMENT_MAX, NULL, &r, e);

	if (result < 0)
		return result;
	result = take_manifest(g, tag_or_digest, &r, a, ret, e);
	http_response_done(&r);
	return result;
}

int registry_blob(struct registry *g, str digest, struct arena *a, str *ret, struct err *e)
{
	char sum[DIGEST_TEXT_BYTES];
	struct http_response r;
	str bytes;
	int result = get(g, "blob", digest, REGISTRY_DOCUMENT_MAX, NULL, &r, e);

	if (result < 0)
		return result;
	result = check_digest(g, buf_str(&r.body), digest, sum, e);
	bytes = result == 0 ? arena_str(a, buf_str(&r.body)) : (str){ NULL, 0 };
	http_response_done(&r);
	if (result < 0)
		return result;
	if (!bytes.p)
		return err_set(e, ENOBUFS, "memory budget spent");
	*ret = bytes;
	return 0;
}

int registry_blob_stream(struct registry *g, str digest, uint64_t max_bytes,
			 int (*on_body)(void *ctx, str bytes, struct err *e), void *ctx,
			 struct err *e)
{
	struct stream s = { .on_body = on_body, .ctx = ctx };
	struct http_response r;
	int result = get(g, "blob", digest, max_bytes, &s, &r, e);

	if (result == 0)
		http_response_done(&r);
	return result;
}

int registry_select(struct registry *g, str repository, struct err *e)
{
	buf_reset(&g->repository);
	buf_add(&g->repository, repository);
	if (buf_error(&g->repository))
		return err_set(e, ENOMEM, "no memory for a request");
	g->ref.repository = buf_str(&g->repository);
	/* A token is for one repository: another's is asked for when the registry says so. */
	if (str_starts(buf_str(&g->authorization), S("Authorization: Bearer"))) {
		explicit_bzero(g->authorization.p, g->authorization.n);
		buf_reset(&g->authorization);
	}
	return 0;
}

int registry_page_end(const struct registry *g, int result, const struct registry_list *list,
		      str next, struct registry_list *ret, str *ret_next, struct err *e)
{
	if (result < 0)
		return err_wrap(e, result, "registry %.*s", STR_ARG(g->ref.registry));
	if (!next.p)
		return err_set(e, ENOBUFS, "memory budget spent");
	*ret = *list;
	*ret_next = next;
	return 0;
}

int registry_list(struct registry *g, enum registry_listing what, str page, struct arena *a,
		  struct registry_list *ret, str *ret_next, struct err *e)
{
	static const char *const headers[] = { "Accept: application/json", NULL };
	struct http_request q = { .max_body = REGISTRY_DOCUMENT_MAX, .headers = headers };
	const bool tags = what == REGISTRY_TAGS;
	struct registry_list list = { 0 };
	OWNED_BUF url = BUF_INIT;
	struct http_response r;
	str next = { 0 };
	int result;

	buf_printf(&url, "%s/v2/%.*s%s?", buf_cstr(&g->base),
		   STR_ARG(tags ? g->ref.repository : S("")), tags ? "/tags/list" : "_catalog");
	if (page.n)
		buf_add(&url, page);
	else
		buf_printf(&url, "n=%d", PAGE_NAMES);
	if (buf_error(&url))
		return err_set(e, ENOMEM, "no memory for a request");
	q.url = buf_cstr(&url);
	result = tags ? 0 : sign_in(g, e);
	if (result == 0)
		result = exchange(g, &q, NULL, tags ? "the list of tags" : "the catalogue", &r, e);
	if (result < 0)
		return result;
	result = registry_list_parse(buf_str(&r.body), what, a, &list, e);
	if (result == 0)
		result = registry_list_next(http_header(&r, "link"), &next, e);
	if (result == 0)
		next = arena_str(a, next);
	http_response_done(&r);
	return registry_page_end(g, result, &list, next, ret, ret_next, e);
}

/* Registries that tell no digest, or know no HEAD, are asked for the document itself. */
static int digest_of_document(struct registry *g, str tag, char ret[DIGEST_TEXT_BYTES],
			      struct err *e)
{
	struct registry_document d;
	struct arena a;
	int r;

	arena_init(&a, 2 * REGISTRY_DOCUMENT_MAX);
	r = registry_manifest(g, tag, &a, &d, e);
	if (r == 0)
		snprintf(ret, DIGEST_TEXT_BYTES, "%.*s", STR_ARG(d.digest));
	arena_done(&a);
	return r;
}

int registry_digest(struct registry *g, str tag, char ret[DIGEST_TEXT_BYTES], struct err *e)
{
	struct http_request q = { .method = "HEAD" };
	OWNED_BUF url = BUF_INIT, what = BUF_INIT;
	struct http_response r;
	uint8_t sum[SHA256_BYTES];
	str told;
	int result;

	buf_printf(&url, "%s/v2/%.*s/manifests/", buf_cstr(&g->base), STR_ARG(g->ref.repository));
	url_escape_path(&url, tag);
	buf_printf(&what, "manifest %.*s", STR_ARG(tag));
	if (buf_error(&url) || buf_error(&what))
		return err_set(e, ENOMEM, "no memory for a request");
	q.url = buf_cstr(&url);
	result = exchange(g, &q, NULL, buf_cstr(&what), &r, e);
	if (result == -EPROTO)
		return digest_of_document(g, tag, ret, e);
	if (result < 0)
		return result;
	told = http_header(&r, "docker-content-digest");
	result = digest_parse(told, sum, NULL);
	if (result == 0)
		digest_render(sum, ret);
	http_response_done(&r);
	return result == 0 ? 0 : digest_of_document(g, tag, ret, e);
}
