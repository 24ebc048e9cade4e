/* Whatever stands in a database as a pod's sandbox: it is refused with nothing said, or its labels are bounded and every string
 * has a place. An owner is told only of what label and name say together: the name of the pod begins with the owner's. */
#include "fuzz.h"

#include "asset/cri_sandbox.h"
#include "asset/pod_owner.h"
#include "asset/probe_spec.h"
#include "input.h"

static void check_owner(const struct container *c)
{
	char text[POD_OWNER_BYTES];
	str owner = pod_owner(c, text);
	size_t slash = str_find(owner, '/');

	if (!owner.n)
		return;
	assert(owner.p == text && owner.n < sizeof(text) && slash < owner.n - 1);
	assert(str_starts(c->pod_name, str_skip(owner, slash + 1)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = input_of(data, size);
	struct container c = { .pod_container = S("b") };
	struct arena a;

	c.pod_name = str_take(in.rest, input_byte(&in) % 64);
	arena_init(&a, 8 << 20);
	if (cri_sandbox_take(in.rest, &a, &c, NULL) < 0) {
		assert(!c.pod_label_count && !(c.known & CONTAINER_PROBES));
	} else {
		assert(c.pod_label_count <= 256);
		for (size_t i = 0; i < c.pod_label_count; i++)
			assert(c.pod_labels[i].key.p &&
			       (c.pod_labels[i].value.p || !c.pod_labels[i].value.n));
	}
	assert((c.known & CONTAINER_PROBES) || (!c.liveness_probe.n && !c.readiness_probe.n));
	check_owner(&c);
	probe_spec_pod(in.rest, S("b"), &a, &c);
	arena_done(&a);
	return 0;
}
