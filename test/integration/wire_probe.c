/* Drives the network clients from the command line, so that tests can play every kind of peer against them. */
#include <stdio.h>

#include "wire/engine.h"
#include "wire/fetch.h"
#include "wire/http_retry.h"
#include "wire/registry.h"

static int count_body(void *ctx, str bytes, struct err *e)
{
	(void)e;
	buf_add(ctx, bytes);
	return buf_error(ctx);
}

static void print(const struct buf *b)
{
	if (b->n)
		fwrite(b->p, 1, b->n, stdout);
}

static int get(char **argv, struct err *e)
{
	struct http_options o = { .max_redirects = 5, .stall_s = 2, .ca_file = getenv("PROBE_CA") };
	OWNED_BUF body = { .max = 64u << 20 };
	const char *headers[] = { "Authorization: Basic c2VjcmV0OnNlY3JldA==", NULL };
	struct http_request q = { .url = argv[0],
				  .headers = headers,
				  .on_body = count_body,
				  .ctx = &body,
				  .max_body = 32u << 20 };
	struct http_client *c;
	struct http_response r;
	int result = http_client_new(&o, &c, e);

	if (result < 0)
		return result;
	result = http_retry(c, &q, &r, e);
	http_client_free(c);
	if (result < 0)
		return result;
	printf("%d %zu\n", r.status, body.n);
	print(&body);
	http_response_done(&r);
	return 0;
}

static int pull(char **argv, struct arena *a, struct err *e)
{
	struct registry_options o = { .ca_file = getenv("PROBE_CA"),
				      .docker_config = getenv("PROBE_DOCKER_CONFIG"),
				      .insecure = getenv("PROBE_INSECURE"),
				      .stall_s = 2 };
	OWNED_BUF body = { .max = 64u << 20 };
	struct registry_document d;
	struct reference ref;
	struct registry *g;
	int r = reference_parse(str_from(argv[0]), a, &ref, e);

	if (r == 0)
		r = registry_new(&o, &ref, &g, e);
	if (r < 0)
		return r;
	registry_disconnect(g);
	r = registry_manifest(g, ref.digest.n ? ref.digest : ref.tag, a, &d, e);
	if (r == 0)
		printf("%.*s %.*s\n", STR_ARG(d.digest), STR_ARG(d.media_type));
	if (r == 0 && argv[1])
		r = registry_blob_stream(g, str_from(argv[1]), 32u << 20, count_body, &body, e);
	print(&body);
	registry_free(g);
	return r;
}

static int inspect(char **argv, struct arena *a, struct err *e)
{
	struct engine_image m;
	struct engine *g;
	int r = engine_new(ENGINE_DOCKER, argv[0], 2, &g, e);

	if (r < 0)
		return r;
	r = engine_inspect(g, str_from(argv[1]), a, &m, e);
	engine_free(g);
	if (r == 0)
		printf("%.*s %zu\n", STR_ARG(m.id), m.count);
	return r;
}

static int fetch(char **argv, struct err *e)
{
	struct fetch_options o = { .stall_s = 2,
				   .insecure = getenv("PROBE_INSECURE"),
				   .max_bytes = 32u << 20 };

	return fetch_file(argv[0], argv[1], &o, e);
}

int main(int argc, char **argv)
{
	struct err e = { 0 };
	struct arena a;
	int r = -EINVAL;

	arena_init(&a, 64u << 20);
	if (argc >= 3 && strcmp(argv[1], "get") == 0)
		r = get(argv + 2, &e);
	else if (argc >= 3 && strcmp(argv[1], "pull") == 0)
		r = pull(argv + 2, &a, &e);
	else if (argc >= 4 && strcmp(argv[1], "inspect") == 0)
		r = inspect(argv + 2, &a, &e);
	else if (argc >= 4 && strcmp(argv[1], "fetch") == 0)
		r = fetch(argv + 2, &e);
	arena_done(&a);
	if (r < 0)
		fprintf(stderr, "%d %s\n", -r, e.text);
	return r < 0;
}
