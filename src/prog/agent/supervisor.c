/* The supervisor parses nothing from outside and holds nothing but the parts' sockets, so there is little in it that
 * could fail; what dies below it is replaced within a tenth of a second. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/proc_stat.h"
#include "base/process.h"
#include "prog/agent/agent.h"
#include "prog/agent/part.h"
#include "prog/agent/part_cost.h"
#include "prog/agent/self_alert.h"

#define RESTART_NS (100 * MS_NS)
#define RESTART_MOST_NS (5000 * MS_NS)
#define STEADY_NS (10000 * MS_NS) /* a part that lived this long begins its back-off anew */
#define SILENT_NS (2000 * MS_NS)  /* from here on a part is doubted */
/* with a processor, or waiting for none, and still silent: wedged */
#define DOUBT_NS (1000 * MS_NS)
/* Until the first sign of life: loading programs takes a while on a slow machine. */
#define START_NS (120000 * MS_NS)
#define STOP_NS (5000 * MS_NS)

struct part {
	const char *name;
	int (*run)(void *part_context);
	int control[2]; /**< ours, the part's */
	/** the part's end of its pair with uplink; ours too, so that what waits in it outlives a part; uplink's: -1 */
	int data;
	int far;   /**< uplink's end of that pair */
	pid_t pid; /**< 0: not running */
	uint64_t started_ns, alive_ns, restart_ns, delay_ns;
	/** since when it is doubted, less the time it got no processor; 0: it is not */
	uint64_t doubt_ns;
	uint64_t looked_ns, ran_ns; /**< while it is doubted */
	/** when its predecessor died; 0: it has none, or was replaced and told of */
	uint64_t died_ns;
	bool ready, gave_up;
	bool needed; /**< the agent is none without it */
	bool absent; /**< nothing asks for it */
	unsigned int deaths;
	char why[ERR_TEXT_BYTES]; /**< it could not begin; empty: it said nothing like it */
};

enum { SENSOR, CENSUS, SCANNER, UPLINK, PARTS };

struct supervisor {
	struct part parts[PARTS];
	const struct option_set *options;
	void (*say)(const char *line);
	struct part_cost *cost;
	struct scan_cgroup readers;
	int proc_fd, signals;
	int kept[MESSAGE_MAX_FDS];
	size_t kept_count;
	bool stopping;
	uint64_t stop_ns;
	char *room;
	const char *(*translate)(const char *); /**< struct err's, for the parts' */
	const struct part *unfit;               /**< the first that gave up; NULL: none did */
	int status;                             /**< its, negative */
};

static void PRINTF_LIKE(2, 3) agent_say(const struct supervisor *s, const char *fmt, ...)
{
	char line[ERR_TEXT_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	s->say(line);
}

/** Raises an alert about the agent itself; it reaches uplink's queue even while uplink is the part that died. */
static void alert(struct supervisor *s, const char *text, const char *zh)
{
	struct container host = { .runtime = CONTAINER_HOST, .id = S("host"), .known = ~0u };
	struct alert a = self_alert(S("Agent part restarted"), S("SKEP-0001"), &host);
	OWNED_BUF json = BUF_INIT;
	struct json_out j;

	a.message = str_from(text);
	a.message_zh = str_from(zh);
	json_out_init(&j, &json, false);
	alert_render(&a, &j);
	if (message_send(s->parts[SENSOR].data, &(struct message){ .kind = MESSAGE_ALERT,
								   .number = PRIORITY_WARNING,
								   .text = a.message,
								   .json = buf_str(&json) }) < 0)
		agent_say(s, "could not queue an alert: %s", text);
}

struct beginning {
	const struct part *part;
	struct part_context context;
};

static int run_part(void *ctx)
{
	struct beginning *b = ctx;
	char name[16];

	snprintf(name, sizeof(name), PART_COST_NAME "%s", b->part->name);
	prctl(PR_SET_NAME, name);
	return b->part->run(&b->context);
}

static int start_part(struct supervisor *s, struct part *p, struct err *e)
{
	const bool uplink = p == &s->parts[UPLINK];
	struct beginning b = {
		.part = p,
		.context = { .options = s->options,
			     .supervisor = p->control[1],
			     .data = uplink ? s->parts[SENSOR].far : p->data,
			     .census = uplink ? s->parts[CENSUS].far : -1,
			     .scans = uplink ? s->parts[SCANNER].far : -1,
			     .kept = s->kept,
			     .kept_count = p == &s->parts[SENSOR] ? s->kept_count : 0,
			     .readers = &s->readers,
			     .successor = p->deaths > 0,
			     .translate = s->translate },
	};
	/* The other parts' sockets stay with the child too; it never looks at them, and a part holds no secret. */
	int r = process_start_open(run_part, &b, &p->pid, e);

	if (r < 0)
		return r;
	p->started_ns = p->alive_ns = clock_ns(CLOCK_MONOTONIC);
	p->ready = false;
	return 0;
}

static void take_kept(struct supervisor *s, const struct message *m)
{
	for (size_t i = 0; i < s->kept_count; i++)
		close(s->kept[i]);
	memcpy(s->kept, m->fds, m->fd_count * sizeof(int));
	s->kept_count = m->fd_count;
}

/** Uplink, which speaks with the network, is not believed what only the sensor may say. */
static bool may_say(const struct supervisor *s, const struct part *p, enum message_kind kind)
{
	return (kind != MESSAGE_KEEP || p == &s->parts[SENSOR]) &&
	       (kind != MESSAGE_RELOAD || p == &s->parts[UPLINK]);
}

static void took_over(struct supervisor *s, struct part *p)
{
	char text[200], zh[200];
	unsigned long long away;

	if (!p->died_ns)
		return;
	away = (clock_ns(CLOCK_MONOTONIC) - p->died_ns) / MS_NS;
	snprintf(text, sizeof(text), "the agent's %s was replaced; it was away for %llu ms",
		 p->name, away);
	snprintf(zh, sizeof(zh), "代理的部件 %s 已重启，中断 %llu 毫秒", p->name, away);
	p->died_ns = 0;
	agent_say(s, "%s", text);
	alert(s, text, zh);
}

static void reload(const struct supervisor *s)
{
	(void)!message_send(s->parts[SENSOR].control[0],
			    &(struct message){ .kind = MESSAGE_RELOAD });
}

static void listen_to(struct supervisor *s, struct part *p)
{
	struct message m;

	while (message_receive(p->control[0], s->room, &m) > 0) {
		p->alive_ns = clock_ns(CLOCK_MONOTONIC);
		if (!may_say(s, p, m.kind)) {
			message_done(&m);
			continue;
		}
		switch (m.kind) {
		case MESSAGE_SAY:
			agent_say(s, "%s: %.*s", p->name, STR_ARG(m.text));
			break;
		case MESSAGE_FAIL:
			snprintf(p->why, sizeof(p->why), "%.*s", STR_ARG(m.text));
			break;
		case MESSAGE_READY:
			p->ready = true;
			took_over(s, p);
			memory_give_back();
			break;
		case MESSAGE_KEEP:
			take_kept(s, &m);
			continue;
		case MESSAGE_RELOAD:
			reload(s);
			break;
		default:
			break;
		}
		message_done(&m);
	}
}

static void died(struct supervisor *s, struct part *p, int status)
{
	uint64_t lived = clock_ns(CLOCK_MONOTONIC) - p->started_ns;

	listen_to(s, p);
	p->pid = 0;
	if (s->stopping)
		return;
	/* A part that never got to work and says why will not do better a moment later. What it says is the agent's error. */
	if (p->needed && WIFEXITED(status) && WEXITSTATUS(status) && !p->ready && !p->deaths) {
		p->gave_up = true;
		if (!s->unfit) {
			s->unfit = p;
			s->status = -WEXITSTATUS(status);
		}
		return;
	}
	if (p->why[0])
		agent_say(s, "%s: %s", p->name, p->why);
	p->why[0] = '\0';
	p->delay_ns = lived > STEADY_NS || !p->delay_ns ? RESTART_NS
							: MIN(p->delay_ns * 2, RESTART_MOST_NS);
	if (!p->deaths++ || lived > STEADY_NS)
		p->delay_ns = 0;
	p->restart_ns = clock_ns(CLOCK_MONOTONIC) + p->delay_ns;
	if (!p->died_ns)
		p->died_ns = clock_ns(CLOCK_MONOTONIC);
	if (WIFSIGNALED(status))
		agent_say(s, "%s was ended by signal %d; starting it again", p->name,
			  WTERMSIG(status));
	else
		agent_say(s, "%s ended with status %d; starting it again", p->name,
			  WEXITSTATUS(status));
}

static void reap(struct supervisor *s)
{
	siginfo_t ended = { 0 };
	int status;

	while (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid) {
		part_cost_ended(s->cost, ended.si_pid);
		if (waitpid(ended.si_pid, &status, 0) < 0)
			break;
		for (unsigned int i = 0; i < PARTS; i++)
			if (s->parts[i].pid == ended.si_pid)
				died(s, &s->parts[i], status);
		ended.si_pid = 0;
	}
}

static void stop(struct supervisor *s)
{
	if (s->stopping)
		return;
	s->stopping = true;
	s->stop_ns = clock_ns(CLOCK_MONOTONIC);
	/* Uplink follows when the others are gone and their last words are told. */
	for (unsigned int i = 0; i < UPLINK; i++)
		if (s->parts[i].pid)
			(void)!message_send(s->parts[i].control[0],
					    &(struct message){ .kind = MESSAGE_STOP });
}

static void take_signals(struct supervisor *s)
{
	struct signalfd_siginfo i;

	while (read(s->signals, &i, sizeof(i)) == sizeof(i)) {
		if (i.ssi_signo == SIGCHLD)
			reap(s);
		else if (i.ssi_signo == SIGHUP)
			reload(s);
		else
			stop(s);
	}
}

static bool is_runnable(const struct supervisor *s, pid_t pid)
{
	struct proc_stat st;

	return proc_stat_read(s->proc_fd, (uint32_t)pid, &st, NULL) == 0 && st.state == 'R';
}

/** The processor time a child had that is not waited for yet. */
static uint64_t processor_ns(pid_t pid)
{
	clockid_t id;

	return clock_getcpuclockid(pid, &id) == 0 ? clock_ns(id) : 0;
}

/** A part that gets no processor is not wedged: to begin anew would cost more of what there is too little of. */
static bool is_wedged(const struct supervisor *s, struct part *p, uint64_t t)
{
	uint64_t ran_ns, since_ns = t - p->looked_ns;
	bool starved;

	if (!p->ready)
		return t - p->alive_ns > START_NS;
	if (t - p->alive_ns <= SILENT_NS) {
		p->doubt_ns = 0;
		return false;
	}
	ran_ns = processor_ns(p->pid);
	starved = is_runnable(s, p->pid) && ran_ns - p->ran_ns < since_ns / 2;
	if (!p->doubt_ns)
		p->doubt_ns = p->alive_ns + SILENT_NS;
	else if (starved)
		p->doubt_ns += since_ns;
	p->ran_ns = ran_ns;
	p->looked_ns = t;
	return t - p->doubt_ns > DOUBT_NS;
}

/** Restarts what is due and ends what no longer answers. */
static void tend(struct supervisor *s)
{
	uint64_t t = clock_ns(CLOCK_MONOTONIC);

	for (unsigned int i = 0; i < PARTS; i++) {
		struct part *p = &s->parts[i];
		struct err e = { 0 };

		if (p->pid && is_wedged(s, p, t)) {
			agent_say(s, "%s gave no sign of life for %u s; ending it", p->name,
				  (unsigned int)((t - p->alive_ns) / (1000 * MS_NS)));
			kill(p->pid, SIGKILL);
			p->alive_ns = t;
			p->doubt_ns = 0;
		}
		if (!p->pid && !s->stopping && !p->gave_up && !p->absent && t >= p->restart_ns &&
		    start_part(s, p, &e) < 0) {
			agent_say(s, "%s: %s", p->name, e.text);
			p->restart_ns = t + RESTART_MOST_NS;
		}
	}
	if (s->stopping && !s->parts[SENSOR].pid && !s->parts[CENSUS].pid &&
	    !s->parts[SCANNER].pid && s->parts[UPLINK].pid && !s->parts[UPLINK].died_ns) {
		(void)!message_send(s->parts[UPLINK].control[0],
				    &(struct message){ .kind = MESSAGE_STOP });
		s->parts[UPLINK].died_ns = t;
	}
	for (unsigned int i = 0; i < PARTS; i++)
		if (s->stopping && s->parts[i].pid && t - s->stop_ns > STOP_NS)
			kill(s->parts[i].pid, SIGKILL);
}

/** What all cost is told to uplink, who tells those who ask. A second that is missed is in the next. */
static void tell_cost(struct supervisor *s)
{
	OWNED_BUF json = BUF_INIT;
	pid_t pids[PARTS + 1] = { 0 };
	struct json_out j;

	for (unsigned int i = 0; i < PARTS; i++)
		pids[i + 1] = s->parts[i].pid;
	if (!part_cost_look(s->cost, pids, clock_ns(CLOCK_MONOTONIC)) || !s->parts[UPLINK].ready)
		return;
	json_out_init(&j, &json, false);
	part_cost_render(s->cost, &j);
	if (!buf_error(&json))
		(void)!message_send(
			s->parts[UPLINK].control[0],
			&(struct message){ .kind = MESSAGE_PARTS, .json = buf_str(&json) });
}

static bool is_over(const struct supervisor *s)
{
	for (unsigned int i = 0; i < PARTS; i++)
		if (s->parts[i].pid)
			return false;
	return s->stopping;
}

/** Signals and the parts' words wake us; the clock is looked at for what they do not say. */
static int until_look_ms(const struct supervisor *s)
{
	for (unsigned int i = 0; i < PARTS; i++)
		if (!s->parts[i].pid && !s->parts[i].absent)
			return (int)(RESTART_NS / MS_NS / 4);
	return (int)(SILENT_NS / MS_NS / 8);
}

static int watch_over(struct supervisor *s)
{
	while (!is_over(s)) {
		struct pollfd fds[PARTS + 1] = { { .fd = s->signals, .events = POLLIN } };

		for (unsigned int i = 0; i < PARTS; i++)
			fds[i + 1] =
				(struct pollfd){ .fd = s->parts[i].control[0], .events = POLLIN };
		if (poll(fds, PARTS + 1, until_look_ms(s)) < 0 && errno != EINTR)
			return -errno;
		take_signals(s);
		for (unsigned int i = 0; i < PARTS; i++) {
			listen_to(s, &s->parts[i]);
			if (s->parts[i].gave_up)
				stop(s);
		}
		tend(s);
		tell_cost(s);
	}
	return s->status;
}

static int prepare_parts(struct supervisor *s, struct err *e)
{
	static const struct {
		const char *name;
		int (*run)(void *part_context);
		bool needed, for_console;
	} parts[PARTS] = { [SENSOR] = { "sensor", sensor_part, true, false },
			   [CENSUS] = { "census", census_part, false, true },
			   [SCANNER] = { "scanner", scanner_part, false, true },
			   [UPLINK] = { "uplink", uplink_part, true, false } };
	const char *console = option_text(s->options, "console");
	const bool has_console = console && console[0];
	int r = 0;

	for (unsigned int i = 0; i < PARTS && r == 0; i++) {
		int data[2] = { -1, -1 };

		s->parts[i] = (struct part){ .name = parts[i].name,
					     .run = parts[i].run,
					     .needed = parts[i].needed,
					     .absent = parts[i].for_console && !has_console,
					     .data = -1,
					     .far = -1 };
		if (i == SCANNER && option_flag(s->options, "no-scans"))
			s->parts[i].absent = true;
		r = message_pair(s->parts[i].control, e);
		if (r == 0 && i != UPLINK && !s->parts[i].absent)
			r = message_pair(data, e);
		s->parts[i].data = data[0];
		s->parts[i].far = data[1];
	}
	return r;
}

/** Whom a part leaves behind comes to us, with what it cost (part_cost.h). */
static int prepare_cost(struct supervisor *s, struct err *e)
{
	const char *names[PARTS + 1] = { "supervisor" };

	for (unsigned int i = 0; i < PARTS; i++)
		names[i + 1] = s->parts[i].name;
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return err_sys(e, errno, "cannot take in what parts leave behind");
	s->proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->proc_fd < 0)
		return err_sys(e, errno, "'/proc'");
	return part_cost_new(s->proc_fd, names, ARRAY_LEN(names), &s->cost, e);
}

/** Where no group may be made, nice and the limits of each reader must do. */
static void prepare_readers(struct supervisor *s)
{
	struct err e = { 0 };

	if (!s->parts[SCANNER].absent &&
	    scan_cgroup_open(option_text(s->options, "state"), &s->readers, &e) < 0)
		agent_say(s, "images are read by nice alone, without a control group: %s", e.text);
}

static int prepare(struct supervisor *s, struct err *e)
{
	int r = prepare_parts(s, e);

	if (r == 0)
		r = prepare_cost(s, e);
	if (r == 0)
		prepare_readers(s);
	if (r == 0)
		r = process_signals(true, &s->signals, e);
	if (r < 0)
		return r;
	s->room = malloc(MESSAGE_MAX_BYTES);
	return s->room ? 0 : err_sys(e, ENOMEM, "cannot start the agent");
}

static int could_not_begin(const struct supervisor *s, struct err *e)
{
	if (s->unfit->why[0])
		return err_set(e, -s->status, "%s", s->unfit->why);
	return err_set(e, -s->status, "the agent could not begin: its %s ended with status %d",
		       s->unfit->name, -s->status);
}

int agent_run(const struct option_set *o, void (*say)(const char *line), struct err *e)
{
	struct supervisor s = { .options = o, .say = say, .translate = e ? e->translate : NULL };
	int r = agent_check_options(o, e);

	if (r == 0)
		r = prepare(&s, e);

	/* Uplink first: it is ready in no time, and the sensor's first alerts find it. */
	if (r == 0)
		r = start_part(&s, &s.parts[UPLINK], e);
	for (unsigned int i = 0; i < UPLINK && r == 0; i++)
		if (!s.parts[i].absent)
			r = start_part(&s, &s.parts[i], e);
	if (r < 0)
		return r;
	r = watch_over(&s);
	scan_cgroup_remove(&s.readers);
	part_cost_free(s.cost);
	close(s.proc_fd);
	free(s.room);
	return s.unfit ? could_not_begin(&s, e) : r < 0 ? err_sys(e, -r, "the agent") : 0;
}
