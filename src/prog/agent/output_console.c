#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "codec/digest.h"
#include "codec/join_token.h"
#include "codec/json.h"
#include "codec/mac.h"
#include "codec/zstd.h"
#include "prog/agent/console_commands.h"
#include "prog/agent/console_identity.h"
#include "prog/agent/console_spool.h"
#include "prog/agent/output.h"
#include "prog/agent/rules.h"
#include "wire/url.h"

/* Records wait on disk by priority; one batch at a time is on its way, and what is acknowledged is forgotten. */
#define PAUSE_LEAST_NS SECOND_NS
#define PAUSE_MOST_NS (60 * SECOND_NS)
#define REFUSED_MOST_NS (300 * SECOND_NS)
#define LINGER_NS (200 * MS_NS) /* what comes meanwhile travels together */
#define STATS_NS (15 * SECOND_NS)
#define LOSS_NS (10 * SECOND_NS)
#define GOODBYE_NS SECOND_NS
#define ANSWER_MAX ((size_t)64 << 10)
#define BATCH_BYTES ((size_t)2 << 20)
#define OTHER_SPOOL_MAX ((uint64_t)64 << 20)
enum { URL_MAX = 256, BATCH_RECORDS = 5000, ANSWER_S = 30, ZSTD_LEVEL = 1, PATH_BYTES = 512 };

/* The first goes first. */
enum { ALERTS, FLOWS, INVENTORY, SPOOLS, PASSING = SPOOLS };

static const char *const spool_names[SPOOLS] = { "alerts", "flows", "inventory" };

struct console {
	struct output head;
	char *url;
	const char *state;
	char spool_folder[PATH_BYTES], scans[PATH_BYTES];
	const char *ca_file;
	char *token;
	struct http_flows *flows;
	struct console_identity *identity;
	struct console_commands *commands;
	struct console_spool *spools[SPOOLS];
	uint64_t lost_seen[SPOOLS], lost_unsaid[SPOOLS];

	/* What only the latest counts of. */
	char passing_life[CONSOLE_LIFE_DIGITS + 1];
	uint64_t passing_number;
	struct buf stats;
	bool ending, ended_told;
	bool reload_owed; /* the sensor has not been told yet that its rules are others */

	struct http_flow *flow;
	int from; /* what the batch on its way was taken of */
	struct console_batch batch;
	struct buf plain, packed, answer;
	size_t careful; /* so many go one by one: together they were refused */
	unsigned int retry_after_s;
	uint64_t now_ns, next_ns, pause_ns, synced_ns, identity_ns, stats_ns, loss_ns;
};

static void close_console(struct output *o);

/* ---- Beginning ---- */

/** --enroll TOKEN, or @FILE: on a command line everybody sees it. */
static int read_token(const char *given, struct buf *text, struct err *e)
{
	if (given[0] == '@')
		return file_read(AT_FDCWD, given + 1, 4096, text, e);
	buf_add(text, str_from(given));
	return buf_error(text) ? err_sys(e, ENOMEM, "console") : 0;
}

static int check_token(const char *given, struct err *e)
{
	OWNED_BUF text = BUF_INIT;
	struct join_token token;
	int r = read_token(given, &text, e);

	if (r == 0)
		r = join_token_parse(buf_str(&text), &token, e);
	explicit_bzero(&token, sizeof(token));
	return r;
}

static int take_token(struct console *c, const char *given, struct err *e)
{
	OWNED_BUF text = BUF_INIT;
	int r;

	if (!given || !given[0])
		return 0;
	r = read_token(given, &text, e);
	if (r < 0)
		return r;
	c->token = strdup(buf_cstr(&text));
	return c->token ? 0 : err_sys(e, ENOMEM, "console");
}

static int check_url(const char *url, struct err *e)
{
	struct url u;

	if (!url_split(str_from(url), &u) || !str_eq_nocase(u.scheme, S("https")) || u.user.n ||
	    u.query.n || strlen(url) > URL_MAX || strchr(url, '#'))
		return err_set(e, EINVAL, "give https://HOST[:PORT]");
	return 0;
}

static int check(const struct option_set *o, struct err *e)
{
	const char *url = option_text(o, "console"), *token = option_text(o, "enroll");
	const bool has_url = url && url[0], has_token = token && token[0];
	int r = has_token ? check_token(token, e) : 0;

	if (r == 0 && has_token && !has_url)
		r = err_set(e, EINVAL, "name the console it is of by --console");
	if (r < 0)
		return r == -ENOMEM ? r : option_blame(o, "enroll", e);
	if (has_url)
		r = check_url(url, e);
	if (r == 0 && has_url && !has_token)
		r = console_identity_check(option_text(o, "state"), e);
	return r < 0 ? option_blame(o, "console", e) : 0;
}

static int take_url(struct console *c, const char *url, struct err *e)
{
	size_t n = strlen(url);
	int r = check_url(url, e);

	if (r < 0)
		return r;
	while (n && url[n - 1] == '/')
		n--;
	c->url = strndup(url, n);
	return c->url ? 0 : err_sys(e, ENOMEM, "console");
}

static void on_trouble(void *ctx, const char *why)
{
	struct console *c = ctx;

	if (why[0])
		output_fails(&c->head, why);
	else
		output_works(&c->head);
}

static void on_command(void *ctx, const struct console_command *cmd);

static int open_spools(struct console *c, const struct option_set *o, struct err *e)
{
	uint64_t most = option_number(o, "spool-size", 0);
	uint8_t random[CONSOLE_LIFE_DIGITS / 2];
	int r = 0;

	for (int i = 0; i < SPOOLS && r == 0; i++) {
		char name[32];

		snprintf(name, sizeof(name), "console-%s", spool_names[i]);
		r = console_spool_open(c->spool_folder, name,
				       i == ALERTS ? most : MIN(most, OTHER_SPOOL_MAX),
				       &c->spools[i], e);
		if (r == 0)
			c->lost_seen[i] = 0;
	}
	if (r == 0)
		r = random_bytes(random, sizeof(random), e);
	if (r == 0)
		hex_render(random, sizeof(random), c->passing_life);
	return r;
}

static int open_parts(struct console *c, const struct option_set *o, struct err *e)
{
	struct console_identity_config i = { .url = c->url,
					     .token = c->token,
					     .state = c->state,
					     .ca_file = c->ca_file,
					     .root = option_text(o, "host-root"),
					     .on_trouble = on_trouble,
					     .ctx = c };
	int r = http_flows_new(&c->flows, e);

	i.flows = c->flows;
	if (r == 0)
		r = console_identity_new(&i, &c->identity, e);
	if (r == 0)
		r = console_commands_new(c->url, c->flows, on_command, c, &c->commands, e);
	return r < 0 ? r : open_spools(c, o, e);
}

static int open_console(struct output **list, const struct option_set *o, struct err *e)
{
	const char *url = option_text(o, "console");
	struct console *c;
	int r;

	if (!url || !url[0])
		return 0;
	c = calloc(1, sizeof(*c));
	if (!c)
		return err_sys(e, ENOMEM, "console");
	c->answer.max = ANSWER_MAX;
	c->state = option_text(o, "state");
	c->ca_file = option_text(o, "console-ca");
	snprintf(c->spool_folder, sizeof(c->spool_folder), "%s/spool", c->state);
	snprintf(c->scans, sizeof(c->scans), "%s/%s", c->state, PART_SCANS);
	r = take_url(c, url, e);
	if (r == 0)
		r = take_token(c, option_text(o, "enroll"), e);
	if (r == 0)
		r = open_parts(c, o, e);
	if (r < 0) {
		close_console(&c->head);
		return r;
	}
	output_add(list, &c->head, &output_console, c->url);
	return 0;
}

/* ---- What there is to tell ---- */

static int tell(struct output *o, const struct output_alert *a, struct err *e)
{
	struct console *c = (struct console *)o;
	int r = console_spool_add(c->spools[ALERTS], "alert", a->json, e);

	c->lost_unsaid[ALERTS] += r < 0;
	return r;
}

static int record(struct output *o, const struct output_record *rec, struct err *e)
{
	struct console *c = (struct console *)o;
	const int to = strcmp(rec->kind, "flows") == 0 ? FLOWS : INVENTORY;
	int r;

	if (rec->passing) {
		buf_reset(&c->stats);
		buf_add(&c->stats, rec->doc);
		return buf_error(&c->stats);
	}
	r = rec->file.n ? console_spool_add_file(c->spools[to], rec->kind, rec->file, e)
			: console_spool_add(c->spools[to], rec->kind, rec->doc, e);
	c->lost_unsaid[to] += r < 0;
	return r;
}

static void put_result(struct console *c, uint64_t id, bool ok, const char *message)
{
	OWNED_BUF doc = BUF_INIT;
	struct json_out j;

	json_out_init(&j, &doc, false);
	json_object_open(&j);
	json_put_uint(&j, "command", id);
	json_put_bool(&j, "ok", ok);
	json_put_cstr(&j, "message", message);
	json_object_close(&j);
	/* One that is not kept: the command comes again. */
	if (!buf_error(&doc))
		(void)!console_spool_add(c->spools[INVENTORY], "result", buf_str(&doc), NULL);
}

/**
 * Keeps the console's rules where the sensor reads them, or takes them away when it sends none, and has it load them.
 * @return 0, -errno: the command will come again
 */
static int take_rules(struct console *c, str text, struct err *e)
{
	OWNED_BUF had = BUF_INIT;
	char path[PATH_BYTES];
	int r;

	snprintf(path, sizeof(path), "%s/%s", c->state, RULES_OF_CONSOLE);
	r = file_read(AT_FDCWD, path, CONSOLE_COMMAND_MAX, &had, NULL);
	if (r == 0 ? str_eq(buf_str(&had), text) : r == -ENOENT && !text.n)
		return 0;
	if (text.n)
		r = file_write_atomic(AT_FDCWD, path, text, 0600, e);
	else
		r = unlink(path) < 0 ? err_sys(e, errno, "cannot take away %s", path) : 0;
	c->reload_owed |= r == 0;
	return r;
}

static bool ask_part(int fd, enum message_kind kind, str text)
{
	return fd >= 0 && message_send(fd, &(struct message){ .kind = kind, .text = text }) == 0;
}

static void on_command(void *ctx, const struct console_command *cmd)
{
	struct console *c = ctx;
	const struct part_context *p = c->head.part;
	struct err e = { 0 };
	bool ok = true;

	if (str_is(cmd->kind, "scan"))
		ok = ask_part(p->scans, MESSAGE_SCAN, value_get_str(cmd->members, "image"));
	else if (str_is(cmd->kind, "snapshot"))
		ok = ask_part(p->census, MESSAGE_SNAPSHOT, S(""));
	else if (str_is(cmd->kind, "renew"))
		console_identity_renew(c->identity);
	else if (str_is(cmd->kind, "rules"))
		ok = take_rules(c, value_get_str(cmd->members, "text"), &e) == 0;
	else if (!str_is(cmd->kind, "ping")) {
		put_result(c, cmd->id, false, "this agent does not know such a command");
		return;
	}
	put_result(c, cmd->id, ok, ok ? "" : e.text[0] ? e.text : "the part that does it is away");
}

/** What a spool had no room for is told, and an inventory with holes is told anew. */
static void tell_losses(struct console *c)
{
	if (c->now_ns - c->loss_ns < LOSS_NS)
		return;
	c->loss_ns = c->now_ns;
	for (int i = 0; i < SPOOLS; i++) {
		char doc[160];

		if (!c->lost_unsaid[i])
			continue;
		snprintf(doc, sizeof(doc), "{\"spool\":\"%s\",\"count\":%llu,\"why\":\"%s\"}",
			 spool_names[i], (unsigned long long)c->lost_unsaid[i],
			 "no room, damaged, or refused by the console");
		if (console_spool_add(c->spools[INVENTORY], "loss", str_from(doc), NULL) < 0)
			continue;
		c->lost_unsaid[i] = 0;
		if (i == INVENTORY)
			(void)!ask_part(c->head.part->census, MESSAGE_SNAPSHOT, S(""));
	}
}

static void count_losses(struct console *c)
{
	for (int i = 0; i < SPOOLS; i++) {
		uint64_t lost = console_spool_lost(c->spools[i]);

		c->lost_unsaid[i] += lost - c->lost_seen[i];
		if (i == ALERTS)
			c->head.lost += lost - c->lost_seen[i];
		c->lost_seen[i] = lost;
	}
}

/* ---- A batch ---- */

static void wait_a_while(struct console *c, const char *why, uint64_t most_ns)
{
	uint64_t asked = (uint64_t)c->retry_after_s * SECOND_NS;
	uint32_t r = 0;

	(void)!random_bytes(&r, sizeof(r), NULL);
	if (c->from < SPOOLS)
		console_spool_back(c->spools[c->from]);
	output_fails(&c->head, why);
	c->pause_ns = c->pause_ns ? MIN(2 * c->pause_ns, most_ns) : PAUSE_LEAST_NS;
	c->next_ns = c->now_ns + MAX(asked, c->pause_ns / 2) + c->pause_ns / 2 * (r % 1024) / 1024;
}

/** It will never be taken; alone, it is given up. */
static void refused(struct console *c, int status)
{
	char why[80];

	snprintf(why, sizeof(why), "it refuses a record (%d)", status);
	if (c->from == PASSING)
		return;
	if (c->batch.records > 1) {
		c->careful = c->batch.records;
		console_spool_back(c->spools[c->from]);
		return;
	}
	console_spool_ack(c->spools[c->from]);
	c->lost_unsaid[c->from]++;
	c->head.lost += c->from == ALERTS;
	c->careful -= c->careful > 0;
	output_fails(&c->head, why);
}

/** @return whether all of the batch is stored there */
static bool take_answer(struct console *c, uint64_t *ret_refused)
{
	struct arena a;
	struct value v;
	bool ok;

	arena_init(&a, (size_t)1 << 20);
	ok = json_parse(buf_str(&c->answer), &a, &v, NULL) == 0 &&
	     value_int(value_get(&v, "acknowledged"), -1) >= (int64_t)c->batch.last;
	*ret_refused = ok ? (uint64_t)MAX(value_int(value_get(&v, "refused"), 0), 0) : 0;
	arena_done(&a);
	return ok;
}

static void arrived(struct console *c)
{
	uint64_t refused_there;

	if (!take_answer(c, &refused_there)) {
		wait_a_while(c, "its answer is not understood; trying again", PAUSE_MOST_NS);
		return;
	}
	refused_there = MIN(refused_there, c->batch.records);
	c->pause_ns = 0;
	c->careful -= MIN(c->careful, c->batch.records);
	if (c->from == PASSING) {
		c->ended_told = c->ending;
	} else {
		console_spool_ack(c->spools[c->from]);
		c->lost_unsaid[c->from] += refused_there;
		if (c->from == ALERTS) {
			c->head.told += c->batch.records - refused_there;
			c->head.lost += refused_there;
		}
		/* A full batch has another behind it. */
		if (c->batch.taken < BATCH_RECORDS && c->plain.n < BATCH_BYTES && !c->careful)
			c->next_ns = c->now_ns + LINGER_NS;
	}
	output_works(&c->head);
}

static void on_end(void *ctx, int result, int status)
{
	struct console *c = ctx;
	char why[120];

	c->flow = NULL;
	if (result == 0 && status == 200) {
		arrived(c);
	} else if (result == 0 && (status == 400 || status == 413 || status == 422)) {
		refused(c, status);
	} else if (result == 0 && status == 403) {
		wait_a_while(c, "it refuses this agent: its certificate is revoked or expired",
			     REFUSED_MOST_NS);
	} else {
		if (result < 0)
			snprintf(why, sizeof(why), "%s; trying again", http_flow_failure(result));
		else
			snprintf(why, sizeof(why), "it answers %d; trying again", status);
		wait_a_while(c, why, PAUSE_MOST_NS);
	}
}

static int collect(void *ctx, str bytes)
{
	struct console *c = ctx;

	buf_add(&c->answer, bytes);
	return buf_error(&c->answer);
}

static void send(struct console *c, const struct http_options *http)
{
	char url[PATH_BYTES], life[CONSOLE_LIFE_DIGITS + 16], at[40];
	const char *const headers[] = { "Skep-Agent-Protocol: 1",
					"Content-Type: application/x-ndjson",
					"Content-Encoding: zstd",
					life,
					at,
					"Expect:",
					NULL };
	struct http_flow_request q = { .url = url,
				       .headers = headers,
				       .max_body = ANSWER_MAX,
				       .total_s = ANSWER_S,
				       .on_body = collect,
				       .on_end = on_end,
				       .ctx = c,
				       .ret_retry_after_s = &c->retry_after_s };
	struct err e = { 0 };
	int r;

	snprintf(url, sizeof(url), "%s/agent/v1/batch", c->url);
	snprintf(life, sizeof(life), "Skep-Spool: %s", c->batch.life);
	buf_reset(&c->packed);
	buf_reset(&c->answer);
	c->retry_after_s = 0;
	r = zstd_compress(buf_str(&c->plain), ZSTD_LEVEL, &c->packed, &e);
	q.body = buf_str(&c->packed);
	snprintf(at, sizeof(at), "Skep-Time: %llu", (unsigned long long)clock_ms(CLOCK_REALTIME));
	if (r == 0)
		r = http_flow_start(c->flows, http, &q, &c->flow, &e);
	if (r < 0)
		wait_a_while(c, e.text[0] ? e.text : strerror(-r), PAUSE_MOST_NS);
}

static void fill_passing(struct console *c)
{
	c->from = PASSING;
	c->batch = (struct console_batch){ .last = ++c->passing_number, .records = 1, .taken = 1 };
	memcpy(c->batch.life, c->passing_life, sizeof(c->batch.life));
	buf_reset(&c->plain);
	buf_printf(&c->plain,
		   "{\"seq\":%llu,\"kind\":\"%s\",\"doc\":", (unsigned long long)c->batch.last,
		   c->ending ? "ended" : "stats");
	buf_add(&c->plain, c->ending || !c->stats.n ? S("{}") : buf_str(&c->stats));
	buf_add(&c->plain, S("}\n"));
	c->stats_ns = c->now_ns;
}

/** Signs of life first, they are small; then alerts. @return whether there is a batch */
static bool fill(struct console *c, struct err *e)
{
	size_t most = c->careful ? 1 : BATCH_RECORDS;

	if (!c->ending && c->stats.n && c->now_ns - c->stats_ns >= STATS_NS) {
		fill_passing(c);
		return true;
	}
	for (c->from = 0; c->from < SPOOLS; c->from++) {
		int r;

		if (!console_spool_waiting(c->spools[c->from]))
			continue;
		r = console_spool_fill(c->spools[c->from], most, BATCH_BYTES, c->scans, &c->plain,
				       &c->batch, e);
		if (r < 0)
			return false;
		if (c->batch.records)
			return true;
		/* All of it went meanwhile. */
		if (c->batch.taken)
			console_spool_ack(c->spools[c->from]);
	}
	if (c->ending && !c->ended_told) {
		fill_passing(c);
		return true;
	}
	return false;
}

static void tick(struct output *o, uint64_t now_ns)
{
	struct console *c = (struct console *)o;
	const struct http_options *http;
	struct err e = { 0 };

	c->now_ns = now_ns;
	http_flows_work(c->flows);
	if (now_ns - c->identity_ns >= SECOND_NS / 4) {
		c->identity_ns = now_ns;
		console_identity_tick(c->identity, now_ns);
	}
	http = console_identity_http(c->identity);
	console_commands_tick(c->commands, c->ending ? NULL : http, now_ns);
	if (c->reload_owed)
		c->reload_owed = !ask_part(o->part->supervisor, MESSAGE_RELOAD, S(""));
	count_losses(c);
	tell_losses(c);
	if (http && !c->flow && now_ns >= c->next_ns) {
		if (fill(c, &e))
			send(c, http);
		else if (e.code)
			wait_a_while(c, e.text, PAUSE_MOST_NS);
	}
	o->waiting = console_spool_waiting(c->spools[ALERTS]);
	if (now_ns - c->synced_ns > SECOND_NS) {
		c->synced_ns = now_ns;
		for (int i = 0; i < SPOOLS; i++)
			console_spool_sync(c->spools[i]);
	}
}

static int fd(const struct output *o, short *ret_events)
{
	*ret_events = POLLIN;
	return http_flows_fd(((const struct console *)o)->flows);
}

static void places(const struct output *o, struct output_places *p)
{
	const struct console *c = (const struct console *)o;

	output_place(p, c->ca_file, false);
	output_place(p, c->state, true);
}

/* ---- The end ---- */

/** What waits is handed over if that is quick, and that we end; the rest finds the next agent on disk. */
static void say_goodbye(struct console *c)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	const uint64_t until = now + GOODBYE_NS;

	c->ending = true;
	c->next_ns = MIN(c->next_ns, c->pause_ns ? c->next_ns : now);
	while (now < until && !c->ended_told && !c->pause_ns) {
		struct pollfd p = { .fd = http_flows_fd(c->flows), .events = POLLIN };

		c->next_ns = 0;
		tick(&c->head, now);
		(void)poll(&p, 1, 20);
		now = clock_ns(CLOCK_MONOTONIC);
	}
}

static void close_console(struct output *o)
{
	struct console *c = (struct console *)o;

	if (o->part && c->identity && console_identity_http(c->identity))
		say_goodbye(c);
	http_flow_stop(c->flow);
	console_commands_free(c->commands);
	console_identity_free(c->identity);
	http_flows_free(c->flows);
	for (int i = 0; i < SPOOLS; i++)
		console_spool_close(c->spools[i]);
	buf_done(&c->stats);
	buf_done(&c->plain);
	buf_done(&c->packed);
	buf_done(&c->answer);
	free(c->token);
	free(c->url);
	free(c);
}

const struct output_kind output_console = {
	.name = "console",
	.check = check,
	.open = open_console,
	.tell = tell,
	.record = record,
	.tick = tick,
	.fd = fd,
	.places = places,
	.close = close_console,
};
