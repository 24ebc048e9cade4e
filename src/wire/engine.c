#include "wire/engine.h"

#include "codec/digest.h"
#include "codec/json.h"
#include "wire/engine_priv.h"
#include "wire/url.h"

/* An engine packs the whole image before its first byte leaves. */
#define EXPORT_STALL_S 600
#define INSPECT_MAX (16u << 20)
#define ENGINE_MEMORY (1u << 20)
#define ENGINE_LAYERS_MAX 4096

static const char *kind_name(const struct engine *g)
{
	return g->kind == ENGINE_DOCKER ? "Docker Engine" : "Podman";
}

static const char *default_host(struct engine *g)
{
	const char *host = getenv(g->kind == ENGINE_DOCKER ? "DOCKER_HOST" : "CONTAINER_HOST");
	const char *run = getenv("XDG_RUNTIME_DIR");
	str own;

	if (host && *host)
		return host;
	if (g->kind == ENGINE_DOCKER)
		return access("/var/run/docker.sock", F_OK) < 0 &&
				       access("/run/docker.sock", F_OK) == 0
			       ? "unix:///run/docker.sock"
			       : "unix:///var/run/docker.sock";
	own = run ? arena_printf(&g->arena, "unix://%s/podman/podman.sock", run) : (str){ NULL, 0 };
	return own.p && access(own.p + 7, F_OK) == 0 ? own.p : "unix:///run/podman/podman.sock";
}

/* tcp:// is TLS when the environment says so, with the three files `docker` itself uses. */
static void use_tls(struct engine *g)
{
	const char *dir = getenv("DOCKER_CERT_PATH"), *home = getenv("HOME");
	str folder = dir && *dir ? arena_str(&g->arena, str_from(dir))
				 : arena_printf(&g->arena, "%s/.docker", home ? home : "");

	if (!folder.p)
		return;
	g->http.ca_file = arena_printf(&g->arena, "%s/ca.pem", folder.p).p;
	g->http.client_cert = arena_printf(&g->arena, "%s/cert.pem", folder.p).p;
	g->http.client_key = arena_printf(&g->arena, "%s/key.pem", folder.p).p;
}

static int set_host(struct engine *g, const char *host, struct err *e)
{
	const char *verify = getenv("DOCKER_TLS_VERIFY");
	bool tls = g->kind == ENGINE_DOCKER && verify && *verify;
	str h = str_from(host);

	g->place = arena_str(&g->arena, h);
	if (str_starts(h, S("unix://"))) {
		g->http.unix_socket = g->place.p ? g->place.p + 7 : NULL;
		g->place = str_skip(g->place, 7);
		g->base = S("http://localhost");
	} else if (str_starts(h, S("tcp://"))) {
		g->base = arena_printf(&g->arena, "%s://%s", tls ? "https" : "http", host + 6);
	} else if (str_starts(h, S("http://")) || str_starts(h, S("https://"))) {
		g->base = g->place;
	} else {
		return err_set(e, EINVAL,
			       "%s at '%s': only unix:, tcp:, http: and https: are spoken",
			       kind_name(g), host);
	}
	if (tls && str_starts(h, S("tcp://")))
		use_tls(g);
	while (g->base.n && g->base.p[g->base.n - 1] == '/')
		g->base.n--;
	return g->base.p && g->place.p ? 0 : err_set(e, ENOMEM, "no memory for an engine client");
}

int engine_new(enum engine_kind kind, const char *host, unsigned int stall_s, struct engine **ret,
	       struct err *e)
{
	struct engine *g = calloc(1, sizeof(*g));
	int r;

	if (!g)
		return err_set(e, ENOMEM, "no memory for an engine client");
	arena_init(&g->arena, ENGINE_MEMORY);
	g->kind = kind;
	g->http.stall_s = stall_s;
	r = set_host(g, host ? host : default_host(g), e);
	if (r < 0) {
		engine_free(g);
		return r;
	}
	*ret = g;
	return 0;
}

void engine_free(struct engine *g)
{
	if (!g)
		return;
	http_client_free(g->client);
	arena_done(&g->arena);
	free(g);
}

void engine_disconnect(struct engine *g)
{
	http_client_free(TAKE(&g->client));
}

static int no_answer(const struct engine *g, int r, struct err *e)
{
	if (r == -ENOENT)
		return err_set(e, ENOENT, "no %s at %.*s: it is not installed or does not run",
			       kind_name(g), STR_ARG(g->place));
	if (r == -EACCES && g->http.unix_socket)
		return err_set(e, EACCES,
			       "no permission for the socket %.*s of %s: run as root or as a "
			       "member of its group",
			       STR_ARG(g->place), kind_name(g));
	return err_wrap(e, r, "%s", kind_name(g));
}

static int status_error(const struct engine *g, const struct http_response *r, str name,
			struct err *e)
{
	if (r->status == 404)
		return err_set(e, ENOENT, "%s has no image '%.*s'", kind_name(g), STR_ARG(name));
	if (r->status == 401 || r->status == 403)
		return err_set(e, EACCES, "%s denies access to image '%.*s' (HTTP %d)",
			       kind_name(g), STR_ARG(name), r->status);
	return err_set(e, r->status >= 500 ? EHOSTUNREACH : EPROTO,
		       "%s answers HTTP %d for image '%.*s'", kind_name(g), r->status,
		       STR_ARG(name));
}

static int get(struct engine *g, str name, const char *what, struct http_request *q,
	       struct http_response *ret, struct err *e)
{
	OWNED_BUF url = BUF_INIT;
	struct http_response r;
	int result = g->client ? 0 : http_client_new(&g->http, &g->client, e);

	if (result < 0)
		return result;
	buf_printf(&url, "%.*s/images/", STR_ARG(g->base));
	url_escape_path(&url, name);
	buf_printf(&url, "/%s", what);
	if (buf_error(&url))
		return err_set(e, ENOMEM, "no memory for a request");
	q->url = buf_cstr(&url);
	result = http_exchange(g->client, q, &r, e);
	if (result < 0)
		return no_answer(g, result, e);
	if (r.status / 100 != 2) {
		result = status_error(g, &r, name, e);
		http_response_done(&r);
		return result;
	}
	*ret = r;
	return 0;
}

static int take_strings(const struct value *list, struct arena *a, str **ret, size_t *ret_count,
			struct err *e)
{
	size_t n = 0;
	str *out;

	VALUE_EACH (v, list)
		n++;
	if (n > ENGINE_LAYERS_MAX)
		return err_set(e, EBADMSG, "the engine names %zu layers", n);
	out = ARENA_ARRAY(a, n, str);
	if (!out)
		return err_set(e, ENOBUFS, "memory budget spent");
	n = 0;
	VALUE_EACH (v, list)
		out[n++] = value_str(v);
	*ret = out;
	*ret_count = n;
	return 0;
}

static int take_image(const struct value *v, struct arena *a, struct engine_image *ret,
		      struct err *e)
{
	struct engine_image m = { 0 };
	str variant = value_get_str(v, "Variant");
	str repo_digest = value_str(value_at(value_get(v, "RepoDigests"), 0));
	uint8_t sum[SHA256_BYTES];
	int r = take_strings(value_path(v, "RootFS.Layers"), a, &m.diff_ids, &m.count, e);

	if (r == 0)
		r = take_strings(value_get(v, "RepoTags"), a, &m.repo_tags, &m.repo_tag_count, e);
	if (r < 0)
		return r;
	m.id = value_get_str(v, "Id");
	/* Podman leaves the algorithm out. */
	if (m.id.n == SHA256_HEX)
		m.id = arena_printf(a, "sha256:%.*s", STR_ARG(m.id));
	r = digest_parse(m.id, sum, e);
	for (size_t i = 0; r == 0 && i < m.count; i++)
		r = digest_parse(m.diff_ids[i], sum, e);
	if (r < 0)
		return err_wrap(e, r, "the engine's description of the image");
	m.manifest_digest = str_skip(repo_digest, str_find(repo_digest, '@') + 1);
	m.architecture = value_get_str(v, "Architecture");
	if (variant.n && m.architecture.n)
		m.architecture =
			arena_printf(a, "%.*s/%.*s", STR_ARG(m.architecture), STR_ARG(variant));
	m.os = value_get_str(v, "Os");
	m.created = value_get_str(v, "Created");
	*ret = m;
	return 0;
}

int engine_inspect(struct engine *g, str name, struct arena *a, struct engine_image *ret,
		   struct err *e)
{
	struct http_request q = { .max_body = INSPECT_MAX };
	struct http_response r;
	struct value v;
	int result = get(g, name, "json", &q, &r, e);

	if (result < 0)
		return result;
	result = json_parse(buf_str(&r.body), a, &v, e);
	http_response_done(&r);
	if (result < 0)
		return err_wrap(e, result, "%s's description of image '%.*s'", kind_name(g),
				STR_ARG(name));
	return take_image(&v, a, ret, e);
}

static bool made_a_layer(const struct value *entry, bool every)
{
	return every || value_int(value_get(entry, "Size"), 0) > 0;
}

/* The engine tells the newest first and which step made a layer only by its size. */
static void map_history(const struct value *history, str *commands, size_t count)
{
	bool every = history->kind == VALUE_ARRAY && history->count == count;
	size_t n = 0;

	VALUE_EACH (h, history)
		n += made_a_layer(h, every);
	if (n != count)
		return;
	VALUE_EACH (h, history)
		if (made_a_layer(h, every))
			commands[--n] = value_get_str(h, "CreatedBy");
}

int engine_history(struct engine *g, const struct engine_image *m, struct arena *a, str **ret,
		   struct err *e)
{
	struct http_request q = { .max_body = INSPECT_MAX };
	str *commands = ARENA_ARRAY(a, m->count, str);
	struct http_response r;
	struct value v;
	int result;

	if (!commands)
		return err_set(e, ENOBUFS, "memory budget spent");
	result = get(g, m->id, "history", &q, &r, e);
	if (result < 0)
		return result;
	result = json_parse(buf_str(&r.body), a, &v, e);
	http_response_done(&r);
	if (result < 0)
		return err_wrap(e, result, "%s's history of an image", kind_name(g));
	map_history(&v, commands, m->count);
	*ret = commands;
	return 0;
}

int engine_export(struct engine *g, str name, int (*on_body)(void *ctx, str bytes, struct err *e),
		  void *ctx, struct err *e)
{
	struct http_request q = { .on_body = on_body, .ctx = ctx };
	struct http_response r;
	int result;

	engine_disconnect(g);
	g->http.stall_s = MAX(g->http.stall_s, EXPORT_STALL_S);
	result = get(g, name, "get", &q, &r, e);
	if (result == 0)
		http_response_done(&r);
	return result;
}
