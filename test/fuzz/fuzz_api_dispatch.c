/*
 * Whatever a request holds, the answer is the route's or a problem, told as JSON, and no failure of ours: status 500 is one. The input's
 * first line is "METHOD PATH?QUERY"; the rest is the body. The asker may do everything, so that handlers are reached; the store is real
 * and empty, and nothing that is changed stays.
 */
#include "fuzz.h"

#include <stdio.h>
#include <unistd.h>

#include "codec/json.h"
#include "console/access/access.h"
#include "console/api/dispatch.h"
#include "console/store/store.h"

static int identify(struct call *c, struct err *e)
{
	static struct caller_grant grant = { .permissions = PERMISSION_ALL,
					     .scope = { .everything = true } };

	(void)e;
	c->who = (struct caller){ .how = CALLER_TOKEN,
				  .user = 1,
				  .name = S("fuzz"),
				  .permissions = PERMISSION_ALL,
				  .grants = &grant,
				  .grant_count = 1 };
	return 0;
}

static int audit(struct call *c, const char *result, struct err *e)
{
	(void)c, (void)result, (void)e;
	return 0;
}

static int begin(struct store *s, struct err *e)
{
	return sql_begin(s->sql, e);
}

/* What one input does the next does not see. */
static int forget(struct store *s, struct err *e)
{
	(void)e;
	sql_rollback(s->sql);
	return 0;
}

static void rollback(struct store *s)
{
	sql_rollback(s->sql);
}

static str header(const void *headers, const char *name)
{
	(void)headers;
	return strcmp(name, "Content-Type") == 0 ? S("application/json") : (str){ 0 };
}

/* Where the store is; its files stay in their place as long as it is open, or nothing could be changed in it. */
static char folder[] = "/dev/shm/skep-fuzz-XXXXXX";

static void remove_store(void)
{
	static const char *const files[] = { "skep.db", "skep.db-wal", "skep.db-shm" };
	char path[256];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
		unlink(path);
	}
	rmdir(folder);
}

/* In memory: the store of all inputs. */
static struct store *open_store(void)
{
	struct store *s;
	struct err e = { 0 };

	if (!mkdtemp(folder) || atexit(remove_store) || store_prepare(folder, &e) < 0 ||
	    store_open(folder, NULL, &s, &e) < 0) {
		fprintf(stderr, "cannot make a store: %s\n", e.text);
		abort();
	}
	return s;
}

/* Routes that hash passwords are slow, and ACCESS's own tests try them. */
static bool is_slow(str path)
{
	return str_starts(path, S("/api/v1/session")) || str_starts(path, S("/api/v1/users"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct api_doors doors = { identify, audit, begin, forget, rollback };
	static struct store *store;
	static struct access access;
	const struct api api = { .doors = &doors, .access = &access };
	str body = { (const char *)data, size }, line = str_cut(&body, '\n'),
	    method = str_cut(&line, ' ');
	str query = line, path = str_cut(&query, '?');
	struct api_request r = { .method = method,
				 .path = path,
				 .query = query,
				 .body = body,
				 .peer = S("192.0.2.1"),
				 .header = header };
	struct api_reply reply;
	struct value v;
	struct arena a;

	if (!store) {
		store = open_store();
		access_init(&access, &(struct access_options){ 0 });
	}
	if (is_slow(path))
		return 0;
	arena_init(&a, API_MAX_BODY * 16);
	api_answer(&api, store, &a, &r, &reply);
	assert(reply.status >= 200 && reply.status != 500 && reply.status < 600);
	assert(!sql_in_transaction(store->sql));
	if (reply.status >= 400)
		assert(reply.type && strcmp(reply.type, "application/problem+json") == 0);
	if (reply.type && strstr(reply.type, "json") && !strstr(reply.type, "ndjson"))
		assert(json_parse(reply.body, &a, &v, NULL) != -EBADMSG);
	arena_done(&a);
	return 0;
}
