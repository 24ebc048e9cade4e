/* What listers tell, on its way into the store. */
#include <stdio.h>

#include "console/registry/steward_priv.h"
#include "console/store/findings.h"
#include "console/store/registry_images.h"

struct finding_lines {
	struct steward_job *job;
	str lines;
	struct registry_run figures;
	char detail[ERR_TEXT_BYTES];
	bool done;
	int trouble;
	uint64_t wait_s;
};

static void note(struct finding_lines *f, str place, str why)
{
	f->figures.skipped++;
	if (!f->detail[0])
		snprintf(f->detail, sizeof(f->detail), "%.*s: %.*s", STR_ARG(place), STR_ARG(why));
}

static int take_tag(struct store *s, struct finding_lines *f, const struct registry_line *l,
		    struct err *e)
{
	const struct steward_job *j = f->job;
	const struct registry_tag_found t = {
		.registry = j->id,
		.run = j->run,
		.repository = l->fields[0],
		.tag = l->fields[1],
		.digest = l->fields[2],
		.why = l->fields[3],
		.stage = registry_config_stage(&j->config, l->fields[0], l->fields[1]),
		.now_ns = store_now(),
	};

	f->figures.tags++;
	if (t.digest.n == 0)
		note(f, t.tag, t.why);
	return sql_no_count(registry_tag_put(s, &t, e));
}

static int take_image(struct store *s, struct finding_lines *f, const struct registry_line *l,
		      struct err *e)
{
	const bool is_image = l->kind == REGISTRY_LINE_IMAGE;
	const struct registry_image i = { .registry = f->job->id,
					  .repository = l->fields[0],
					  .digest = l->fields[1],
					  .platform = l->fields[2],
					  .manifest = is_image ? l->fields[3] : l->fields[4],
					  .image = is_image ? l->fields[4] : S(""),
					  .why = is_image ? S("") : l->fields[3] };
	struct stored_image x = { .digest = i.image };
	uint64_t bytes;
	int r = registry_image_put(s, &i, e);

	f->figures.digests++;
	if (r < 0 || !is_image)
		return r;
	if (str_u64(l->fields[5], &bytes) == 0)
		x.bytes = (int64_t)MIN(bytes, (uint64_t)INT64_MAX);
	return images_put(s, &x, store_now(), e);
}

static void take_trouble(struct finding_lines *f, const struct registry_line *l)
{
	uint64_t code = EPROTO, wait_s = 0;

	(void)!str_u64(l->fields[0], &code);
	(void)!str_u64(l->fields[1], &wait_s);
	f->trouble = (int)MIN(code ? code : EPROTO, (uint64_t)4095);
	f->wait_s = wait_s;
	snprintf(f->detail, sizeof(f->detail), "%.*s", STR_ARG(l->fields[2]));
}

static int take_line(struct store *s, struct finding_lines *f, str line, struct err *e)
{
	struct steward_job *j = f->job;
	struct registry_line l;

	if (registry_line_parse(line, &l) < 0) {
		note(f, S("lister"), S("a line nobody understands"));
		return 0;
	}
	switch (l.kind) {
	case REGISTRY_LINE_REPOSITORY:
		f->figures.repositories++;
		return 0;
	case REGISTRY_LINE_TAG:
		return take_tag(s, f, &l, e);
	case REGISTRY_LINE_IMAGE:
	case REGISTRY_LINE_NO_IMAGE:
		return take_image(s, f, &l, e);
	case REGISTRY_LINE_REPOSITORY_DONE:
		return sql_no_count(
			registry_tags_gone(s, j->id, j->run, l.fields[0], store_now(), e));
	case REGISTRY_LINE_SKIPPED:
		note(f, l.fields[0], l.fields[1]);
		return 0;
	case REGISTRY_LINE_DONE:
		f->done = true;
		return 0;
	case REGISTRY_LINE_TROUBLE:
		take_trouble(f, &l);
		return 0;
	}
	return 0;
}

static int take_lines(struct store *s, void *ctx, struct err *e)
{
	struct finding_lines *f = ctx;
	struct steward_job *j = f->job;
	str rest = f->lines;
	int r = 0;

	/* From the beginning: the transaction may be tried again. */
	f->figures = j->figures;
	f->done = j->done;
	f->trouble = j->trouble;
	f->wait_s = j->wait_s;
	snprintf(f->detail, sizeof(f->detail), "%s", j->detail);
	while (r >= 0 && rest.n)
		r = take_line(s, f, str_cut(&rest, '\n'), e);
	return r < 0 ? r : registry_run_put(s, j->id, &f->figures, e);
}

int steward_found(struct steward *s, struct steward_job *j, str lines, struct err *e)
{
	struct finding_lines f = { .job = j, .lines = lines };
	int r = store_transact(s->store, take_lines, &f, e);

	if (r < 0)
		return r;
	j->figures = f.figures;
	j->done = f.done;
	j->trouble = f.trouble;
	j->wait_s = f.wait_s;
	snprintf(j->detail, sizeof(j->detail), "%s", f.detail);
	s->changed = true;
	return 0;
}

static int settle(struct store *s, void *ctx, struct err *e)
{
	struct steward_job *j = ctx;
	/* What could not be read may be there all the same: only a whole list says what is gone. */
	int r = j->done && j->figures.skipped == 0
			? registry_tags_gone(s, j->id, j->run, S(""), store_now(), e)
			: 0;

	r = r < 0 ? r : registry_images_settle(s, e);
	return r < 0 ? r : registry_run_put(s, j->id, &j->figures, e);
}

int steward_listed(struct steward *s, struct steward_job *j, struct err *e)
{
	j->figures.state = REGISTRY_SCANNING;
	s->changed = true;
	return store_transact(s->store, settle, j, e);
}
