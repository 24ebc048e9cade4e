/* One image at a time is read, in a process of its own, as an agent's scanner does it. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "console/fleet/inventory_record.h"
#include "console/registry/steward_priv.h"
#include "console/store/findings.h"
#include "console/store/registry_images.h"
#include "scan/source/scan_image.h"

#define RECORD_MAX ((size_t)16 << 20)
enum { NICE = 10, STALL_S = 60 };

struct scan {
	const struct steward *s;
	const struct steward_job *job;
	const char *target;
};

static int child(void *ctx)
{
	const struct scan *c = ctx;
	const char *const insecure[] = { "*", NULL };
	const struct steward_job *j = c->job;
	const struct scan_options o = { .limits = limits_default(),
					.cache_dir = c->s->layers,
					.ca_file = j->ca_file[0] ? j->ca_file : NULL,
					.credential = &j->credential,
					.insecure_registries = j->config.insecure ? insecure : NULL,
					.registry_reach = c->s->o->reach,
					.timeout_s = STALL_S,
					.jobs = 1 };
	const struct scan_image_task task = { .image = c->s->reader.image,
					      .target = c->target,
					      .file = c->s->reader.file,
					      .options = &o,
					      .nice = NICE };

	if (steward_confine(c->s, j, true, NULL) < 0)
		return 1;
	return scan_image(&task) < 0 ? 1 : 0;
}

int steward_scan_begin(struct steward *s, struct steward_job *j, struct err *e)
{
	struct registry_image i;
	struct scan c = { .s = s, .job = j };
	char image[DIGEST_TEXT_BYTES];
	str target, file;
	int r = registry_image_waiting(s->store, j->id, j->run, &s->arena, &i, e);

	if (r <= 0)
		return r;
	target = arena_printf(&s->arena, "registry:%.*s/%.*s@%.*s", STR_ARG(j->address),
			      STR_ARG(i.repository), STR_ARG(i.manifest));
	file = arena_printf(&s->arena, "%s/scan.json", s->scans);
	if (!target.p || !file.p)
		return err_set(e, ENOBUFS, "registries: memory budget spent");
	c.target = target.p;
	snprintf(image, sizeof(image), "%.*s", STR_ARG(i.image));
	r = scan_reader_start(&s->reader, image, file.p, child, &c, NULL, 0, e);
	if (r < 0)
		return r;
	s->scanning = j->id;
	s->scan_run = j->run;
	return 1;
}

struct keeping {
	const struct steward *s;
	str record;
	const char *why;
};

static int keep(struct store *store, void *ctx, struct err *e)
{
	const struct keeping *k = ctx;
	str image = str_from(k->s->reader.image);
	int r = k->why ? images_put_scan_error(store, image, str_from(k->why), store_now(), e)
		       : inventory_record_put(store, k->record, store_now(), e);

	return r < 0 ? r : registry_image_tried(store, k->s->scanning, image, k->s->scan_run, e);
}

int steward_scan_tend(struct steward *s, struct err *e)
{
	OWNED_BUF text = BUF_INIT;
	struct keeping k = { .s = s };
	struct err why = { 0 };

	if (!scan_reader_ended(&s->reader))
		return 0;
	if (file_read(AT_FDCWD, s->reader.file, RECORD_MAX, &text, &why) < 0)
		k.why = why.text;
	k.record = buf_str(&text);
	unlink(s->reader.file);
	s->changed = true;
	steward_tell(s, STEWARD_FINDINGS);
	return sql_no_count(store_transact(s->store, keep, &k, e));
}
