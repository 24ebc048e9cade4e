#include <poll.h>
#include <stdio.h>

#include "asset/asset.h"
#include "base/clock.h"
#include "codec/json_out.h"
#include "prog/skep/log.h"
#include "prog/skep/result.h"

#define SETTLE_MS 2000

static const struct option_def options[] = {
	{ .name = "host-root",
	  .type = OPTION_STRING,
	  .group = OPTION_GROUP_SOURCE,
	  .arg = "DIR",
	  .complete = OPTION_COMPLETE_DIR,
	  .help = { "where the host's files are, for one who looks from inside a container",
		    "主机文件所在目录（在容器内运行时使用）" } },
	{ .name = "no-engines",
	  .type = OPTION_FLAG,
	  .group = OPTION_GROUP_SOURCE,
	  .help = { "take what lies on disk, ask no engine", "只读磁盘上的信息，不询问引擎" } },
	{ 0 },
};

struct list {
	struct invocation *v;
	struct buf out;
	struct json_out json;
	struct result_table table;
	bool as_json;
	size_t count;
};

/* Engines that answer have a moment to; one that hangs does not hold the list up for longer. */
static int settle(struct asset *a, struct err *e)
{
	uint64_t end = clock_ms(CLOCK_MONOTONIC) + SETTLE_MS;
	int r;

	do {
		struct pollfd p = { .fd = asset_fd(a), .events = POLLIN };

		r = asset_poll(a, NULL, NULL, e);
		if (r < 0 || asset_settled(a))
			return r;
		if (poll(&p, 1, 20) < 0)
			return 0;
	} while (clock_ms(CLOCK_MONOTONIC) < end);
	return 0;
}

static str powers(struct invocation *v, const struct container *c)
{
	OWNED_BUF b = BUF_INIT;

	if (!(c->known & CONTAINER_METADATA))
		return S("?");
	buf_printf(&b, "%s%s%s%s", c->privileged ? " privileged" : "",
		   c->host_pid ? " host-pid" : "", c->host_network ? " host-network" : "",
		   c->host_ipc ? " host-ipc" : "");
	return b.n ? arena_str(v->arena, str_skip(buf_str(&b), 1)) : S("-");
}

static void add(void *ctx, const struct container *c)
{
	struct list *l = ctx;

	l->count++;
	if (l->as_json) {
		container_render(c, &l->json);
		return;
	}
	result_table_cell(&l->table, arena_str(l->v->arena, container_short_id(c)));
	result_table_cell(&l->table, str_from(container_runtime_name(c->runtime)));
	result_table_cell(&l->table, c->name.n ? arena_str(l->v->arena, c->name) : S("-"));
	result_table_cell(&l->table, c->image.n ? arena_str(l->v->arena, c->image) : S("-"));
	result_table_cell(&l->table, c->pod_name.n ? arena_printf(l->v->arena, "%.*s/%.*s",
								  STR_ARG(c->pod_namespace),
								  STR_ARG(c->pod_name))
						   : S("-"));
	result_table_cell(&l->table, powers(l->v, c));
}

static int print(struct invocation *v, struct asset *a)
{
	struct list l = { .v = v, .as_json = option_flag(&v->options, "json") };
	int r = 0;

	json_out_init(&l.json, &l.out, true);
	result_table_init(&l.table, v->arena);
	result_table_column(&l.table, say(v, (struct phrase){ "ID", "ID" }), 0, false);
	result_table_column(&l.table, say(v, (struct phrase){ "RUNTIME", "运行时" }), 0, false);
	result_table_column(&l.table, say(v, (struct phrase){ "NAME", "名称" }), 8, false);
	result_table_column(&l.table, say(v, (struct phrase){ "IMAGE", "镜像" }), 12, false);
	result_table_column(&l.table, say(v, (struct phrase){ "POD", "Pod" }), 3, false);
	result_table_column(&l.table, say(v, (struct phrase){ "POWERS", "特权" }), 0, false);
	if (l.as_json)
		json_array_open(&l.json);
	asset_each(a, add, &l);
	if (l.as_json) {
		json_array_close(&l.json);
		buf_byte(&l.out, '\n');
	} else if (l.count) {
		r = result_table_render(v, &l.table, &l.out);
	} else {
		log_note("no container runs here");
	}
	if (r == 0)
		r = result_print(v, &l.out);
	buf_done(&l.out);
	return r;
}

static int run(struct invocation *v)
{
	const char *root = option_text(&v->options, "host-root");
	struct asset_config c = { .root = root,
				  .docker_host =
					  option_flag(&v->options, "no-engines") ? "" : NULL };
	struct asset *a;
	int r = asset_new(&c, &a, &v->err);

	if (r < 0)
		return r;
	if (geteuid() != 0)
		log_warning("without root engines' files and sockets are closed: names and powers "
			    "stay unknown");
	r = asset_scan(a, &v->err);
	if (r >= 0)
		r = settle(a, &v->err);
	if (r >= 0)
		r = print(v, a);
	asset_free(a);
	return r;
}

const struct command cmd_agent_containers = {
	.name = "agent containers",
	.summary = { "list the containers that run here, as the agent knows them",
		     "列出本机正在运行的容器（代理所见）" },
	.detail = { "Containers are found by their control groups, whatever engine made them: "
		    "Docker, containerd "
		    "(nerdctl, ctr, Kubernetes), CRI-O, Podman, systemd-nspawn, LXC. Names, images "
		    "and powers come "
		    "from the files engines keep and from their APIs.",
		    "通过控制组发现容器，与引擎无关：Docker、containerd（nerdctl、ctr、Kubernetes）"
		    "、CRI-O、Podman、"
		    "systemd-nspawn、LXC。名称、镜像与权限来自引擎保存的文件及其 API。" },
	.examples = { { "skep agent containers", { "as a table", "以表格显示" } },
		      { "skep agent containers --json",
			{ "with labels, mounts and capabilities", "含标签、挂载与能力" } } },
	.options = { options, result_json_options },
	.run = run,
};
