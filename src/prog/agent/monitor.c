#include <signal.h>
#include <stdio.h>

#include "base/file.h"
#include "base/text.h"
#include "model/alert.h"
#include "prog/agent/agent.h"
#include "prog/agent/session.h"
#include "watch/alert_line.h"

static const char monitor_output[] = "%evt.time %container.name %proc.name(%proc.pid) %evt.type "
				     "%fd.name %evt.res: %proc.cmdline";

static volatile sig_atomic_t ended; /* set by a signal's handler, read by the one loop there is */

struct monitor {
	const struct agent_monitor *config;
	struct session session;
	uint64_t shown;
	struct buf out;
};

static void on_signal(int number)
{
	ended = number;
}

static void say(void *ctx, const char *line)
{
	((const struct monitor *)ctx)->config->say(line);
}

static void show(void *ctx, const struct alert *a)
{
	struct monitor *m = ctx;

	if (m->config->count && m->shown == m->config->count)
		return;
	m->shown++;
	buf_reset(&m->out);
	if (m->config->json) {
		struct json_out j;

		json_out_init(&j, &m->out, false);
		alert_render(a, &j);
	} else if (m->config->condition) {
		text_escape(a->message, &m->out);
	} else {
		alert_line(a, &m->out);
	}
	buf_byte(&m->out, '\n');
	if (buf_error(&m->out) || file_write_all(STDOUT_FILENO, buf_str(&m->out), NULL) < 0)
		ended = SIGPIPE;
}

/** Says what is suspect in the condition; what is wrong ends the command. */
static int tell_notes(const struct agent_monitor *c, const struct rule_set *set, struct err *e)
{
	size_t count;
	const struct rule_note *notes = rule_set_notes(set, &count);

	for (size_t i = 0; i < count; i++)
		if (rule_code_is_error(notes[i].code))
			return err_set(e, EINVAL, "%.*s", STR_ARG(notes[i].message));
	for (size_t i = 0; i < count; i++)
		c->say(notes[i].message.p);
	return 0;
}

/** One rule made of the condition; JSON's strings are YAML's too. */
static int rules_of_condition(const struct agent_monitor *c, struct rules *ret, struct err *e)
{
	OWNED_BUF yaml = BUF_INIT;
	struct rules out = { 0 };
	int r;

	buf_add(&yaml, S("- rule: monitor\n  desc: monitor\n  priority: DEBUG\n"
			 "  warn_evttypes: false\n  condition: "));
	json_quote(&yaml, str_from(c->condition));
	buf_add(&yaml, S("\n  output: "));
	json_quote(&yaml, str_from(c->output ? c->output : monitor_output));
	buf_byte(&yaml, '\n');
	if (buf_error(&yaml))
		return err_sys(e, ENOMEM, "condition");
	r = rule_set_new(&out.set, e);
	if (r == 0)
		r = rule_set_add(out.set, S("condition"), buf_str(&yaml), e);
	if (r == 0)
		r = rule_set_finish(out.set, e);
	if (r == 0)
		r = policy_compile(out.set, &policy_events, &out.program, e);
	if (r == 0)
		r = tell_notes(c, out.set, e);
	if (r < 0) {
		rules_done(&out);
		return r;
	}
	*ret = out;
	return 0;
}

static int open_session(struct monitor *m, struct err *e)
{
	const struct agent_monitor *c = m->config;
	struct session_config config = { .options = c->options,
					 .watch = { .all_rules = true, .no_folding = true },
					 .also = -1,
					 .on_alert = show,
					 .say = say,
					 .ctx = m };
	struct rules rules;
	int r = siphash_key_draw(&config.watch.key, e);

	if (r == 0)
		r = session_prepare(&m->session, &config, e);
	if (r < 0)
		return r;
	r = c->condition ? rules_of_condition(c, &rules, e)
			 : rules_load(c->options, say, m, &rules, e);
	if (r == 0)
		return session_open(&m->session, &rules, e);
	session_close(&m->session);
	return r;
}

int agent_monitor(const struct agent_monitor *c, struct err *e)
{
	struct sigaction end = { .sa_handler = on_signal };
	struct monitor m = { .config = c };
	int r = agent_check_watch_options(c->options, e);

	if (r == 0)
		r = open_session(&m, e);

	if (r < 0)
		return r;
	sigaction(SIGINT, &end, NULL);
	sigaction(SIGTERM, &end, NULL);
	c->say("ready");
	while (r == 0 && !ended && (!c->count || m.shown < c->count))
		r = session_turn(&m.session, e);
	session_close(&m.session);
	buf_done(&m.out);
	return r;
}
