/* Which series a filter asks for. */
#include "console/store/alerts_priv.h"

/* What a filter says of a text, as the numbers of its values: a text that was never seen has none. */
struct wanted {
	uint32_t *words;
	size_t count;
	bool any;
};

static int want(struct alert_cache *c, const struct alert_values *v, struct arena *a,
		struct wanted *ret)
{
	ret->any = v->count == 0;
	ret->words = ARENA_ARRAY(a, v->count, uint32_t);
	if (!ret->words)
		return -ENOBUFS;
	for (size_t i = 0; i < v->count; i++) {
		if (series_view_word(&c->series, v->items[i], &ret->words[ret->count]))
			ret->count++;
	}
	return 0;
}

static bool is_wanted(const struct wanted *w, uint32_t word)
{
	bool found = w->any;

	for (size_t i = 0; !found && i < w->count; i++)
		found = w->words[i] == word;
	return found;
}

static bool has_tag(const struct alert_values *v, str tags)
{
	if (v->count == 0)
		return true;
	while (tags.n) {
		str tag = str_cut(&tags, ' ');

		for (size_t i = 0; i < v->count; i++)
			if (str_eq(v->items[i], tag))
				return true;
	}
	return false;
}

struct judge {
	const struct alert_filter *f;
	const struct series_view *series;
	struct wanted rules, hosts, agents, clusters, namespaces, workloads, images;
};

static bool in_scope(const struct judge *j, const struct series *x)
{
	const struct series_view *v = j->series;
	const struct scope_subject of = { .cluster = series_text(v, x, ALERT_TEXT_cluster),
					  .namespace = series_text(v, x, ALERT_TEXT_namespace),
					  .image = series_text(v, x, ALERT_TEXT_image),
					  .host = series_text(v, x, ALERT_TEXT_host),
					  .labels = series_text(v, x, ALERT_TEXT_labels) };

	return j->f->scope && scope_holds(j->f->scope, &of);
}

static uint32_t missed_by(const struct judge *j, const struct series *x)
{
	const uint32_t *w = x->key.words;
	uint32_t missed = 0;

	if (!in_scope(j, x) || !is_wanted(&j->agents, w[ALERT_TEXT_agent]))
		return ALERT_HIDDEN;
	if (j->f->priorities && !(j->f->priorities & 1U << x->key.priority))
		missed |= 1U << ALERT_FACET_PRIORITY;
	missed |= (uint32_t)!is_wanted(&j->rules, w[ALERT_TEXT_rule]) << ALERT_FACET_RULE;
	missed |= (uint32_t)!is_wanted(&j->hosts, w[ALERT_TEXT_host]) << ALERT_FACET_HOST;
	missed |= (uint32_t)!is_wanted(&j->clusters, w[ALERT_TEXT_cluster]) << ALERT_FACET_CLUSTER;
	missed |= (uint32_t)!is_wanted(&j->namespaces, w[ALERT_TEXT_namespace])
		  << ALERT_FACET_NAMESPACE;
	missed |= (uint32_t)!is_wanted(&j->workloads, w[ALERT_TEXT_workload])
		  << ALERT_FACET_WORKLOAD;
	missed |= (uint32_t)!is_wanted(&j->images, w[ALERT_TEXT_image]) << ALERT_FACET_IMAGE;
	missed |= (uint32_t)!has_tag(&j->f->tags, series_text(j->series, x, ALERT_TEXT_tags))
		  << ALERT_FACET_TAG;
	return missed;
}

static bool says_nothing_but_priority(const struct alert_filter *f)
{
	return f->scope && f->scope->everything && !f->rules.count && !f->hosts.count &&
	       !f->agents.count && !f->clusters.count && !f->namespaces.count &&
	       !f->workloads.count && !f->images.count && !f->tags.count;
}

int alert_match_series(struct store *s, const struct alert_filter *f, struct arena *a,
		       struct alert_match *ret, struct err *e)
{
	struct alert_match m = { .by_priority = says_nothing_but_priority(f) };
	struct judge j = { .f = f };
	int r = alert_cache_get(s, &m.cache, e);

	r = r < 0 ? r : alert_cache_refresh(s, e);
	if (r < 0)
		return r;
	j.series = &m.cache->series;
	m.count = series_count(j.series);
	m.last = m.count ? series_at(j.series, m.count - 1)->id : 0;
	m.all = m.by_priority && !f->priorities;
	m.missed = ARENA_ARRAY(a, m.count, uint32_t);
	if (!m.missed || want(m.cache, &f->rules, a, &j.rules) < 0 ||
	    want(m.cache, &f->hosts, a, &j.hosts) < 0 ||
	    want(m.cache, &f->agents, a, &j.agents) < 0 ||
	    want(m.cache, &f->clusters, a, &j.clusters) < 0 ||
	    want(m.cache, &f->namespaces, a, &j.namespaces) < 0 ||
	    want(m.cache, &f->workloads, a, &j.workloads) < 0 ||
	    want(m.cache, &f->images, a, &j.images) < 0)
		return err_set(e, ENOBUFS, "too much is asked of alerts at once");
	for (size_t i = 0; i < m.count; i++) {
		m.missed[i] = missed_by(&j, series_at(j.series, i));
		m.matching += m.missed[i] == 0;
	}
	*ret = m;
	return 0;
}
