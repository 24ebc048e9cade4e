#include "asset/cri_sandbox.h"

#include "asset/probe_spec.h"
#include "codec/json.h"

#define MAX_LABELS 256

/* A base-128 number. */
static bool take_number(str *s, uint64_t *ret)
{
	uint64_t n = 0;

	for (unsigned int shift = 0; s->n && shift < 63; shift += 7) {
		uint8_t b = (uint8_t)s->p[0];

		*s = str_skip(*s, 1);
		n |= (uint64_t)(b & 127) << shift;
		if (b < 128) {
			*ret = n;
			return true;
		}
	}
	return false;
}

/* Field 2 of the Any, its value; both of its fields are of bytes. */
static str value_of(str any)
{
	enum { BYTES = 2, VALUE = 2 };
	uint64_t tag, n;

	while (take_number(&any, &tag) && (tag & 7) == BYTES && take_number(&any, &n) &&
	       n <= any.n) {
		if (tag >> 3 == VALUE)
			return str_take(any, (size_t)n);
		any = str_skip(any, (size_t)n);
	}
	return (str){ NULL, 0 };
}

static int take_labels(const struct value *labels, struct arena *a, struct container *c)
{
	struct container_label *out = ARENA_ARRAY(a, MAX_LABELS, struct container_label);
	size_t n = 0;

	if (!out)
		return -ENOBUFS;
	VALUE_MEMBERS (m, labels)
		if (n < MAX_LABELS && m->value.kind == VALUE_STRING)
			out[n++] = (struct container_label){ m->key, m->value.string };
	c->pod_labels = out;
	c->pod_label_count = n;
	return 0;
}

int cri_sandbox_take(str any, struct arena *a, struct container *c, struct err *e)
{
	const struct value *config;
	str text = value_of(any);
	struct value v;
	int r = text.n ? json_parse(text, a, &v, e)
		       : err_set(e, EBADMSG, "a sandbox's metadata without a value");

	if (r < 0)
		return r;
	config = value_path(&v, "Metadata.Config");
	if (take_labels(value_get(config, "labels"), a, c) < 0)
		return err_set(e, ENOBUFS, "memory budget spent");
	probe_spec_pod(value_get_str(value_get(config, "annotations"),
				     "kubectl.kubernetes.io/last-applied-configuration"),
		       c->pod_container, a, c);
	return 0;
}
