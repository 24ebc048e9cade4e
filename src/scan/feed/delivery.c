#include "scan/feed/delivery.h"

#include <stdarg.h>

#include "codec/json.h"
#include "codec/yaml.h"
#include "scan/vuln/namespace.h"

int delivery_spent(const struct delivery *d)
{
	return err_set(d->e, ENOBUFS, "%.*s: memory budget spent", STR_ARG(d->path));
}

void delivery_unreadable(const struct delivery *d, str record, const char *fmt, ...)
{
	char place[512], why[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	record = str_take(record, 100);
	n = snprintf(place, sizeof(place), "%.*s%s%.*s", STR_ARG(str_take(d->path, 400)),
		     record.n ? ":" : "", STR_ARG(record));
	d->sink->unreadable(d->sink->ctx, (str){ place, (size_t)n }, why);
}

void delivery_pass_over(const struct delivery *d)
{
	++*d->passed_over;
}

void delivery_tell_passed_over(const struct delivery *d, const char *what)
{
	if (*d->passed_over)
		delivery_unreadable(d, (str){ 0 }, "left out: %zu %s", *d->passed_over, what);
}

/* Programs in Go write their zero time where they have none. */
static str real_date(str date)
{
	return str_starts(date, S("0001-01-01")) || date.n < 10 ? (str){ 0 } : date;
}

void delivery_as_of(const struct delivery *d, str date)
{
	if (real_date(date).n && d->sink->as_of)
		d->sink->as_of(d->sink->ctx, d->origin, date);
}

/* Names, versions and ids are printable and of sane length; anything else is a damaged record. */
static bool believable(str s)
{
	if (s.n > DELIVERY_TEXT_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return false;
	return true;
}

static bool believable_list(str words)
{
	if (words.n > DELIVERY_LIST_MAX)
		return false;
	while (words.n)
		if (!believable(str_cut(&words, ' ')))
			return false;
	return true;
}

static const char *fault_of(const struct claim *c)
{
	const str all[] = { c->namespace,     c->package,    c->vulnerability,
			    c->advisory,      c->introduced, c->fixed,
			    c->last_affected, c->arch,       c->module };

	if (c->namespace.n == 0)
		return "no distribution or ecosystem";
	if (!namespace_find(c->namespace))
		return "a distribution or ecosystem that is not matched";
	if (c->package.n == 0)
		return "no package name";
	if (c->vulnerability.n == 0)
		return "no vulnerability id";
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (!believable(all[i]))
			return "a name or version with control characters or of absurd length";
	if (!believable_list(c->products))
		return "a product with control characters or of absurd length";
	if (str_find(c->module, ' ') < c->module.n)
		return "a module with blanks";
	return NULL;
}

int delivery_claim(const struct delivery *d, const struct claim *c)
{
	struct claim out = *c;
	OWNED_BUF name = BUF_INIT;
	const char *fault;

	out.package = str_trim(out.package);
	out.fixed = str_trim(out.fixed);
	out.introduced = str_trim(out.introduced);
	out.last_affected = str_trim(out.last_affected);
	out.origin = d->origin;
	fault = fault_of(&out);
	if (fault) {
		delivery_unreadable(d, c->advisory.n ? c->advisory : c->vulnerability, "%s", fault);
		return 0;
	}
	namespace_name_normalise(namespace_find(out.namespace), out.package, &name);
	if (buf_error(&name))
		return delivery_spent(d);
	out.package = buf_str(&name);
	return d->sink->claim(d->sink->ctx, &out, d->e);
}

int delivery_fact(const struct delivery *d, const struct vulnerability *v)
{
	struct vulnerability out = *v;

	if (v->id.n == 0 || !believable(v->id)) {
		delivery_unreadable(d, v->id, "no vulnerability id");
		return 0;
	}
	out.published = real_date(v->published);
	out.modified = real_date(v->modified);
	return d->sink->fact(d->sink->ctx, &out, d->e);
}

void delivery_cvss(struct vulnerability *v, str source, str vector, float score)
{
	if (v->cvss_count == VULNERABILITY_MAX_CVSS || (vector.n == 0 && score < 0) ||
	    !believable(vector))
		return;
	v->cvss[v->cvss_count++] = (struct cvss_score){ source, vector, score };
}

static int parsed(const struct delivery *d, str record, int r, const struct err *why)
{
	if (r == 0)
		return 1;
	if (r == -ENOBUFS)
		return delivery_spent(d);
	delivery_unreadable(d, record, "%s", why->text);
	return 0;
}

int delivery_json(const struct delivery *d, str record, str text, struct value *ret)
{
	struct err why = { 0 };

	return parsed(d, record, json_parse(text, d->arena, ret, &why), &why);
}

int delivery_yaml(const struct delivery *d, str text, struct value *ret)
{
	struct err why = { 0 };

	return parsed(d, (str){ 0 }, yaml_parse(text, d->arena, ret, &why), &why);
}
