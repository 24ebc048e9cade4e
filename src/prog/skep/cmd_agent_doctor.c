#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "asset/host_namespace.h"
#include "base/privilege.h"
#include "base/text.h"
#include "codec/json_out.h"
#include "kern/sensor.h"
#include "prog/skep/command.h"
#include "prog/skep/result.h"

enum { MAX_FINDINGS = 32, INDENT = 7 };

struct diagnosis {
	struct sensor_finding findings[MAX_FINDINGS];
	size_t count;
	struct utsname kernel;
};

static bool works(const struct diagnosis *d, const char *name)
{
	for (size_t i = 0; i < d->count; i++)
		if (strcmp(d->findings[i].name, name) == 0)
			return d->findings[i].works;
	return false;
}

/* The back-end an agent would take here; NULL: none. */
static const char *backend(const struct diagnosis *d)
{
	if (!works(d, "btf") || !works(d, "ring-buffer") || !works(d, "tp_btf"))
		return NULL;
	return sensor_backend_name(sensor_best_backend());
}

/* A line of its own below a finding, as wide as the terminal allows. */
static void put_below(const struct invocation *v, const char *label, const char *text,
		      struct buf *out)
{
	unsigned int columns = result_width(v);
	unsigned int width = columns > 2 * INDENT ? columns - INDENT : 0;
	OWNED_BUF line = BUF_INIT;
	str rest;

	buf_printf(&line, "%s%s", label, text);
	rest = buf_str(&line);
	while (rest.n) {
		text_pad(out, 0, INDENT);
		buf_add(out, text_wrap(&rest, width));
		buf_byte(out, '\n');
	}
}

static void put_finding(const struct invocation *v, const struct sensor_finding *f, struct buf *out)
{
	const char *verdict = f->works ? say(v, (struct phrase){ "yes", "可用" })
				       : say(v, (struct phrase){ "no", "不可用" });

	buf_add(out, str_from(verdict));
	text_pad(out, text_width(str_from(verdict)), INDENT);
	buf_printf(out, "%-20s %s\n", f->name, say(v, f->what));
	if (f->works)
		return;
	put_below(v, "", f->why, out);
	put_below(v, say(v, (struct phrase){ "lost: ", "损失：" }), say(v, f->loss), out);
}

static void render_text(const struct invocation *v, const struct diagnosis *d, struct buf *out)
{
	const char *b = backend(d);

	buf_printf(out, "%s: %s %s\n", say(v, (struct phrase){ "kernel", "内核" }),
		   d->kernel.release, d->kernel.machine);
	buf_printf(out, "%s: %s\n\n", say(v, (struct phrase){ "back-end", "后端" }),
		   b ? b : say(v, (struct phrase){ "none works here", "没有可用的后端" }));
	for (size_t i = 0; i < d->count; i++)
		put_finding(v, &d->findings[i], out);
	if (!privilege_has(CAP_BPF) && !privilege_has(CAP_SYS_ADMIN))
		buf_printf(out, "\n%s\n",
			   say(v, (struct phrase){
					  "This was tried without root's rights: with them, as "
					  "the agent has them, more may work.",
					  "以上是在没有 root 权限时试验的；以代理所用的 root "
					  "权限运行，可用的可能更多。" }));
}

static void render_json(const struct diagnosis *d, struct buf *text)
{
	struct json_out j;

	json_out_init(&j, text, true);
	json_object_open(&j);
	json_put_cstr(&j, "kernel", d->kernel.release);
	json_put_cstr(&j, "machine", d->kernel.machine);
	json_key(&j, "backend");
	if (backend(d))
		json_cstr(&j, backend(d));
	else
		json_null(&j);
	json_key(&j, "mechanisms");
	json_array_open(&j);
	for (size_t i = 0; i < d->count; i++) {
		const struct sensor_finding *f = &d->findings[i];

		json_object_open(&j);
		json_put_cstr(&j, "name", f->name);
		json_put_bool(&j, "works", f->works);
		json_put_cstr(&j, "what", f->what.en);
		if (!f->works) {
			json_put_cstr(&j, "why", f->why);
			json_put_cstr(&j, "lost", f->loss.en);
		}
		json_object_close(&j);
	}
	json_array_close(&j);
	json_object_close(&j);
	buf_byte(text, '\n');
}

/* Not a thing of the kernel's but of how the agent is started: in a container, with its own processes or the host's. */
static struct sensor_finding find_numbers(void)
{
	OWNED_FD root = open("/", O_PATH | O_CLOEXEC);
	struct sensor_finding f = {
		.name = "host-processes",
		.works = host_namespace_has_proc(root),
		.what = { "/proc shows the host's processes", "/proc 显示主机的进程" },
		.loss = { "what /proc tells of a process: its names, its files; share the host's "
			  "processes (hostPID: true, --pid=host)",
			  "/proc 中的进程信息（名称、文件）；请共享主机的进程（hostPID: "
			  "true、--pid=host）" },
	};

	if (!f.works)
		snprintf(f.why, sizeof(f.why), "this is a PID namespace of its own");
	return f;
}

static int run(struct invocation *v)
{
	OWNED_BUF text = BUF_INIT;
	struct diagnosis d = { 0 };
	int r;

	uname(&d.kernel);
	d.count = sensor_probe(d.findings, MAX_FINDINGS - 1);
	d.findings[d.count++] = find_numbers();
	if (option_flag(&v->options, "json"))
		render_json(&d, &text);
	else
		render_text(v, &d, &text);
	r = result_print(v, &text);
	if (r != EXIT_CODE_OK)
		return r;
	return backend(&d) ? EXIT_CODE_OK : EXIT_CODE_TARGET;
}

const struct command cmd_agent_doctor = {
	.name = "agent doctor",
	.summary = { "what this kernel lets the agent see, and what is lost",
		     "本机内核允许代理观察的内容及缺失部分" },
	.detail = { "Tries each mechanism by loading a program that does nothing; nothing stays "
		    "behind. Run it as root, as the agent does.\n\nThe exit code is 4 when no "
		    "back-end works here.",
		    "逐一装载空程序以试验各机制，不留下任何东西。请与代理一样以 root "
		    "运行。\n\n若没有可用的后端，退出码为 4。" },
	.examples = { { "skep agent doctor", { "what works here", "本机可用的机制" } },
		      { "skep agent doctor --json", { "for machines", "供程序读取" } } },
	.options = { result_json_options },
	.run = run,
};
