#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/time.h"
#include "codec/json.h"
#include "console/fleet/fleet_priv.h"
#include "console/store/findings.h"
#include "console/store/image_layers.h"
#include "console/store/packages.h"
#include "scan/vuln/db_store.h"
#include "scan/vuln/match.h"

enum { WAITING_MAX = 256 };
#define MATCH_ARENA ((size_t)512 << 20)
/* While images are matched one after the other; else each tick. */
#define DATABASE_EVERY_NS (3 * SECOND_NS)

static int64_t built_ns(struct vulndb *db, struct arena *a)
{
	struct database_info info = { 0 };
	int64_t s;

	vulndb_info(db, a, &info);
	return time_parse(info.built, &s) == 0 && s > 0 ? s * 1000000000 : 1;
}

/** @return 0: none can be opened, which is told once */
static int64_t database_ns(struct fleet *f)
{
	struct err why = { 0 };
	struct vulndb *db;
	struct arena a;
	int64_t ns = 0;

	arena_init(&a, (size_t)16 << 20);
	if (db_open(f->o.vulnerability_database, &a, &db, &why) == 0) {
		ns = built_ns(db, &a);
		vulndb_close(db);
	} else if (!f->told_no_database) {
		fleet_say(f, "images are not judged: %s", why.text);
	}
	f->told_no_database = ns == 0;
	arena_done(&a);
	return ns;
}

static struct stored_vulnerability fact_of(const struct vulnerability *v, double score)
{
	return (struct stored_vulnerability){ .id = v->id,
					      .title = v->title,
					      .description = v->description,
					      .published = v->published,
					      .references = v->references,
					      .aliases = v->aliases,
					      .severity = v->severity,
					      .score = score,
					      .epss = (double)v->epss,
					      .epss_percentile = (double)v->epss_percentile,
					      .kev_added = v->kev_added,
					      .kev = (v->exploit_flags & EXPLOIT_KEV) != 0 };
}

static struct stored_finding finding_of(const struct finding *f, const struct inventory *v)
{
	const struct package *p = &v->packages.items[f->package];
	bool has_layer = p->layer < v->layer_count;

	return (struct stored_finding){
		.vulnerability = f->vuln->id,
		.package = p->name,
		.version = p->version,
		.type = p->type,
		.path = p->db_path,
		.fixed = f->fixed_version,
		.state = f->state,
		.severity = f->severity,
		.score = (double)f->cvss_score,
		.risk = (double)f->risk,
		.layer = has_layer ? image_layer_name(&v->layers[p->layer]) : (str){ 0 },
	};
}

struct replacing {
	str digest;
	struct stored_finding *findings;
	struct stored_vulnerability *facts;
	size_t finding_count, fact_count;
	const struct gap_list *gaps;
	const struct inventory *inventory;
	int64_t scan_base;
	int64_t database_ns;
};

static int replace(struct store *s, void *ctx, struct err *e)
{
	const struct replacing *w = ctx;
	const struct package_list *packages = &w->inventory->packages;
	/* Of inventories kept before layers, and packages, were. */
	int r = image_layers_has(s, w->digest, e);

	if (r == 0)
		r = image_layers_put(s, w->digest, w->inventory, w->scan_base, e);
	r = r < 0 ? r
		  : findings_replace(s, w->digest, w->findings, w->finding_count, w->facts,
				     w->fact_count, w->database_ns, e);
	if (r == 0)
		r = images_put_gaps(s, w->digest, w->gaps, e);
	if (r == 0)
		r = packages_has(s, w->digest, e);
	return r ? MIN(r, 0) : packages_put(s, w->digest, packages->items, packages->count, e);
}

/** Findings come by risk; facts of each vulnerability are kept once. */
static int collect(const struct report *rep, const struct inventory *v, struct arena *a,
		   struct replacing *ret)
{
	size_t n = rep->findings.count;
	struct map seen = map_in(a);

	ret->findings = ARENA_ARRAY(a, n, struct stored_finding);
	ret->facts = ARENA_ARRAY(a, n, struct stored_vulnerability);
	if (!ret->findings || !ret->facts)
		return -ENOBUFS;
	for (size_t i = 0; i < n; i++) {
		const struct finding *f = &rep->findings.items[i];
		void **at = map_at(&seen, f->vuln->id);

		if (!at)
			return -ENOBUFS;
		ret->findings[ret->finding_count++] = finding_of(f, v);
		if (!*at)
			ret->facts[ret->fact_count++] = fact_of(f->vuln, (double)f->cvss_score);
		*at = ret;
	}
	return 0;
}

static int match(struct fleet *f, const struct inventory *v, struct arena *a, struct report *rep,
		 int64_t *ret_database_ns, struct err *e)
{
	const struct match_options m = { 0 };
	struct vulndb *db;
	int r = db_open(f->o.vulnerability_database, a, &db, e);

	if (r < 0)
		return r;
	*ret_database_ns = built_ns(db, a);
	*rep = (struct report){ .inventory = v };
	r = match_inventory(db, v, &m, (int64_t)time(NULL), a, rep, e);
	vulndb_close(db);
	return r;
}

static int rematch_image(struct fleet *f, struct store *s, str digest, struct err *e)
{
	struct report rep;
	struct inventory v;
	struct replacing w = { .digest = digest, .gaps = &rep.gaps, .inventory = &v };
	OWNED_BUF text = BUF_INIT;
	struct value root;
	struct arena own;
	int r = images_inventory(s, digest, &text, e);

	if (r < 0)
		return r;
	arena_init(&own, MATCH_ARENA);
	r = json_parse(buf_str(&text), &own, &root, e);
	if (r == 0)
		r = inventory_parse(&root, &own, &v, e);
	if (r == 0)
		r = match(f, &v, &own, &rep, &w.database_ns, e);
	if (r == 0)
		r = collect(&rep, &v, &own, &w);
	w.scan_base = value_int(value_get(&root, "baseLayers"), 0);
	if (r == 0)
		r = store_transact(s, replace, &w, e);
	arena_done(&own);
	return r < 0 ? r : 1;
}

/** Whether the database in force is the file that was opened last: a bundle is unpacked for each look into it. */
static bool is_known(struct fleet *f)
{
	enum db_place place;
	struct stat st = { 0 };
	struct arena a;
	bool known;
	str path;

	arena_init(&a, (size_t)1 << 20);
	known = db_locate(f->o.vulnerability_database, &a, &path, &place, NULL) == 0 &&
		stat(path.p, &st) == 0 && f->database_built_ns &&
		st.st_dev == f->database_file.device && st.st_ino == f->database_file.inode &&
		st.st_size == f->database_file.bytes &&
		st.st_mtim.tv_sec == f->database_file.written.tv_sec &&
		st.st_mtim.tv_nsec == f->database_file.written.tv_nsec;
	arena_done(&a);
	f->database_file.device = st.st_dev;
	f->database_file.inode = st.st_ino;
	f->database_file.bytes = st.st_size;
	f->database_file.written = st.st_mtim;
	return known;
}

static void look_at_database(struct fleet *f, uint64_t mono)
{
	int64_t built;

	if (f->database_ns && mono - f->database_ns < DATABASE_EVERY_NS)
		return;
	f->database_ns = mono;
	if (is_known(f))
		return;
	built = database_ns(f);
	if (built != f->database_built_ns)
		f->unmatched_count = 0;
	f->database_built_ns = built;
}

static bool is_unmatched(const struct fleet *f, str digest)
{
	for (size_t i = 0; i < MIN(f->unmatched_count, (size_t)FLEET_UNMATCHED); i++)
		if (f->unmatched[i] == str_hash(digest))
			return true;
	return false;
}

/** What cannot be matched must not keep the others from it, and is told once. */
static void set_aside(struct fleet *f, str digest, const struct err *why)
{
	f->unmatched[f->unmatched_count++ % FLEET_UNMATCHED] = str_hash(digest);
	fleet_say(f, "image %.*s cannot be matched: %s", STR_ARG(digest), why->text);
}

int rematch_some(struct fleet *f, struct store *s, struct arena *a, struct err *e)
{
	str *digests;
	size_t count;
	int r;

	look_at_database(f, clock_ns(CLOCK_MONOTONIC));
	if (!f->database_built_ns)
		return 0;
	r = images_waiting(s, f->database_built_ns, false, WAITING_MAX, a, &digests, &count, e);
	for (size_t i = 0; r >= 0 && i < count; i++) {
		struct err why = { 0 };

		if (is_unmatched(f, digests[i]))
			continue;
		r = rematch_image(f, s, digests[i], &why);
		if (r > 0) {
			fleet_publish(f, "findings");
			return 1;
		}
		/* -ENOENT: not scanned yet. */
		if (r == -EBADMSG || r == -ENOBUFS || r == -E2BIG)
			set_aside(f, digests[i], &why);
		else if (r < 0 && r != -ENOENT)
			return err_set(e, -r, "%s", why.text);
		r = 0;
	}
	return r;
}
