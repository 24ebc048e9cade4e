/* What pods and images say of probes and owners. */
#include "unit.h"

#include "asset/cri_sandbox.h"
#include "asset/pod_owner.h"
#include "asset/probe_spec.h"
#include "base/buf.h"
#include "codec/json.h"

/* What a pod's specification and its own shell say; what is none is none. */
static void reads_commands_of_probes(void **state)
{
	static const struct {
		const char *config;
		const char *want;
	} rows[] = {
		{ "{'Healthcheck':{'Test':['CMD','pg_isready','-q']}}", "pg_isready -q" },
		{ "{'Shell':['/bin/ash','-ec'],'Healthcheck':{'Test':['CMD-SHELL','x']}}",
		  "/bin/ash -ec x" },
		{ "{'Healthcheck':{'Test':['NONE']}}", "" },
		{ "{'Healthcheck':{'Test':['CMD',7]}}", "" },
		{ "{'Healthcheck':{'Test':'CMD'}}", "" },
		{ "{'Healthcheck':{'Test':[]}}", "" },
		{ "{}", "" },
	};
	static const char pod[] =
		"{\"spec\":{\"containers\":[{\"name\":\"a\",\"livenessProbe\":{\"httpGet\":{}}},"
		"{\"name\":\"b\",\"livenessProbe\":{\"exec\":{\"command\":[\"cat\",\"/ok\"]}},"
		"\"readinessProbe\":{\"exec\":{\"command\":[\"true\"]}}}]}}";
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 20);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct container c = { 0 };
		struct value v;
		char *json = arena_alloc(&a, strlen(rows[i].config) + 1);

		for (size_t k = 0; k <= strlen(rows[i].config); k++)
			json[k] = rows[i].config[k] == '\'' ? '"' : rows[i].config[k];
		assert_int_equal(json_parse(str_from(json), &a, &v, NULL), 0);
		probe_spec_docker(&v, &a, &c);
		assert_str(c.healthcheck, rows[i].want);
		assert_int_equal(c.known, CONTAINER_HEALTHCHECK);
	}
	struct container c = { 0 };

	probe_spec_pod(str_from(pod), S("b"), &a, &c);
	assert_str(c.liveness_probe, "cat /ok");
	assert_str(c.readiness_probe, "true");
	assert_int_equal(c.known, CONTAINER_PROBES);
	c = (struct container){ 0 };
	probe_spec_pod(str_from(pod), S("a"), &a, &c);
	assert_int_equal(c.liveness_probe.n, 0);
	assert_int_equal(c.known, CONTAINER_PROBES);
	c = (struct container){ 0 };
	probe_spec_pod(str_from(pod), S("c"), &a, &c);
	probe_spec_pod(S("[]"), S("a"), &a, &c);
	probe_spec_pod(S("{"), S("a"), &a, &c);
	assert_int_equal(c.known, 0);
	arena_done(&a);
}

/* google.protobuf.Any around JSON, as containerd's database has it. */
static void reads_sandboxes_of_cri(void **state)
{
	static const char json[] =
		"{\"Version\":\"v1\",\"Metadata\":{\"ID\":\"x\",\"Config\":{\"labels\":"
		"{\"pod-template-hash\":\"5d4f\"},\"annotations\":{\"kubectl.kubernetes.io/"
		"last-applied-configuration\":\"{\\\"spec\\\":{\\\"containers\\\":[{\\\"name\\\":"
		"\\\"b\\\",\\\"readinessProbe\\\":{\\\"exec\\\":{\\\"command\\\":[\\\"w\\\"]}}}]}}"
		"\"}}}}";
	struct container c = { .pod_name = S("web-5d4f-x7k2p"), .pod_container = S("b") };
	char owner[POD_OWNER_BYTES];
	struct arena a;
	OWNED_BUF any = BUF_INIT;

	(void)state;
	arena_init(&a, 1 << 20);
	buf_add(&any, S("\x0a\x02tt\x12"));
	buf_byte(&any, (char)(0x80 | (sizeof(json) - 1) % 128));
	buf_byte(&any, (char)((sizeof(json) - 1) / 128));
	buf_add(&any, str_from(json));
	assert_int_equal(cri_sandbox_take(buf_str(&any), &a, &c, NULL), 0);
	assert_str(c.readiness_probe, "w");
	assert_str(pod_owner(&c, owner), "ReplicaSet/web-5d4f");
	for (size_t n = 0; n < any.n; n++)
		assert_true(cri_sandbox_take(str_take(buf_str(&any), n), &a, &c, NULL) < 0);
	arena_done(&a);
}

static void tells_owners_of_pods(void **state)
{
#define L(key, value) \
	{ \
		{ key, sizeof(key) - 1 }, \
		{ \
			value, sizeof(value) - 1 \
		} \
	}
	static struct container_label set[] = { L("pod-template-hash", "5d4f8c7b9c") };
	static struct container_label stateful[] = {
		L("statefulset.kubernetes.io/pod-name", "db-0"), L("controller-revision-hash", "h")
	};
	static struct container_label daemon[] = { L("controller-revision-hash", "h"),
						   L("pod-template-generation", "1") };
	static struct container_label job[] = { L("job-name", "backup-28391040"),
						L("controller-uid", "u") };
	static struct container_label plain[] = { L("app", "web") };
#undef L
	static const struct {
		struct container_label *labels;
		size_t count;
		const char *pod, *want;
	} rows[] = {
		{ set, 1, "web-5d4f8c7b9c-x7k2p", "ReplicaSet/web-5d4f8c7b9c" },
		{ set, 1, "a-b-5d4f8c7b9c-x7k2p", "ReplicaSet/a-b-5d4f8c7b9c" },
		{ set, 1, "web-5d4f8c7b9c-x7k2", "" },
		{ set, 1, "web-aaaaaaaaaa-x7k2p", "" },
		{ set, 1, "5d4f8c7b9c-x7k2p", "" },
		{ set, 1, "web", "" },
		{ stateful, 2, "db-0", "StatefulSet/db" },
		{ stateful, 2, "db-1", "" },
		{ daemon, 2, "proxy-x7k2p", "DaemonSet/proxy" },
		{ job, 2, "backup-28391040-x7k2p", "Job/backup-28391040" },
		{ job, 1, "backup-28391040-x7k2p", "" },
		{ plain, 1, "web-5d4f8c7b9c-x7k2p", "" },
		{ NULL, 0, "web-5d4f8c7b9c-x7k2p", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct container c = { .pod_name = str_from(rows[i].pod),
				       .pod_labels = rows[i].labels,
				       .pod_label_count = rows[i].count };
		char owner[POD_OWNER_BYTES];

		assert_str(pod_owner(&c, owner), rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_commands_of_probes),
		cmocka_unit_test(reads_sandboxes_of_cri),
		cmocka_unit_test(tells_owners_of_pods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
