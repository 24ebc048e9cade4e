/* The files data/{DSA,DLA,CVE}/list of Debian's security tracker, and the same lines wrapped one advisory a file in
 * JSON ("Header"/"Annotations"). A record is a header line and indented lines below it:
 *
 *   [29 Mar 2023] DSA-5380-1 xorg-server - security update
 *   	{CVE-2023-1393}
 *   	[bullseye] - xorg-server 2:1.20.11-1+deb11u6
 *
 *   CVE-2021-33560 (Libgcrypt before 1.8.8 ...)
 *   	- libgcrypt20 1.8.7-6 (bug #...; medium)
 *   	[buster] - libgcrypt20 <no-dsa> (Minor issue)
 */
#include "base/buf.h"
#include "scan/feed/delivery.h"
#include "scan/feed/ecosystem.h"
#include "scan/feed/formats.h"
#include "scan/feed/ids.h"

struct note {
	str release; /* codename; empty: unstable, from which releases without a note of their own follow */
	str package;
	str version; /* empty when a state is given */
	str state;   /* "unfixed", "no-dsa", ... */
	enum severity severity;
	uint32_t line;
};

struct record {
	const struct delivery *d;
	struct arena arena; /* emptied after each record */
	str id;             /* empty: no record is open */
	str description;
	struct ids cves;
	struct note *notes;
	size_t count, cap;
	bool is_cve;
	bool dated;
};

static const char *const live_releases[] = { "stretch",  "buster", "bullseye",
					     "bookworm", "trixie", "sid" };

static bool is_list(str path)
{
	return str_ends(path, S("DSA/list")) || str_ends(path, S("DLA/list")) ||
	       str_ends(path, S("CVE/list")) || str_is(path, "list");
}

static bool wants(str path, str head)
{
	if (str_ends(path, S(".json")))
		return (feed_head_has(head, "\"Header\"") && feed_head_has(head, "\"Original\"")) ||
		       feed_path_has(path, "/tracker/CVE/") ||
		       feed_path_has(path, "/tracker/DSA/") || feed_path_has(path, "/tracker/DLA/");
	if (!is_list(path) && str_search(path, S("list")) == path.n)
		return false;
	return (str_starts(head, S("[")) &&
		(feed_head_has(head, "] DSA-") || feed_head_has(head, "] DLA-"))) ||
	       (str_starts(head, S("CVE-")) && feed_head_has(head, "\n\t"));
}

static int month_of(str name)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	size_t at = str_search(str_from(months), str_take(name, 3));

	return name.n >= 3 && at < sizeof(months) - 1 ? (int)at / 3 + 1 : 0;
}

/* "29 Mar 2023" becomes the date the list was current: its newest record stands first. */
static void take_date(struct record *r, str date)
{
	str day = str_cut(&date, ' '), month = str_cut(&date, ' ');
	uint32_t d, y;
	char text[16];
	int m = month_of(month);

	if (r->dated || !m || str_u32(day, &d) < 0 || str_u32(date, &y) < 0 || y > 9999 || d > 31)
		return;
	(void)snprintf(text, sizeof(text), "%04u-%02d-%02u", y, m, d);
	delivery_as_of(r->d, str_from(text));
	r->dated = true;
}

static enum fix_state state_of(str word)
{
	static const struct {
		const char *word;
		enum fix_state state;
	} states[] = {
		{ "unfixed", FIX_AFFECTED },          { "removed", FIX_AFFECTED },
		{ "not-affected", FIX_NOT_AFFECTED }, { "no-dsa", FIX_WILL_NOT_FIX },
		{ "ignored", FIX_WILL_NOT_FIX },      { "postponed", FIX_DEFERRED },
		{ "end-of-life", FIX_END_OF_LIFE },   { "undetermined", FIX_INVESTIGATING },
	};

	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (str_is(word, states[i].word))
			return states[i].state;
	return FIX_STATE_COUNT;
}

static int emit(struct record *r, const struct note *n, str codename, bool derived)
{
	struct claim c = { .package = n->package,
			   .advisory = r->is_cve ? (str){ 0 } : r->id,
			   .fixed = n->version,
			   .state = n->version.n ? FIX_FIXED : state_of(n->state),
			   .severity = n->severity };

	c.namespace = ecosystem_of_codename("debian", codename, &r->arena);
	if (c.namespace.n == 0) {
		delivery_unreadable(r->d, r->id, "release '%.*s' is not known", STR_ARG(codename));
		return 0;
	}
	if (derived && !str_is(codename, "sid"))
		c.basis = CLAIM_PRESUMED;
	else if (c.state != FIX_FIXED && c.state != FIX_NOT_AFFECTED)
		c.basis = CLAIM_NOTED;
	/* Unstable has the fix, this release has not (yet): affected below that version, with nothing to update to. */
	if (derived && c.state == FIX_FIXED && !str_is(codename, "sid"))
		c.state = FIX_AFFECTED;
	if (str_is(n->version, "0")) {
		c.state = FIX_NOT_AFFECTED;
		c.fixed = (str){ 0 };
	}
	for (size_t i = 0; i < r->cves.count; i++) {
		int e;

		c.vulnerability = r->cves.items[i];
		e = delivery_claim(r->d, &c);
		if (e < 0)
			return e;
	}
	return 0;
}

static bool has_own_note(const struct record *r, str release, str package)
{
	for (size_t i = 0; i < r->count; i++)
		if (str_eq(r->notes[i].release, release) && str_eq(r->notes[i].package, package))
			return true;
	return false;
}

static int emit_derived(struct record *r, const struct note *n)
{
	for (size_t i = 0; i < ARRAY_LEN(live_releases); i++) {
		str release = str_from(live_releases[i]);
		int e;

		if (has_own_note(r, release, n->package))
			continue;
		e = emit(r, n, release, true);
		if (e < 0)
			return e;
	}
	return 0;
}

static int emit_fact(struct record *r)
{
	struct vulnerability f = DELIVERY_FACT;
	str text = str_trim(r->description);

	if (!r->is_cve || text.n < 2 || *text.p != '(')
		return 0;
	f.id = r->id;
	f.description = str_take(str_skip(text, 1), text.n - 2);
	return delivery_fact(r->d, &f);
}

static int close_record(struct record *r)
{
	int e = 0;

	if (r->id.n == 0)
		return 0;
	if (r->cves.count == 0 && ids_add(&r->cves, r->id) < 0)
		return delivery_spent(r->d);
	if (r->count)
		e = emit_fact(r);
	for (size_t i = 0; e == 0 && i < r->count; i++) {
		const struct note *n = &r->notes[i];

		if (n->release.n)
			e = emit(r, n, n->release, false);
		else if (r->is_cve)
			e = emit_derived(r, n);
		else
			e = emit(r, n, S("sid"), false);
	}
	return e;
}

static int open_record(struct record *r, str line)
{
	size_t budget = r->arena.budget_bytes;

	arena_done(&r->arena);
	arena_init(&r->arena, budget);
	r->notes = NULL;
	r->count = r->cap = 0;
	r->cves = (struct ids){ .arena = &r->arena };
	r->id = (str){ 0 };
	r->is_cve = str_starts(line, S("CVE-"));
	if (str_starts(line, S("["))) {
		str rest = str_skip(line, 1);

		take_date(r, str_cut(&rest, ']'));
		rest = str_trim(rest);
		r->id = str_cut(&rest, ' ');
		r->description = rest;
	} else {
		str rest = line;

		r->id = str_cut(&rest, ' ');
		r->description = rest;
		if (r->is_cve && !ids_is_cve(r->id)) {
			delivery_unreadable(r->d, r->id, "has no number yet");
			r->id = (str){ 0 };
		}
	}
	return 0;
}

/* "(bug #1; medium)" */
static enum severity urgency_of(str info)
{
	str inner = str_trim(info);

	if (inner.n < 2 || *inner.p != '(')
		return SEVERITY_UNKNOWN;
	inner = str_take(str_skip(inner, 1), inner.n - 2);
	while (inner.n) {
		enum severity s = severity_find(str_trim(str_cut(&inner, ';')));

		if (s != SEVERITY_UNKNOWN)
			return s;
	}
	return SEVERITY_UNKNOWN;
}

static int take_note(struct record *r, str line, uint32_t no)
{
	struct note n = { .line = no };
	struct note *at;
	str rest = line, word;

	if (str_starts(rest, S("["))) {
		rest = str_skip(rest, 1);
		n.release = str_cut(&rest, ']');
		rest = str_trim(rest);
	}
	if (!str_starts(rest, S("- ")))
		return 0;
	rest = str_trim(str_skip(rest, 2));
	n.package = str_cut(&rest, ' ');
	rest = str_trim(rest);
	word = str_cut(&rest, ' ');
	n.severity = urgency_of(rest);
	if (str_starts(word, S("<")) && str_ends(word, S(">"))) {
		n.state = str_take(str_skip(word, 1), word.n - 2);
		/* Wanted in Debian, but no package of it yet. */
		if (str_is(n.state, "itp"))
			return 0;
		if (state_of(n.state) == FIX_STATE_COUNT) {
			delivery_unreadable(r->d, r->id, "line %u: unknown state '%.*s'", no,
					    STR_ARG(n.state));
			return 0;
		}
	} else {
		n.version = word;
	}
	if (n.version.n == 0 && n.state.n == 0) {
		delivery_unreadable(r->d, r->id, "line %u: neither a version nor a state", no);
		return 0;
	}
	at = ARENA_PUSH(&r->arena, r->notes, r->count, r->cap);
	if (!at)
		return delivery_spent(r->d);
	*at = n;
	return 0;
}

static int take_line(struct record *r, str line, uint32_t no)
{
	int e;

	if (str_trim(line).n == 0)
		return 0;
	if (*line.p != '\t' && *line.p != ' ') {
		e = close_record(r);
		return e < 0 ? e : open_record(r, line);
	}
	if (r->id.n == 0)
		return 0;
	line = str_trim(line);
	if (*line.p == '{')
		return r->is_cve ? 0 : ids_scan(&r->cves, line) < 0 ? delivery_spent(r->d) : 0;
	return *line.p == '[' || *line.p == '-' ? take_note(r, line, no) : 0;
}

static int import_lines(const struct delivery *d, str text)
{
	struct record r = { .d = d };
	uint32_t no = 0;
	int e = 0;

	arena_init(&r.arena, 16u << 20);
	r.cves.arena = &r.arena;
	while (e == 0 && text.n)
		e = take_line(&r, str_line(&text), ++no);
	if (e == 0)
		e = close_record(&r);
	arena_done(&r.arena);
	return e;
}

static int import(str path, str text, struct arena *a, const struct feed_sink *sink, struct err *e)
{
	struct delivery d = { path, S("debian-tracker"), a, sink, e };
	OWNED_BUF lines = BUF_INIT;
	struct value doc;
	int r;

	if (!str_ends(path, S(".json")))
		return import_lines(&d, text);
	r = delivery_json(&d, (str){ 0 }, text, &doc);
	if (r <= 0)
		return r;
	buf_add(&lines, value_get_str(value_get(&doc, "Header"), "Original"));
	VALUE_EACH (note, value_get(&doc, "Annotations")) {
		buf_add(&lines, S("\n\t"));
		buf_add(&lines, value_get_str(note, "Original"));
	}
	if (buf_error(&lines))
		return delivery_spent(&d);
	return import_lines(&d, buf_str(&lines));
}

const struct feed_format feed_debian_list = {
	.name = "debian-tracker",
	.title = "Debian security tracker: DSA, DLA and CVE lists",
	.licence = "MIT (security-tracker)",
	.wants = wants,
	.import = import,
};
