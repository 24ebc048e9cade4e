/* One image at a time is read, in a process of its own, as an agent's scanner does it. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "console/fleet/inventory_record.h"
#include "console/registry/steward_priv.h"
#include "console/store/findings.h"
#include "console/store/registry_images.h"
#include "scan/source/scan_image.h"

#define SCAN_MOST_NS (1800 * SECOND_NS)
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
	struct sched_param none = { 0 };
	const struct scan_options o = { .limits = limits_default(),
					.cache_dir = c->s->layers,
					.ca_file = j->ca_file[0] ? j->ca_file : NULL,
					.credential = &j->credential,
					.insecure_registries = j->config.insecure ? insecure : NULL,
					.timeout_s = STALL_S,
					.jobs = 1 };
	const struct scan_image_task task = {
		.image = c->s->image, .target = c->target, .file = c->s->file, .options = &o
	};

	if (steward_confine(c->s, j, true, NULL) < 0)
		return 1;
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	(void)sched_setscheduler(0, SCHED_BATCH, &none);
	return scan_image(&task) < 0 ? 1 : 0;
}

int steward_scan_begin(struct steward *s, struct steward_job *j, struct err *e)
{
	struct registry_image i;
	struct scan c = { .s = s, .job = j };
	str target;
	int r = registry_image_waiting(s->store, j->id, j->run, &s->arena, &i, e);

	if (r <= 0)
		return r;
	target = arena_printf(&s->arena, "registry:%.*s/%.*s@%.*s", STR_ARG(j->address),
			      STR_ARG(i.repository), STR_ARG(i.manifest));
	if (!target.p)
		return err_set(e, ENOBUFS, "registries: memory budget spent");
	c.target = target.p;
	snprintf(s->image, sizeof(s->image), "%.*s", STR_ARG(i.image));
	snprintf(s->file, sizeof(s->file), "%s/scan.json", s->scans);
	unlink(s->file);
	r = process_start(child, &c, NULL, 0, &s->scanner, e);
	if (r < 0)
		return r;
	s->scanning = j->id;
	s->scan_run = j->run;
	s->scan_ns = clock_ns(CLOCK_MONOTONIC);
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
	str image = str_from(k->s->image);
	int r = k->why ? images_put_scan_error(store, image, str_from(k->why), store_now(), e)
		       : inventory_record_put(store, k->record, store_now(), e);

	return r < 0 ? r : registry_image_tried(store, k->s->scanning, image, k->s->scan_run, e);
}

static int finish(struct steward *s, int status, struct err *e)
{
	OWNED_BUF text = BUF_INIT;
	struct keeping k = { .s = s };
	char why[80];

	if (file_read(AT_FDCWD, s->file, RECORD_MAX, &text, NULL) < 0) {
		snprintf(why, sizeof(why),
			 WIFSIGNALED(status) ? "its reader was ended by signal %d"
					     : "its reader ended with status %d",
			 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		k.why = why;
	}
	k.record = buf_str(&text);
	unlink(s->file);
	s->scanner = 0;
	s->changed = true;
	steward_tell(s, STEWARD_FINDINGS);
	return MIN(store_transact(s->store, keep, &k, e), 0);
}

int steward_scan_tend(struct steward *s, struct err *e)
{
	int status;

	if (!s->scanner)
		return 0;
	if (clock_ns(CLOCK_MONOTONIC) - s->scan_ns > SCAN_MOST_NS)
		kill(s->scanner, SIGKILL);
	return waitpid(s->scanner, &status, WNOHANG) == s->scanner ? finish(s, status, e) : 0;
}

void steward_scan_stop(struct steward *s)
{
	if (!s->scanner)
		return;
	process_kill(s->scanner);
	unlink(s->file);
	s->scanner = 0;
}
