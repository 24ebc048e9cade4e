#include "unit.h"

#include "base/buf.h"
#include "policy/field.h"

static struct policy_ref find(const char *text)
{
	struct policy_ref ref = { 0 };
	struct err e = { 0 };

	if (policy_field_find(&policy_events, str_from(text), &ref, &e) < 0)
		fail_msg("%s: %s", text, e.text);
	return ref;
}

static void refuses(const char *text, int code, const char *words)
{
	struct policy_ref ref;
	struct err e = { 0 };

	assert_int_equal(policy_field_find(&policy_events, str_from(text), &ref, &e), code);
	if (!strstr(e.text, words))
		fail_msg("%s: %s", text, e.text);
}

static void finds_every_field_of_the_table(void **state UNUSED)
{
	for (size_t i = 0; i < policy_events.field_count; i++) {
		const struct policy_field *f = &policy_events.fields[i];
		OWNED_BUF b = BUF_INIT;

		buf_printf(&b, "%s%s", f->name, f->arg == POLICY_ARG_KEY ? "[x]" : "");
		assert_int_equal(find(buf_cstr(&b)).field, i);
		assert_non_null(policy_type_name(f->type));
		assert_true(f->doc.en[0] && f->doc.zh[0]);
	}
	assert_string_equal(policy_events.fields[policy_events.type_field].name, "evt.type");
}

static void reads_arguments(void **state UNUSED)
{
	struct policy_ref ref = find("proc.aname[3]");

	assert_int_equal(ref.field, FIELD_PROC_ANAME);
	assert_true(ref.has_index);
	assert_int_equal(ref.index, 3);
	assert_false(find("proc.aname").has_index);
	ref = find("evt.arg[flags]");
	assert_str(ref.key, "flags");
	assert_true(policy_ref_eq(&ref, &(struct policy_ref){ FIELD_EVT_ARG, .key = S("flags") }));
	assert_str(find("evt.arg.flags").key, "flags");
	assert_str(find("container.label.io.x/y").key, "io.x/y");
	assert_str(find("container.mount.dest[/proc*]").key, "/proc*");
	assert_int_equal(find("container.mount.dest[/proc*]").field, FIELD_CONTAINER_MOUNT_DEST);
	assert_str(find("proc.env[\"A B\"]").key, "A B");
	assert_str(find("proc.env").key, "");
}

static void says_what_is_wrong_with_a_name(void **state UNUSED)
{
	refuses("proc.nmae", -ENOENT, "did you mean 'proc.name'?");
	refuses("proc.pnmae[1]", -ENOENT, "'proc.pname'");
	refuses("xyzzy.plugh", -ENOENT, "skep rule fields");
	refuses("", -ENOENT, "''");
	refuses("proc.vmrss", -ENOENT, "Falco has");
	refuses("k8s.svc.label.app", -ENOENT, "Falco has");
	refuses("thread.cgroup[cpu]", -ENOENT, "'thread.cgroups'");
	refuses("proc.vmrsss", -ENOENT, "no field");
	refuses("evt.arg", -EINVAL, "needs an argument");
	refuses("evt.arg.", -ENOENT, "no field");
	refuses("evt.arg[]", -EINVAL, "is empty");
	refuses("proc.name[1]", -EINVAL, "takes no argument");
	refuses("proc.name.x", -ENOENT, "did you mean 'proc.name'?");
	refuses("proc.aname[x]", -EINVAL, "takes a number");
	refuses("proc.aname[1", -EINVAL, "']' is missing");
	refuses("proc.aname[99999999999]", -EINVAL, "takes a number");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_every_field_of_the_table),
		cmocka_unit_test(reads_arguments),
		cmocka_unit_test(says_what_is_wrong_with_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
