#include "prog/skep/scan.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/time.h"
#include "prog/skep/log.h"
#include "prog/skep/progress.h"
#include "prog/skep/translate.h"
#include "scan/report/gate.h"
#include "scan/report/ignore.h"
#include "scan/report/report_render.h"
#include "scan/report/sbom_read.h"
#include "scan/report/tally.h"
#include "scan/vuln/db_store.h"
#include "scan/vuln/match.h"

#define SBOM_SCHEME "sbom:"

enum { WIDTH_WITHOUT_TERMINAL = 120 };

int scan_read_image(const char *target, const struct scan_options *o, struct arena *a,
		    struct inventory *ret, struct err *e)
{
	OWNED_BUF text = BUF_INIT;
	const char *path = target + sizeof(SBOM_SCHEME) - 1;
	int r;

	if (!str_starts(str_from(target), S(SBOM_SCHEME)))
		return source_read_image(target, o, a, ret, e);
	r = file_read(AT_FDCWD, path, o->limits.file_bytes, &text, e);
	if (r < 0)
		return r;
	r = sbom_read(buf_str(&text), a, &o->limits, ret, e);
	if (r < 0)
		return err_wrap(e, r, "'%s'", path);
	if (!ret->name.n)
		ret->name = str_from(path);
	return 0;
}

static void show_progress(void *ctx UNUSED, const char *phase, uint64_t done, uint64_t total)
{
	progress_update(phase, done, total);
}

/* The folder layer results are kept in, made if need be; NULL when there is no place for one. */
static const char *cache_folder(struct invocation *v)
{
	const char *given = option_text(&v->options, "cache-dir");
	const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	struct err why = { .translate = v->err.translate };
	str path = { 0 };

	if (option_flag(&v->options, "no-cache"))
		return NULL;
	if (given)
		path = str_from(given);
	else if (base && base[0] == '/')
		path = arena_printf(v->arena, "%s/skep", base);
	else if (home && home[0] == '/')
		path = arena_printf(v->arena, "%s/.cache/skep", home);
	if (!path.p)
		return NULL;
	if (file_make_dirs(path.p, 0700, &why) < 0) {
		log_warning("no cache is used: %s", why.text);
		return NULL;
	}
	return path.p;
}

static struct scan_options scan_options_of(struct invocation *v)
{
	const struct option_set *s = &v->options;
	bool reaches_out = option_set_find(s, S("ca-file")) != NULL;

	return (struct scan_options){
		.limits = v->limits,
		.cache_dir = cache_folder(v),
		.platform = option_text(s, "platform"),
		.jobs = (unsigned int)MIN(option_number(s, "jobs", 0), 1024u),
		.skip_dirs = option_list(s, "skip-dirs", NULL),
		.skip_files = option_list(s, "skip-files", NULL),
		.progress = { .update = v->progress ? show_progress : NULL },
		.docker_host = reaches_out ? option_text(s, "docker-host") : NULL,
		.podman_host = reaches_out ? option_text(s, "podman-host") : NULL,
		.ca_file = reaches_out ? option_text(s, "ca-file") : NULL,
		.docker_config = reaches_out ? option_text(s, "docker-config") : NULL,
		.insecure_registries =
			reaches_out ? option_list(s, "insecure-registry", NULL) : NULL,
		.timeout_s = reaches_out
				     ? (unsigned int)MIN(option_number(s, "timeout", 30), 86400u)
				     : 0,
	};
}

static str rfc3339(struct arena *a, time_t t)
{
	char text[TIME_TEXT_BYTES];

	time_render((int64_t)t, text);
	return arena_str(a, str_from(text));
}

/* Reading comes first: it forks workers, which shall not inherit the database's mapping. */
static int read_target(struct invocation *v, scan_reader read, const char *target,
		       struct report *ret)
{
	struct scan_options o = scan_options_of(v);
	struct inventory *inventory = ARENA_NEW(v->arena, struct inventory);
	int r;

	if (!inventory)
		return err_set(&v->err, ENOBUFS, "memory budget spent");
	*ret = (struct report){ .inventory = inventory,
				.tool_version = S(SKEP_VERSION),
				.started = rfc3339(v->arena, time(NULL)),
				.database = { .age_s = -1 } };
	r = read(target, &o, v->arena, inventory, &v->err);
	progress_done();
	return r < 0 ? err_wrap(&v->err, r, "cannot scan '%s'", target) : 0;
}

static int match_report(struct invocation *v, struct report *r)
{
	struct match_options m = { 0 };
	struct vulndb *db = NULL;
	int result;

	if (option_set_find(&v->options, S("third-party")))
		m.third_party = option_flag(&v->options, "third-party");
	result = db_open(option_text(&v->options, "db"), v->arena, &db, &v->err);
	/* Whatever is wrong with the database, to the user it is data that is missing, not the target. */
	if (result < 0)
		return result == -ENOMEM || result == -ENOBUFS ? result : -ENODATA;
	result = match_inventory(db, r->inventory, &m, (int64_t)time(NULL), v->arena, r, &v->err);
	vulndb_close(db);
	return result;
}

int scan_target(struct invocation *v, scan_reader read, const char *target, struct report *ret)
{
	uint64_t start = clock_ms(CLOCK_MONOTONIC);
	int r = read_target(v, read, target, ret);

	if (r == 0)
		r = match_report(v, ret);
	if (r == 0)
		ret->elapsed_ms = clock_ms(CLOCK_MONOTONIC) - start;
	return r;
}

static int read_ignore_file(struct invocation *v, const char *path, struct ignore_list *l)
{
	OWNED_BUF text = BUF_INIT;
	int r = file_read(AT_FDCWD, path, 64 * MIB, &text, &v->err);

	if (r < 0)
		return r;
	str kept = arena_str(v->arena, buf_str(&text));
	if (!kept.p)
		return err_set(&v->err, ENOBUFS, "memory budget spent");
	return ignore_parse(str_from(path), kept, v->arena, l, &v->err);
}

static int apply_ignore_files(struct invocation *v, struct report *r)
{
	static const char *const usual[] = { ".skepignore.yaml", ".trivyignore",
					     ".trivyignore.yaml", NULL };
	struct ignore_list rules = { 0 };
	size_t given;
	const char *const *files = option_list(&v->options, "ignorefile", &given);
	int result = 0;

	if (!given)
		files = usual;
	for (size_t i = 0; files[i] && result == 0; i++)
		if (given || access(files[i], F_OK) == 0)
			result = read_ignore_file(v, files[i], &rules);
	if (result < 0)
		return result;
	return ignore_apply(&rules, str_take(r->started, 10), v->arena, r, &v->err);
}

struct output {
	enum report_format format;
	const char *file; /**< NULL: stdout */
};

#define MAX_OUTPUTS 16

static int parse_output(struct invocation *v, const char *text, struct output *ret)
{
	str rest = str_from(text);
	size_t at = str_find(rest, '=');
	int r = report_format_find(str_take(rest, at), &ret->format);

	if (r < 0)
		return err_set(&v->err, EINVAL,
			       "unknown report format '%s': use table, json, sarif, cyclonedx or "
			       "spdx-json",
			       text);
	ret->file = at < rest.n ? text + at + 1 : NULL;
	if (ret->file && !ret->file[0])
		return err_set(&v->err, EINVAL, "--format %s: no file name after '='", text);
	return 0;
}

/* Which formats go where; refused before any work is done when two would share stdout. */
static int plan_outputs(struct invocation *v, enum report_format fallback, struct output *ret)
{
	size_t count, unnamed = 0;
	const char *const *formats = option_list(&v->options, "format", &count);
	const char *file = option_text(&v->options, "output");

	if (count > MAX_OUTPUTS)
		return err_set(&v->err, EINVAL, "--format may be given %d times at most",
			       MAX_OUTPUTS);
	if (!count)
		ret[0] = (struct output){ .format = fallback };
	for (size_t i = 0; i < count; i++) {
		int r = parse_output(v, formats[i], &ret[i]);

		if (r < 0)
			return r;
	}
	count = MAX(count, (size_t)1);
	for (size_t i = 0; i < count; i++) {
		if (ret[i].file)
			continue;
		ret[i].file = file;
		unnamed++;
	}
	if (unnamed > 1)
		return err_set(&v->err, EINVAL,
			       "two formats for one place: name a file for all but one, as in "
			       "--format json=report.json");
	return (int)count;
}

static unsigned int terminal_width(FILE *out)
{
	struct winsize w;
	uint32_t columns;

	if (ioctl(fileno(out), TIOCGWINSZ, &w) == 0 && w.ws_col > 0)
		return w.ws_col;
	if (str_u32(str_from(getenv("COLUMNS")), &columns) == 0 && columns >= 20)
		return columns;
	return WIDTH_WITHOUT_TERMINAL;
}

static int write_output(struct invocation *v, const struct report *r, const struct output *o,
			bool packages_only)
{
	struct report_style style = {
		.lang = v->lang,
		.words = v->lang == LANG_ZH ? &translation_zh : NULL,
		.width = o->file ? WIDTH_WITHOUT_TERMINAL : terminal_width(v->out),
		.color = v->color && !o->file,
		.packages_only = packages_only,
	};
	OWNED_BUF text = BUF_INIT;
	int result;

	if (!packages_only)
		style.show_suppressed = option_flag(&v->options, "show-suppressed");
	result = report_render(r, o->format, &style, &text, &v->err);
	if (result < 0)
		return result;
	if (o->file)
		return file_write_atomic(AT_FDCWD, o->file, buf_str(&text), 0644, &v->err);
	if (fwrite(text.p, 1, text.n, v->out) != text.n || fflush(v->out) != 0)
		return err_sys(&v->err, errno, "cannot write the report");
	return 0;
}

/* failures: findings the gate refuses, counted before any were hidden: showing less must not let more through. */
static int judge(struct invocation *v, size_t failures, const struct report *r)
{
	uint64_t max_age = option_number(&v->options, "max-db-age", 0);
	bool any = !option_is_given(&v->options, "fail-on") &&
		   option_is_given(&v->options, "exit-code");

	if (failures || (any && r->findings.count))
		return (int)option_number(&v->options, "exit-code", EXIT_CODE_GATE);
	if (r->is_end_of_life && option_is_given(&v->options, "exit-on-eol"))
		return (int)option_number(&v->options, "exit-on-eol", 0);
	if (max_age && (r->database.age_s < 0 || (uint64_t)r->database.age_s > max_age)) {
		log_error(
			"the vulnerability data is older than --max-db-age: run 'skep db update'");
		return EXIT_CODE_DATA;
	}
	if (tally_is_partial(r))
		return EXIT_CODE_PARTIAL;
	if (r->unjudged) {
		log_error("the database has no advisories for part of this: run 'skep db update' "
			  "or 'skep db import FILE'");
		return EXIT_CODE_DATA;
	}
	return EXIT_CODE_OK;
}

static int check_exit_codes(struct invocation *v)
{
	static const char *const names[] = { "exit-code", "exit-on-eol" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (option_number(&v->options, names[i], 0) > 255)
			return err_set(&v->err, EINVAL, "--%s: a shell knows exit codes 0 to 255",
				       names[i]);
	return 0;
}

/* Everything the user may have got wrong is refused before any work is done. */
static int read_wishes(struct invocation *v, struct gate *gate, struct gate_filter *filter)
{
	const char *fail_on = option_text(&v->options, "fail-on");
	const char *severities = option_text(&v->options, "severity");
	int r = check_exit_codes(v);

	*gate = gate_open();
	*filter = (struct gate_filter){ .fixed_only = option_flag(&v->options, "ignore-unfixed") };
	if (r == 0 && fail_on)
		r = gate_parse(str_from(fail_on), gate, &v->err);
	if (r == 0 && severities)
		r = gate_severities_parse(str_from(severities), &filter->severities, &v->err);
	return r;
}

int scan_run(struct invocation *v, scan_reader read)
{
	struct output outputs[MAX_OUTPUTS];
	struct gate_filter filter;
	struct report report;
	struct gate gate;
	size_t failures;
	int count, r;

	r = read_wishes(v, &gate, &filter);
	if (r < 0)
		return r;
	count = plan_outputs(v, REPORT_TABLE, outputs);
	if (count < 0)
		return count;
	r = scan_target(v, read, v->args[0], &report);
	if (r == 0)
		r = apply_ignore_files(v, &report);
	if (r < 0)
		return r;
	failures = gate_failures(&gate, &report);
	gate_filter_apply(&filter, &report);
	for (int i = 0; i < count && r == 0; i++)
		r = write_output(v, &report, &outputs[i], false);
	return r < 0 ? r : judge(v, failures, &report);
}

/* The formats of bills of material have no place for what was not read. */
static void tell_gaps(const struct gap_list *gaps)
{
	for (size_t i = 0; i < gaps->count; i++)
		if (gap_is_partial(gaps->items[i].kind))
			log_warning("not all was read: %.*s: %.*s", STR_ARG(gaps->items[i].place),
				    STR_ARG(gaps->items[i].what));
}

int scan_write_sbom(struct invocation *v, scan_reader read)
{
	struct output outputs[MAX_OUTPUTS];
	struct report report;
	int count = plan_outputs(v, REPORT_CYCLONEDX, outputs);
	int r;

	if (count < 0)
		return count;
	r = read_target(v, read, v->args[0], &report);
	for (int i = 0; i < count && r == 0; i++)
		r = write_output(v, &report, &outputs[i], true);
	if (r < 0)
		return r;
	tell_gaps(&report.inventory->gaps);
	return tally_is_partial(&report) ? EXIT_CODE_PARTIAL : EXIT_CODE_OK;
}
