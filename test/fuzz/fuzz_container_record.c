/*
 * Documents engines write, read as each kind: what is accepted has its spans, bounded lists and, as an OCI bundle's or with
 * Docker's host part, powers; rendering it gives a document.
 */
#include "fuzz.h"

#include "asset/record.h"
#include "codec/json.h"

static void check(const struct container *c)
{
	OWNED_BUF out = BUF_INIT;
	struct json_out j;
	struct value v;
	struct arena a;

	assert(c->label_count <= RECORD_MAX_LABELS && c->mount_count <= RECORD_MAX_MOUNTS);
	for (size_t i = 0; i < c->mount_count; i++)
		assert(c->mounts[i].dest.n);
	json_out_init(&j, &out, false);
	container_render(c, &j);
	arena_init(&a, 64u << 20);
	assert(buf_error(&out) == 0 && json_parse(buf_str(&out), &a, &v, NULL) == 0);
	arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record_namespaces ns;
	struct container c;
	struct arena a;
	struct value v;

	arena_init(&a, 8u << 20);
	if (json_parse((str){ (const char *)data, size }, &a, &v, NULL) == 0) {
		if (record_docker(&v, NULL, &a, &c, NULL) == 0) {
			assert(c.id.n);
			check(&c);
			record_docker_repositories(&v, &a, &c);
			check(&c);
		}
		if (record_oci(&v, &a, &c, &ns, NULL) == 0) {
			assert(c.known & CONTAINER_METADATA);
			check(&c);
			if (record_storage(&v, S("x"), &a, &c) == 0)
				check(&c);
		}
	}
	arena_done(&a);
	return 0;
}
