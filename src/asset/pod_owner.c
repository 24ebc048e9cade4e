#include "asset/pod_owner.h"

#include <stdio.h>

#define SUFFIX 5 /* characters a controller adds to a pod's name */

static str label(const struct container *c, const char *key)
{
	for (size_t i = 0; i < c->pod_label_count; i++)
		if (str_is(c->pod_labels[i].key, key))
			return c->pod_labels[i].value;
	return (str){ NULL, 0 };
}

/* NAME of "NAME-xxxxx". */
static str before_suffix(str pod)
{
	size_t dash = str_find_last(pod, '-');

	return dash < pod.n && pod.n - dash - 1 == SUFFIX ? str_take(pod, dash) : (str){ NULL, 0 };
}

static str of_replica_set(const struct container *c)
{
	str hash = label(c, "pod-template-hash"), base = before_suffix(c->pod_name);

	if (!hash.n || !str_ends(base, hash) || base.n < hash.n + 2 ||
	    base.p[base.n - hash.n - 1] != '-')
		return (str){ NULL, 0 };
	return base;
}

static str of_stateful_set(const struct container *c)
{
	size_t dash = str_find_last(c->pod_name, '-');
	uint64_t ordinal;

	if (!str_eq(label(c, "statefulset.kubernetes.io/pod-name"), c->pod_name) || !dash ||
	    dash >= c->pod_name.n || str_u64(str_skip(c->pod_name, dash + 1), &ordinal) < 0)
		return (str){ NULL, 0 };
	return str_take(c->pod_name, dash);
}

static str of_daemon_set(const struct container *c)
{
	if (!label(c, "controller-revision-hash").n || !label(c, "pod-template-generation").n)
		return (str){ NULL, 0 };
	return before_suffix(c->pod_name);
}

static str of_job(const struct container *c)
{
	str job = label(c, "batch.kubernetes.io/job-name");

	if (!job.n)
		job = label(c, "job-name");
	if (!label(c, "batch.kubernetes.io/controller-uid").n && !label(c, "controller-uid").n)
		return (str){ NULL, 0 };
	return job.n && str_starts(c->pod_name, job) ? job : (str){ NULL, 0 };
}

str pod_owner(const struct container *c, char ret[POD_OWNER_BYTES])
{
	static const struct {
		const char *kind;
		str (*name)(const struct container *c);
	} kinds[] = {
		{ "Job", of_job },
		{ "StatefulSet", of_stateful_set },
		{ "ReplicaSet", of_replica_set },
		{ "DaemonSet", of_daemon_set },
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		str name = kinds[i].name(c);
		int n;

		if (!name.n)
			continue;
		n = snprintf(ret, POD_OWNER_BYTES, "%s/%.*s", kinds[i].kind, STR_ARG(name));
		return n > 0 && n < POD_OWNER_BYTES ? (str){ ret, (size_t)n } : (str){ NULL, 0 };
	}
	return (str){ NULL, 0 };
}
