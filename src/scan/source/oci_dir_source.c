#include <fcntl.h>
#include <limits.h>

#include "scan/source/layout_folder_priv.h"
#include "scan/source/source_kinds.h"

/* "DIR:tag": the part behind the last colon is a tag when the whole is no folder. */
static int open_layout(const char *target, str *ret_ref, struct err *e)
{
	str t = str_from(target);
	size_t colon = str_find_last(t, ':');
	char path[PATH_MAX];
	int fd = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*ret_ref = (str){ NULL, 0 };
	if (fd >= 0)
		return fd;
	if (colon == t.n || colon >= sizeof(path))
		return err_sys(e, errno, "cannot open '%s'", target);
	memcpy(path, target, colon);
	path[colon] = '\0';
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, errno, "cannot open '%s'", path);
	*ret_ref = str_skip(t, colon + 1);
	return fd;
}

int oci_dir_source_read(const char *target, const struct scan_options *o, struct arena *a,
			struct inventory *ret, struct err *e)
{
	struct inventory v = { .kind = TARGET_IMAGE,
			       .name = arena_str(a, str_from(target)),
			       .source = S("oci-dir") };
	struct layout_folder f = { .arena = a };
	struct image_store store = { &f, layout_folder_text, layout_folder_layer };
	struct image_plan plan = { 0 };
	str ref;
	int r;
	OWNED_FD root = open_layout(target, &ref, e);

	if (root < 0)
		return root;
	f.root = root;
	r = oci_layout_plan(&store, ref, o, a, &v, &plan, e);
	if (r == 0)
		r = image_plan_run(&plan, o, a, &v, e);
	layout_folder_done(&f);
	if (r < 0)
		return err_wrap(e, r, "'%s'", target);
	*ret = v;
	return 0;
}
