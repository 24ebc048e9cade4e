#include "unit.h"

#include <stdlib.h>

#include "kern/filter_image.h"

struct fixture {
	struct arena a;
	struct filter_image *m;
	struct kernel_filter f;
};

static int set_up(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));

	arena_init(&x->a, 0);
	x->m = calloc(1, sizeof(*x->m));
	*state = x;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *x = *state;

	arena_done(&x->a);
	free(x->m);
	free(x);
	return 0;
}

static struct kernel_clause *add_clause(struct fixture *x, enum event_type t)
{
	if (!x->f.clauses[t])
		x->f.clauses[t] =
			ARENA_ARRAY(&x->a, KERNEL_FILTER_MAX_CLAUSES, struct kernel_clause);
	return &x->f.clauses[t][x->f.clause_count[t]++];
}

static void add_path(struct fixture *x, struct kernel_clause *c, enum kernel_path_test test,
		     str text)
{
	const struct kernel_path **paths =
		ARENA_ARRAY(&x->a, c->path_count + 1, const struct kernel_path *);
	struct kernel_path *p = ARENA_NEW(&x->a, struct kernel_path);

	*p = (struct kernel_path){ .test = test, .text = text };
	for (size_t i = 0; i < c->path_count; i++)
		paths[i] = c->paths[i];
	paths[c->path_count++] = p;
	c->paths = paths;
	c->paths_any = true;
}

static void make(struct fixture *x)
{
	assert_int_equal(filter_image_make(&x->f, &x->a, x->m, NULL), 0);
}

/* What each kind of test means, said plainly. */
static bool plain_test(const struct kernel_path *p, str path)
{
	str t = p->text;

	switch (p->test) {
	case KERNEL_PATH_EXACT:
		return str_eq(path, t);
	case KERNEL_PATH_PREFIX:
		return str_starts(path, t);
	case KERNEL_PATH_DIR:
		return str_eq(path, t) ||
		       (str_starts(path, t) && (path.p[t.n] == '/' || str_ends(t, S("/"))));
	case KERNEL_PATH_SUFFIX:
		return str_ends(path, t);
	case KERNEL_PATH_BASENAME:
		if (str_find_last(path, '/') < path.n)
			path = str_skip(path, str_find_last(path, '/') + 1);
		return str_eq(path, t);
	case KERNEL_PATH_TOP:
		return path.n && !memchr(path.p + 1, '/', path.n - 1);
	case KERNEL_PATH_CONTAINS:
		return t.n == 0 || (path.n && memmem(path.p, path.n, t.p, t.n));
	}
	return false;
}

static bool plain_any(const struct kernel_clause *c, str path)
{
	for (size_t i = 0; i < c->path_count; i++)
		if (plain_test(c->paths[i], path))
			return true;
	return false;
}

/* The tables read two odd literals more widely: names with slashes in them, and folders that end in one. */
static bool may_hit(const struct kernel_clause *c, str path)
{
	for (size_t i = 0; i < c->path_count; i++)
		if (((c->paths[i]->test == KERNEL_PATH_BASENAME ||
		      c->paths[i]->test == KERNEL_PATH_DIR) &&
		     memchr(c->paths[i]->text.p, '/', c->paths[i]->text.n)) ||
		    c->paths[i]->text.n == 0)
			return true;
	return plain_any(c, path);
}

static void each_kind_of_path(void **state)
{
	static const struct {
		enum kernel_path_test test;
		const char *text, *path;
		bool want;
	} cases[] = {
		{ KERNEL_PATH_EXACT, "/etc/shadow", "/etc/shadow", true },
		{ KERNEL_PATH_EXACT, "/etc/shadow", "/etc/shadow-", false },
		{ KERNEL_PATH_EXACT, "/etc/shadow", "/x/etc/shadow", false },
		{ KERNEL_PATH_PREFIX, "/etc/sh", "/etc/shadow", true },
		{ KERNEL_PATH_PREFIX, "/etc/sh", "/etc/s", false },
		{ KERNEL_PATH_DIR, "/etc", "/etc", true },
		{ KERNEL_PATH_DIR, "/etc", "/etc/x/y", true },
		{ KERNEL_PATH_DIR, "/etc/", "/etc/x", true },
		{ KERNEL_PATH_DIR, "/etc", "/etcetera", false },
		{ KERNEL_PATH_DIR, "/", "/anything", true },
		{ KERNEL_PATH_SUFFIX, ".ko", "/tmp/x.ko", true },
		{ KERNEL_PATH_SUFFIX, ".ko", "/tmp/x.ko.xz", false },
		{ KERNEL_PATH_BASENAME, "id_rsa", "/home/a/id_rsa", true },
		{ KERNEL_PATH_BASENAME, "id_rsa", "/home/a/my_id_rsa", false },
		{ KERNEL_PATH_BASENAME, "id_rsa", "id_rsa", true },
		{ KERNEL_PATH_CONTAINS, "/.aws/", "/root/.aws/credentials", true },
		{ KERNEL_PATH_CONTAINS, "/.aws/", "/root/.aws", false },
		{ KERNEL_PATH_CONTAINS, "aab", "/aaab", true }, /* falls back within a match */
		{ KERNEL_PATH_EXACT, "/\xff\xfe", "/\xff\xfe", true },
		{ KERNEL_PATH_TOP, "/", "/x", true },
		{ KERNEL_PATH_TOP, "/", "/", true },
		{ KERNEL_PATH_TOP, "/", "/x/y", false },
		{ KERNEL_PATH_EXACT, "", "", true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fixture *x = *state;
		str path = str_from(cases[i].path);

		memset(&x->f, 0, sizeof(x->f));
		add_path(x, add_clause(x, EVENT_OPENAT), cases[i].test, str_from(cases[i].text));
		make(x);
		if ((filter_image_paths(x->m, path) != 0) != cases[i].want)
			fail_msg("test %d '%s' of '%s': want %d", (int)cases[i].test, cases[i].text,
				 cases[i].path, cases[i].want);
		assert_int_equal(plain_any(&x->f.clauses[EVENT_OPENAT][0], path), cases[i].want);
	}
}

static str random_text(struct fixture *x, size_t most)
{
	static const char letters[] = "ab/.c";
	size_t n = (size_t)random() % (most + 1);
	char text[32];

	for (size_t i = 0; i < n; i++)
		text[i] = letters[(size_t)random() % (sizeof(letters) - 1)];
	return arena_str(&x->a, (str){ text, n });
}

/* Sets are exact while they have a bit each: the automaton finds what each test says, no more and no less. */
static void random_sets_are_exact(void **state)
{
	struct fixture *x = *state;

	srandom(3);
	for (int round = 0; round < 60; round++) {
		size_t sets = 1 + (size_t)random() % 20;

		memset(&x->f, 0, sizeof(x->f));
		for (size_t i = 0; i < sets; i++) {
			struct kernel_clause *c = add_clause(x, EVENT_OPENAT);

			for (long n = 1 + random() % 4; n > 0; n--)
				add_path(x, c, (enum kernel_path_test)(random() % 6),
					 arena_printf(&x->a, "%d%.*s", (int)i, 3,
						      random_text(x, 3).p));
		}
		make(x);
		for (int n = 0; n < 200; n++) {
			str path = random() % 2
					   ? x->f.clauses[EVENT_OPENAT][(size_t)random() % sets]
						     .paths[0]
						     ->text
					   : random_text(x, 12);
			uint64_t hits = filter_image_paths(x->m, path);

			for (size_t i = 0; i < sets; i++)
				if ((hits >> i & 1) <
					    plain_any(&x->f.clauses[EVENT_OPENAT][i], path) ||
				    ((hits >> i & 1) &&
				     !may_hit(&x->f.clauses[EVENT_OPENAT][i], path)))
					fail_msg("set %zu of '%.*s'", i, STR_ARG(path));
		}
	}
}

/* Whatever is too much for the tables passes. */
static void too_much_passes(void **state)
{
	struct fixture *x = *state;
	struct event v = { .type = EVENT_OPENAT, .path = S("/nothing/like/it") };
	struct kernel_clause *c;

	for (int i = 0; i < 60; i++) /* more sets than bits: the last ones share one */
		add_path(x, add_clause(x, EVENT_OPENAT), KERNEL_PATH_EXACT,
			 arena_printf(&x->a, "/%d", i));
	make(x);
	assert_false(filter_image_passes(x->m, &v, S(""), true));
	for (int i = 0; i < 60; i++) {
		v.path = arena_printf(&x->a, "/%d", i);
		assert_true(filter_image_passes(x->m, &v, S(""), true));
	}
	c = add_clause(x, EVENT_OPENAT); /* more literals than states */
	for (int i = 0; i < 500; i++)
		add_path(x, c, KERNEL_PATH_EXACT,
			 arena_printf(&x->a, "/%d-%040d", i * 7919 % 10000, i));
	make(x);
	v.path = arena_printf(&x->a, "/%d-%040d", 499 * 7919 % 10000, 499);
	assert_true(filter_image_passes(x->m, &v, S(""), true));
	memset(&x->f, 0, sizeof(x->f));
	c = add_clause(x, EVENT_OPENAT); /* more different bytes than classes */
	for (int i = 1; i < 256; i++)
		if (i != '/')
			add_path(x, c, KERNEL_PATH_EXACT, arena_printf(&x->a, "/%c", i));
	make(x);
	for (int i = 1; i < 256; i++)
		assert_true(filter_image_paths(x->m, arena_printf(&x->a, "/%c", i)) != 0 ||
			    i == '/');
}

static void facts_of_a_clause(void **state)
{
	struct fixture *x = *state;
	struct event v = { .type = EVENT_OPENAT, .path = S("/x"), .flags = 01 };
	static const uint16_t ports[] = { 4444 };
	static const str comms[] = { { "nc", 2 } };
	struct kernel_clause *c = add_clause(x, EVENT_OPENAT);
	uint64_t nc[2] = { 0 };

	c->container_only = c->success_only = true;
	c->open_modes = FILTER_WRITE;
	c = add_clause(x, EVENT_CONNECT);
	c->ports = ports;
	c->port_count = 1;
	c->families = FILTER_IPV4;
	c = add_clause(x, EVENT_KILL);
	c->comms = comms;
	c->comm_count = 1;
	c = add_clause(x, EVENT_OPEN);
	c->climbs = true;
	add_path(x, c, KERNEL_PATH_PREFIX, S("/a"));
	add_path(x, add_clause(x, EVENT_OPEN), KERNEL_PATH_TOP, S("/"));
	c = add_clause(x, EVENT_OPENAT2); /* twice the same names, once for the upper layer alone */
	c->comms = comms;
	c->comm_count = 1;
	c->upper = true;
	make(x);
	assert_true(filter_image_passes(x->m, &v, S(""), true));
	assert_false(filter_image_passes(x->m, &v, S(""), false));
	v.flags = 0;
	assert_false(filter_image_passes(x->m, &v, S(""), true));
	v.flags = 02;
	v.res = -2;
	assert_false(filter_image_passes(x->m, &v, S(""), true));
	v = (struct event){ .type = EVENT_CONNECT };
	v.fd.domain = 2;
	v.fd.remote.port = 4444;
	assert_true(filter_image_passes(x->m, &v, S(""), false));
	v.fd.remote.port = 80;
	assert_false(filter_image_passes(x->m, &v, S(""), false));
	v.fd.remote.port = 4444;
	v.fd.domain = 10;
	assert_false(filter_image_passes(x->m, &v, S(""), false));
	v.fd.domain = 2;
	v.fd.kind = EVENT_FD_IPV4;
	v.fd.local.ip[0] = 127;
	assert_true(filter_image_passes(x->m, &v, S(""), false));
	v.fd.remote.ip[0] = 127; /* the clause is for what lies beyond */
	assert_false(filter_image_passes(x->m, &v, S(""), false));
	v = (struct event){ .type = EVENT_OPEN, .path = S("/a/b"), .raw = S("/x/../a/b") };
	assert_true(filter_image_passes(x->m, &v, S(""), false));
	v.raw = S("/a/b");
	assert_false(filter_image_passes(x->m, &v, S(""), false));
	v.raw = S("b"); /* another clause wants its path whatever was given */
	v.path = S("/b");
	assert_true(filter_image_passes(x->m, &v, S(""), false));
	v = (struct event){ .type = EVENT_MKDIR, .path = S("/x") };
	assert_false(filter_image_passes(x->m, &v, S(""), true)); /* no clause: not wanted */
	v = (struct event){ .type = EVENT_KILL };
	assert_true(filter_image_passes(x->m, &v, S("nc"), false));
	assert_true(filter_image_passes(x->m, &v, S(""), false));
	assert_false(filter_image_passes(x->m, &v, S("vi"), false));
	memcpy(nc, "nc", 2);
	assert_true(x->m->comms[filter_comm_slot((const __u64 *)nc)] != 0);
	memcpy(nc, "vi", 2);
	assert_true(x->m->comms[filter_comm_slot((const __u64 *)nc)] == 0);
	v = (struct event){ .type = EVENT_OPENAT2, .path = S("/x") };
	assert_true(filter_image_passes(x->m, &v, S("nc"), false)); /* nobody looked */
	v.fd.file_flags = EVENT_FILE_SEEN | EVENT_FILE_UPPER;
	assert_true(filter_image_passes(x->m, &v, S("nc"), false));
	assert_false(filter_image_passes(x->m, &v, S("cat"), false));
	v.fd.file_flags = EVENT_FILE_SEEN;
	assert_false(filter_image_passes(x->m, &v, S("nc"), false));
	v.type = EVENT_KILL;
	assert_true(filter_image_passes(x->m, &v, S("nc"), false));
}

/* Equal lists of names share a set; what finds none shares the last. */
static void many_lists_of_names(void **state)
{
	struct fixture *x = *state;
	struct event v = { .type = EVENT_KILL };

	for (int i = 0; i < 200; i++) {
		struct kernel_clause *c = add_clause(x, i % 2 ? EVENT_KILL : EVENT_PTRACE);
		str *name = ARENA_NEW(&x->a, str);

		*name = arena_printf(&x->a, "p%d", i < 100 ? i / 2 % 10 : i);
		c->comms = name;
		c->comm_count = 1;
		if (i == 99) {
			make(x);
			assert_false(filter_image_passes(x->m, &v, S("q"), false));
			assert_true(x->m->combos[EVENT_KILL][0].comms == (1u << 10) - 1);
			memset(&x->f, 0, sizeof(x->f));
		}
	}
	make(x);
	for (int i = 101; i < 200; i += 2)
		assert_true(filter_image_passes(x->m, &v, arena_printf(&x->a, "p%d", i), false));
	assert_false(filter_image_passes(x->m, &v, S("q"), false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_kind_of_path, set_up, tear_down),
		cmocka_unit_test_setup_teardown(random_sets_are_exact, set_up, tear_down),
		cmocka_unit_test_setup_teardown(too_much_passes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(facts_of_a_clause, set_up, tear_down),
		cmocka_unit_test_setup_teardown(many_lists_of_names, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
