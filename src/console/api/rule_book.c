#include "console/api/rule_book.h"

#include <fcntl.h>

#include "base/file.h"
#include "codec/json_out.h"
#include "console/api/call.h"
#include "console/notify/intel.h"
#include "console/store/agents.h"
#include "console/store/intelligence.h"
#include "policy/rule_path.h"

#define AGENTS_AT_ONCE 500

/* Does something with each part of the book, in the order agents read them. */
struct reader {
	struct store *store;
	struct arena *arena;
	const struct rule_book_options *options;
	int (*take)(struct reader *r, str name, str text, struct err *e);
	struct rule_set *set; /* for one that reads */
	struct buf *out;      /* for one that writes */
};

static int read_shipped(struct reader *r, struct err *e)
{
	const char **paths;
	size_t count;
	int result = rule_path_collect(NULL, 0, r->arena, &paths, &count, e);

	for (size_t i = 0; i < count && result == 0; i++) {
		OWNED_BUF text = BUF_INIT;
		str path = str_from(paths[i]), folder = str_take(path, str_find_last(path, '/'));

		result = file_read(AT_FDCWD, paths[i], RULE_PATH_MAX_BYTES, &text, e);
		/* where it lies on this host is nobody's business */
		if (result == 0)
			result = r->take(r, str_skip(path, folder.n < path.n ? folder.n + 1 : 0),
					 buf_str(&text), e);
	}
	return result;
}

/* Lists that rules of one's own may name, and what finds them: before all others, for an event raises the first rule that holds. */
static int read_intelligence(struct reader *r, struct err *e)
{
	OWNED_BUF text = BUF_INIT;
	struct stored_intelligence *stored;
	struct intel_list *lists;
	size_t count;
	int result = intelligence_list(r->store, true, r->arena, &stored, &count, e);

	if (result < 0)
		return result;
	lists = ARENA_ARRAY(r->arena, count, struct intel_list);
	if (!lists)
		return err_set(e, ENOBUFS, "rules: memory budget spent");
	for (size_t i = 0; i < count; i++) {
		int kind = intel_kind_find(stored[i].kind);

		if (kind < 0)
			return err_set(e, EBADMSG, "no kind of list is called '%.*s'",
				       STR_ARG(stored[i].kind));
		/* One that is over stays by its name, which rules may say. */
		lists[i] = (struct intel_list){ .name = stored[i].name,
						.kind = (enum intel_kind)kind,
						.body = stored[i].ended ? S("") : stored[i].body };
	}
	result = intel_render_rules(lists, count, &text, e);
	return result < 0 ? result : r->take(r, S("intelligence"), buf_str(&text), e);
}

static int read_own(struct reader *r, struct err *e)
{
	struct rule_file *files;
	size_t count;
	int result = rule_files_list(r->store, r->arena, &files, &count, e);

	for (size_t i = 0; result == 0 && i < count; i++) {
		str name;

		if (!files[i].enabled || files[i].id == r->options->without)
			continue;
		name = arena_printf(r->arena, RULE_BOOK_OWN "%.*s", STR_ARG(files[i].name));
		result = name.p ? r->take(r, name, files[i].text, e)
				: err_set(e, ENOBUFS, "rules: memory budget spent");
	}
	return result;
}

static void render_switch(const struct rule_switch *w, struct buf *out)
{
	buf_add(out, S("- rule: "));
	json_quote(out, w->rule);
	buf_printf(out, "\n  enabled: %s\n", w->enabled ? "true" : "false");
	if (w->priority.n)
		buf_printf(out, "  priority: %.*s\n", STR_ARG(w->priority));
	buf_add(out, S("  override:\n    enabled: replace\n"));
	if (w->priority.n)
		buf_add(out, S("    priority: replace\n"));
}

static int read_switches(struct reader *r, struct err *e)
{
	OWNED_BUF text = BUF_INIT;
	struct rule_switch *list;
	size_t count;
	int result = rule_switches(r->store, r->arena, &list, &count, e);

	if (result < 0 || count == 0)
		return result;
	for (size_t i = 0; i < count; i++)
		render_switch(&list[i], &text);
	if (buf_error(&text))
		return err_set(e, ENOBUFS, "rules: memory budget spent");
	return r->take(r, S("switches"), buf_str(&text), e);
}

static int read_all(struct reader *r, struct err *e)
{
	int result = read_intelligence(r, e);

	if (result == 0)
		result = read_shipped(r, e);
	if (result == 0)
		result = read_own(r, e);
	if (result == 0 && r->options->draft.p)
		result = r->take(r, S(RULE_BOOK_DRAFT), r->options->draft, e);
	if (result == 0 && !r->options->not_switched)
		result = read_switches(r, e);
	return result;
}

static int take_to_set(struct reader *r, str name, str text, struct err *e)
{
	return rule_set_add(r->set, name, text, e);
}

int rule_book_open(struct store *s, const struct rule_book_options *o, struct arena *a,
		   struct rule_book *ret, struct err *e)
{
	struct reader r = { .store = s, .arena = a, .options = o, .take = take_to_set };
	struct rule_book book = { 0 };
	int result = rule_set_new(&book.set, e);

	if (result < 0)
		return result;
	r.set = book.set;
	result = read_all(&r, e);
	if (result == 0)
		result = rule_set_finish(book.set, e);
	if (result == 0)
		result = policy_compile(book.set, &policy_events, &book.program, e);
	if (result < 0) {
		rule_book_close(&book);
		return result;
	}
	*ret = book;
	return 0;
}

void rule_book_close(struct rule_book *b)
{
	policy_free(b->program);
	rule_set_free(b->set);
	*b = (struct rule_book){ 0 };
}

/* Each file a document of its own, which begins as strict as any. */
static int take_to_text(struct reader *r, str name, str text, struct err *e)
{
	(void)name;
	buf_add(r->out, S("---\n- falco_compatible: false\n---\n"));
	buf_add(r->out, text);
	buf_byte(r->out, '\n');
	return buf_error(r->out) ? err_set(e, ENOBUFS, "rules: memory budget spent") : 0;
}

/* The rules as one YAML text, which is what agents are sent. */
static int render(struct store *s, struct arena *a, struct buf *out, struct err *e)
{
	static const struct rule_book_options all = { 0 };
	struct reader r = {
		.store = s, .arena = a, .options = &all, .take = take_to_text, .out = out
	};

	return read_all(&r, e);
}

int rule_book_publish(struct store *s, struct arena *a, struct err *e)
{
	OWNED_BUF text = BUF_INIT;
	char etag[CALL_ETAG_BYTES];
	str after = { 0 }, members;
	int r = render(s, a, &text, e);

	if (r < 0)
		return r;
	call_etag(buf_str(&text), etag);
	/* without its quotes; the text is kept once and sent with the command */
	members = arena_printf(a, "\"etag\":\"%.32s\"", etag + 1);
	if (!members.p)
		return err_set(e, ENOBUFS, "rules: memory budget spent");
	r = rule_text_put(s, (str){ etag + 1, 32 }, buf_str(&text), e);
	if (r < 0)
		return r;
	for (;;) {
		struct agent *agents;
		size_t count;

		r = agent_list(s, after, AGENTS_AT_ONCE, a, &agents, &count, e);
		for (size_t i = 0; r == 0 && i < count; i++) {
			int64_t id;

			after = agents[i].id;
			if (agents[i].state == AGENT_ACTIVE)
				r = agent_command_add(s, agents[i].id, "rules", members, &id, e);
		}
		if (r < 0 || count < AGENTS_AT_ONCE)
			return r < 0 ? r : 0;
	}
}

const struct rule *rule_book_find(const struct rule_book *b, str id)
{
	size_t count;
	const struct rule *rules = rule_set_rules(b->set, &count);

	for (size_t i = 0; i < count; i++)
		if (str_eq(rules[i].name, id) || (rules[i].id.n && str_eq(rules[i].id, id)))
			return &rules[i];
	return NULL;
}
