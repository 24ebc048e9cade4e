/*
 * For every kind of file: packages have type, name and (lists of files aside) version, the rest of the evidence is
 * whole, and what was read survives the way through the JSON a worker hands to its parent. The first byte picks the file.
 */
#include "fuzz.h"

#include "codec/json_out.h"
#include "scan/package/package_db.h"

static const char *const paths[] = {
	"var/lib/dpkg/status",
	"var/lib/dpkg/info/libc6:amd64.list",
	"var/lib/dpkg/status.d/base.md5sums",
	"lib/apk/db/installed",
	"etc/apk/repositories",
	"var/lib/rpm/Packages",
	"var/lib/rpmmanifest/container-manifest-2",
	"root/buildinfo/content_manifests/x.json",
	"etc/os-release",
	"etc/lsb-release",
	"etc/redhat-release",
	"etc/SuSE-release",
	"etc/debian_version",
	"etc/mariner-release",
	"var/lib/pacman/local/bash-5.1-1/desc",
};

static void survives_json(const struct evidence *v, const struct gap_list *gaps, struct arena *a)
{
	struct evidence copy = *v;
	struct layer l = { .evidence = &copy, .evidence_count = 1, .gaps = *gaps }, again;
	struct json_out j;
	OWNED_BUF text = BUF_INIT;
	int r;

	json_out_init(&j, &text, false);
	layer_render(&l, &j);
	r = layer_parse(buf_str(&text), a, &again, NULL);
	assert(r == -ENOBUFS || (r == 0 && again.evidence_count == 1 &&
				 again.evidence[0].packages.count == v->packages.count));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct limits l = limits_default();
	struct arena a;
	struct gap_list gaps = { 0 };
	struct evidence v;
	enum evidence_kind kind = EVIDENCE_KIND_COUNT;
	str path, bytes = { (const char *)data, size };

	if (!size)
		return 0;
	path = str_from(paths[data[0] % ARRAY_LEN(paths)]);
	bytes = str_skip(bytes, 1);
	arena_init(&a, 64u << 20);
	assert(package_db_wants(path, &kind) && package_db_is_on_the_way(path));
	if (package_db_read(kind, path, bytes, (str){ NULL, 0 }, &l, &a, &v, &gaps, NULL) == 0) {
		assert(v.kind == kind && str_eq(v.path, path));
		for (size_t i = 0; i < v.packages.count; i++) {
			const struct package *p = &v.packages.items[i];

			assert(p->type.n && p->name.n && str_eq(p->db_path, path));
			assert(p->version.n || kind == EVIDENCE_DPKG_LIST);
			assert(p->source_name.n || kind == EVIDENCE_DPKG_LIST);
		}
		survives_json(&v, &gaps, &a);
	}
	arena_done(&a);
	return 0;
}
