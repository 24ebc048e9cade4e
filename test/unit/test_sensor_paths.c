/* The filter in the kernel against the one in user space where calls name paths as texts: drawn by chance, met again, two in a call. */
#include "filter_deeds.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include "kern/filter_image.h"

static void do_by_name(const struct deed *d)
{
	const char *from = d->second ? NOWHERE : d->text, *to = d->second ? d->text : NOWHERE;

	switch (d->type) {
	case EVENT_OPENAT:
		syscall(SYS_openat, AT_FDCWD, d->text, O_RDONLY, 0);
		break;
	case EVENT_RENAMEAT:
		syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
		break;
	case EVENT_LINKAT:
		syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
		break;
	default:
		syscall(SYS_unlinkat, AT_FDCWD, d->text, 0);
	}
}

static void act_by_name(struct fixture *f)
{
	if (chdir(f->dir))
		_exit(1);
	for (size_t i = 0; i < f->count; i++)
		for (unsigned int n = 0; n < f->deeds[i].done; n++)
			do_by_name(&f->deeds[i]);
}

/* The folder "qq" is nowhere: all that is done with such names fails, and the name alone is judged, some again and again. */
static void names_by_chance(void **state)
{
	static const char letters[] = "aab//..c";
	static const enum event_type types[] = { EVENT_OPENAT, EVENT_UNLINKAT, EVENT_RENAMEAT,
						 EVENT_LINKAT };
	struct fixture *f = begin();

	(void)state;
	srandom(7);
	want(f, KERNEL_PATH_DIR, "", "/qq/ab");
	want(f, KERNEL_PATH_EXACT, "", "/qq/b");
	want(f, KERNEL_PATH_SUFFIX, "", "/a.c");
	want(f, KERNEL_PATH_BASENAME, "", "ba");
	want(f, KERNEL_PATH_PREFIX, f->dir, "/qq/c");
	want(f, KERNEL_PATH_TOP, "", "/");
	for (size_t i = 0; i < DEEDS; i++) {
		size_t n = (size_t)random() % 28, at;
		struct deed *d;
		char text[TEXT_BYTES];

		if (random() % 20 == 0)
			n = 90; /* longer than what is read at once */
		at = (size_t)snprintf(text, sizeof(text), "%sqq/", random() % 3 ? "/" : "");
		while (n--)
			text[at++] = letters[(size_t)random() % (sizeof(letters) - 1)];
		text[at] = '\0';
		d = deed(f, types[(size_t)random() % ARRAY_LEN(types)], true, text);
		d->done += 1 + (unsigned int)random() % 3;
		d->second = d->type == EVENT_LINKAT;
	}
	if (run(f, act_by_name))
		compare(f, 40);
	end(f);
}

/* Judged before by another filter: what is remembered of a path holds for the one that judged it. */
static void filters_follow_each_other(void **state)
{
	struct sensor_config c = { .backend = tested_backend(),
				   .rate_per_s = 1000000,
				   .burst = 1000000 };
	struct fixture *f = begin();
	struct deed *d = deed(f, EVENT_UNLINKAT, true, "/qq/b");
	struct err e = { 0 };

	(void)state;
	d->done = 3;
	want(f, KERNEL_PATH_EXACT, "", "/qq/a");
	f->clause.paths_any = f->clause.path_count;
	f->clause.paths = f->list;
	f->filter.clauses[EVENT_UNLINKAT] = &f->clause;
	f->filter.clause_count[EVENT_UNLINKAT] = 1;
	f->child = getpid();
	if (sensor_open(&c, &f->filter, &f->sensor, &e) < 0) {
		print_message("# skipped: %s\n", e.text);
		end(f);
		return;
	}
	for (int round = 0; round < 4; round++) {
		bool wanted = round % 2;

		snprintf(f->text[0], TEXT_BYTES, "/qq/%c", wanted ? 'b' : 'a');
		assert_int_equal(sensor_set_filter(f->sensor, &f->filter, &e), 0);
		d->told = 0;
		act_by_name(f);
		assert_true(sensor_drain(f->sensor, 0, take, f, NULL) >= 0);
		assert_int_equal(d->told, wanted ? d->done : 0);
	}
	end(f);
}

static uint32_t place_of(const char *path)
{
	__u64 words[FILTER_TEXT_WORDS] = { 0 };

	memcpy(words, path, strlen(path));
	return filter_text_slot(words);
}

static void act_mixed(struct fixture *f)
{
	for (int round = 0; round < ROUNDS; round++) {
		syscall(SYS_renameat, AT_FDCWD, "/qq/x", AT_FDCWD, f->deeds[0].text);
		syscall(SYS_renameat, AT_FDCWD, f->deeds[0].text, AT_FDCWD, "/qq/x");
		for (size_t i = 0; i < f->count; i++)
			do_by_name(&f->deeds[i]);
	}
}

/* Of two paths in one call each has its own sets; of those in one place of the kernel's memory each is told from the others. */
static void paths_are_not_mixed_up(void **state)
{
	struct fixture *f = begin();
	struct kernel_clause none = { .paths_any = 1 };
	const struct kernel_path never = { KERNEL_PATH_EXACT, S("/qq/never") };
	const struct kernel_path *list = &never;
	char text[TEXT_BYTES];

	(void)state;
	none.paths = &list;
	none.path_count = 1;
	want(f, KERNEL_PATH_EXACT, "", "/qq/b");
	want(f, KERNEL_PATH_EXACT, "", "/qq/a/long/path/one");
	deed(f, EVENT_UNLINKAT, true, "/qq/b");
	deed(f, EVENT_UNLINKAT, true, "/qq/x");
	deed(f, EVENT_UNLINKAT, true, "/qq/a/long/path/one");
	for (int i = 0; f->count < 8; i++) {
		snprintf(text, sizeof(text), "/qq/a/long/path/one/%x", (unsigned int)i);
		if (place_of(text) == place_of("/qq/a/long/path/one"))
			deed(f, EVENT_UNLINKAT, true, text);
	}
	for (size_t i = 0; i < f->count; i++)
		f->deeds[i].done = ROUNDS;
	f->rename = &none;
	if (run(f, act_mixed))
		compare(f, 2);
	end(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_by_chance),
		cmocka_unit_test(filters_follow_each_other),
		cmocka_unit_test(paths_are_not_mixed_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
