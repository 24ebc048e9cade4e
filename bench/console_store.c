/*
 * Fills a console's store with what a fleet tells and measures it: how fast alerts go in, how long lists and facets take.
 *
 *   bench/console_store [--where FOLDER|postgresql://...] [--postgres] [--nodes N] [--pods N] [--alerts N] [--days N] [--fill]
 *
 * Without --where the store lies in a temporary folder, or with --postgres in a server started for it, and is removed. --fill only
 * fills: a store to try the console's pages on. Alerts are drawn by a fixed seed: 60 rules, pods of 300 images in 50
 * namespaces, few of which alert much and most little, documents as the agent writes them (1.3 KB), spread over the days, in
 * transactions of 5,000. Processor time is this process's own; of a server's there is none in it.
 */
#include <ftw.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "console/store/alert_groups.h"
#include "console/store/alerts.h"
#include "console/store/assets.h"
#include "console/store/findings.h"
#include "console/store/partition.h"
#include "pg_cluster.h"

enum {
	RULES = 60,
	IMAGES = 300,
	NAMESPACES = 50,
	GROUP = 5000,
	ROUNDS = 40,
	TEXT = 96,
	DOC = 8192,
	FLAWS = 5000,
	FINDINGS = 120
};

struct fleet {
	struct store *s;
	int64_t nodes, pods, alerts, days;
	uint64_t seed;
	int64_t now_ns;
};

struct generated {
	char rule[TEXT], rule_id[TEXT], agent[TEXT], host[TEXT], namespace[TEXT], workload[TEXT],
		image[TEXT], container[TEXT], pod[TEXT * 3], doc[DOC];
};

static struct err error;

static void check(int r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "bench/console_store: %s: %s\n", what, error.text);
	exit(1);
}

/* xorshift64*: the same fleet each time. */
static uint64_t draw(struct fleet *f)
{
	f->seed ^= f->seed >> 12;
	f->seed ^= f->seed << 25;
	f->seed ^= f->seed >> 27;
	return f->seed * 2685821657736338717ULL;
}

/* One of @p n, the first ones far more often. */
static int64_t draw_skewed(struct fleet *f, int64_t n)
{
	double u = (double)(draw(f) >> 11) / 9007199254740992.0;

	return MIN((int64_t)((double)n * u * u * u), n - 1);
}

static const char *const words[] = { "Terminal shell in",        "Package manager launched in",
				     "Outbound connection from", "Sensitive file opened by",
				     "Write below etc by",       "New executable run in" };

static void name_pod(const struct fleet *f, int64_t pod, struct generated *g)
{
	int64_t image = pod % IMAGES, node = (pod * 7919) % f->nodes;

	snprintf(g->agent, TEXT, "a-%012" PRId64, node);
	snprintf(g->host, TEXT, "node-%03" PRId64, node);
	snprintf(g->namespace, TEXT, "team-%02" PRId64, image % NAMESPACES);
	snprintf(g->workload, TEXT, "service-%03" PRId64, image);
	snprintf(g->image, TEXT,
		 "registry.example/team-%02" PRId64 "/service-%03" PRId64 ":1.%" PRId64,
		 image % NAMESPACES, image, image % 9);
	snprintf(g->pod, sizeof(g->pod), "%s/%s-%" PRIx64, g->namespace, g->workload,
		 (uint64_t)pod * 2654435761u);
	snprintf(g->container, TEXT, "%016" PRIx64 "%016" PRIx64,
		 (uint64_t)pod * 0x9e3779b97f4a7c15u, (uint64_t)pod * 0xbf58476d1ce4e5b9u);
}

static void write_doc(struct fleet *f, struct generated *g, int64_t rule, const char *priority,
		      int64_t time_ns)
{
	uint32_t pid = (uint32_t)(draw(f) % 4000000);

	snprintf(g->doc, DOC,
		 "{\"schemaVersion\":1,\"time\":\"%" PRId64
		 "\",\"rule\":\"%s\",\"ruleId\":\"%s\",\"priority\":\"%s\","
		 "\"source\":\"syscall\",\"message\":\"%s container (user=uid%u proc=sh pid=%u "
		 "file=/var/lib/app/%" PRIx64
		 " container=%s image=%s)\",\"messageZh\":\"容器中的异常行为（进程 sh，pid %u）\","
		 "\"tags\":[\"container\",\"mitre_execution\",\"T1059\"],\"fields\":{\"user.name\":"
		 "\"uid%u\","
		 "\"proc.name\":\"sh\",\"proc.cmdline\":\"sh -c id %" PRIx64
		 "\",\"fd.name\":\"/var/lib/app/%" PRIx64
		 "\",\"container.id\":\"%.12s\",\"container.name\":\"%s\",\"container.image."
		 "repository\":\"%s\"},"
		 "\"container\":{\"runtime\":\"containerd\",\"id\":\"%s\",\"name\":\"%s\","
		 "\"image\":\"%s\","
		 "\"podName\":\"%s\",\"podNamespace\":\"%s\",\"metadataKnown\":true,\"privileged\":"
		 "false},"
		 "\"lineage\":[{\"pid\":%u,\"startNs\":%" PRId64
		 ",\"name\":\"sh\",\"exePath\":\"/bin/dash\",\"cmdline\":\"sh -c "
		 "id\",\"user\":\"uid%u\"},"
		 "{\"pid\":%u,\"startNs\":%" PRId64 ",\"name\":\"java\",\"exePath\":\"/usr/bin/"
		 "java\",\"cmdline\":\"java -jar /app.jar\"},"
		 "{\"pid\":1,\"startNs\":17,\"name\":\"tini\",\"exePath\":\"/sbin/tini\"}],"
		 "\"event\":{\"type\":\"execve\",\"number\":%" PRIu64 "},\"count\":1}",
		 time_ns, g->rule, g->rule_id, priority, words[rule % 6], pid % 900, pid,
		 draw(f) >> 24, g->container, g->image, pid, pid % 900, draw(f) >> 20,
		 draw(f) >> 24, g->container, g->workload, g->image, g->container, g->workload,
		 g->image, g->pod, g->namespace, pid, time_ns - 1000, pid % 900, pid - 1,
		 time_ns - 900000000, draw(f) >> 30);
}

static void make_alert(struct fleet *f, int64_t time_ns, struct generated *g, struct alert_new *ret)
{
	int64_t rule = draw_skewed(f, RULES);
	/* A rule fires in some services, not in all. */
	int64_t pod = draw_skewed(f, f->pods / 6) * 6 + rule % 6;
	enum alert_priority priority = (enum alert_priority)(PRIORITY_CRITICAL + rule % 5);

	pod = MIN(pod, f->pods - 1);
	snprintf(g->rule, TEXT, "%s container (%" PRId64 ")", words[rule % 6], rule);
	snprintf(g->rule_id, TEXT, "SKEP-%" PRId64, 1000 + rule);
	name_pod(f, pod, g);
	write_doc(f, g, rule, alert_priority_name(priority), time_ns);
	*ret = (struct alert_new){ .series = { .rule = str_from(g->rule),
					       .rule_id = str_from(g->rule_id),
					       .source = S("syscall"),
					       .agent = str_from(g->agent),
					       .host = str_from(g->host),
					       .namespace = str_from(g->namespace),
					       .workload = str_from(g->workload),
					       .image = str_from(g->image),
					       .tags = S("container mitre_execution T1059"),
					       .labels = S(",tier=web,"),
					       .priority = priority },
				   .time_ns = time_ns,
				   .container = str_from(g->container),
				   .pod = str_from(g->pod),
				   .doc = str_from(g->doc) };
}

struct group {
	struct alert_new *alerts;
	size_t count;
	int64_t now_ns;
};

static int append_group(struct store *s, void *ctx, struct err *e)
{
	const struct group *g = ctx;

	return alerts_append(s, g->alerts, g->count, g->now_ns, NULL, e);
}

static void fill_alerts(struct fleet *f)
{
	struct generated *made = calloc(GROUP, sizeof(*made));
	struct alert_new *alerts = calloc(GROUP, sizeof(*alerts));
	const int64_t from = f->now_ns - f->days * DAY_NS, span = f->now_ns - from;
	uint64_t wall = 0, cpu = 0;

	for (int64_t i = 0; i < f->alerts && made && alerts;) {
		struct group g = { alerts, 0, 0 };
		uint64_t begin, cpu_begin;

		for (; g.count < GROUP && i < f->alerts; g.count++, i++) {
			g.now_ns = from + (int64_t)((double)span * (double)i / (double)f->alerts);
			make_alert(f, g.now_ns, &made[g.count], &alerts[g.count]);
		}
		begin = clock_ns(CLOCK_MONOTONIC);
		cpu_begin = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
		check(store_transact(f->s, append_group, &g, &error), "append");
		wall += clock_ns(CLOCK_MONOTONIC) - begin;
		cpu += clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_begin;
	}
	free(made);
	free(alerts);
	if (f->alerts)
		printf("%-46s %9.0f /s    (%.1f us of processor time an alert here)\n",
		       "alerts stored", (double)f->alerts * 1e9 / (double)wall,
		       (double)cpu / 1e3 / (double)f->alerts);
}

static int fill_hosts(struct store *s, void *ctx, struct err *e)
{
	struct fleet *f = ctx;
	struct generated g;
	int r = 0;

	for (int64_t i = 0; r >= 0 && i < f->nodes; i++) {
		char id[TEXT * 2];
		struct asset x = { .risk = -1,
				   .doc = S("{\"os\":\"debian 12\",\"kernel\":\"6.1\"}") };

		snprintf(g.agent, TEXT, "a-%012" PRId64, i);
		snprintf(g.host, TEXT, "node-%03" PRId64, i);
		snprintf(id, sizeof(id), "host:%s", g.agent);
		x.id = str_from(id);
		x.agent = str_from(g.agent);
		x.name = x.host = str_from(g.host);
		r = assets_put(s, &x, 1, f->now_ns, e);
	}
	return r;
}

static int fill_pods(struct store *s, void *ctx, struct err *e)
{
	struct fleet *f = ctx;
	struct generated g;
	int r = 0;

	for (int64_t i = 0; r >= 0 && i < f->pods; i++) {
		char id[TEXT * 2], host[TEXT * 2], image[TEXT * 2];
		struct asset x = { .state = S("running"),
				   .risk = -1,
				   .labels = S(",tier=web,"),
				   .doc = S("{\"privileged\":false,\"runtime\":\"containerd\"}") };

		name_pod(f, i, &g);
		snprintf(id, sizeof(id), "container:%s", g.container);
		snprintf(host, sizeof(host), "host:%s", g.agent);
		snprintf(image, sizeof(image), "image:sha256:%064" PRId64, i % IMAGES);
		x.id = str_from(id);
		x.agent = str_from(g.agent);
		x.host = str_from(g.host);
		x.name = str_from(g.workload);
		x.namespace = str_from(g.namespace);
		x.image = str_from(g.image);
		x.image_id = str_from(image);
		r = assets_put(s, &x, 1, f->now_ns, e);
		r = r < 0 ? r
			  : assets_relate(s, x.id, S("on"), &(str){ host, strlen(host) }, 1,
					  f->now_ns, e);
		r = r < 0 ? r : assets_relate(s, x.id, S("uses"), &x.image_id, 1, f->now_ns, e);
	}
	return r;
}

static int fill_image(struct store *s, struct fleet *f, int64_t image, struct err *e)
{
	static char ids[FINDINGS][TEXT];
	static struct stored_finding findings[FINDINGS];
	static struct stored_vulnerability facts[FINDINGS];
	char digest[TEXT], id[TEXT * 2];
	struct generated g;
	struct asset x = { .risk = -1, .doc = S("{}") };
	struct stored_image i = { .os = S("debian 12"), .bytes = 90000000, .layers = 6 };
	int r;

	name_pod(f, image, &g);
	snprintf(digest, sizeof(digest), "sha256:%064" PRId64, image);
	i.digest = str_from(digest);
	i.references = str_from(g.image);
	snprintf(id, sizeof(id), "image:%s", digest);
	x.id = str_from(id);
	x.name = x.image = i.references;
	for (int64_t k = 0; k < FINDINGS; k++) {
		int64_t flaw = (draw_skewed(f, FLAWS) + k * 41) % FLAWS;
		enum severity severity = (enum severity)(flaw % SEVERITY_COUNT);

		snprintf(ids[k], TEXT, "CVE-2024-%" PRId64, 10000 + flaw);
		findings[k] = (struct stored_finding){ .vulnerability = str_from(ids[k]),
						       .package = S("libssl3"),
						       .version = S("3.0.9-1"),
						       .type = S("deb"),
						       .fixed = flaw % 3 ? S("3.0.11-1") : S(""),
						       .severity = severity,
						       .score = 5,
						       .risk = 40 };
		facts[k] = (struct stored_vulnerability){
			.id = str_from(ids[k]),
			.title = S("A flaw in a library"),
			.description = S("A flaw lets an attacker do what he wants."),
			.severity = severity,
			.score = 5,
			.epss = 0.01,
			.epss_percentile = 0.5,
			.kev = flaw % 97 == 0
		};
	}
	r = assets_put(s, &x, 1, f->now_ns, e);
	r = r < 0 ? r : images_put(s, &i, f->now_ns, e);
	r = r < 0 ? r
		  : images_put_inventory(s, i.digest, S("{\"packages\":[]}"), 180, 6, i.os,
					 f->now_ns, e);
	return r < 0 ? r
		     : findings_replace(s, i.digest, findings, FINDINGS, facts, FINDINGS, f->now_ns,
					e);
}

static int fill_images(struct store *s, void *ctx, struct err *e)
{
	struct fleet *f = ctx;
	int r = 0;

	for (int64_t i = 0; r == 0 && i < IMAGES && i < f->pods; i++)
		r = fill_image(s, f, i, e);
	return r;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct question {
	const char *what;
	void (*ask)(struct fleet *f, struct arena *a);
};

static struct alert_filter all_alerts(void)
{
	return (struct alert_filter){ .scope = &scope_everything };
}

static void page(struct fleet *f, const struct alert_filter *filter, int64_t cursor,
		 struct arena *a)
{
	struct alert_page p;

	check(alerts_page(f->s, filter, cursor, 100, true, a, &p, &error), "page");
}

static void ask_newest(struct fleet *f, struct arena *a)
{
	struct alert_filter x = all_alerts();

	page(f, &x, 0, a);
}

static void ask_middle(struct fleet *f, struct arena *a)
{
	struct alert_filter x = all_alerts();

	x.until_ns = f->now_ns - (int64_t)(draw(f) % (uint64_t)(f->days * DAY_NS));
	page(f, &x, 0, a);
}

static void ask_oldest(struct fleet *f, struct arena *a)
{
	struct alert_filter x = all_alerts();

	x.oldest_first = true;
	page(f, &x, 0, a);
}

static void page_by_priority(struct fleet *f, const struct alert_filter *x, bool least_first,
			     struct arena *a)
{
	struct alert_page p;
	str next;

	check(alerts_by_priority(f->s, x, least_first, (str){ 0 }, 100, true, a, &p, &next, &error),
	      "page by priority");
}

static void ask_urgent(struct fleet *f, struct arena *a)
{
	struct alert_filter x = all_alerts();

	page_by_priority(f, &x, draw(f) % 2, a);
}

static void ask_urgent_text(struct fleet *f, struct arena *a)
{
	struct alert_filter x = all_alerts();
	char text[TEXT];

	snprintf(text, sizeof(text), "service-%03d", (int)(draw(f) % IMAGES));
	x.text = str_from(text);
	page_by_priority(f, &x, false, a);
}

static void with_rule(struct fleet *f, struct arena *a,
		      void (*then)(struct fleet *, struct alert_filter *, struct arena *))
{
	struct alert_filter x = all_alerts();
	char rule[TEXT];
	int64_t no = (int64_t)(draw(f) % RULES);
	str item;

	snprintf(rule, sizeof(rule), "%s container (%" PRId64 ")", words[no % 6], no);
	item = str_from(rule);
	x.rules = (struct alert_values){ &item, 1 };
	then(f, &x, a);
}

static void then_page(struct fleet *f, struct alert_filter *x, struct arena *a)
{
	page(f, x, 0, a);
}

static void then_host_page(struct fleet *f, struct alert_filter *x, struct arena *a)
{
	char host[TEXT];
	str item;

	snprintf(host, sizeof(host), "node-%03" PRId64, (int64_t)(draw(f) % (uint64_t)f->nodes));
	item = str_from(host);
	x->hosts = (struct alert_values){ &item, 1 };
	page(f, x, 0, a);
}

static void then_facets(struct fleet *f, struct alert_filter *x, struct arena *a)
{
	struct alert_facets c;

	check(alerts_facets(f->s, x, 20, a, &c, &error), "facets");
}

static void then_histogram(struct fleet *f, struct alert_filter *x, struct arena *a)
{
	struct alert_histogram h;

	check(alerts_histogram(f->s, x, 60, a, &h, &error), "histogram");
}

static void ask_rule(struct fleet *f, struct arena *a)
{
	with_rule(f, a, then_page);
}

static void ask_rule_host(struct fleet *f, struct arena *a)
{
	with_rule(f, a, then_host_page);
}

static void ask_container(struct fleet *f, struct arena *a)
{
	struct alert_filter x = all_alerts();
	struct generated g;
	str item;

	name_pod(f, (int64_t)(draw(f) % (uint64_t)f->pods), &g);
	item = str_from(g.container);
	x.containers = (struct alert_values){ &item, 1 };
	page(f, &x, 0, a);
}

static void ask_text(struct fleet *f, struct arena *a)
{
	struct alert_filter x = all_alerts();
	char text[TEXT];

	snprintf(text, sizeof(text), "service-%03d", (int)(draw(f) % IMAGES));
	x.text = str_from(text);
	page(f, &x, 0, a);
}

static void ask_nowhere(struct fleet *f, struct arena *a)
{
	struct alert_filter x = all_alerts();

	x.text = S("what stands nowhere");
	page(f, &x, 0, a);
}

static void ask_facets(struct fleet *f, struct arena *a)
{
	struct alert_filter x = all_alerts();

	then_facets(f, &x, a);
}

static void then_groups(struct fleet *f, struct alert_filter *x, enum alert_facet by,
			enum alert_group_sort sort, struct arena *a)
{
	struct alert_groups g;

	check(alerts_groups(f->s, x, by, sort, true, S(""), 100, a, &g, &error), "groups");
}

static void ask_groups_rule(struct fleet *f, struct arena *a)
{
	struct alert_filter x = all_alerts();

	then_groups(f, &x, ALERT_FACET_RULE, ALERT_GROUPS_BY_ALERTS, a);
}

static void ask_groups_workload(struct fleet *f, struct arena *a)
{
	struct alert_filter x = all_alerts();

	then_groups(f, &x, ALERT_FACET_WORKLOAD, ALERT_GROUPS_BY_LAST, a);
}

static void ask_groups_open(struct fleet *f, struct arena *a)
{
	struct alert_filter x = all_alerts();

	x.states = 1U << ALERT_OPEN;
	then_groups(f, &x, ALERT_FACET_WORKLOAD, ALERT_GROUPS_BY_ALERTS, a);
}

static void ask_groups_day(struct fleet *f, struct arena *a)
{
	struct alert_filter x = all_alerts();

	x.since_ns = f->now_ns - DAY_NS;
	then_groups(f, &x, ALERT_FACET_IMAGE, ALERT_GROUPS_BY_ALERTS, a);
}

static void ask_groups_week(struct fleet *f, struct arena *a)
{
	struct alert_filter x = all_alerts();

	x.since_ns = f->now_ns - 7 * DAY_NS;
	then_groups(f, &x, ALERT_FACET_HOST, ALERT_GROUPS_BY_LAST, a);
}

static void ask_facets_rule(struct fleet *f, struct arena *a)
{
	with_rule(f, a, then_facets);
}

static void ask_facets_day(struct fleet *f, struct arena *a)
{
	struct alert_filter x = all_alerts();

	x.since_ns = f->now_ns - DAY_NS;
	then_facets(f, &x, a);
}

static void ask_facets_week(struct fleet *f, struct arena *a)
{
	struct alert_filter x = all_alerts();

	x.since_ns = f->now_ns - 7 * DAY_NS;
	then_facets(f, &x, a);
}

static void ask_histogram(struct fleet *f, struct arena *a)
{
	struct alert_filter x = all_alerts();

	then_histogram(f, &x, a);
}

static void ask_histogram_rule(struct fleet *f, struct arena *a)
{
	with_rule(f, a, then_histogram);
}

static void ask_histogram_day(struct fleet *f, struct arena *a)
{
	struct alert_filter x = all_alerts();

	x.since_ns = f->now_ns - DAY_NS;
	x.namespaces = (struct alert_values){ (const str[]){ S("team-03") }, 1 };
	then_histogram(f, &x, a);
}

static void ask_assets(struct fleet *f, struct arena *a)
{
	struct asset_filter x = { .scope = &scope_everything, .kinds = 1U << ASSET_CONTAINER };
	struct asset_page p;

	check(assets_page(f->s, &x, (str){ NULL, 0 }, 100, false, a, &p, &error), "assets");
}

static void ask_assets_text(struct fleet *f, struct arena *a)
{
	struct asset_filter x = { .scope = &scope_everything, .text = S("service-2 team") };
	struct asset_page p;

	check(assets_page(f->s, &x, (str){ NULL, 0 }, 100, false, a, &p, &error), "assets");
}

static void ask_images(struct fleet *f, struct arena *a)
{
	struct image_filter x = { .scope = &scope_everything, .running = -1 };
	struct image_page p;

	check(images_page(f->s, &x, (str){ NULL, 0 }, 100, a, &p, &error), "images");
}

static void ask_vulnerabilities(struct fleet *f, struct arena *a)
{
	struct vulnerability_filter x = {
		.scope = &scope_everything, .kev = -1, .fixable = -1, .accepted = -1
	};
	struct vulnerability_page p;

	check(vulnerabilities_page(f->s, &x, (str){ NULL, 0 }, 100, a, &p, &error),
	      "vulnerabilities");
}

static void ask_summary(struct fleet *f, struct arena *a)
{
	struct findings_summary sum;

	(void)a;
	check(findings_summary(f->s, &scope_everything, &sum, &error), "summary");
}

static const struct question questions[] = {
	{ "alerts, the newest 100", ask_newest },
	{ "alerts, 100 from some moment back", ask_middle },
	{ "alerts, the oldest 100", ask_oldest },
	{ "alerts by priority", ask_urgent },
	{ "alerts with a word, by priority", ask_urgent_text },
	{ "alerts of a rule", ask_rule },
	{ "alerts of a rule on a host", ask_rule_host },
	{ "alerts of a container", ask_container },
	{ "alerts with a word", ask_text },
	{ "alerts with words that stand nowhere", ask_nowhere },
	{ "facets of all", ask_facets },
	{ "facets of a rule", ask_facets_rule },
	{ "facets of a day", ask_facets_day },
	{ "facets of a week", ask_facets_week },
	{ "groups by rule", ask_groups_rule },
	{ "groups by workload, the last first", ask_groups_workload },
	{ "groups of open ones by workload", ask_groups_open },
	{ "groups of a day by image", ask_groups_day },
	{ "groups of a week by host, the last first", ask_groups_week },
	{ "histogram of all", ask_histogram },
	{ "histogram of a rule", ask_histogram_rule },
	{ "histogram of a namespace's day", ask_histogram_day },
	{ "containers", ask_assets },
	{ "assets with words", ask_assets_text },
	{ "images", ask_images },
	{ "vulnerabilities", ask_vulnerabilities },
	{ "findings, summed up", ask_summary },
};

static void ask_all(struct fleet *f)
{
	for (size_t q = 0; q < ARRAY_LEN(questions); q++) {
		double took[ROUNDS];
		struct arena a;

		for (unsigned i = 0; i < ROUNDS; i++) {
			uint64_t begin;

			arena_init(&a, 0);
			begin = clock_ns(CLOCK_MONOTONIC);
			questions[q].ask(f, &a);
			took[i] = (double)(clock_ns(CLOCK_MONOTONIC) - begin) / 1e6;
			arena_done(&a);
		}
		qsort(took, ROUNDS, sizeof(*took), compare);
		printf("%-46s %9.1f ms    (p95 %.1f ms; promised: 100 ms)%s\n", questions[q].what,
		       took[ROUNDS / 2], took[ROUNDS * 95 / 100],
		       took[ROUNDS * 95 / 100] > 100 ? "  <-- over" : "");
	}
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

static void measure(struct fleet *f, const char *where, bool fill_only)
{
	int64_t bytes = 0, spare = 0;
	struct alert_stock stock = { 0 };

	check(store_prepare(where, &error), "prepare");
	check(store_open(where, NULL, &f->s, &error), "open");
	f->now_ns = store_now();
	f->seed = 88172645463325252ULL;
	check(store_transact(f->s, fill_hosts, f, &error), "hosts");
	check(store_transact(f->s, fill_pods, f, &error), "pods");
	check(store_transact(f->s, fill_images, f, &error), "images");
	fill_alerts(f);
	check(sql_size(f->s->sql, &bytes, &spare, &error), "size");
	check(alerts_stock(f->s, &stock, &error), "stock");
	if (stock.alerts)
		printf("%-46s %9.0f B     (of which %.0f the document)\n", "room an alert takes",
		       (double)bytes / (double)stock.alerts,
		       (double)stock.bytes / (double)stock.alerts);
	/* As the server does by itself, a minute later. */
	if (sql_is_postgres(f->s->sql))
		check(sql_script(f->s->sql, "ANALYZE", &error), "analyze");
	if (!fill_only)
		ask_all(f);
	store_close(f->s);
}

static int64_t number(const char *text)
{
	return strtoll(text, NULL, 10);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "where", 1, NULL, 'w' },  { "postgres", 0, NULL, 'g' },
		{ "nodes", 1, NULL, 'n' },  { "pods", 1, NULL, 'p' },
		{ "alerts", 1, NULL, 'a' }, { "days", 1, NULL, 'd' },
		{ "fill", 0, NULL, 'f' },   { 0 }
	};
	struct fleet f = { .nodes = 80, .pods = 6000, .alerts = 1000000, .days = 30 };
	char folder[] = "/tmp/skep-bench-XXXXXX", own[200];
	struct pg_cluster cluster = { 0 };
	bool postgres = false, fill = false;
	const char *where = NULL;

	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		where = o == 'w' ? optarg : where;
		f.nodes = o == 'n' ? number(optarg) : f.nodes;
		f.pods = o == 'p' ? number(optarg) : f.pods;
		f.alerts = o == 'a' ? number(optarg) : f.alerts;
		f.days = o == 'd' ? number(optarg) : f.days;
		postgres = postgres || o == 'g';
		fill = fill || o == 'f';
		if (o == '?')
			return 2;
	}
	if (f.nodes < 1 || f.pods < 6 || f.days < 1 || f.days > ALERT_LATE_DAYS)
		return fputs("bench/console_store: at least 1 node, 6 pods, 1 to 35 days\n",
			     stderr),
		       2;
	if (where) {
		measure(&f, where, fill);
	} else if (postgres) {
		check(pg_cluster_make(&cluster, false) ? 0 : -1, "no PostgreSQL 15 here");
		pg_cluster_start(&cluster);
		pg_cluster_where(&cluster, "postgres", own, sizeof(own));
		measure(&f, own, fill);
		pg_cluster_remove(&cluster);
	} else if (mkdtemp(folder)) {
		measure(&f, folder, fill);
		nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	}
	return 0;
}
