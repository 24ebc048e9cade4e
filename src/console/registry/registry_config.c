#include "console/registry/registry_config.h"

#include <stdio.h>

#include "base/word.h"
#include "codec/glob.h"
#include "codec/reference.h"

enum { PRESET_INTERVAL_S = 86400, PRESET_REQUESTS = 10, REQUESTS_MAX = 100, PATTERN_MAX = 512 };

static const char *const stage_names[] = { [STAGE_NONE] = "none",
					   [STAGE_BASE] = "base",
					   [STAGE_TEST] = "test",
					   [STAGE_PRODUCTION] = "production" };

const char *promotion_stage_name(enum promotion_stage s)
{
	return WORD_NAME(stage_names, s);
}

int promotion_stage_find(str name)
{
	return WORD_FIND(stage_names, name);
}

static int spent(struct err *e)
{
	return err_set(e, ENOBUFS, "registries: memory budget spent");
}

/* codec/glob.h gives a meaning to these two. */
static size_t first_wild(str pattern)
{
	return MIN(str_find(pattern, '*'), str_find(pattern, '?'));
}

bool registry_pattern_is_wild(str pattern)
{
	return first_wild(pattern) < pattern.n;
}

str registry_pattern_folder(str pattern)
{
	str plain = str_take(pattern, first_wild(pattern));
	size_t slash = str_find_last(plain, '/');

	return slash < plain.n ? str_take(plain, slash) : S("");
}

static int take_list(const struct value *v, const char *name, struct arena *a,
		     struct registry_list_of *ret, struct err *e)
{
	const struct value *list = value_get(v, name);
	size_t count = list && list->kind == VALUE_ARRAY ? list->count : 0;

	*ret = (struct registry_list_of){ .items = ARENA_ARRAY(a, count + 1, str) };
	if (!ret->items)
		return spent(e);
	VALUE_EACH (item, list) {
		str one = str_trim(value_str(item));

		if (one.n == 0)
			continue;
		if (one.n > PATTERN_MAX || str_is(one, "!"))
			return err_set(e, EINVAL, "%s: '%.*s' is no pattern", name,
				       STR_ARG(str_take(one, 80)));
		ret->items[ret->count++] = one;
	}
	return 0;
}

/* "os/arch" or "os/arch/variant" */
static bool is_platform(str s)
{
	size_t parts = 1;

	for (size_t i = 0; i < s.n; i++) {
		bool slash = s.p[i] == '/';

		if (slash && (i == 0 || s.p[i - 1] == '/' || i + 1 == s.n))
			return false;
		parts += slash;
		if (!slash && !(s.p[i] >= 'a' && s.p[i] <= 'z') &&
		    !(s.p[i] >= '0' && s.p[i] <= '9'))
			return false;
	}
	return parts == 2 || parts == 3;
}

static int take_platforms(const struct value *v, struct arena *a, struct registry_config *c,
			  struct err *e)
{
	int r = take_list(v, "platforms", a, &c->platforms, e);

	if (r < 0)
		return r;
	if (c->platforms.count == 0)
		c->platforms.items[c->platforms.count++] = S("linux/amd64");
	for (size_t i = 0; i < c->platforms.count; i++)
		if (!is_platform(c->platforms.items[i]))
			return err_set(e, EINVAL, "'%.*s' is no platform: write os/architecture",
				       STR_ARG(str_take(c->platforms.items[i], 80)));
	return 0;
}

static int take_stage(const struct value *v, enum promotion_stage *ret, struct err *e)
{
	str name = value_str(v);
	int stage = name.n ? promotion_stage_find(name) : STAGE_NONE;

	if (stage < 0)
		return err_set(e, EINVAL, "no stage is called '%.*s'", STR_ARG(str_take(name, 80)));
	*ret = (enum promotion_stage)stage;
	return 0;
}

static int take_rules(const struct value *v, struct arena *a, struct registry_config *c,
		      struct err *e)
{
	const struct value *list = value_get(v, "stages");
	int r = take_stage(value_get(v, "stage"), &c->stage, e);

	c->rules = ARENA_ARRAY(a, list ? list->count + 1 : 1, struct registry_rule);
	if (!c->rules)
		return spent(e);
	VALUE_EACH (item, list) {
		struct registry_rule *rule = &c->rules[c->rule_count++];

		rule->pattern = str_trim(value_get_str(item, "pattern"));
		if (r == 0 && rule->pattern.n == 0)
			r = err_set(e, EINVAL, "a stage's pattern is empty");
		if (r == 0)
			r = take_stage(value_get(item, "stage"), &rule->stage, e);
	}
	return r;
}

/* What is named must be a name, and is where clients look for it; what is not needs a catalogue. */
static int take_repositories(const struct registry_config *c, const struct registry_kind *kind,
			     struct arena *a, struct err *e)
{
	if (!registry_config_is_named(c))
		return registry_kind_lists(kind)
			       ? 0
			       : err_set(e, EINVAL,
					 "a registry of kind %s has no catalogue: name its "
					 "repositories, without wildcards",
					 kind->name);
	for (size_t i = 0; i < c->repositories.count; i++) {
		str *name = &c->repositories.items[i];

		if (name->p[0] == '!')
			continue;
		if (!reference_is_repository(*name))
			return err_set(e, EINVAL, "no repository can be called '%.*s'",
				       STR_ARG(str_take(*name, 80)));
		if (kind->folder[0] && str_find(*name, '/') == name->n)
			*name = arena_printf(a, "%s/%.*s", kind->folder, STR_ARG(*name));
		if (!name->p)
			return spent(e);
	}
	return 0;
}

int registry_config_take(const struct value *v, const struct registry_kind *kind, struct arena *a,
			 struct registry_config *ret, struct err *e)
{
	struct registry_config c = {
		.kind = kind,
		.user = value_get_str(v, "user"),
		.ca = value_get_str(v, "ca"),
		.insecure = value_is_true(value_get(v, "insecure")),
		.interval_s = value_int(value_get(v, "interval"), PRESET_INTERVAL_S),
		.requests = value_int(value_get(v, "requestsPerSecond"), PRESET_REQUESTS)
	};
	int r = take_list(v, "repositories", a, &c.repositories, e);

	if (r == 0)
		r = take_list(v, "tags", a, &c.tags, e);
	if (r == 0)
		r = take_platforms(v, a, &c, e);
	if (r == 0)
		r = take_rules(v, a, &c, e);
	if (r == 0)
		r = take_repositories(&c, kind, a, e);
	if (r < 0)
		return r;
	if (c.interval_s &&
	    (c.interval_s < REGISTRY_INTERVAL_MIN_S || c.interval_s > REGISTRY_INTERVAL_MAX_S))
		return err_set(e, EINVAL, "interval: 0, or between %d and %d seconds",
			       REGISTRY_INTERVAL_MIN_S, REGISTRY_INTERVAL_MAX_S);
	if (c.requests < 1 || c.requests > REQUESTS_MAX)
		return err_set(e, EINVAL, "requestsPerSecond: between 1 and %d", REQUESTS_MAX);
	if (c.ca.n && str_search(c.ca, S("-----BEGIN CERTIFICATE-----")) == c.ca.n)
		return err_set(e, EINVAL, "ca: no certificate in PEM form");
	*ret = c;
	return 0;
}

static void put_list(struct json_out *j, const char *key, const struct registry_list_of *l)
{
	json_key(j, key);
	json_array_open(j);
	for (size_t i = 0; i < l->count; i++)
		json_str(j, l->items[i]);
	json_array_close(j);
}

void registry_config_put(const struct registry_config *c, struct json_out *j)
{
	json_put_str(j, "user", c->user);
	json_put_str(j, "ca", c->ca);
	json_put_bool(j, "insecure", c->insecure);
	put_list(j, "repositories", &c->repositories);
	put_list(j, "tags", &c->tags);
	put_list(j, "platforms", &c->platforms);
	json_put_int(j, "interval", c->interval_s);
	json_put_int(j, "requestsPerSecond", c->requests);
	json_put_cstr(j, "stage", promotion_stage_name(c->stage));
	json_key(j, "stages");
	json_array_open(j);
	for (size_t i = 0; i < c->rule_count; i++) {
		json_object_open(j);
		json_put_str(j, "pattern", c->rules[i].pattern);
		json_put_cstr(j, "stage", promotion_stage_name(c->rules[i].stage));
		json_object_close(j);
	}
	json_array_close(j);
}

bool registry_config_wants(const struct registry_list_of *patterns, str name)
{
	bool any = false, covered = false;

	for (size_t i = 0; i < patterns->count; i++) {
		str p = patterns->items[i];

		if (p.p[0] == '!') {
			if (glob_match(str_skip(p, 1), name))
				return false;
			continue;
		}
		any = true;
		covered = covered || glob_match(p, name);
	}
	return covered || !any;
}

bool registry_config_is_named(const struct registry_config *c)
{
	bool any = false;

	for (size_t i = 0; i < c->repositories.count; i++) {
		str p = c->repositories.items[i];

		if (p.p[0] == '!')
			continue;
		any = true;
		if (registry_pattern_is_wild(p))
			return false;
	}
	return any;
}

enum promotion_stage registry_config_stage(const struct registry_config *c, str repository, str tag)
{
	char both[REFERENCE_MAX_NAME + 160];
	int n = snprintf(both, sizeof(both), "%.*s:%.*s", STR_ARG(repository), STR_ARG(tag));

	for (size_t i = 0; i < c->rule_count; i++)
		if (glob_match(c->rules[i].pattern, repository) ||
		    (n > 0 && (size_t)n < sizeof(both) &&
		     glob_match(c->rules[i].pattern, str_from(both))))
			return c->rules[i].stage;
	return c->stage;
}
