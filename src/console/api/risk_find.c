#include <linux/capability.h>
#include <math.h>

#include "base/clock.h"
#include "base/word.h"
#include "codec/json.h"
#include "console/api/asset_json.h"
#include "console/api/risk.h"
#include "console/store/alerts.h"

#define DAY_BACK_NS ((int64_t)24 * 3600 * (int64_t)SECOND_NS)
#define DOCUMENT_BUDGET ((size_t)64 << 20)
#define WORST_FINDINGS 200
#define NEIGHBOURS_MAX 500
#define ERROR_AND_WORSE \
	(1U << PRIORITY_EMERGENCY | 1U << PRIORITY_ALERT | 1U << PRIORITY_CRITICAL | \
	 1U << PRIORITY_ERROR)

static bool is_engine_socket(str source)
{
	return str_ends(source, S("/docker.sock")) || str_ends(source, S("/containerd.sock")) ||
	       str_ends(source, S("/crio.sock")) || str_ends(source, S("/podman.sock"));
}

/* Who writes there is the host's root; who reads there knows its secrets. */
static bool is_host_folder(str source)
{
	static const char *const folders[] = { "/",     "/boot", "/etc", "/home", "/lib",
					       "/proc", "/root", "/sys", "/usr",  "/var" };

	return WORD_FIND(folders, source) >= 0;
}

static int read_document(struct call *c, const struct asset *a, struct risk_facts *f)
{
	struct arena scratch;
	struct value doc;
	str user;

	(void)c;
	arena_init(&scratch, DOCUMENT_BUDGET);
	if (json_parse(a->doc, &scratch, &doc, NULL) == 0 &&
	    value_is_true(value_get(&doc, "metadataKnown"))) {
		f->known = true;
		f->privileged = value_is_true(value_get(&doc, "privileged"));
		f->host_pid = value_is_true(value_get(&doc, "hostPid"));
		f->host_network = value_is_true(value_get(&doc, "hostNetwork"));
		user = value_get_str(&doc, "user");
		f->root = !user.n || str_is(user, "root") || str_is(user, "0") ||
			  str_starts(user, S("0:")) || str_starts(user, S("root:"));
		f->root_user = value_int(value_get(&doc, "rootHostUid"), -1);
		VALUE_EACH (m, value_get(&doc, "mounts")) {
			str source = value_get_str(m, "source");

			f->engine_socket |= is_engine_socket(source);
			f->host_files |= is_host_folder(source);
		}
		f->administers =
			((uint64_t)value_int(value_get(&doc, "caps"), 0) >> CAP_SYS_ADMIN & 1) != 0;
	}
	arena_done(&scratch);
	return 0;
}

static int read_image(struct call *c, const struct asset *a, struct risk_facts *f, struct err *e)
{
	struct stored_finding *list;
	struct stored_image image;
	size_t count;
	double none = 1;
	int r;

	f->exploit = -1;
	if (!str_starts(a->image_id, S("image:")))
		return 0;
	r = images_get(c->store, call_scope(c, PERMISSION_IMAGES_READ), str_skip(a->image_id, 6),
		       c->arena, &image, e);
	if (r == -ENOENT || (r == 0 && !image.scanned_ns))
		return 0;
	if (r == 0)
		r = findings_worst(c->store, image.digest, WORST_FINDINGS, c->arena, &list, &count,
				   e);
	if (r < 0)
		return r;
	f->scanned = true;
	f->unjudged = image.unjudged > 0;
	f->kev = image.kev;
	memcpy(f->counts, image.counts, sizeof(f->counts));
	for (size_t i = 0; i < count; i++)
		if (!list[i].accepted && list[i].epss > 0)
			none *= 1 - MIN(list[i].epss, 1.0);
	f->exploit = 1 - none;
	return 0;
}

static bool is_loopback(str port_name)
{
	str protocol = str_cut(&port_name, ' ');

	(void)protocol;
	return str_starts(port_name, S("127.")) || str_starts(port_name, S("::1:")) ||
	       str_starts(port_name, S("[::1]"));
}

static int read_ports(struct call *c, const struct asset *a, struct risk_facts *f, struct err *e)
{
	struct asset_neighbour *list;
	size_t count;
	bool cut;
	int r = assets_neighbours(c->store, call_scope(c, PERMISSION_ASSETS_READ), a->id,
				  1U << ASSET_PORT, NEIGHBOURS_MAX, c->arena, &list, &count, &cut,
				  e);

	for (size_t i = 0; r == 0 && i < count; i++)
		f->ports += !list[i].outgoing && !is_loopback(list[i].asset.name);
	return r;
}

static int read_alerts(struct call *c, const struct asset *a, struct risk_facts *f, struct err *e)
{
	str id = str_skip(a->id, str_find(a->id, ':') + 1);
	struct alert_filter filter = { .scope = call_scope(c, PERMISSION_ALERTS_READ),
				       .states = 1U << ALERT_OPEN,
				       .priorities = ERROR_AND_WORSE,
				       .containers = { &id, 1 },
				       .since_ns = c->now_ns - DAY_BACK_NS };
	struct alert_page page;
	int r = alerts_page(c->store, &filter, 0, 50, false, c->arena, &page, e);

	if (r == 0)
		f->alerts = (int64_t)page.count;
	return r;
}

int risk_find(struct call *c, const struct asset *a, bool alerts, struct risk_facts *ret,
	      struct err *e)
{
	struct risk_facts f = { 0 };
	int r = read_document(c, a, &f);

	if (r == 0)
		r = read_image(c, a, &f, e);
	if (r == 0)
		r = read_ports(c, a, &f, e);
	if (r == 0 && alerts)
		r = read_alerts(c, a, &f, e);
	if (r == 0)
		*ret = f;
	return r;
}

int risk_put_of(struct call *c, const struct asset *a, struct err *e)
{
	struct risk_facts f;
	struct risk risk;
	int r = risk_find(c, a, true, &f, e);

	if (r == 0 && risk_reckon(&f, c->arena, &risk) < 0)
		r = err_set(e, ENOBUFS, "risk: memory budget spent");
	if (r < 0)
		return r;
	risk_put(&risk, &c->json);
	return 0;
}
