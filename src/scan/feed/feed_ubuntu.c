/* ubuntu-cve-tracker: the text files below active/ and retired/, one a CVE, and the same as JSON ("Candidate").
 *
 *   Candidate: CVE-2020-1234
 *   Priority: medium
 *   focal_xen: released (4.11.3+24-1ubuntu1)
 *   jammy_xen: needs-triage
 */
#include "scan/feed/delivery.h"
#include "scan/feed/ecosystem.h"
#include "scan/feed/formats.h"
#include "scan/feed/ids.h"
#include "scan/vuln/namespace.h"

static bool wants(str path, str head)
{
	if (str_ends(path, S(".json")))
		return feed_head_has(head, "\"Candidate\"") ||
		       (feed_path_has(path, "/ubuntu/") && !feed_head_has(head, "\"affected\""));
	return str_starts(feed_path_name(path), S("CVE-")) && feed_head_has(head, "Candidate:");
}

/* "esm-infra/focal", "esm-apps/focal" and, as it was written first, "trusty/esm". */
static str namespace_of(struct arena *a, str release, bool *ret_esm)
{
	static const char *const services[] = { "esm-infra/", "esm-apps/" };
	str number;

	*ret_esm = str_ends(release, S("/esm"));
	if (*ret_esm)
		release.n -= strlen("/esm");
	for (size_t i = 0; i < ARRAY_LEN(services) && !*ret_esm; i++)
		if (str_starts(release, str_from(services[i]))) {
			*ret_esm = true;
			release = str_skip(release, strlen(services[i]));
		}
	if (!*ret_esm)
		return ecosystem_of_codename("ubuntu", release, a);
	number = namespace_release_of_codename(S("ubuntu"), release);
	return number.n ? arena_printf(a, "ubuntu-esm:%.*s", STR_ARG(number)) : (str){ 0 };
}

static bool is_version(str note)
{
	return note.n && *note.p >= '0' && *note.p <= '9' && str_find(note, ' ') == note.n;
}

/* @p note is the version when released, else a remark. */
static int deliver_status(const struct delivery *d, struct claim c, str codename, str status,
			  str note)
{
	static const struct {
		const char *word;
		enum fix_state state;
	} states[] = {
		{ "released", FIX_FIXED },
		{ "needed", FIX_AFFECTED },
		{ "active", FIX_AFFECTED },
		{ "pending", FIX_AFFECTED },
		{ "needs-triage", FIX_INVESTIGATING },
		{ "deferred", FIX_DEFERRED },
		{ "ignored", FIX_WILL_NOT_FIX },
		{ "not-affected", FIX_NOT_AFFECTED },
	};

	bool esm;

	/* DNE: the release has no such package. What the project itself or the next release has is no package of ours. */
	if (str_is(status, "DNE") || str_is(codename, "upstream") || str_is(codename, "devel"))
		return 0;
	c.namespace = namespace_of(d->arena, codename, &esm);
	if (c.namespace.n == 0) {
		delivery_pass_over(d);
		return 0;
	}
	c.state = FIX_STATE_COUNT;
	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (str_is(status, states[i].word))
			c.state = states[i].state;
	if (c.state == FIX_STATE_COUNT) {
		delivery_unreadable(d, c.vulnerability, "unknown status '%.*s'", STR_ARG(status));
		return 0;
	}
	/* Extended support takes over what was fixed before and calls it not affected, with the version of that fix. */
	if (esm && c.state == FIX_NOT_AFFECTED && is_version(note))
		c.state = FIX_FIXED;
	if (c.state == FIX_WILL_NOT_FIX && str_search(note, S("end of life")) < note.n)
		c.state = FIX_END_OF_LIFE;
	if (c.state == FIX_FIXED) {
		c.fixed = note;
		if (note.n == 0 || str_find(note, ' ') < note.n) {
			delivery_unreadable(d, c.vulnerability,
					    "'%.*s' was released without a version",
					    STR_ARG(c.package));
			return 0;
		}
	}
	return delivery_claim(d, &c);
}

static enum severity priority_of(str word)
{
	/* "medium" or "medium (reason)"; "untriaged" says nothing. */
	return severity_find(str_take(word, str_find(word, ' ')));
}

static int import_json(const struct delivery *d, str text)
{
	struct vulnerability f = DELIVERY_FACT;
	struct claim c = { 0 };
	struct value doc;
	int r = delivery_json(d, (str){ 0 }, text, &doc);

	if (r <= 0)
		return r;
	c.vulnerability = value_get_str(&doc, "Candidate");
	c.severity = priority_of(value_get_str(&doc, "Priority"));
	VALUE_MEMBERS (package, value_get(&doc, "Patches")) {
		c.package = package->key;
		VALUE_MEMBERS (release, &package->value) {
			r = deliver_status(d, c, release->key,
					   value_get_str(&release->value, "Status"),
					   value_get_str(&release->value, "Note"));
			if (r < 0)
				return r;
		}
	}
	f.id = c.vulnerability;
	f.description = value_get_str(&doc, "Description");
	f.published = value_get_str(&doc, "PublicDate");
	return delivery_fact(d, &f);
}

/* "focal_xen: released (4.11.3+24-1ubuntu1)" */
static int import_line(const struct delivery *d, struct claim c, str key, str rest)
{
	str codename = str_cut(&key, '_');
	str status, note;

	if (key.n == 0)
		return 0;
	rest = str_trim(rest);
	status = str_cut(&rest, ' ');
	note = str_trim(rest);
	if (str_starts(note, S("(")) && str_ends(note, S(")")))
		note = str_take(str_skip(note, 1), note.n - 2);
	c.package = key;
	return deliver_status(d, c, codename, status, note);
}

static int import_text(const struct delivery *d, str text)
{
	struct vulnerability f = DELIVERY_FACT;
	struct claim c = { 0 };
	str all = text;
	int r = 0;

	/* Priority may stand below the packages. */
	while (all.n) {
		str line = str_line(&all), rest = line, key = str_cut(&rest, ':');

		if (str_is(key, "Candidate"))
			c.vulnerability = str_trim(rest);
		else if (str_is(key, "Priority"))
			c.severity = priority_of(str_trim(rest));
		else if (str_is(key, "PublicDate"))
			f.published = str_take(str_trim(rest), 10);
	}
	while (text.n && r == 0) {
		str line = str_line(&text), rest = line, key = str_cut(&rest, ':');

		if (line.n && *line.p != ' ' && *line.p != '#' && *line.p != '\t' &&
		    !str_starts(key, S("Patches_")) && !str_starts(key, S("Priority_")) &&
		    !str_starts(key, S("Tags_")) && !str_starts(key, S("Discovered")))
			r = import_line(d, c, key, rest);
	}
	f.id = c.vulnerability;
	return r ? r : delivery_fact(d, &f);
}

static int import(str path, str text, struct arena *a, const struct feed_sink *sink, struct err *e)
{
	size_t passed_over = 0;
	struct delivery d = { path, S("ubuntu-tracker"), a, sink, e, &passed_over };
	int r = str_ends(path, S(".json")) ? import_json(&d, text) : import_text(&d, text);

	delivery_tell_passed_over(
		&d, "lines about products or releases beside Ubuntu's releases and their ESM");
	return r;
}

const struct feed_format feed_ubuntu = {
	.name = "ubuntu-tracker",
	.title = "Ubuntu CVE tracker",
	.licence = "GPL-3.0 as a repository; facts only",
	.wants = wants,
	.import = import,
};
