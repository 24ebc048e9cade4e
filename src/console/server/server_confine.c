/* What the console may reach from now on: its own folder, what libraries read, and what it was told to read again later. */
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>

#include "base/privilege.h"
#include "base/sandbox.h"
#include "base/shipped.h"
#include "console/server/server.h"

enum { PLACES_MAX = 24 };

struct list {
	struct arena *arena;
	struct privilege_place places[PLACES_MAX];
	size_t count;
};

static void add(struct list *l, const char *path, bool writable)
{
	assert(l->count < PLACES_MAX);
	if (path && path[0])
		l->places[l->count++] = (struct privilege_place){ .path = path,
								  .writable = writable,
								  .folders = writable };
}

/** The folder of a file that may be replaced by another of its name. */
static void add_folder_of(struct list *l, const char *path)
{
	str copy = path ? arena_str(l->arena, str_from(path)) : (str){ 0 };

	/* dirname(3) cuts what it is given, which is ours. */
	if (copy.p)
		add(l, dirname((char *)(uintptr_t)copy.p), false);
}

/** The vulnerability database may be the user's own. */
static void add_data(struct list *l)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	if (data && data[0] == '/')
		add(l, arena_printf(l->arena, "%s/skep", data).p, false);
	else if (home && home[0] == '/')
		add(l, arena_printf(l->arena, "%s/.local/share/skep", home).p, false);
	add(l, shipped_path("vulndb", l->arena).p, false);
	add(l, shipped_path("rules", l->arena).p, false);
}

int server_confine(const struct server *s, struct err *e)
{
	static const char *const readable[] = { "/etc", "/usr",  "/lib", "/lib64",
						"/run", "/proc", "/dev" };
	struct arena a;
	struct list l = { .arena = &a };
	int r;

	arena_init(&a, (size_t)1 << 20);
	add(&l, s->o->state, true);
	/* Where SQLite sorts what does not fit in memory. */
	add(&l, "/var/tmp", true);
	add(&l, "/tmp", true);
	for (size_t i = 0; i < ARRAY_LEN(readable); i++)
		add(&l, readable[i], false);
	add_folder_of(&l, s->o->tls_cert);
	add_folder_of(&l, s->o->tls_key);
	add_folder_of(&l, s->o->vulnerability_database);
	add_folder_of(&l, s->sign_in.ldap.ca_file);
	add_folder_of(&l, s->sign_in.oidc.ca_file);
	add(&l, s->o->ui_dir, false);
	add_data(&l);
	r = privilege_keep(0, e);
	if (r == 0)
		r = privilege_confine(l.places, l.count, e);
	/* It starts no program, ever. */
	if (r == 0)
		r = sandbox_forbid_power(false, e);
	arena_done(&a);
	return r;
}
