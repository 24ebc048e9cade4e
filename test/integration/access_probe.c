/*
 * Signs in from the command line, so that tests can play directories and identity providers against it:
 *
 *   access_probe STORE CONFIG name NAME PASSWORD     by name and password (and the directory of CONFIG)
 *   access_probe STORE CONFIG begin                  prints the browser's secret and where it is sent
 *   access_probe STORE CONFIG end SECRET CODE STATE  finishes that
 *
 * Prints a JSON object: error and message, or name, source and permissions.
 */
#include <stdio.h>

#include "codec/json_out.h"
#include "console/access/caller.h"
#include "console/access/sign_in.h"
#include "console/access/sign_in_config.h"
#include "console/store/store.h"

struct probe {
	struct access access;
	struct sign_in_config config;
	struct store *store;
	struct arena arena;
	struct json_out json;
};

static int told(struct probe *p, const struct user *u, struct err *e)
{
	struct session_new session;
	struct caller c;
	int64_t now = store_now();
	int r = session_begin(&p->access, p->store->sql, u->id, S("127.0.0.1"), S("probe"), now,
			      &session, e);

	if (r == 0)
		r = session_caller(&p->access, p->store->sql, str_from(session.secret),
				   S("127.0.0.1"), now, &p->arena, &c, e);
	if (r < 0)
		return r;
	json_put_str(&p->json, "name", u->name);
	json_put_str(&p->json, "display", u->display);
	json_put_str(&p->json, "source", u->source);
	json_put_str(&p->json, "subject", u->subject);
	json_key(&p->json, "permissions");
	json_array_open(&p->json);
	for (enum permission q = 0; q < PERMISSION_COUNT; q++)
		if (caller_may(&c, q))
			json_cstr(&p->json, permission_row(q)->name);
	json_array_close(&p->json);
	return 0;
}

static int by_name(struct probe *p, char **argv, struct err *e)
{
	struct sign_in_result in;
	int r = sign_in(&p->access, p->store->sql,
			&(struct sign_in){ .name = str_from(argv[0]),
					   .password = str_from(argv[1]),
					   .address = S("127.0.0.1") },
			store_now(), &p->arena, &in, e);

	return r < 0 ? r : told(p, &in.user, e);
}

static int begin(struct probe *p, struct err *e)
{
	char secret[SECRET_TEXT_BYTES];
	OWNED_BUF url = BUF_INIT;
	int r = oidc_begin(&p->access, secret, &url, e);

	if (r < 0)
		return r;
	json_put_cstr(&p->json, "secret", secret);
	json_put_str(&p->json, "url", buf_str(&url));
	return 0;
}

static int end(struct probe *p, char **argv, struct err *e)
{
	struct user u;
	int r = oidc_end(&p->access, p->store->sql, str_from(argv[0]), str_from(argv[1]),
			 str_from(argv[2]), store_now(), &p->arena, &u, e);

	return r < 0 ? r : told(p, &u, e);
}

static int set_up(struct probe *p, char **argv, struct err *e)
{
	int r = sign_in_config_read(argv[2], &p->arena, &p->config, e);

	if (r == 0)
		r = store_prepare(argv[1], e);
	if (r >= 0)
		r = store_open(argv[1], NULL, &p->store, e);
	if (r < 0)
		return r;
	access_init(&p->access, &(struct access_options){
					.cost = { .memory_kib = 64, .passes = 1 },
					.ldap = p->config.has_ldap ? &p->config.ldap : NULL,
					.oidc = p->config.has_oidc ? &p->config.oidc : NULL });
	r = access_prepare(&p->access, p->store->sql, e);
	return r < 0 ? r : sign_in_config_apply(&p->config, p->store->sql, e);
}

static int run(struct probe *p, int argc, char **argv, struct err *e)
{
	int r = argc < 4 ? -EINVAL : set_up(p, argv, e);

	if (r < 0)
		return r;
	if (argc == 6 && strcmp(argv[3], "name") == 0)
		return by_name(p, argv + 4, e);
	if (argc == 4 && strcmp(argv[3], "begin") == 0)
		return begin(p, e);
	if (argc == 7 && strcmp(argv[3], "end") == 0)
		return end(p, argv + 4, e);
	return -EINVAL;
}

int main(int argc, char **argv)
{
	struct probe p = { 0 };
	OWNED_BUF out = BUF_INIT;
	struct err e = { 0 };
	int r;

	arena_init(&p.arena, (size_t)64 << 20);
	json_out_init(&p.json, &out, false);
	json_object_open(&p.json);
	r = run(&p, argc, argv, &e);
	if (r < 0) {
		json_put_cstr(&p.json, "error", strerrorname_np(-r));
		json_put_cstr(&p.json, "message", e.text);
	}
	json_object_close(&p.json);
	puts(buf_cstr(&out));
	store_close(p.store);
	arena_done(&p.arena);
	return 0;
}
